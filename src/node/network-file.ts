// network.json: how this node reaches its network. Local facts, not part of the network id.

import { fromHex, toHex } from '../base/index.js'
import { decodeCertificate, encodeCertificate, type Certificate } from '../dag/index.js'
import { NodeError } from './errors.js'
import { readIfThere, replaceFile } from './whole-file.js'

/** How the network is reached: local facts, outside the network id. */
export interface NetworkAccess {
  /** Multiaddrs to dial. */
  readonly bootstrap: readonly string[]
  /** 32-byte pre-shared key. */
  readonly sharedKey?: Uint8Array
  readonly certificate?: Certificate
}

interface NetworkFile {
  readonly bootstrap?: unknown
  readonly sharedKey?: unknown
  readonly certificate?: unknown
}

const SHARED_KEY_BYTES = 32

/** Writes the file, whole or not at all. */
export async function writeNetworkFile(path: string, access: NetworkAccess): Promise<void> {
  const { bootstrap, sharedKey, certificate } = access
  const file = {
    bootstrap,
    ...(sharedKey === undefined ? {} : { sharedKey: toHex(sharedKey) }),
    ...(certificate === undefined ? {} : { certificate: toHex(encodeCertificate(certificate)) })
  }
  await replaceFile(path, `${JSON.stringify(file, undefined, 2)}\n`)
}

/** Reads the file. @throws NodeError NODE_FILE_INVALID when it is missing or damaged, NODE_NO_ACCESS */
export async function readNetworkFile(path: string): Promise<NetworkAccess> {
  const bytes = await readIfThere(path)
  if (bytes === undefined) throw new NodeError({ code: 'NODE_FILE_INVALID', path }, `${path} is missing`)
  let file: unknown
  try {
    file = JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    throw new NodeError({ code: 'NODE_FILE_INVALID', path }, `${path} is not JSON`, { cause: error })
  }
  const access = typeof file === 'object' && file !== null ? accessIn(file) : undefined
  if (access === undefined) throw new NodeError({ code: 'NODE_FILE_INVALID', path }, `${path} is damaged`)
  return access
}

function accessIn(file: NetworkFile): NetworkAccess | undefined {
  const { bootstrap } = file
  if (!Array.isArray(bootstrap) || !bootstrap.every((address) => typeof address === 'string')) return undefined
  const sharedKey = hexOf(file.sharedKey)
  if (file.sharedKey !== undefined && sharedKey?.length !== SHARED_KEY_BYTES) return undefined
  const bytes = hexOf(file.certificate)
  const certificate = bytes === undefined ? undefined : decodeCertificate(bytes)
  if (file.certificate !== undefined && certificate === undefined) return undefined
  return {
    bootstrap,
    ...(sharedKey === undefined ? {} : { sharedKey }),
    ...(certificate === undefined ? {} : { certificate })
  }
}

function hexOf(value: unknown): Uint8Array | undefined {
  return typeof value === 'string' ? fromHex(value) : undefined
}
