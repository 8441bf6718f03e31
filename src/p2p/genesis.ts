// Genesis: what the founders of a network fixed for ever. Its hash is the network id.
// Rule: one content has one byte form (canonical JSON, integers only, a closed set of fields), so a copied,
// re-indented or extended file is refused instead of naming another network.
// Format: docs/formats/genesis-and-invite.md.

import {
  blake3, networkIdOf, parsePublicKey, utf8Bytes, utf8Length, utf8Text, type NetworkId, type PublicKey
} from '../base/index.js'
import { canonicalJson, type CanonicalJson } from './canonical-json.js'
import { GenesisError, type GenesisErrorDetail } from './errors.js'

/** Constants of trust. Zero means off where it says so. */
export interface TrustParameters {
  /** `off`: every agent stands alike; `votes`: standing flows from the seeds along votes. */
  readonly standing: 'off' | 'votes'
  /** Age in ms at which a track record counts half; 0 = never ages. */
  readonly halfLifeMs: number
  /** Weight an agent of full standing may spend in one round, in ballots; 0 = no budget. */
  readonly voteBudget: number
  /** Length of a budget round. */
  readonly roundMs: number
  /** Authority lens: least standing, 0..65,536 of Q16. */
  readonly authorityStanding: number
  /** Authority lens: least accuracy, 0..65,536 of Q16. */
  readonly authorityAccuracy: number
}

/** The founding facts of a network. */
export interface Genesis {
  readonly version: 1
  readonly name: string
  /** When it was made, ms since 1970. */
  readonly created: number
  /** Agents that may issue epochs and node certificates; ascending, distinct. */
  readonly governors: readonly PublicKey[]
  /** Agents that trust starts from; ascending, distinct. */
  readonly seeds: readonly PublicKey[]
  readonly admission: 'open' | 'closed'
  /** Zero bits that a feed id must end in, 0..32. */
  readonly feedWorkBits: number
  readonly trust: TrustParameters
}

/** What `createGenesis` asks for; the rest has defaults. */
export interface GenesisFields {
  readonly name: string
  readonly created: number
  readonly governors: readonly PublicKey[]
  readonly seeds?: readonly PublicKey[]
  readonly admission?: 'open' | 'closed'
  readonly feedWorkBits?: number
  readonly trust?: Partial<TrustParameters>
}

/** A genesis with its exact bytes and the id they give. */
export interface OpenedGenesis {
  readonly genesis: Genesis
  readonly bytes: Uint8Array
  readonly networkId: NetworkId
}

/** Limits of a genesis: protocol constants of version 1. */
export const GENESIS_LIMITS = {
  bytesMax: 65_536,
  nameBytesMax: 128,
  governorsMax: 256,
  seedsMax: 256,
  feedWorkBitsMax: 32,
  q16: 65_536
} as const

/** Trust constants of a genesis that names none. */
export const DEFAULT_TRUST: TrustParameters = Object.freeze({
  standing: 'off',
  halfLifeMs: 0,
  voteBudget: 0,
  roundMs: 86_400_000,
  authorityStanding: 0,
  // 0.75: clearly above the prior mean, which is clamped to [0.5, 0.95].
  authorityAccuracy: 49_152
})

/**
 * Makes a genesis, its bytes and its network id.
 * Keys are sorted and doubled ones dropped.
 * @throws GenesisError GENESIS_BAD_FIELD
 */
export function createGenesis(fields: GenesisFields): OpenedGenesis {
  const genesis = readGenesis(toJson({
    version: 1,
    name: fields.name,
    created: fields.created,
    governors: sortedKeys(fields.governors),
    seeds: sortedKeys(fields.seeds ?? []),
    admission: fields.admission ?? 'open',
    feedWorkBits: fields.feedWorkBits ?? 0,
    trust: { ...DEFAULT_TRUST, ...fields.trust }
  }))
  const bytes = genesisBytes(genesis)
  return { genesis, bytes, networkId: networkIdOf(blake3(bytes)) }
}

/**
 * Reads the bytes of a genesis. Accepts the canonical form alone.
 * @throws GenesisError and nothing else
 */
export function parseGenesis(bytes: Uint8Array): OpenedGenesis {
  if (bytes.length > GENESIS_LIMITS.bytesMax) {
    throw failure({ code: 'GENESIS_TOO_LARGE', sizeBytes: bytes.length }, 'genesis is too large')
  }
  const text = utf8Text(bytes)
  if (text === undefined) throw failure({ code: 'GENESIS_NOT_JSON' }, 'genesis is not UTF-8 text')
  const genesis = readGenesis(parseJson(text))
  if (canonicalJson(toJson(genesis)) !== text) {
    throw failure({ code: 'GENESIS_NOT_CANONICAL' }, 'genesis is not in canonical form (RFC 8785)')
  }
  return { genesis, bytes, networkId: networkIdOf(blake3(bytes)) }
}

/** The canonical bytes of a genesis. */
export function genesisBytes(genesis: Genesis): Uint8Array {
  return utf8Bytes(canonicalJson(toJson(genesis)))
}

type Members = ReadonlyMap<string, unknown>

const fieldNames = [
  'admission', 'created', 'feedWorkBits', 'governors', 'name', 'seeds', 'trust', 'version'
] as const
const trustNames = [
  'authorityAccuracy', 'authorityStanding', 'halfLifeMs', 'roundMs', 'standing', 'voteBudget'
] as const

function readGenesis(value: unknown): Genesis {
  const members = membersOf(value, '')
  const version = integer(members, 'version', 0, Number.MAX_SAFE_INTEGER)
  if (version !== 1) throw failure({ code: 'GENESIS_VERSION', version }, `genesis version ${version} is not known`)
  closedSet(members, fieldNames, '')
  return {
    version,
    name: nameOf(members.get('name')),
    created: integer(members, 'created', 0, Number.MAX_SAFE_INTEGER),
    governors: keys(members, 'governors', GENESIS_LIMITS.governorsMax),
    seeds: keys(members, 'seeds', GENESIS_LIMITS.seedsMax),
    admission: choice(members, 'admission', ['open', 'closed'] as const),
    feedWorkBits: integer(members, 'feedWorkBits', 0, GENESIS_LIMITS.feedWorkBitsMax),
    trust: readTrust(members.get('trust'))
  }
}

function readTrust(value: unknown): TrustParameters {
  const members = membersOf(value, 'trust')
  closedSet(members, trustNames, 'trust.')
  const whole = (name: string, least: number, most: number): number =>
    integer(members, name, least, most, `trust.${name}`)
  return {
    standing: choice(members, 'standing', ['off', 'votes'] as const, 'trust.standing'),
    halfLifeMs: whole('halfLifeMs', 0, Number.MAX_SAFE_INTEGER),
    voteBudget: whole('voteBudget', 0, 1_000_000),
    roundMs: whole('roundMs', 1_000, Number.MAX_SAFE_INTEGER),
    authorityStanding: whole('authorityStanding', 0, GENESIS_LIMITS.q16),
    authorityAccuracy: whole('authorityAccuracy', 0, GENESIS_LIMITS.q16)
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new GenesisError({ code: 'GENESIS_NOT_JSON' }, 'genesis is not JSON', { cause })
  }
}

// A map, so that a member called __proto__ or constructor is a member and nothing else.
function membersOf(value: unknown, field: string): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badField(field)
  return new Map(Object.entries(value))
}

function closedSet(members: Members, names: readonly string[], prefix: string): void {
  for (const name of names) {
    if (!members.has(name)) {
      const field = prefix + name
      throw failure({ code: 'GENESIS_MISSING_FIELD', field }, `genesis lacks ${field}`)
    }
  }
  for (const name of members.keys()) {
    if (!names.includes(name)) {
      const field = prefix + name.slice(0, 64)
      throw failure({ code: 'GENESIS_UNKNOWN_FIELD', field }, `genesis has an unknown field ${field}`)
    }
  }
}

function nameOf(value: unknown): string {
  if (typeof value !== 'string' || !value.isWellFormed()) throw badField('name')
  const size = utf8Length(value)
  if (size < 1 || size > GENESIS_LIMITS.nameBytesMax || value.startsWith('\uFEFF')) throw badField('name')
  // Names are printed on terminals before anything is trusted.
  if (/[\u0000-\u001f\u007f-\u009f]/.test(value)) throw badField('name')
  return value
}

function integer(members: Members, name: string, least: number, most: number, field: string = name): number {
  const value = members.get(name)
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most) {
    throw badField(field)
  }
  return value
}

function choice<T extends string>(
  members: Members, name: string, all: readonly T[], field: string = name
): T {
  const value = all.find((one) => one === members.get(name))
  if (value === undefined) throw badField(field)
  return value
}

function keys(members: Members, name: string, most: number): readonly PublicKey[] {
  const value = members.get(name)
  if (!Array.isArray(value) || value.length > most) throw badField(name)
  const list: PublicKey[] = []
  for (const item of value as readonly unknown[]) {
    const key = typeof item === 'string' ? parsePublicKey(item) : undefined
    const last = list.at(-1)
    if (key === undefined || (last !== undefined && key <= last)) throw badField(name)
    list.push(key)
  }
  return list
}

function sortedKeys(list: readonly PublicKey[]): readonly PublicKey[] {
  return [...new Set(list)].sort()
}

function toJson(genesis: Genesis): CanonicalJson {
  return { ...genesis, trust: { ...genesis.trust } }
}

function badField(field: string): GenesisError {
  return failure({ code: 'GENESIS_BAD_FIELD', field }, `genesis: ${field || 'the whole'} breaks its rule`)
}

function failure(detail: GenesisErrorDetail, message: string): GenesisError {
  return new GenesisError(detail, message)
}
