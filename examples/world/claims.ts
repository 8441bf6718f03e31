// The claims of all sources, and which facts they contest.
// Invariant: equal packages give equal claims in equal order: by source name, then by item.

import { blake3Hash, utf8Bytes } from '../../src/base/index.js'
import { normaliseText, roundedArea } from './normalise.js'
import { SOURCES, readSource, type WorldSource } from './sources.js'
import { fullestSpelling, saidNames, spellingKey } from './spelling.js'
import { type Statement } from './statements.js'

/** One claim, in the form that `stemedb import --format claims` reads. */
export interface WorldClaim {
  readonly source: string
  /** `ISO2|predicate`. */
  readonly item: string
  readonly value: string | number
  /** Release date of the package version, ms since 1970. */
  readonly ts: number
}

/** Item -> value -> names of the sources that claim it. */
export type WorldFacts = ReadonlyMap<string, ReadonlyMap<string | number, readonly string[]>>

/**
 * Claims of every source; one claim for each (source, item), the first that the package makes.
 * Texts that differ in form alone are written in one way.
 */
export async function readWorldClaims(): Promise<readonly WorldClaim[]> {
  const bySource = await Promise.all(SOURCES.map(claimsOf))
  return oneSpelling(bySource.flat())
}

/** Values of each item and who claims them; items in byte order, values in order of first claim. */
export function factsOf(claims: readonly WorldClaim[]): WorldFacts {
  const facts = new Map<string, Map<string | number, string[]>>()
  for (const { source, item, value } of claims) {
    const values = facts.get(item) ?? new Map<string | number, string[]>()
    facts.set(item, values.set(value, [...(values.get(value) ?? []), source]))
  }
  return new Map([...facts].sort(([a], [b]) => byCodeUnit(a, b)))
}

/** Items with at least two different values, in order of BLAKE3 over the item's UTF-8 bytes. */
export function contestedItems(claims: readonly WorldClaim[]): readonly string[] {
  const contested = [...factsOf(claims)].filter(([, values]) => values.size > 1).map(([item]) => item)
  const ordered = contested.map((item) => [blake3Hash(utf8Bytes(item)), item] as const)
  return ordered.sort(([a], [b]) => byCodeUnit(a, b)).map(([, item]) => item)
}

async function claimsOf(source: WorldSource): Promise<readonly WorldClaim[]> {
  const claims = new Map<string, WorldClaim>()
  for (const { country, predicate, value } of normalised(await readSource(source))) {
    const item = `${country}|${predicate}`
    if (value === '' || claims.has(item)) continue
    claims.set(item, { source: source.name, item, value, ts: source.releasedMs })
  }
  return [...claims.values()].sort((a, b) => byCodeUnit(a.item, b.item))
}

/** Statements of one package with texts and areas normalised and names out of their index forms. */
function normalised(statements: readonly Statement[]): readonly Statement[] {
  const settled = statements.map((statement) => {
    const { predicate, value } = statement
    if (typeof value === 'string') return { ...statement, value: normaliseText(value) }
    return predicate === 'area' ? { ...statement, value: roundedArea(value) } : statement
  })
  const isName = ({ predicate }: Statement): boolean => predicate === 'name'
  const names = saidNames(settled.filter(isName).map(({ value }) => String(value)))
  let at = 0
  return settled.map((statement) => isName(statement) ? { ...statement, value: names[at++] ?? '' } : statement)
}

function oneSpelling(claims: readonly WorldClaim[]): readonly WorldClaim[] {
  const spellings = new Map<string, Set<string>>()
  const answerOf = ({ item, value }: WorldClaim): string => `${item}\0${spellingKey(String(value))}`
  for (const claim of claims) {
    if (typeof claim.value !== 'string') continue
    const known = spellings.get(answerOf(claim)) ?? new Set<string>()
    spellings.set(answerOf(claim), known.add(claim.value))
  }
  const written = new Map([...spellings].map(([answer, all]) => [answer, fullestSpelling(all)]))
  return claims.map((claim) => {
    return typeof claim.value === 'string' ? { ...claim, value: written.get(answerOf(claim)) ?? claim.value } : claim
  })
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
