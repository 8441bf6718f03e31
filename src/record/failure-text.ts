// Why some JSON makes no effective record, in words for people. Programs read the rule and the field.

import { RECORD_LIMITS } from '../base/index.js'
import type { JsonFailure, RecordKind } from './json-record.js'

const text = (bytesMax: number): string => `a text of 1 to ${count(bytesMax)} bytes`

/** What a field may measure. */
const sizes: ReadonlyMap<string, string> = new Map([
  ['subject', text(RECORD_LIMITS.subjectBytesMax)],
  ['predicate', text(RECORD_LIMITS.predicateBytesMax)],
  ['name', text(RECORD_LIMITS.epochNameBytesMax)],
  ['source', `a text of at most ${count(RECORD_LIMITS.sourceBytesMax)} bytes`],
  ['object', `a text of at most ${count(RECORD_LIMITS.textBytesMax)} bytes, a reference of at most ` +
    `${RECORD_LIMITS.referenceBytesMax}, bytes of at most ${count(RECORD_LIMITS.bytesMax)} or a list of at most ` +
    `${RECORD_LIMITS.listMax} entries`],
  ['lineage', `a list of at most ${RECORD_LIMITS.lineageMax} hashes`],
  ['vector', `1 to ${count(RECORD_LIMITS.vectorDimensionsMax)} numbers, with a model named in ` +
    `${RECORD_LIMITS.vectorModelBytesMax} bytes or fewer`],
  ['predicates', `settings of at most ${RECORD_LIMITS.settingsMax} predicates, each named in 1 to ` +
    `${RECORD_LIMITS.predicateBytesMax} bytes`],
  ['vocabulary', `a list of 1 to ${RECORD_LIMITS.vocabularyMax} values`]
])

/** The failure as one clause: `subject must be a text of 1 to 512 bytes`. */
export function failureText(kind: RecordKind, { rule, field }: JsonFailure): string {
  const what = field ?? `the ${kind}`
  const size = sizes.get(field ?? '')
  if (rule === 'field-size' && size !== undefined) return `${what} must be ${size}`
  switch (rule) {
    case 'missing-field': return `${what} is missing`
    case 'unknown-field': return `${what} is no field of this kind of record`
    case 'field-type': return `${what} has the wrong type`
    case 'field-range': return `${what} is out of its range`
    case 'field-text': return `${what} holds a text that is not well-formed Unicode`
    case 'field-decimal': return `${what} has more than 6 decimal places`
    case 'record-size': return `${what} would be larger than ${count(RECORD_LIMITS.recordBytesMax)} bytes`
    default: return `${what} breaks the rule ${rule}`
  }
}

function count(value: number): string {
  return String(value).replace(/(?=(\d{3})+$)(?!^)/g, ',')
}
