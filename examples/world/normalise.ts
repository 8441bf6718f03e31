// Normalisation: what makes two spellings of one value the same text, and nothing more.
// Rule: only differences of form are folded (Unicode composition, white space, apostrophes, signs in a code).
// Different words stay different, right or wrong: the disagreement is what the example is about.
// Reasons: README.md.

/** ISO 4217 fund codes: units of account beside the currency that people pay with. */
const FUND_CODES: ReadonlySet<string> = new Set([
  'BOV', 'CHE', 'CHW', 'CLF', 'COU', 'MXV', 'USN', 'USS', 'UYI', 'UYW'
])

/** Text in NFC, trimmed, with single blanks and straight apostrophes. */
export function normaliseText(value: string): string {
  return value.normalize('NFC').replace(/\s+/gu, ' ').trim().replace(/[\u2018\u2019]/gu, "'")
}

/** The digits of a calling code; empty when there is none. */
export function callingDigits(value: string): string {
  return value.replace(/[^0-9]/gu, '')
}

/** The first code that is no fund code; undefined when there is none. */
export function currencyCode(codes: readonly string[]): string | undefined {
  return codes.find((code) => !FUND_CODES.has(code))
}

/** A name without the group in parentheses that ends it; a name of one group, or without a group, stays. */
export function shortName(value: string): string {
  const name = value.trim()
  if (!name.endsWith(')')) return name
  let depth = 0
  for (let at = name.length - 1; at > 0; at--) {
    if (name[at] === ')') depth++
    if (name[at] === '(' && --depth === 0) return name.slice(0, at).trim()
  }
  return name
}
