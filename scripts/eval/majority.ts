// Plain majority voting over claims, by itself and without the database: the yardstick beside every lens.
// One source, one vote (its latest claim on the item). Numbers within the tolerance are one answer:
// repeatedly the window that holds most sources (ties: lowest start). Ties between answers go to the
// smaller BLAKE3 of the value.

import { blake3Hash } from '../../src/base/index.js'
import type { Claim, ClaimValue } from '../../src/node/index.js'
import { encodeCanonical } from '../../src/record/index.js'

/** What majority voting says of one item. */
export interface Majority {
  readonly winner: ClaimValue
  /** All answers with the most votes; one unless there is a tie. */
  readonly tied: readonly ClaimValue[]
}

interface Answer {
  readonly value: ClaimValue
  readonly votes: number
}

/** Latest claim of each source on each item, by item. */
export type Ballots = ReadonlyMap<string, ReadonlyMap<string, Claim>>

/** Sorts claims into ballots. A later timestamp replaces; of equal ones the last read. */
export function ballotsOf(claims: Iterable<Claim>): Ballots {
  const items = new Map<string, Map<string, Claim>>()
  for (const claim of claims) {
    const sources = items.get(claim.item) ?? new Map<string, Claim>()
    items.set(claim.item, sources)
    const known = sources.get(claim.source)
    if (known === undefined || (claim.ts ?? 0) >= (known.ts ?? 0)) sources.set(claim.source, claim)
  }
  return items
}

/** The majority on one item. @param tolerance numbers this near are one answer; absent = exact */
export function majorityOf(
  ballots: ReadonlyMap<string, Claim>, tolerance: number | undefined
): Majority | undefined {
  const answers = answersOf(ballots, tolerance)
  const most = Math.max(...answers.map((answer) => answer.votes))
  const tied = answers.filter((answer) => answer.votes === most).map((answer) => answer.value)
  const [winner] = [...tied].sort(byHash)
  return winner === undefined ? undefined : { winner, tied }
}

/** True when an answer counts as right. */
export function isRight(answer: unknown, gold: ClaimValue, tolerance: number | undefined): boolean {
  if (typeof answer === 'number' && typeof gold === 'number') return Math.abs(answer - gold) <= (tolerance ?? 0)
  return JSON.stringify(answer) === JSON.stringify(gold)
}

function answersOf(ballots: ReadonlyMap<string, Claim>, tolerance: number | undefined): readonly Answer[] {
  const counts = new Map<string, { value: ClaimValue; votes: number }>()
  for (const { value } of ballots.values()) {
    const name = JSON.stringify(value)
    const entry = counts.get(name) ?? { value, votes: 0 }
    entry.votes += 1
    counts.set(name, entry)
  }
  const all = [...counts.values()]
  const isNumeric = all.every((answer) => typeof answer.value === 'number')
  return tolerance === undefined || !isNumeric ? all : windowsOf(all, tolerance)
}

function windowsOf(answers: readonly Answer[], tolerance: number): readonly Answer[] {
  let left = answers.map((answer) => ({ ...answer, at: Number(answer.value) })).sort((a, b) => a.at - b.at)
  const found: Answer[] = []
  while (left.length > 0) {
    const windows = left.map((first) => left.filter(({ at }) => at >= first.at && at - first.at <= tolerance))
    const votesOf = (window: typeof left): number => window.reduce((sum, answer) => sum + answer.votes, 0)
    const best = windows.reduce((a, b) => (votesOf(b) > votesOf(a) ? b : a))
    const [head] = [...best].sort((a, b) => b.votes - a.votes || byHash(a.value, b.value))
    if (head !== undefined) found.push({ value: head.value, votes: votesOf(best) })
    left = left.filter((answer) => !best.includes(answer))
  }
  return found
}

function byHash(a: ClaimValue, b: ClaimValue): number {
  return hashOfValue(a) < hashOfValue(b) ? -1 : 1
}

function hashOfValue(value: ClaimValue): string {
  return blake3Hash(encodeCanonical(value as string | number | boolean))
}
