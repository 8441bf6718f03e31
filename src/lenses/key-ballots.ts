// The ballots of one key, as trust is computed from: all records, no lens, no filter.
// Rule: the same statements, clusters and ballots that Consensus weighs.

import { toHex, TRUST_LIMITS } from '../base/index.js'
import { stateSteps } from './ballots.js'
import { clusterSteps } from './clusters.js'
import { constraintKind } from './constraints.js'
import type { Density } from './density.js'
import type { Judging } from './epochs.js'
import { joinSteps } from './join.js'
import { type SpentBallot, spentSteps } from './spent.js'
import type { Steps } from './steps.js'
import type { KeyRecords } from './types.js'
import type { Hash, PublicKey } from '../base/index.js'

/** Ballots of a key by cluster, and who vouches for whom there. A key of a ballot book of src/trustrank. */
export interface TrustBallots {
  readonly subject: string
  readonly predicate: string
  readonly cardinality: 'one' | 'many'
  /** True where values count as equal by their bytes alone. */
  readonly exact: boolean
  /** A constraint for which the epoch has no settings: somebody's wish, no fact that others get wrong. */
  readonly constraint: boolean
  /** Values that the epoch allows, as hex of their bytes; absent = any. */
  readonly vocabulary?: readonly string[] | undefined
  /** BLAKE3 of the value that stands for each cluster, and its bytes as hex where it may be a class. */
  readonly clusters: readonly { readonly value?: string; readonly hash: Hash }[]
  readonly rows: readonly {
    readonly agent: PublicKey
    readonly cluster: number
    /** Q16: scaled to one over all clusters with cardinality one, else as stated. */
    readonly weightQ: number
    readonly timestampMs: number
  }[]
  /** Statements with weight on assertions of others. */
  readonly endorsements: readonly {
    readonly voter: PublicKey
    readonly author: PublicKey
    readonly timestampMs: number
  }[]
  /** Agents that said something and have no row: a lens may ask for their trust all the same. */
  readonly silent: readonly PublicKey[]
  /** What was said at other times than those of the rows, or of values that the epoch does not allow. */
  readonly spent: readonly SpentBallot[]
}

/** What is said of a key, as its density holds it. */
export type Said = Pick<Density, 'statements' | 'clusters' | 'rows'>

/**
 * The ballots of a key. Cost: O(n log n); a third of it where `said` is given.
 * @param said what was worked out for a view of the same lists of records under the same settings, without a
 *   filter
 */
export function* trustBallotSteps(key: KeyRecords, judging: Judging, said?: Said): Steps<TrustBallots> {
  const { statements, clusters, rows: ballots } = said ?? (yield* saidSteps(key, judging))
  const { voices } = statements
  const given = judging.cardinality === 'many' ? ballots.held : ballots.weight
  const rows: TrustBallots['rows'][number][] = []
  const speaking = new Set<number>()
  for (const [row, voice] of ballots.voice.entries()) {
    const agent = voices[voice]
    const weightQ = given[row] ?? 0
    // Equal parts of very many answers are scaled to nothing: such a ballot makes no row.
    if (agent === undefined || weightQ === 0) continue
    speaking.add(voice)
    rows.push({ agent, cluster: ballots.cluster[row] ?? 0, weightQ, timestampMs: ballots.timeMs[row] ?? 0 })
  }
  return {
    subject: key.subject, predicate: key.predicate, cardinality: judging.cardinality,
    constraint: constraintKind(key.predicate) !== undefined && judging.ruled !== true,
    exact: judging.tolerance === undefined, vocabulary: judging.vocabulary,
    clusters: clusters.list.map(({ representative: { first, hash } }) => {
      const value = classText(first.objectBytes, judging.vocabulary)
      return value === undefined ? { hash } : { value, hash }
    }),
    rows,
    endorsements: endorsementsOf(statements),
    silent: voices.filter((_, voice) => !speaking.has(voice)),
    spent: yield* spentSteps(key, statements, clusters, rows)
  }
}

function endorsementsOf({ voices, candidates, list }: Said['statements']): TrustBallots['endorsements'] {
  const endorsements: TrustBallots['endorsements'][number][] = []
  for (const { voice, candidate, weightQ, timestampMs } of list) {
    const [voter, author] = [voices[voice], candidates[candidate]?.agentId]
    if (voter === undefined || author === undefined || voter === author || weightQ === 0) continue
    endorsements.push({ voter, author, timestampMs })
  }
  return endorsements
}

function* saidSteps(key: KeyRecords, judging: Judging): Steps<Said> {
  const statements = yield* stateSteps(key.candidates, key.votes, judging, {})
  const clusters = yield* clusterSteps(statements, judging.tolerance)
  const rows = yield* joinSteps(statements.list, clusters, statements.voices.length)
  return { statements, clusters, rows }
}

// Trust keeps the ballots of all keys in memory: texts that are no class stay out of it.
function classText(value: Uint8Array, vocabulary: readonly string[] | undefined): string | undefined {
  const isShort = value.length <= TRUST_LIMITS.classBytesMax
  if (!isShort && vocabulary === undefined) return undefined
  const text = toHex(value)
  return isShort || vocabulary?.includes(text) === true ? text : undefined
}
