// Spelling: which texts are one answer, and how that answer is written.
// Rule: two texts of one key differ in form alone, and one of the spellings claimed for the item stands for
// all; which one depends on the spellings only, never on who or how many claim them. Reasons: README.md.

import { lastGroup } from './normalise.js'

/** What stands in front of a name when it is said, though no `of` ends it. */
const FRONTS: ReadonlySet<string> = new Set(['british', 'uk', 'us'])

/**
 * What is left of a text without its form: letter case, accents, apostrophes, hyphens, full stops, blanks and
 * a leading article; `&` is `and`, `St` is `Saint`. Texts in another script keep their letters.
 */
export function spellingKey(value: string): string {
  const words = value.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
  const full = words.replace(/^the /u, '').replace(/&/gu, ' and ').replace(/\bst\b/gu, 'saint')
  return full.replace(/[^\p{L}\p{N}]/gu, '')
}

/**
 * The fullest of several spellings of one answer: most accented letters, then without a leading article, then
 * longest, then with most words in the letter case of English names, then first in code unit order.
 */
export function fullestSpelling(spellings: Iterable<string>): string {
  return [...spellings].reduce((best, other) => isFuller(other, best) ? other : best)
}

/**
 * Names of one package as they are said: the qualifier of an index form (`Bolivia (Plurinational State of)`,
 * `Moldova, Republic of`) goes, unless another entry of the package then has the same name: there it is put
 * in front (`Korea, Republic of` beside `Korea, Democratic People's Republic of`) if it reads so there.
 */
export function saidNames(names: readonly string[]): readonly string[] {
  const parts = names.map(indexParts)
  const holders = new Map<string, number>()
  for (const { head } of parts) holders.set(spellingKey(head), (holders.get(spellingKey(head)) ?? 0) + 1)
  return parts.map(({ head, qualifier }, at) => {
    if (qualifier === undefined || holders.get(spellingKey(head)) === 1) return head
    const stands = /\b(of|of the)$/iu.test(qualifier) || FRONTS.has(spellingKey(qualifier))
    return stands ? `${qualifier} ${head}` : names[at] ?? head
  })
}

interface IndexParts {
  readonly head: string
  readonly qualifier?: string
}

/** A comma before an enumeration (`Bonaire, Sint Eustatius and Saba`) is no index form. */
function indexParts(name: string): IndexParts {
  const group = lastGroup(name)
  if (group !== undefined) {
    return { head: name.slice(0, group).trim(), qualifier: name.slice(group + 1, -1).trim() }
  }
  const [head = '', tail, more] = name.split(',').map((part) => part.trim())
  if (tail === undefined || more !== undefined || /\band\b|&/iu.test(tail)) return { head: name }
  return { head, qualifier: tail }
}

function isFuller(a: string, b: string): boolean {
  const [ranksA, ranksB] = [ranksOf(a), ranksOf(b)]
  const at = ranksA.findIndex((rank, index) => rank !== ranksB[index])
  return at === -1 ? a < b : (ranksA[at] ?? 0) > (ranksB[at] ?? 0)
}

function ranksOf(spelling: string): readonly number[] {
  const marks = spelling.normalize('NFD').match(/\p{M}/gu)?.length ?? 0
  const article = /^the /iu.test(spelling) ? 0 : 1
  const cased = /^(and|of|the|da|de|(?!(And|Of|The|Da|De)$)\p{Lu}.*\p{Ll}.*)$/u
  const casedWords = spelling.split(/[\s-]+/u).filter((word) => cased.test(word)).length
  return [marks, article, spelling.length, casedWords]
}
