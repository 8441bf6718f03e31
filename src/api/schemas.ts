// Schemas that several operations share. They check form alone; what makes a record is decided by src/record.

import { Type, type TInteger, type TOptional, type TSchema, type TString } from 'typebox'
import { RECORD_LIMITS } from '../base/index.js'

/** A BLAKE3-256 id. */
export const hashSchema: TString = Type.String({
  pattern: '^[0-9a-f]{64}$', description: '64 lower-case hex digits: BLAKE3-256'
})

/** An Ed25519 public key. */
export const keySchema: TString = Type.String({
  pattern: '^[0-9a-f]{64}$', description: '64 lower-case hex digits: Ed25519 public key'
})

/** An Ed25519 signature. */
export const signatureSchema: TString = Type.String({
  pattern: '^[0-9a-f]{128}$', description: '128 lower-case hex digits: Ed25519 signature'
})

/** Milliseconds since 1970. */
export const timeSchema: TInteger = Type.Integer({
  minimum: 0, maximum: RECORD_LIMITS.timestampMax, description: 'ms since 1970'
})

/** A count. */
export const countSchema: TInteger = Type.Integer({ minimum: 0 })

/** A subject of a request. Lengths are bytes in the rule and characters here: at most as many. */
export const subjectSchema: TString = Type.String({ minLength: 1, maxLength: RECORD_LIMITS.subjectBytesMax })

/** A predicate of a request. */
export const predicateSchema: TString = Type.String({
  minLength: 1, maxLength: RECORD_LIMITS.predicateBytesMax
})

/** The lens of a request that names none. */
export const DEFAULT_LENS = 'consensus'

/** Stands in descriptions for the names of the lenses of the node. */
export const LENS_NAMES = '{lenses}'

/** Name of a lens, in any case. */
export const lensSchema: TOptional<TString> = Type.Optional(Type.String({
  minLength: 1, maxLength: 64, description: `a lens of this node, in any case: ${LENS_NAMES}; Consensus when absent`
}))

/** A time, as text of a query string. */
export const asOfSchema: TString = Type.String({
  pattern: '^[0-9]{1,15}$', description: 'a whole number: ms since 1970'
})

/** A share of one, as text of a query string. */
export const shareTextSchema: TString = Type.String({
  pattern: '^(0(\\.[0-9]{1,6})?|1(\\.0{1,6})?)$', description: '0 to 1, at most 6 places'
})

/** Number of rows asked for, as text of a query string. */
export const limitSchema: TOptional<TString> = Type.Optional(Type.String({
  pattern: '^([1-9][0-9]{0,2}|1000)$', description: 'a whole number from 1 to 1000; 100 when absent'
}))

/** What an assertion says, in JSON. */
export const valueSchema: TSchema = Type.Unsafe<unknown>({
  description: 'string, boolean, number, {"ref":…}, {"time":ms}, {"bytes":base64}, {"int":"…"} beyond 2^53, or a ' +
    'list of up to 64 of these'
})

/** A share of one: a number or its decimal text, at most 6 places. */
export const shareSchema: TSchema = Type.Unsafe<unknown>({
  description: '0 to 1, a number or its decimal text, at most 6 places'
})

/** A problem document, RFC 9457. */
export const problemSchema: TSchema = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  code: Type.String({ description: 'stable' }),
  detail: Type.String(),
  field: Type.Optional(Type.String()),
  rule: Type.Optional(Type.String()),
  known: Type.Optional(Type.Array(Type.String(), { description: 'the names that would have been right' }))
})
