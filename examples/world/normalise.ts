// Normalisation of one value: what makes two forms of one code, list or text the same, and nothing more.
// Rule: only differences of form are folded. A different word or number stays different, right or wrong: the
// disagreement is what the example is about. Spellings are settled in spelling.ts. Reasons: README.md.

/** ISO 4217 fund codes: units of account beside the currency that people pay with. */
const FUND_CODES: ReadonlySet<string> = new Set([
  'BOV', 'CHE', 'CHW', 'CLF', 'COU', 'MXV', 'USN', 'USS', 'UYI', 'UYW'
])

/** Text in NFC, trimmed, with single blanks and straight apostrophes. */
export function normaliseText(value: string): string {
  return value.normalize('NFC').replace(/\s+/gu, ' ').trim().replace(/[\u2018\u2019]/gu, "'")
}

/** The digits of a calling code, without the 00 that some write for +; empty when there is none. */
export function callingDigits(value: string): string {
  return value.replace(/[^0-9]/gu, '').replace(/^00/u, '')
}

/**
 * The calling code of a list of them: the first. Several that begin with 1 or with 7 are area codes within
 * the numbering plans of +1 and +7; their code is that of the plan.
 */
export function planDigits(values: readonly string[]): string {
  const codes = values.map(callingDigits)
  const [first = ''] = codes
  const plan = first.slice(0, 1)
  const shared = codes.length > 1 && (plan === '1' || plan === '7')
  return shared && codes.every((code) => code[0] === plan) ? plan : first
}

/** An area to three significant digits: the same survey is rounded here and not there. */
export function roundedArea(squareKm: number): number {
  return Number(squareKm.toPrecision(3))
}

/** The first code that is no fund code; undefined when there is none. */
export function currencyCode(codes: readonly string[]): string | undefined {
  return codes.find((code) => !FUND_CODES.has(code))
}

/** A name without the local name in parentheses that ends it; a name that is one group stays. */
export function withoutLocalName(value: string): string {
  const name = value.trim()
  const at = lastGroup(name)
  return at === undefined ? name : name.slice(0, at).trim()
}

/** Where the group in parentheses begins that ends a text; undefined when there is no such group. */
export function lastGroup(value: string): number | undefined {
  if (!value.endsWith(')')) return undefined
  let depth = 0
  for (let at = value.length - 1; at > 0; at--) {
    if (value[at] === ')') depth++
    if (value[at] === '(' && --depth === 0) return at
  }
  return undefined
}
