// Answers of the standard lenses: what a running node says when it is asked, and what its records say under
// trust. The first are scored; the second are the check that views and queries kept to them.

import {
  createLensInput, type EpochView, type KeyRecords, LensError, lensSteps, runSteps, STANDARD_LENSES,
  type TrustView
} from '../../src/lenses/index.js'
import { type GoldFact, splitItem, type StemeNode } from '../../src/node/index.js'
import { type Value, valueToJson } from '../../src/record/index.js'
import { keyName, type Stored } from './stored.js'

/** The value that wins on an item, and by how much. */
export interface Given {
  readonly value: unknown
  /** Q16 bits. */
  readonly score: number
  /** Q16: probability. */
  readonly share: number
}

/** By lens in lower case, by item. An item without an answer is absent. */
export type LensAnswers = ReadonlyMap<string, ReadonlyMap<string, Given>>

const ASKED_AT_ONCE = 1_000

/** Asks a node for every fact by every standard lens, as any of its users would. */
export async function askAll(
  node: Pick<StemeNode, 'queryMany'>, facts: readonly GoldFact[]
): Promise<LensAnswers> {
  const answers = new Map<string, ReadonlyMap<string, Given>>()
  for (const { name: lens } of STANDARD_LENSES) {
    const given = new Map<string, Given>()
    for (let at = 0; at < facts.length; at += ASKED_AT_ONCE) {
      const items = facts.slice(at, at + ASKED_AT_ONCE).map(({ item }) => item)
      const said = await node.queryMany(items.map((item) => ({ ...splitItem(item), lens })))
      for (const [place, item] of items.entries()) {
        const answer = said[place]
        if (answer instanceof LensError && answer.code === 'LENS_NO_CANDIDATES') continue
        if (answer === undefined || answer instanceof Error) throw new Error(`no answer on ${item}`, { cause: answer })
        given.set(item, givenOf(answer.winner))
      }
    }
    answers.set(lens.toLowerCase(), given)
  }
  return answers
}

/** What the lenses make of the records under trust. */
export function answersOf(
  stored: Pick<Stored, 'records'>, facts: readonly GoldFact[], epochs: EpochView, trust: TrustView
): LensAnswers {
  const answers = new Map<string, Map<string, Given>>()
  for (const lens of STANDARD_LENSES) answers.set(lens.name.toLowerCase(), new Map())
  for (const { item } of facts) {
    const { subject, predicate } = splitItem(item)
    const key = stored.records.get(keyName(subject, predicate))
    if (key === undefined) continue
    const input = createLensInput(key, { epochs, trust })
    for (const lens of STANDARD_LENSES) {
      const [winner] = runSteps(lensSteps(lens, input))?.winners ?? []
      if (winner === undefined) continue
      answers.get(lens.name.toLowerCase())?.set(item, givenOf({ ...winner, object: winner.candidate.object }))
    }
  }
  return answers
}

/** @throws Error naming the first item on which a node said anything but what its records say */
export function checkAnswers(asked: LensAnswers, computed: LensAnswers): void {
  for (const [lens, byItem] of computed) {
    const said = asked.get(lens)
    for (const item of new Set([...byItem.keys(), ...said?.keys() ?? []])) {
      const [is, should] = [JSON.stringify(said?.get(item)), JSON.stringify(byItem.get(item))]
      if (is !== should) throw new Error(`the node answered ${is} by ${lens} on ${item}; its records say ${should}`)
    }
  }
}

function givenOf({ object, score, share }: Pick<Given, 'score' | 'share'> & { readonly object: Value }): Given {
  return { value: valueToJson(object), score, share }
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
