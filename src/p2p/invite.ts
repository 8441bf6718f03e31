// Invite: one line of text that carries a network's genesis, addresses to dial and what a joiner needs.
// Rule: `ep1` + base64url of canonical DAG-CBOR and the first 8 bytes of its BLAKE3-256, so a line that was
// cut short or altered is told apart from one that names another network. One content has one line.
// Format: docs/formats/genesis-and-invite.md.

import { multiaddr } from '@multiformats/multiaddr'
import {
  blake3, concatBytes, equalBytes, idBytes, publicKeyOf, type NetworkId, type PublicKey
} from '../base/index.js'
import { decodeCertificate, encodeCertificate, verifyCertificate, type Certificate } from '../dag/index.js'
import { decodeCanonical, encodeCanonical, type CborMap, type CborValue } from '../record/index.js'
import { GenesisError, InviteError, type InviteErrorDetail } from './errors.js'
import { parseGenesis, type OpenedGenesis } from './genesis.js'

/** A certificate with the node key it is for. */
export interface Membership {
  readonly nodeKey: PublicKey
  readonly certificate: Certificate
}

/** What an invite is made of. */
export interface InviteFields {
  /** Bytes of the genesis, canonical JSON. */
  readonly genesis: Uint8Array
  /** Multiaddrs to dial, 1..32. */
  readonly bootstrap: readonly string[]
  /** Pre-shared key of a private network, 32 bytes. */
  readonly sharedKey?: Uint8Array
  /** For a closed federation: the joiner's node certificate. */
  readonly membership?: Membership
}

/** An invite that was read and found sound. */
export interface Invite extends OpenedGenesis {
  readonly bootstrap: readonly string[]
  readonly sharedKey?: Uint8Array
  readonly membership?: Membership
}

/** Limits of an invite. */
export const INVITE_LIMITS = { lineCharactersMax: 131_072, bootstrapMax: 32, addressBytesMax: 512 } as const

const prefix = 'ep1'
const checksumBytes = 8
const version = 1

/**
 * Makes the line of an invite.
 * @throws InviteError INVITE_BAD_FIELD, INVITE_BAD_GENESIS, INVITE_TOO_LARGE
 */
export function encodeInvite(fields: InviteFields): string {
  const { networkId } = openGenesis(fields.genesis)
  const entries: Record<string, Uint8Array | number | readonly string[]> = {
    v: version, n: idBytes(networkId), g: fields.genesis, b: fields.bootstrap
  }
  if (fields.sharedKey !== undefined) entries['p'] = fields.sharedKey
  if (fields.membership !== undefined) {
    entries['k'] = idBytes(fields.membership.nodeKey)
    entries['c'] = encodeCertificate(fields.membership.certificate)
  }
  const body = encodeCanonical(entries)
  const line = prefix + Buffer.from(concatBytes(body, checksumOf(body))).toString('base64url')
  decodeInvite(line)
  return line
}

/**
 * Reads the line of an invite; white space around it is ignored.
 * @throws InviteError and nothing else
 */
export function decodeInvite(text: string): Invite {
  const members = open(text.trim())
  const opened = openGenesis(bytesOf(members, 'g'))
  if (!equalBytes(bytesOf(members, 'n', 32), idBytes(opened.networkId))) {
    throw failure({ code: 'INVITE_NETWORK_MISMATCH' }, 'the invite names another network than its genesis')
  }
  const membership = membershipOf(members, opened.networkId, opened.genesis.governors)
  const invite: Invite = { ...opened, bootstrap: bootstrapOf(members.get('b')) }
  return {
    ...invite,
    ...(members.has('p') ? { sharedKey: bytesOf(members, 'p', 32) } : {}),
    ...(membership === undefined ? {} : { membership })
  }
}

function open(line: string): CborMap {
  if (line.length > INVITE_LIMITS.lineCharactersMax) {
    throw failure({ code: 'INVITE_TOO_LARGE', sizeBytes: line.length }, 'the invite is too long')
  }
  if (!line.startsWith(prefix)) throw failure({ code: 'INVITE_NOT_ONE' }, 'an invite begins with ep1')
  const text = line.slice(prefix.length)
  const bytes = Buffer.from(text, 'base64url')
  const body = bytes.subarray(0, Math.max(0, bytes.length - checksumBytes))
  const sound = bytes.toString('base64url') === text && bytes.length > checksumBytes &&
    equalBytes(bytes.subarray(body.length), checksumOf(body))
  if (!sound) throw failure({ code: 'INVITE_DAMAGED' }, 'the invite was cut short or altered; copy it whole')
  const members = mapOf(body)
  const theirs = members.get('v')
  if (typeof theirs !== 'number') throw badField('v')
  if (theirs !== version) {
    throw failure({ code: 'INVITE_NEWER', version: theirs }, 'the invite is of a newer version')
  }
  for (const name of members.keys()) {
    if (!'bcgknpv'.includes(name) || name.length !== 1) throw badField(name.slice(0, 64))
  }
  return members
}

function mapOf(body: Uint8Array): CborMap {
  let value: CborValue
  try {
    value = decodeCanonical(body)
  } catch (cause) {
    throw failure({ code: 'INVITE_BAD_FIELD', field: '' }, 'the invite is not canonical', cause)
  }
  if (value instanceof Map) return value
  throw badField('')
}

function openGenesis(bytes: Uint8Array): OpenedGenesis {
  try {
    return parseGenesis(bytes)
  } catch (cause) {
    if (!(cause instanceof GenesisError)) throw cause
    throw failure({ code: 'INVITE_BAD_GENESIS' }, `the genesis is not sound: ${cause.message}`, cause)
  }
}

function bootstrapOf(value: CborValue | undefined): readonly string[] {
  if (!Array.isArray(value) || value.length < 1 || value.length > INVITE_LIMITS.bootstrapMax) throw badField('b')
  return (value as readonly CborValue[]).map((item) => {
    if (typeof item !== 'string' || Buffer.byteLength(item) > INVITE_LIMITS.addressBytesMax) throw badField('b')
    if (!isMultiaddr(item)) throw badField('b')
    return item
  })
}

function membershipOf(
  members: CborMap, networkId: NetworkId, governors: readonly PublicKey[]
): Membership | undefined {
  if (members.has('k') !== members.has('c')) throw badField(members.has('k') ? 'c' : 'k')
  if (!members.has('k')) return undefined
  const nodeKey = publicKeyOf(bytesOf(members, 'k', 32))
  const certificate = decodeCertificate(bytesOf(members, 'c'))
  if (certificate === undefined) throw badField('c')
  if (!verifyCertificate(certificate, nodeKey, networkId, new Set(governors))) throw badField('c')
  return { nodeKey, certificate }
}

function bytesOf(members: CborMap, name: string, length?: number): Uint8Array {
  const value = members.get(name)
  if (!(value instanceof Uint8Array)) throw badField(name)
  if (length !== undefined && value.length !== length) throw badField(name)
  return Uint8Array.from(value)
}

function isMultiaddr(text: string): boolean {
  try {
    return multiaddr(text).getComponents().length > 0
  } catch {
    return false
  }
}

function checksumOf(body: Uint8Array): Uint8Array {
  return blake3(body).subarray(0, checksumBytes)
}

function badField(field: string): InviteError {
  return failure({ code: 'INVITE_BAD_FIELD', field }, `invite: ${field || 'the whole'} breaks its rule`)
}

function failure(detail: InviteErrorDetail, message: string, cause?: unknown): InviteError {
  return new InviteError(detail, message, cause === undefined ? undefined : { cause })
}
