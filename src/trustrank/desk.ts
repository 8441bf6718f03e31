// The trust desk: keeps the ballot book and answers one request after the other. It is the same in a worker
// thread and inline.
// Rule: what it computes depends on the ballots it was given alone; requests and answers are plain data that
// survive a structured clone.

import { blake3Hash, type Hash, type PublicKey, unreachable } from '../base/index.js'
import { type BookKey, createBallotBook } from './book.js'
import { changeBetween } from './change.js'
import { type ComputedTrust, computeTrust } from './compute.js'
import type { Explanation, Mover } from './explain.js'
import type { KeyBallots } from './key-ballots.js'
import type { TrustPolicy } from './parameters.js'
import { decodePublished } from './published.js'
import type { Published } from './types.js'

/** Other agents of a clone group that reasons name. */
export const CLONES_NAMED_MAX = 100

/** What the desk is asked. */
export type TrustRequest =
  /** Takes ballots into the book. `asOf` as in `BallotBook.put`. */
  | { readonly kind: 'put'; readonly asOf: number; readonly keys: readonly KeyBallots[] }
  /** Computes trust over the whole book. */
  | { readonly kind: 'compute' }
  /** These values are published: the next change is told from them. Absent bytes: those last computed. */
  | { readonly kind: 'adopt'; readonly bytes?: Uint8Array | undefined }
  /** Up to `limit` further keys whose answers read a value that the last adoption changed. */
  | { readonly kind: 'affected'; readonly limit: number }
  | { readonly kind: 'reasons'; readonly agent: PublicKey }
  | { readonly kind: 'records'; readonly agents: readonly PublicKey[] }

/** A track record: Q16, every ballot counted once. */
export interface TrackRecord {
  readonly ballots: number
  readonly hits: number
}

/** One ballot that moved an agent's accuracy, by its key. */
export interface NamedMover extends Omit<Mover, 'item'>, BookKey {}

/** Why an agent's values are what they are. */
export interface AgentReasons extends Omit<Explanation, 'lost' | 'gained'> {
  /** Other agents of the group; `clones` names the first 100. */
  readonly clonesTotal: number
  readonly lost: readonly NamedMover[]
  readonly gained: readonly NamedMover[]
}

/** What a computation found. */
export interface TrustFinding {
  readonly digest: Hash
  /** The published values; absent when they are those that were adopted last. */
  readonly bytes?: Uint8Array | undefined
  readonly rounds: number
  readonly keys: number
  readonly rows: number
}

/** Answers by kind of request. */
export interface TrustAnswers {
  readonly put: undefined
  readonly compute: TrustFinding
  readonly adopt: undefined
  readonly affected: readonly BookKey[]
  readonly reasons: AgentReasons | undefined
  readonly records: readonly (TrackRecord | undefined)[]
}

/** Answers requests in the order in which they come. */
export interface TrustDesk {
  answer<Kind extends TrustRequest['kind']>(
    request: Extract<TrustRequest, { readonly kind: Kind }>
  ): TrustAnswers[Kind]
}

interface State {
  readonly policy: TrustPolicy
  readonly book: ReturnType<typeof createBallotBook>
  /** One text for each agent, however many rows name it. */
  readonly agents: Map<PublicKey, PublicKey>
  computed: { readonly trust: ComputedTrust; readonly items: readonly BookKey[] } | undefined
  /** The book changed since. */
  stale: boolean
  adopted: Published | undefined
  adoptedDigest: Hash | undefined
  affected: readonly BookKey[]
}

/** A desk with an empty book. */
export function createTrustDesk(policy: TrustPolicy): TrustDesk {
  const state: State = {
    policy, book: createBallotBook(policy.roundMs, policy.seeds), agents: new Map(), computed: undefined,
    stale: true, adopted: undefined, adoptedDigest: undefined, affected: []
  }
  return { answer: (request) => answerTo(state, request) as never }
}

function answerTo(state: State, request: TrustRequest): TrustAnswers[TrustRequest['kind']] {
  switch (request.kind) {
    case 'put':
      return put(state, request.keys, request.asOf)
    case 'compute':
      return compute(state)
    case 'adopt':
      return adopt(state, request.bytes)
    case 'affected':
      return nextAffected(state, request.limit)
    case 'reasons':
      return reasonsOf(state, request.agent)
    case 'records':
      return request.agents.map((agent) => state.computed?.trust.record(agent))
    default:
      return unreachable(request)
  }
}

function put(state: State, keys: readonly KeyBallots[], asOf: number): undefined {
  for (const key of keys) if (state.book.put(withOneText(state, key), asOf)) state.stale = true
}

function withOneText({ agents }: State, key: KeyBallots): KeyBallots {
  const same = (agent: PublicKey): PublicKey => {
    const known = agents.get(agent)
    if (known === undefined) agents.set(agent, agent)
    return known ?? agent
  }
  return {
    ...key,
    rows: key.rows.map(({ agent, cluster, weightQ, timestampMs }) => (
      { agent: same(agent), cluster, weightQ, timestampMs })),
    endorsements: key.endorsements.map(({ voter, author, timestampMs }) => (
      { voter: same(voter), author: same(author), timestampMs })),
    spent: (key.spent ?? []).map(({ agent, cluster, timestampMs }) => (
      { agent: same(agent), cluster, timestampMs }))
  }
}

function compute(state: State): TrustFinding {
  const { book, policy } = state
  if (state.stale || state.computed === undefined) {
    const items = book.items()
    state.computed = { trust: computeTrust(book.columns(), policy), items }
    state.stale = false
  }
  const { snapshot, bytes, rounds } = state.computed.trust
  const facts = { digest: snapshot.digest, rounds, keys: book.keys, rows: book.rows }
  return snapshot.digest === state.adoptedDigest ? facts : { ...facts, bytes }
}

function adopt(state: State, bytes: Uint8Array | undefined): undefined {
  const before = state.adopted
  const computed = state.computed?.trust.snapshot
  const published = bytes === undefined ? computed : decodePublished(bytes)
  if (published === undefined) return
  state.adopted = published
  state.adoptedDigest = bytes === undefined ? computed?.digest : blake3Hash(bytes)
  if (before === undefined) return
  const change = changeBetween(before, published)
  state.affected = change.none ? [] : state.book.keysWhere(change.reads)
}

function nextAffected(state: State, limit: number): readonly BookKey[] {
  const next = state.affected.slice(0, limit)
  state.affected = state.affected.slice(limit)
  return next
}

function reasonsOf({ computed }: State, agent: PublicKey): AgentReasons | undefined {
  const found = computed?.trust.explain(agent)
  if (computed === undefined || found === undefined) return undefined
  const named = ({ item, p, weight, audited }: Mover): NamedMover => (
    { ...(computed.items[item] ?? { subject: '', predicate: '' }), p, weight, audited })
  return {
    ...found, clones: found.clones.slice(0, CLONES_NAMED_MAX), clonesTotal: found.clones.length,
    lost: found.lost.map(named), gained: found.gained.map(named)
  }
}
