// The data directory: who this node is and which network it belongs to.
//   genesis.json  founding facts, canonical bytes     node.key, agent.key  PEM PKCS#8, 0600
//   network.json  addresses, pre-shared key, certificate: not part of the network id
//   api-token     bearer token for writes, 0600       wal/ wal.marker index/   ledger and index
//   lock/         held by the process that works here
// Rule: genesis.json is written last, so a directory that has it is whole.

import { issueCertificate, verifyCertificate, type Certificate } from '../dag/index.js'
import { mkdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { toHex, type NetworkId, type PublicKey, type Random } from '../base/index.js'
import { createGenesis, parseGenesis, type GenesisFields, type Invite, type OpenedGenesis } from '../p2p/index.js'
import { generateKey, type Signer } from '../record/index.js'
import { NodeError } from './errors.js'
import { readKeyFile, readOwnFile, writeKeyFile, writeOwnFile, type LoadedKey } from './key-file.js'
import { readNetworkFile, writeNetworkFile, type NetworkAccess } from './network-file.js'
import { pathExists, readIfThere, replaceFile, syncDirectory, unwritable } from './whole-file.js'

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
  readonly lock: string
  /** A new ledger that a repair has finished and not put in its place yet. */
  readonly repaired: string
}

/** A data directory, read. */
export interface NodeDirectory {
  readonly paths: DirectoryPaths
  readonly opened: OpenedGenesis
  readonly access: NetworkAccess
  readonly nodeKey: LoadedKey
  readonly apiToken: string
}

/** What a new network starts with; the directory's agent is its governor beside those named here. */
export type InitFields = Omit<GenesisFields, 'governors'> & {
  readonly governors?: readonly PublicKey[]
  /** True: only who has the pre-shared key of an invite can connect. */
  readonly sharedKey?: boolean
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
    index: path('index'),
    lock: path('lock'),
    repaired: path('wal.repaired')
  }
}

/**
 * Makes a data directory with keys and a network of its own; its agent is governor and, unless `seeds` says
 * otherwise, trust seed.
 * @throws NodeError NODE_DIRECTORY_EXISTS, NODE_NO_ACCESS; GenesisError
 */
export async function initDirectory(
  directory: string,
  fields: InitFields,
  deps: { readonly random: Random }
): Promise<CreatedDirectory> {
  const paths = directoryPaths(directory)
  if (await pathExists(paths.genesis)) {
    throw new NodeError({ code: 'NODE_DIRECTORY_EXISTS', directory }, `${directory} holds a node already`)
  }
  const keys = await createKeys(directory, deps.random)
  const agent = keys.agent.publicKey
  const { governors, sharedKey, ...rest } = fields
  const opened = createGenesis({ seeds: [agent], ...rest, governors: [agent, ...(governors ?? [])] })
  // In a closed federation the founder's own node is a member like any other.
  const isClosed = opened.genesis.admission === 'closed'
  const access = {
    bootstrap: [],
    ...(sharedKey === true ? { sharedKey: deps.random.bytes(32) } : {}),
    ...(isClosed ? { certificate: issueCertificate(keys.node.publicKey, keys.agent, opened.networkId) } : {})
  }
  await writeNetworkFile(paths.network, access)
  await replaceFile(paths.genesis, opened.bytes)
  return { networkId: opened.networkId, nodeKey: keys.node.publicKey, agentKey: agent }
}

/**
 * Makes a data directory for the network of an invite, or adds the invite's addresses to one that belongs
 * there.
 * @throws NodeError NODE_OTHER_NETWORK when the directory belongs to another network; NODE_INVITE_OF_OTHER;
 * NODE_NOT_A_MEMBER for a closed federation without a certificate
 */
export async function joinDirectory(
  directory: string,
  invite: Invite,
  deps: { readonly random: Random }
): Promise<CreatedDirectory> {
  const paths = directoryPaths(directory)
  const before: NetworkAccess = (await pathExists(paths.genesis))
    ? await accessOf(directory, paths, invite.networkId)
    : { bootstrap: [] }
  const keys = await createKeys(directory, deps.random)
  const member = invite.membership
  if (member !== undefined && member.nodeKey !== keys.node.publicKey) {
    const detail = { code: 'NODE_INVITE_OF_OTHER', nodeKey: member.nodeKey } as const
    throw new NodeError(detail, `the invite is for node ${member.nodeKey}, not for ${keys.node.publicKey}`)
  }
  const access = withInvite(before, invite)
  checkMember(keys.node.publicKey, access.certificate, invite)
  await writeNetworkFile(paths.network, access)
  await replaceFile(paths.genesis, invite.bytes)
  return { networkId: invite.networkId, nodeKey: keys.node.publicKey, agentKey: keys.agent.publicKey }
}

/**
 * Checks that a node may feed its network: in a closed federation it needs a governor's certificate.
 * @throws NodeError NODE_NOT_A_MEMBER
 */
export function checkMember(
  nodeKey: PublicKey,
  certificate: Certificate | undefined,
  { genesis, networkId }: OpenedGenesis
): void {
  if (genesis.admission === 'open') return
  const governors = new Set(genesis.governors)
  if (certificate !== undefined && verifyCertificate(certificate, nodeKey, networkId, governors)) return
  const message = `the network is closed: a governor's invite must name this node, ${nodeKey} (stemedb invite --node)`
  throw new NodeError({ code: 'NODE_NOT_A_MEMBER', nodeKey }, message)
}

function withInvite(before: NetworkAccess, { bootstrap, membership, sharedKey }: Invite): NetworkAccess {
  return {
    ...before,
    bootstrap: [...new Set([...before.bootstrap, ...bootstrap])],
    ...(sharedKey === undefined ? {} : { sharedKey }),
    ...(membership === undefined ? {} : { certificate: membership.certificate })
  }
}

/**
 * Makes the keys and the token that a directory lacks; a joiner of a closed federation sends its node key
 * first.
 */
export async function createKeys(
  directory: string,
  random: Random
): Promise<{ readonly node: Signer; readonly agent: Signer }> {
  await makeDirectory(directory)
  const paths = directoryPaths(directory)
  const load = async (path: string): Promise<Signer> =>
    (await pathExists(path)) ? (await readKeyFile(path)).signer : writeKeyFile(path, generateKey(random))
  const node = await load(paths.nodeKey)
  const agent = await load(paths.agentKey)
  if (!(await pathExists(paths.apiToken))) await writeOwnFile(paths.apiToken, `${toHex(random.bytes(32))}\n`)
  return { node, agent }
}

async function makeDirectory(directory: string): Promise<void> {
  const path = resolve(directory)
  const first = await mkdir(path, { recursive: true, mode: PRIVATE_DIRECTORY }).catch((cause: unknown) => {
    throw unwritable(path, cause)
  })
  if (first === undefined) return
  // Each new directory is an entry of the one above it.
  for (let made = path, top = dirname(first); made !== top; made = dirname(made)) {
    await syncDirectory(dirname(made))
  }
}

/** Checks that a directory holds a node. @throws NodeError NODE_DIRECTORY_MISSING, NODE_NO_ACCESS */
export async function requireDirectory(directory: string): Promise<void> {
  if (!await pathExists(directoryPaths(directory).genesis)) throw noNode(directory)
}

/**
 * Reads a data directory.
 * @throws NodeError NODE_DIRECTORY_MISSING, NODE_NO_ACCESS, NODE_FILE_UNREADABLE, NODE_FILE_INVALID,
 * NODE_KEY_MODE; GenesisError
 */
export async function readDirectory(directory: string): Promise<NodeDirectory> {
  const paths = directoryPaths(directory)
  return {
    paths,
    opened: await readGenesis(directory, paths),
    access: await readNetworkFile(paths.network),
    nodeKey: await readKeyFile(paths.nodeKey),
    apiToken: (await readOwnFile(paths.apiToken)).trim()
  }
}

async function accessOf(
  directory: string, paths: DirectoryPaths, expected: NetworkId
): Promise<NetworkAccess> {
  const found = (await readGenesis(directory, paths)).networkId
  if (found === expected) return readNetworkFile(paths.network)
  const message = `${directory} belongs to network ${found.slice(0, 16)}, the invite to ${expected.slice(0, 16)}`
  throw new NodeError({ code: 'NODE_OTHER_NETWORK', directory, expected, found }, message)
}

async function readGenesis(directory: string, { genesis }: DirectoryPaths): Promise<OpenedGenesis> {
  const bytes = await readIfThere(genesis)
  if (bytes === undefined) throw noNode(directory)
  return parseGenesis(bytes)
}

function noNode(directory: string): NodeError {
  const message = `${directory} holds no node: run 'stemedb init' or 'stemedb join' first`
  return new NodeError({ code: 'NODE_DIRECTORY_MISSING', directory }, message)
}
