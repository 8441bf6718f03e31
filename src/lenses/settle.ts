// Settling: from the records of a key to its view.
// Rule: everything but `local` depends on records, epochs and published trust alone.

import { blake3Hash, type Hash } from '../base/index.js'
import type { LensInput, LensResult, Standing } from './lens.js'
import { compareIds } from './ranking.js'
import { lensSteps, STANDARD_LENSES } from './registry.js'
import { sortSteps, type Steps, TURNS_PER_STEP } from './steps.js'
import type { KeyRecords } from './types.js'
import { type LensView, type View, VIEW_WINNERS_MAX, type ViewStanding } from './view.js'

/**
 * The view of a key.
 * @param input all records of the key, as they are judged now
 * @param computedAtMs kept with the view, in nothing that is hashed
 * @returns undefined when there are no candidates: such a key has no view
 */
export function* settleSteps(input: LensInput, computedAtMs: number): Steps<View | undefined> {
  if (input.candidates.length === 0) return undefined
  const lenses: LensView[] = []
  const results: LensResult[] = []
  for (const lens of STANDARD_LENSES) {
    const result = yield* lensSteps(lens, input)
    if (result === undefined) continue
    // Lenses that weigh the same ballots give one result: what a view shows of it is copied once.
    const same = results.indexOf(result)
    const shown = (same < 0 ? undefined : lenses[same]) ?? shownOf(result)
    results.push(result)
    lenses.push({
      code: lens.viewCode ?? 0, undecided: shown.undecided, winners: shown.winners,
      winnersTotal: shown.winnersTotal, runnerUp: shown.runnerUp
    })
  }
  const density = yield* input.density()
  return {
    counts: {
      candidates: input.candidates.length, votes: input.votes.length,
      ballots: density.ballots, clusters: density.clusters.list.length
    },
    evidence: yield* evidenceSteps(input),
    lenses,
    local: {
      computedAtMs, trustGeneration: input.trust.generation, trustFrontier: input.trust.frontierRoot
    }
  }
}

/** BLAKE3 over the sorted ids of all assertions and votes, 32 bytes each. */
export function* evidenceSteps(records: Pick<KeyRecords, 'candidates' | 'votes'>): Steps<Hash> {
  const candidates = yield* sortedIds(records.candidates)
  const votes = yield* sortedIds(records.votes)
  const all = candidates.length + votes.length
  const bytes = Buffer.allocUnsafe(32 * all)
  let [candidate, vote] = [0, 0]
  for (let at = 0; at < bytes.length;) {
    // One call for many ids: writing each takes four times as long.
    let text = ''
    for (let turn = 0; turn < TURNS_PER_STEP && candidate + vote < all; turn += 1) {
      const [left, right] = [candidates[candidate], votes[vote]]
      const takesVote = left === undefined || (right !== undefined && right < left)
      text += (takesVote ? votes[vote++] : candidates[candidate++]) ?? ''
    }
    at += bytes.write(text, at, 'hex')
    yield
  }
  return blake3Hash(bytes)
}

/** Ids ascending. Those of the index mostly are. */
function* sortedIds(records: readonly { readonly id: Hash }[]): Steps<readonly Hash[]> {
  const ids: Hash[] = []
  let ordered = true
  for (let at = 0; at < records.length; at += 1) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    const { id } = records[at] as { readonly id: Hash }
    ordered &&= (ids[at - 1] ?? '') <= id
    ids.push(id)
  }
  return ordered ? ids : yield* sortSteps(ids, compareIds)
}

function shownOf(result: LensResult): Omit<LensView, 'code'> {
  return {
    undecided: result.undecided,
    winners: result.winners.slice(0, VIEW_WINNERS_MAX).map(viewStanding),
    winnersTotal: result.winners.length,
    runnerUp: result.runnerUp === undefined ? undefined : viewStanding(result.runnerUp)
  }
}

function viewStanding({ candidate, score, share, agents }: Standing): ViewStanding {
  // Copied: a candidate may read its record when it is asked for, and a view outlives the reading.
  const { id, agentId, timestampMs, epoch, source, objectBytes } = candidate
  return { claim: { id, agentId, timestampMs, epoch, source, objectBytes }, score, share, agents }
}
