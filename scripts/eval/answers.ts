// Answers of the standard lenses under computed trust.

import {
  createLensInput, type EpochView, type KeyRecords, lensSteps, runSteps, STANDARD_LENSES, type TrustView
} from '../../src/lenses/index.js'
import { type GoldFact, splitItem } from '../../src/node/index.js'
import { valueToJson } from '../../src/record/index.js'
import { keyName, type Stored } from './stored.js'

/** By lens in lower case, by item: the value that wins. */
export function answersOf(
  stored: Pick<Stored, 'records'>, facts: readonly GoldFact[], epochs: EpochView, trust: TrustView
): ReadonlyMap<string, ReadonlyMap<string, unknown>> {
  const answers = new Map<string, Map<string, unknown>>()
  for (const lens of STANDARD_LENSES) answers.set(lens.name.toLowerCase(), new Map())
  for (const { item } of facts) {
    const { subject, predicate } = splitItem(item)
    const key = stored.records.get(keyName(subject, predicate))
    if (key === undefined) continue
    const input = createLensInput(key, { epochs, trust })
    for (const lens of STANDARD_LENSES) {
      const [winner] = runSteps(lensSteps(lens, input))?.winners ?? []
      if (winner === undefined) continue
      answers.get(lens.name.toLowerCase())?.set(item, valueToJson(winner.candidate.object))
    }
  }
  return answers
}

/** The records without those of agents that do not count. */
export function recordsWithout(stored: Stored, counts: (agent: string) => boolean): Pick<Stored, 'records'> {
  const records = new Map<string, KeyRecords>()
  for (const [name, key] of stored.records) {
    records.set(name, {
      ...key, candidates: key.candidates.filter(({ agentId }) => counts(agentId)),
      votes: key.votes.filter(({ agentId }) => counts(agentId))
    })
  }
  return { records }
}
