// The data directory: who this node is and which network it belongs to.
//   genesis.json  founding facts, canonical bytes     node.key, agent.key  PEM PKCS#8, 0600
//   network.json  addresses, pre-shared key, certificate: not part of the network id
//   api-token     bearer token for writes, 0600       wal/ wal.marker index/   ledger and index
// Rule: genesis.json is written last, so a directory that has it is whole.

import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { fromHex, toHex, type NetworkId, type PublicKey, type Random } from '../base/index.js'
import { decodeCertificate, encodeCertificate, type Certificate } from '../dag/index.js'
import { createGenesis, parseGenesis, type GenesisFields, type Invite, type OpenedGenesis } from '../p2p/index.js'
import { generateKey, type Signer } from '../record/index.js'
import { NodeError } from './errors.js'
import { readKeyFile, readOwnFile, writeKeyFile, writeOwnFile, type LoadedKey } from './key-file.js'

/** Paths in a data directory. */
export interface DirectoryPaths {
  readonly genesis: string
  readonly network: string
  readonly nodeKey: string
  readonly agentKey: string
  readonly apiToken: string
  readonly wal: string
  readonly marker: string
  readonly incarnation: string
  readonly index: string
}

/** How the network is reached: local facts, outside the network id. */
export interface NetworkAccess {
  /** Multiaddrs to dial. */
  readonly bootstrap: readonly string[]
  /** 32-byte pre-shared key. */
  readonly sharedKey?: Uint8Array
  readonly certificate?: Certificate
}

/** A data directory, read. */
export interface NodeDirectory {
  readonly paths: DirectoryPaths
  readonly opened: OpenedGenesis
  readonly access: NetworkAccess
  readonly nodeKey: LoadedKey
  readonly apiToken: string
}

/** What a new directory holds. */
export interface CreatedDirectory {
  readonly networkId: NetworkId
  readonly nodeKey: PublicKey
  readonly agentKey: PublicKey
}

const PRIVATE_DIRECTORY = 0o700

/** The paths in a data directory. */
export function directoryPaths(directory: string): DirectoryPaths {
  const path = (name: string): string => join(directory, name)
  return {
    genesis: path('genesis.json'),
    network: path('network.json'),
    nodeKey: path('node.key'),
    agentKey: path('agent.key'),
    apiToken: path('api-token'),
    wal: path('wal'),
    marker: path('wal.marker'),
    incarnation: path('incarnation'),
    index: path('index')
  }
}

/**
 * Makes a data directory with keys and a network of its own; its agent is governor and, unless `seeds` says
 * otherwise, trust seed.
 * @throws NodeError NODE_DIRECTORY_EXISTS; GenesisError
 */
export async function initDirectory(
  directory: string,
  fields: Omit<GenesisFields, 'governors'> & { readonly governors?: readonly PublicKey[]; readonly sharedKey?: boolean },
  deps: { readonly random: Random }
): Promise<CreatedDirectory> {
  const paths = directoryPaths(directory)
  if (await exists(paths.genesis)) {
    throw new NodeError({ code: 'NODE_DIRECTORY_EXISTS', directory }, `${directory} holds a node already`)
  }
  const keys = await createKeys(directory, deps.random)
  const agent = keys.agent.publicKey
  const { governors, sharedKey, ...rest } = fields
  const opened = createGenesis({ seeds: [agent], ...rest, governors: [agent, ...(governors ?? [])] })
  const access = { bootstrap: [], ...(sharedKey === true ? { sharedKey: deps.random.bytes(32) } : {}) }
  await writeNetwork(paths, access)
  await replaceFile(paths.genesis, opened.bytes)
  return { networkId: opened.networkId, nodeKey: keys.node.publicKey, agentKey: agent }
}

/**
 * Makes a data directory for the network of an invite, or adds the invite's addresses to one that belongs there.
 * @throws NodeError NODE_OTHER_NETWORK when the directory belongs to another network
 */
export async function joinDirectory(
  directory: string,
  invite: Invite,
  deps: { readonly random: Random }
): Promise<CreatedDirectory> {
  const paths = directoryPaths(directory)
  const before: NetworkAccess = (await exists(paths.genesis))
    ? await accessOf(directory, paths, invite.networkId)
    : { bootstrap: [] }
  const keys = await createKeys(directory, deps.random)
  const member = invite.membership
  if (member !== undefined && member.nodeKey !== keys.node.publicKey) {
    const detail = { code: 'NODE_INVITE_OF_OTHER', nodeKey: member.nodeKey } as const
    throw new NodeError(detail, `the invite is for node ${member.nodeKey}, this one is ${keys.node.publicKey}`)
  }
  const access = {
    ...before,
    bootstrap: [...new Set([...before.bootstrap, ...invite.bootstrap])],
    ...(invite.sharedKey === undefined ? {} : { sharedKey: invite.sharedKey }),
    ...(member === undefined ? {} : { certificate: member.certificate })
  }
  await writeNetwork(paths, access)
  await replaceFile(paths.genesis, invite.bytes)
  return { networkId: invite.networkId, nodeKey: keys.node.publicKey, agentKey: keys.agent.publicKey }
}

/** Makes the keys and the token that a directory lacks; a joiner of a closed federation sends its node key first. */
export async function createKeys(
  directory: string,
  random: Random
): Promise<{ readonly node: Signer; readonly agent: Signer }> {
  await mkdir(directory, { recursive: true, mode: PRIVATE_DIRECTORY })
  const paths = directoryPaths(directory)
  const load = async (path: string): Promise<Signer> =>
    (await exists(path)) ? (await readKeyFile(path)).signer : writeKeyFile(path, generateKey(random))
  const node = await load(paths.nodeKey)
  const agent = await load(paths.agentKey)
  if (!(await exists(paths.apiToken))) await writeOwnFile(paths.apiToken, `${toHex(random.bytes(32))}\n`)
  return { node, agent }
}

/**
 * Reads a data directory.
 * @throws NodeError NODE_DIRECTORY_MISSING, NODE_FILE_UNREADABLE, NODE_FILE_INVALID, NODE_KEY_MODE; GenesisError
 */
export async function readDirectory(directory: string): Promise<NodeDirectory> {
  const paths = directoryPaths(directory)
  if (!(await exists(paths.genesis))) {
    const message = `${directory} holds no node: run 'stemedb init' or 'stemedb join' first`
    throw new NodeError({ code: 'NODE_DIRECTORY_MISSING', directory }, message)
  }
  return {
    paths,
    opened: parseGenesis(await readFile(paths.genesis)),
    access: await readNetwork(paths),
    nodeKey: await readKeyFile(paths.nodeKey),
    apiToken: (await readOwnFile(paths.apiToken)).trim()
  }
}

async function accessOf(directory: string, paths: DirectoryPaths, expected: NetworkId): Promise<NetworkAccess> {
  const found = parseGenesis(await readFile(paths.genesis)).networkId
  if (found === expected) return readNetwork(paths)
  const message = `${directory} belongs to network ${found.slice(0, 16)}, the invite to ${expected.slice(0, 16)}`
  throw new NodeError({ code: 'NODE_OTHER_NETWORK', directory, expected, found }, message)
}

interface NetworkFile {
  readonly bootstrap?: unknown
  readonly sharedKey?: unknown
  readonly certificate?: unknown
}

async function writeNetwork(paths: DirectoryPaths, access: NetworkAccess): Promise<void> {
  const { bootstrap, sharedKey, certificate } = access
  const file = {
    bootstrap,
    ...(sharedKey === undefined ? {} : { sharedKey: toHex(sharedKey) }),
    ...(certificate === undefined ? {} : { certificate: toHex(encodeCertificate(certificate)) })
  }
  await replaceFile(paths.network, `${JSON.stringify(file, undefined, 2)}\n`)
}

async function readNetwork(paths: DirectoryPaths): Promise<NetworkAccess> {
  const path = paths.network
  let file: NetworkFile
  try {
    file = JSON.parse(await readFile(path, 'utf8')) as NetworkFile
  } catch (error) {
    throw new NodeError({ code: 'NODE_FILE_INVALID', path }, `cannot read ${path}`, { cause: error })
  }
  const bootstrap = file.bootstrap
  const sharedKey = hexOf(file.sharedKey)
  const certificate = hexOf(file.certificate)
  const decoded = certificate === undefined ? undefined : decodeCertificate(certificate)
  const isList = Array.isArray(bootstrap) && bootstrap.every((address) => typeof address === 'string')
  const isWhole = (file.sharedKey === undefined) === (sharedKey === undefined) && sharedKey?.length !== 0
  if (!isList || !isWhole || (file.certificate === undefined) !== (decoded === undefined)) {
    throw new NodeError({ code: 'NODE_FILE_INVALID', path }, `${path} is damaged`)
  }
  return {
    bootstrap: bootstrap as readonly string[],
    ...(sharedKey === undefined ? {} : { sharedKey }),
    ...(decoded === undefined ? {} : { certificate: decoded })
  }
}

function hexOf(value: unknown): Uint8Array | undefined {
  return typeof value === 'string' ? fromHex(value) : undefined
}

async function exists(path: string): Promise<boolean> {
  return readFile(path).then(() => true, (error: unknown) => !isMissing(error))
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

/** Writes a file through a temporary one, so that a crash leaves the old or the new content. */
async function replaceFile(path: string, content: Uint8Array | string): Promise<void> {
  const temporary = `${path}.tmp`
  const file = await open(temporary, 'w', 0o600)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
}
