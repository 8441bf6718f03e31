// From files of claims into a node, through the same gate as any client's records.

import { readClaims, readGold, splitItem, type Claim, type GoldFact } from '../../src/node/index.js'
import {
  buildAssertion, buildEpoch, buildVote, createSigner, openRecord, type PredicateSettings, RecordError,
  seedFromName, type Signer, valueFromJson
} from '../../src/record/index.js'
import type { Hash } from '../../src/base/index.js'
import type { SourceVote } from './attack.js'
import { ScriptError } from '../usage.js'
import type { TemporaryNode } from './temporary-node.js'

const BATCH_RECORDS = 1_000
const BUSY_PAUSE_MS = 20
const FULL_WEIGHT = 1_000_000

/** Claims, and what is known to be true of some of their items. */
export interface LoadedSet {
  readonly claims: readonly Claim[]
  readonly gold: readonly GoldFact[]
}

/**
 * A file of claims with its gold facts.
 * @throws ScriptError when there is nothing to score: no claims, no facts, or none about what is claimed;
 * NodeError NODE_CLAIMS_READ
 */
export async function loadDataSet(claimsPath: string, goldPath: string): Promise<LoadedSet> {
  const claims = await loadClaims(claimsPath)
  if (claims.length === 0) throw new ScriptError(`${claimsPath} holds no claim {source, item, value}`)
  const gold = await loadGold(goldPath)
  const settled = gold.filter(({ value }) => value !== undefined)
  if (settled.length === 0) throw new ScriptError(`${goldPath} holds no gold fact {item, value}`)
  const items = new Set(claims.map(({ item }) => item))
  if (settled.some(({ item }) => items.has(item))) return { claims, gold }
  throw new ScriptError(`no fact of ${goldPath} is about an item of ${claimsPath}: these are two data sets`)
}

/** All usable claims of a file; the others are named on standard error. */
export async function loadClaims(path: string): Promise<readonly Claim[]> {
  const claims: Claim[] = []
  for await (const line of readClaims(path)) {
    if ('claim' in line) claims.push(line.claim)
    else console.error(`${path}:${line.line}: ${line.error.code}, skipped`)
  }
  return claims
}

/** All usable gold facts of a file, likewise. */
export async function loadGold(path: string): Promise<readonly GoldFact[]> {
  const facts: GoldFact[] = []
  for await (const line of readGold(path)) {
    if ('gold' in line) facts.push(line.gold)
    else console.error(`${path}:${line.line}: ${line.error.code}, skipped`)
  }
  return facts
}

/**
 * Signs the claims, and votes on them, admits them and waits until every view is computed.
 * @param epoch the epoch record that tells the network its settings, if there is one
 */
export async function importClaims(
  temporary: TemporaryNode, claims: readonly Claim[], votes: readonly SourceVote[],
  epoch: Uint8Array | undefined
): Promise<void> {
  if (epoch !== undefined) await admitAll(temporary, [epoch])
  const sign = createSourceSigner(temporary)
  const ids = new Map<Claim, Hash>()
  const records = claims.flatMap((claim) => sign.claim(claim, ids))
  for (const vote of votes) records.push(...sign.vote(vote, ids))
  for (let at = 0; at < records.length; at += BATCH_RECORDS) {
    await admitAll(temporary, records.slice(at, at + BATCH_RECORDS))
  }
  await temporary.node.settled()
}

/** Admits records, waiting while the node is busy. */
export async function admitAll(temporary: TemporaryNode, records: readonly Uint8Array[]): Promise<void> {
  let left = records
  while (left.length > 0) {
    const results = await temporary.node.admit(left)
    const refused = results.find((result) => result.kind === 'refused' && result.code !== 'INGEST_BUSY')
    if (refused?.kind === 'refused') throw new Error(`a record was refused: ${refused.code} ${refused.rule}`)
    left = left.filter((_, index) => results[index]?.kind === 'refused')
    if (left.length > 0) await new Promise((resolve) => setTimeout(resolve, BUSY_PAUSE_MS))
  }
}

/** Settings that the governor's epoch gives every predicate of the claims. */
export interface Rules {
  /** Numbers this near are one answer; absent = exact. */
  readonly tolerance: number | undefined
  /** Age in ms at which a ballot counts half; absent = it never ages. */
  readonly halfLifeMs?: number | undefined
}

/** The predicates of the claims with these settings; undefined where the rules say nothing. */
export function settingsOf(
  claims: readonly Claim[], { tolerance, halfLifeMs }: Rules
): ReadonlyMap<string, PredicateSettings> | undefined {
  if (tolerance === undefined && halfLifeMs === undefined) return undefined
  const each: PredicateSettings = {
    cardinality: 'one', ...(tolerance === undefined ? {} : { tolerance }),
    ...(halfLifeMs === undefined ? {} : { halfLifeMs })
  }
  return new Map(claims.map((claim) => [splitItem(claim.item).predicate, each]))
}

/** The governor's epoch record with these rules; none where they say nothing. */
export function rulesEpoch(
  temporary: TemporaryNode, claims: readonly Claim[], rules: Rules
): Uint8Array | undefined {
  const settings = settingsOf(claims, rules)
  if (settings === undefined) return undefined
  const fields = { timestampMs: 0, name: 'eval', settings }
  return buildEpoch(fields, temporary.governor, temporary.node.networkId)
}

interface SourceSigner {
  /** The claim as a record, its id noted; none when no record can hold it. */
  claim(claim: Claim, ids: Map<Claim, Hash>): readonly Uint8Array[]
  vote(vote: SourceVote, ids: ReadonlyMap<Claim, Hash>): readonly Uint8Array[]
}

function createSourceSigner({ node: { networkId } }: TemporaryNode): SourceSigner {
  const signers = new Map<string, Signer>()
  const signerOf = (source: string): Signer => {
    const signer = signers.get(source) ?? createSigner(seedFromName(source))
    signers.set(source, signer)
    return signer
  }
  return {
    claim(claim, ids) {
      const object = valueFromJson(claim.value)
      const fields = { timestampMs: claim.ts ?? 0, ...splitItem(claim.item) }
      try {
        if (object === undefined) throw new RangeError('value')
        const bytes = buildAssertion({ ...fields, object }, signerOf(claim.source), networkId)
        const opened = openRecord(bytes)
        if (opened.grade === 'effective') ids.set(claim, opened.id)
        return [bytes]
      } catch (error) {
        if (!(error instanceof RecordError) && !(error instanceof RangeError)) throw error
        console.error(`${claim.source} on ${claim.item}: ${error.message}, skipped`)
        return []
      }
    },
    vote({ source, claim }, ids) {
      const assertion = ids.get(claim)
      if (assertion === undefined) return []
      const fields = { timestampMs: claim.ts ?? 0, assertion, weight: FULL_WEIGHT }
      return [buildVote(fields, signerOf(source), networkId)]
    }
  }
}
