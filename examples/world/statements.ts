// Statements: what a package says about a country, before its spelling is settled.
// Rule: a statement has an ISO 3166-1 alpha-2 code and a value that is there; anything else is no statement.

/** What a statement is about. */
export type WorldPredicate = 'area' | 'calling_code' | 'capital' | 'currency' | 'name' | 'population'

/** One field of one country as a package gives it; text is not yet normalised. */
export interface Statement {
  /** ISO 3166-1 alpha-2 code. */
  readonly country: string
  readonly predicate: WorldPredicate
  readonly value: string | number
}

/** An object of unknown shape. */
export type Fields = Readonly<Record<string, unknown>>

/** Statements on one country; none without a code of two capital letters. Empty values are left out. */
export function about(
  code: string | undefined,
  found: Readonly<Partial<Record<WorldPredicate, string | number | undefined>>>
): readonly Statement[] {
  if (code === undefined || !/^[A-Z]{2}$/.test(code)) return []
  const statements: Statement[] = []
  for (const [predicate, value] of Object.entries(found)) {
    if (value !== undefined && value !== '') {
      statements.push({ country: code, predicate: predicate as WorldPredicate, value })
    }
  }
  return statements
}

/** The value if it is an object, else an empty one. */
export function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? value as Fields : {}
}

/** The value if it is an array, else an empty one. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** The value if it is text. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** The texts of an array. */
export function texts(value: unknown): readonly string[] {
  return list(value).filter((entry): entry is string => typeof entry === 'string')
}

/** The first text of an array. */
export function firstText(value: unknown): string | undefined {
  return texts(value)[0]
}

/** The value if it is a finite number that is not negative. */
export function amount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined
}

/** What a function without arguments returns. */
export function called(value: unknown): unknown {
  return typeof value === 'function' ? (value as () => unknown)() : undefined
}
