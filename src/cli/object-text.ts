// The object of an assertion as words of a shell.

import { usageError } from './errors.js'

/** How an object is read. `auto`: numbers, true and false, JSON objects and lists; anything else is text. */
export const OBJECT_TYPES = ['auto', 'text', 'number', 'boolean', 'ref', 'time', 'json'] as const

/** One of `OBJECT_TYPES`. */
export type ObjectType = (typeof OBJECT_TYPES)[number]

const number = /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/

/**
 * The JSON form of an object.
 * @throws CliError CLI_USAGE when the text is none of that type
 */
export function parseObject(text: string, type: ObjectType): unknown {
  switch (type) {
    case 'text': return text
    case 'ref': return { ref: text }
    case 'time': return { time: parseTime(text, 'object') }
    case 'json': return parseJson(text)
    case 'boolean': return parseBoolean(text)
    case 'number': return parseNumber(text)
    default: return parseAuto(text)
  }
}

/**
 * Milliseconds since 1970 of a number of ms or an ISO 8601 time.
 * @throws CliError CLI_USAGE
 */
export function parseTime(text: string, argument: string): number {
  const ms = /^-?\d{1,16}$/.test(text) ? Number(text) : Date.parse(text)
  if (!Number.isSafeInteger(ms)) throw usageError(argument, `${argument}: a time is ms since 1970 or ISO 8601`)
  return ms
}

function parseAuto(text: string): unknown {
  if (number.test(text)) return parseNumber(text)
  if (text === 'true' || text === 'false') return text === 'true'
  return /^[[{]/.test(text) ? parseJson(text) : text
}

function parseNumber(text: string): unknown {
  if (!number.test(text)) throw usageError('object', `not a number: ${text}`)
  const value = Number(text)
  // Past 2^53 a number would change its value on the way.
  return /^-?\d+$/.test(text) && !Number.isSafeInteger(value) ? { int: text } : value
}

function parseBoolean(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw usageError('object', 'a boolean is true or false')
  return text === 'true'
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw usageError('object', 'the object is not JSON; --type text takes it as it is')
  }
}
