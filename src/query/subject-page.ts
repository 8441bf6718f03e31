// Pages of a subject: its kept views in key order.

import { fromHex, toHex } from '../base/index.js'
import { readViewPart } from '../lenses/index.js'
import { behind, parseView, ranges, type Reader } from '../store/index.js'
import { type Answer, answerFromView, type AnswerLag } from './answer.js'
import { QueryError } from './errors.js'

/** One page of answers about a subject. */
export interface SubjectPage {
  readonly answers: readonly Answer[]
  /** Where the next page begins; absent = this is the last one. */
  readonly cursor?: string | undefined
}

/** Which page. */
export interface PageRequest {
  readonly subject: string
  readonly lens: string
  readonly viewCode: number
  readonly cursor: string | undefined
  readonly limit: number
  readonly lag: AnswerLag
}

/**
 * A page of up to `limit` predicates. Those to which the lens has no answer are left out.
 * @throws QueryError QUERY_CURSOR
 */
export async function subjectPage(reader: Reader, request: PageRequest): Promise<SubjectPage> {
  const { subject, lens, limit, lag } = request
  const all = ranges.views(subject)
  const range = request.cursor === undefined ? all : behind(all, placeOf(request.cursor, subject))
  const rows = await reader.rangeAll({ limit: limit + 1, ...range })
  const answers: Answer[] = []
  for (const [key, value] of rows.slice(0, limit)) {
    const { predicate } = parseView(key)
    const part = readViewPart(value, request.viewCode)
    if (part === undefined || part === 'absent') continue
    answers.push(answerFromView({ subject, predicate, lens }, lens, part, lag))
  }
  const last = rows.length > limit ? rows[limit - 1] : undefined
  return { answers, cursor: last === undefined ? undefined : toHex(last[0]) }
}

/** The key that a cursor stands for: only one of this subject. */
function placeOf(cursor: string, subject: string): Uint8Array {
  const key = cursor.length <= CURSOR_DIGITS_MAX ? fromHex(cursor) : undefined
  try {
    if (key !== undefined && parseView(key).subject === subject) return key
  } catch {
    // Not a key at all: refused like a key of another subject.
  }
  throw new QueryError({ code: 'QUERY_CURSOR' }, 'the cursor is not one of this subject')
}

/** Prefix, subject and predicate, each byte doubled by its escape at worst, two digits a byte. */
const CURSOR_DIGITS_MAX = 2 * (3 + 2 * 512 + 1 + 2 * 128 + 1)
