// Answers: what a query gives, from a kept view or from a lens that was run for it.

import type { Hash, PublicKey } from '../base/index.js'
import {
  type AuthorityThresholds, type Claim, type LensResult, type Standing, VIEW_VERSION, type ViewCounts,
  type ViewPart, type ViewStanding
} from '../lenses/index.js'
import { objectValue, type Value } from '../record/index.js'

/** A question for one key. */
export interface QueryRequest {
  readonly subject: string
  readonly predicate: string
  /** Name of a lens, in any case. */
  readonly lens: string
  /** Answer from records up to this time alone, under present trust. Takes the slow path. */
  readonly asOfMs?: number | undefined
  /**
   * true: wait until the answer follows from everything written before the request, trust included.
   * records: wait for the records of the key alone; trust may be older.
   */
  readonly fresh?: boolean | 'records' | undefined
  /** List the records behind the winner. Takes the slow path. */
  readonly explain?: boolean | undefined
  /** Authority: hear only agents of that standing, 0..1,024 steps of 1/1024. Takes the slow path. */
  readonly minStanding?: number | undefined
  /** Authority: hear only agents of that accuracy, likewise. */
  readonly minAccuracy?: number | undefined
}

/** One answer that holds, or nearly did. */
export interface AnswerStanding {
  readonly object: Value
  /** The assertion that is shown for it. */
  readonly assertion: Hash
  readonly agentId: PublicKey
  readonly timestampMs: number
  readonly epoch?: Hash | undefined
  readonly source?: string | undefined
  /** Q16 bits: trust-weighted ballots. */
  readonly score: number
  /** Q16: probability. */
  readonly share: number
  /** Distinct agents with weight for it. */
  readonly agents: number
}

/** What an answer rests on. */
export interface AnswerEvidence {
  /** BLAKE3 over the sorted ids of all assertions and votes that were looked at. */
  readonly digest: Hash
  readonly assertions: number
  readonly votes: number
  /** Ids of the records that give the winner its weight, ascending, at most 1,000; only with `explain`. */
  readonly backing?: readonly Hash[] | undefined
  /** EpochAware with `explain`: assertions of superseded epochs, ascending, at most 1,000. */
  readonly superseded?: readonly Hash[] | undefined
}

/** Which state of the node an answer shows. */
export interface AnswerView {
  readonly version: number
  /** Frontier of the trust snapshot; absent = it holds for any. */
  readonly trustFrontier?: Hash | undefined
  readonly trustGeneration: number
  /** Ms that views are behind what is admitted; 0 = up to date, and always on the slow path. */
  readonly lagMs: number
  /** Ms at most since the oldest ballot that the published trust does not cover; 0 = it covers all. */
  readonly trustLagMs: number
}

/** How far a node is behind what is admitted, in ms. */
export type AnswerLag = Pick<AnswerView, 'lagMs' | 'trustLagMs'>

/** The answer of one lens to one request. */
export interface Answer {
  readonly subject: string
  readonly predicate: string
  /** Canonical name. */
  readonly lens: string
  readonly asOfMs?: number | undefined
  /** The thresholds that were applied, when the request had some of its own. */
  readonly heard?: AuthorityThresholds | undefined
  readonly winner: AnswerStanding
  /** Cardinality many: all winners, the first included, at most 64 from a view. */
  readonly winners: readonly AnswerStanding[]
  readonly winnersTotal: number
  readonly runnerUp?: AnswerStanding | undefined
  /** True when no trust has reached the item: the winner is the plurality of agents. */
  readonly undecided: boolean
  /** Effective assertions. */
  readonly candidates: number
  /** Agents whose ballot has weight. */
  readonly ballots: number
  readonly clusters: number
  readonly evidence: AnswerEvidence
  readonly view: AnswerView
}

/** The answer that a view keeps. */
export function answerFromView(
  request: QueryRequest, lens: string, part: ViewPart, lag: AnswerLag
): Answer {
  const { counts, local } = part
  const winners = part.lens.winners.map(fromView)
  const [winner] = winners
  if (winner === undefined) throw new RangeError('a kept answer has a winner')
  return {
    subject: request.subject, predicate: request.predicate, lens,
    winner, winners, winnersTotal: part.lens.winnersTotal,
    runnerUp: part.lens.runnerUp === undefined ? undefined : fromView(part.lens.runnerUp),
    undecided: part.lens.undecided,
    candidates: counts.candidates, ballots: counts.ballots, clusters: counts.clusters,
    evidence: { digest: part.evidence, assertions: counts.candidates, votes: counts.votes },
    view: {
      version: VIEW_VERSION, trustFrontier: local.trustFrontier, trustGeneration: local.trustGeneration,
      ...lag
    }
  }
}

/** What an answer says besides the result of its lens. */
export interface LensFacts {
  readonly counts: Pick<ViewCounts, 'candidates' | 'votes'>
  readonly evidence: Hash
  readonly heard: AuthorityThresholds | undefined
  readonly view: AnswerView
}

/** The answer that a lens has just given; undefined for a result without a winner. */
export function answerFromLens(
  request: QueryRequest, lens: string, result: LensResult,
  facts: LensFacts
): Answer | undefined {
  const winners = result.winners.map(fromLens)
  const [winner] = winners
  if (winner === undefined) return undefined
  const { candidates, votes } = facts.counts
  return {
    subject: request.subject, predicate: request.predicate, lens, asOfMs: request.asOfMs, heard: facts.heard,
    winner, winners, winnersTotal: winners.length,
    runnerUp: result.runnerUp === undefined ? undefined : fromLens(result.runnerUp),
    undecided: result.undecided, candidates, ballots: result.ballots, clusters: result.clusters,
    evidence: {
      digest: facts.evidence, assertions: candidates, votes,
      backing: result.backing, superseded: result.superseded
    },
    view: facts.view
  }
}

function fromView({ claim, score, share, agents }: ViewStanding): AnswerStanding {
  return { ...shown(claim), object: objectValue(claim.objectBytes), score, share, agents }
}

/** A standing of a lens as answers show it. */
export function fromLens({ candidate, score, share, agents }: Standing): AnswerStanding {
  return { ...shown(candidate), object: objectValue(candidate.objectBytes), score, share, agents }
}

type Shown = Pick<AnswerStanding, 'assertion' | 'agentId' | 'timestampMs' | 'epoch' | 'source'>

function shown(claim: Omit<Claim, 'objectBytes'>): Shown {
  const { id, agentId, timestampMs, epoch, source } = claim
  return { assertion: id, agentId, timestampMs, epoch, source }
}
