// Problem documents (RFC 9457): the one form of every error answer, whoever found the error.

import { CodedError } from '../base/index.js'
import { ApiError, type ApiErrorDetail } from './errors.js'
import { factsOf, isPublicCode } from './status.js'

/** Media type of problem documents. */
export const PROBLEM_TYPE = 'application/problem+json'

/** An error answer. `code` is stable, `detail` is for people. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly field?: string
  readonly rule?: string
  /** The names that would have been right. */
  readonly known?: readonly string[]
}

/** The problem document of a code, with what the failure says about where and why. */
export function problemOf(code: string, detail: string, extra: object = {}): Problem {
  const { status, title } = factsOf(code)
  return { type: `urn:stemedb:problem:${code}`, title, status, code, detail, ...textFields(extra) }
}

/**
 * The problem document of whatever was thrown.
 * Unknown failures say nothing of their cause: it belongs to the log.
 */
export function problemOfError(error: unknown): Problem {
  const known = error instanceof CodedError ? error : translate(error)
  if (known === undefined || !isPublicCode(known.code)) return problemOf('INTERNAL', 'see the log of the node')
  const names = namesIn(known.detail)
  if (names === undefined) return problemOf(known.code, known.message, known.detail)
  return { ...problemOf(known.code, `${known.message}; there are ${names.join(', ')}`, known.detail), known: names }
}

/** The framework's own failures by the code that clients see. */
function translate(error: unknown): ApiError | undefined {
  if (!(error instanceof Error)) return undefined
  if (error.cause instanceof ApiError && Reflect.get(error, 'code') === 'FST_ERR_VALIDATION') return error.cause
  const detail = detailOf(Reflect.get(error, 'code'), Reflect.get(error, 'statusCode'))
  return detail === undefined ? undefined : new ApiError(detail, error.message)
}

function detailOf(code: unknown, status: unknown): ApiErrorDetail | undefined {
  switch (code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE': return { code: 'MEDIA_TYPE_UNSUPPORTED' }
    case 'FST_ERR_CTP_BODY_TOO_LARGE': return { code: 'BODY_TOO_LARGE' }
    case 'FST_ERR_BAD_URL': return { code: 'URL_MALFORMED' }
    case 'FST_ERR_HANDLER_TIMEOUT': return { code: 'ANSWER_TIMEOUT' }
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH': return { code: 'REQUEST_MALFORMED' }
    // What is left with this status is the JSON parser: syntax, empty body, prototype poisoning.
    default: return status === 400 ? { code: 'JSON_MALFORMED' } : undefined
  }
}

function namesIn(detail: object): readonly string[] | undefined {
  const names: unknown = Reflect.get(detail, 'known')
  return Array.isArray(names) ? names.map(String) : undefined
}

function textFields(extra: object): { readonly field?: string; readonly rule?: string } {
  const field: unknown = Reflect.get(extra, 'field')
  const rule: unknown = Reflect.get(extra, 'rule')
  return {
    ...(typeof field === 'string' ? { field } : {}),
    ...(typeof rule === 'string' ? { rule } : {})
  }
}
