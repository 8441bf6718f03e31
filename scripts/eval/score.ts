// How often lenses and majority voting are right on gold facts.

import type { ClaimValue, GoldFact } from '../../src/node/index.js'
import type { Given } from './answers.js'
import { isRight, majorityOf, type Ballots } from './majority.js'

/** Accuracies over the gold facts that have a value and claims. */
export interface Score {
  /** Gold facts with a value; those without are ambiguous and count nowhere. */
  readonly gold: number
  readonly ambiguous: number
  readonly accuracy: Readonly<Record<string, number>>
  /** Majority with each tied winner counted by its share: free of tie luck. */
  readonly majority_expected: number
  readonly ties: number
  readonly untied: Readonly<Record<string, number>>
}

/** Answers of each lens by item; an absent one is no right one. */
export type Answers = ReadonlyMap<string, ReadonlyMap<string, Pick<Given, 'value'>>>

/** Scores majority voting and the lenses on the gold facts. */
export function score(
  facts: readonly GoldFact[],
  ballots: Ballots,
  answers: Answers,
  tolerance: number | undefined
): Score {
  const settled = facts.filter((fact): fact is GoldFact & { value: ClaimValue } => fact.value !== undefined)
  const right = new Map<string, number>()
  const rightUntied = new Map<string, number>()
  let ties = 0
  let expected = 0
  for (const { item, value } of settled) {
    const majority = majorityOf(ballots.get(item) ?? new Map(), tolerance)
    const tied = majority?.tied ?? []
    if (tied.length > 1) ties += 1
    const good = tied.filter((answer) => isRight(answer, value, tolerance))
    if (tied.length > 0) expected += good.length / tied.length
    const given = new Map([...answers].map(([lens, byItem]) => [lens, byItem.get(item)?.value]))
    given.set('majority', majority?.winner)
    for (const [lens, answer] of given) {
      if (!isRight(answer, value, tolerance)) continue
      right.set(lens, (right.get(lens) ?? 0) + 1)
      if (tied.length === 1) rightUntied.set(lens, (rightUntied.get(lens) ?? 0) + 1)
    }
  }
  const lenses = [...answers.keys(), 'majority']
  const share = (counts: ReadonlyMap<string, number>, of: number): Record<string, number> =>
    Object.fromEntries(lenses.map((lens) => [lens, rounded((counts.get(lens) ?? 0) / of)]))
  return {
    gold: settled.length,
    ambiguous: facts.length - settled.length,
    accuracy: share(right, settled.length),
    majority_expected: rounded(expected / settled.length),
    ties,
    untied: share(rightUntied, settled.length - ties)
  }
}

function rounded(share: number): number {
  return Math.round(share * 10_000) / 10_000
}
