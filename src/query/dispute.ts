// Skeptic as an answer: the whole dispute about a key in pages, with how it came about.

import type { Hash, PublicKey } from '../base/index.js'
import {
  type Backer, createLensInput, type Dispute, type DisputedCluster, evidenceSteps, historySteps,
  type Judging, type LensInput, skepticSteps
} from '../lenses/index.js'
import { type AnswerStanding, type AnswerView, fromLens } from './answer.js'
import { outOfRange } from './errors.js'
import { judgementOf } from './lens-answer.js'
import { checkState, cursorOf, markOf, type Place, placeOf, stateMark } from './place.js'
import { type Desk, noCandidates } from './slow-path.js'

/** Name of the lens in its errors. */
const NAME = 'Skeptic'

/** A question for the whole dispute about a key. */
export interface DisputeRequest {
  readonly subject: string
  readonly predicate: string
  readonly asOfMs?: number | undefined
  /** List all backers of the side that this assertion is on, and no other side. */
  readonly of?: Hash | undefined
  /** What the page before gave; absent = the first page. */
  readonly cursor?: string | undefined
  /** Sides, or backers, of one page. */
  readonly limit: number
}

/** One side of a dispute. */
export interface DisputeSide extends AnswerStanding {
  /** Assertions that say it. */
  readonly assertions: number
  /** The heaviest 100; with `of`, a page of them all. */
  readonly backers: readonly Backer[]
}

/** A dispute at one time. */
export interface DisputeMoment {
  readonly asOfMs: number
  readonly leader: AnswerStanding
  readonly undecided: boolean
  readonly clusters: number
  readonly ballots: number
  readonly records: number
}

/** All that is said about one key, weighed. Q16 unless said otherwise. */
export interface DisputeReport {
  readonly subject: string
  readonly predicate: string
  readonly asOfMs?: number | undefined
  readonly judging: Judging
  readonly epoch?: Hash | undefined
  readonly conflict: number
  readonly entropy?: number | undefined
  /** A plain number. */
  readonly variance?: number | undefined
  readonly undecided: boolean
  readonly clusters: readonly DisputeSide[]
  readonly clustersTotal: number
  /** Where the next page begins; absent = this is the last one. */
  readonly cursor?: string | undefined
  readonly groups: readonly { readonly group: number; readonly agents: readonly PublicKey[] }[]
  /** On the first page alone. */
  readonly history?: { readonly moments: readonly DisputeMoment[]; readonly complete: boolean } | undefined
  readonly candidates: number
  readonly ballots: number
  readonly evidence: { readonly digest: Hash; readonly assertions: number; readonly votes: number }
  readonly view: AnswerView
}

/**
 * A page of a dispute.
 * @throws LensError LENS_NO_CANDIDATES; QueryError QUERY_CURSOR, QUERY_CHANGED, QUERY_RANGE
 */
export async function dispute(desk: Desk, request: DisputeRequest): Promise<DisputeReport> {
  const { subject, predicate, asOfMs, of, limit } = request
  const mark = markOf([NAME, subject, predicate, asOfMs ?? -1, of ?? ''])
  const place = placeOf(request.cursor, mark)
  const records = await desk.gather(subject, predicate, asOfMs)
  const judgement = judgementOf(desk, { asOfMs })
  const digest = await desk.run(evidenceSteps(records))
  const epoch = judgement.epochs.current?.id
  const state = stateMark([digest], desk.trust, epoch)
  checkState(place, state)
  const from = place?.offset ?? 0
  const input = createLensInput(records, judgement)
  const found = await desk.run(skepticSteps(input, { from, count: limit, of }))
  if (found === undefined) throw noCandidates(NAME, records.candidates.length === 0)
  if (of !== undefined && found.clusters.length === 0) {
    throw outOfRange('assertion', 'the assertion is none of this subject and predicate')
  }
  const next = nextPlace(found, { from, count: limit, single: of !== undefined, state })
  return {
    subject, predicate, asOfMs, epoch, judging: judgement.epochs.judging(predicate),
    conflict: found.conflict, entropy: found.entropy, variance: found.variance, undecided: found.undecided,
    clusters: found.clusters.map(sideOf), clustersTotal: found.clustersTotal,
    cursor: next === undefined ? undefined : cursorOf(mark, next),
    groups: found.groups,
    history: place === undefined && of === undefined ? await historyOf(desk, input) : undefined,
    candidates: records.candidates.length, ballots: found.ballots,
    evidence: { digest, assertions: records.candidates.length, votes: records.votes.length },
    view: desk.view
  }
}

interface PagePart {
  readonly from: number
  readonly count: number
  /** True when the page lists the backers of one side. */
  readonly single: boolean
  readonly state: string
}

function nextPlace(found: Dispute, { from, count, single, state }: PagePart): Place | undefined {
  const total = single ? found.clusters[0]?.agents ?? 0 : found.clustersTotal
  return from + count < total ? { key: 0, offset: from + count, state } : undefined
}

async function historyOf(desk: Desk, input: LensInput): Promise<DisputeReport['history']> {
  const history = await desk.run(historySteps(input, (asOfMs) => judgementOf(desk, { asOfMs }), input))
  const moments = history.points.map(({ leader, ...point }) => ({ ...point, leader: fromLens(leader) }))
  return { moments, complete: history.complete }
}

/** A cluster with its backers as answers show it. */
export function sideOf(cluster: DisputedCluster): DisputeSide {
  return { ...fromLens(cluster), assertions: cluster.assertions, backers: cluster.backers }
}
