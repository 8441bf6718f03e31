// Canonical JSON: the form of a genesis.
// Rule: RFC 8785 restricted to objects, arrays, strings, true, false and safe integers; so equal content has
// equal bytes. Names sort by UTF-16 code units, which is what Array.prototype.sort does with strings.

/** What canonical JSON can hold here: no null and no fractions. */
export type CanonicalJson =
  | string | number | boolean | readonly CanonicalJson[] | { readonly [name: string]: CanonicalJson }

/**
 * The canonical text of a value.
 * @throws RangeError for a number that is no safe integer, and for text with lone surrogates
 */
export function canonicalJson(value: CanonicalJson): string {
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  if (typeof value === 'number') return whole(value)
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return `{${members.map(([name, member]) => `${quoted(name)}:${canonicalJson(member)}`).join(',')}}`
}

function whole(value: number): string {
  if (!Number.isSafeInteger(value)) throw new RangeError(`not a safe integer: ${value}`)
  return Object.is(value, -0) ? '0' : String(value)
}

// JSON.stringify escapes exactly as RFC 8785 section 3.2.2.2 asks, but for lone surrogates.
function quoted(text: string): string {
  if (!text.isWellFormed()) throw new RangeError('text with a lone surrogate')
  return JSON.stringify(text)
}

function isList(value: CanonicalJson): value is readonly CanonicalJson[] {
  return Array.isArray(value)
}
