// Each limit of 1 record: at the limit, and one past it.

import { RECORD_LIMITS as LIMITS, type NetworkId } from '../../src/base/index.js'
import { linkTo, vectorBytes, type CborInput, type Link } from '../../src/record/index.js'
import { agentKey, assertionFields, hashOfByte, letters, record, timestampMs, type WireFields } from './raw.js'
import type { RecordCase } from './records.js'

/** For each limit an effective case and one past it. */
export function limitCases(networkId: NetworkId): readonly RecordCase[] {
  const schema = schemaLimits.flatMap(({ name, field, rule, limit, make }): readonly RecordCase[] => [
    { name: `${name}: ${limit}`, grade: 'effective', bytes: record(make(limit), networkId) },
    { name: `${name}: ${limit + 1}`, grade: 'inert', rule, field, bytes: record(make(limit + 1), networkId) }
  ])
  return [...schema, ...wholeRecord(networkId), ...depth(networkId), ...envelope(networkId)]
}

interface Limit {
  readonly name: string
  readonly field: string
  readonly rule: string
  readonly limit: number
  readonly make: (count: number) => WireFields
}

const epoch: WireFields = { k: 'e', a: agentKey, t: timestampMs, n: 'epoch', q: {} }

const schemaLimits: readonly Limit[] = [
  sized('subject bytes', 'subject', LIMITS.subjectBytesMax, (n) => assertion({ s: letters(n) })),
  sized('subject bytes beyond ASCII', 'subject', LIMITS.subjectBytesMax, (n) => assertion({ s: `${letters(n - 2)}é` })),
  sized('predicate bytes', 'predicate', LIMITS.predicateBytesMax, (n) => assertion({ p: letters(n) })),
  sized('object text bytes', 'object', LIMITS.textBytesMax, (n) => assertion({ o: letters(n) })),
  sized('object bytes', 'object', LIMITS.bytesMax, (n) => assertion({ o: new Uint8Array(n) })),
  sized('object reference bytes', 'object', LIMITS.referenceBytesMax, (n) => assertion({ o: { r: letters(n) } })),
  sized('object list items', 'object', LIMITS.listMax, (n) => assertion({ o: new Array<number>(n).fill(1) })),
  sized('source bytes', 'source', LIMITS.sourceBytesMax, (n) => assertion({ u: letters(n) })),
  sized('lineage links', 'lineage', LIMITS.lineageMax, (n) => assertion({ l: links(n) })),
  sized('vector dimensions', 'vector', LIMITS.vectorDimensionsMax, (n) => assertion({ x: vector(n, 'm') })),
  sized('vector model bytes', 'vector', LIMITS.vectorModelBytesMax, (n) => assertion({ x: vector(1, letters(n)) })),
  ranged('confidence', 'confidence', LIMITS.millionthsMax, (c) => assertion({ c })),
  ranged('weight', 'weight', LIMITS.millionthsMax, (w) => (
    { k: 'v', a: agentKey, t: timestampMs, h: linkTo(hashOfByte(1)), w }
  )),
  sized('epoch name bytes', 'name', LIMITS.epochNameBytesMax, (n) => ({ ...epoch, n: letters(n) })),
  sized('epoch predicates', 'predicates', LIMITS.settingsMax, (n) => ({ ...epoch, q: predicates(n) })),
  sized('epoch predicate bytes', 'predicates', LIMITS.predicateBytesMax, (n) => (
    { ...epoch, q: { [letters(n)]: {} } }
  )),
  sized('vocabulary values', 'vocabulary', LIMITS.vocabularyMax, (n) => (
    { ...epoch, q: { p: { v: new Array<number>(n).fill(1) } } }
  ))
]

function wholeRecord(networkId: NetworkId): readonly RecordCase[] {
  const ofLength = (bytes: number): Uint8Array => {
    const x = vector(LIMITS.vectorDimensionsMax, 'm')
    const around = record(assertion({ x, o: letters(10_000) }), networkId).length - 10_000
    return record(assertion({ x, o: letters(bytes - around) }), networkId)
  }
  const max = LIMITS.recordBytesMax
  return [
    { name: `record bytes: ${max}`, grade: 'effective', bytes: ofLength(max) },
    { name: `record bytes: ${max + 1}`, grade: 'invalid', rule: 'record-size', bytes: ofLength(max + 1) }
  ]
}

function depth(networkId: NetworkId): readonly RecordCase[] {
  const nested = (levels: number, core: CborInput): CborInput =>
    levels === 0 ? core : [nested(levels - 1, core)]
  const inner = LIMITS.depthMax - 1
  const of = (y: CborInput): Uint8Array => record(assertion({ y }), networkId)
  const link: Link = linkTo(hashOfByte(1))
  const inert = { grade: 'inert', rule: 'unknown-field' } as const
  const invalid = { grade: 'invalid', rule: 'cbor-depth' } as const
  return [
    { name: `depth of lists: ${LIMITS.depthMax}`, ...inert, bytes: of(nested(inner, 1)) },
    { name: `depth of lists: ${LIMITS.depthMax + 1}`, ...invalid, bytes: of(nested(inner + 1, 1)) },
    { name: `depth with a map: ${LIMITS.depthMax}`, ...inert, bytes: of(nested(inner - 1, { a: 1 })) },
    { name: `depth with a map: ${LIMITS.depthMax + 1}`, ...invalid, bytes: of(nested(inner, { a: 1 })) },
    { name: `depth with a link: ${LIMITS.depthMax}`, ...inert, bytes: of(nested(inner - 1, link)) },
    { name: `depth with a link: ${LIMITS.depthMax + 1}`, ...invalid, bytes: of(nested(inner, link)) }
  ]
}

function envelope(networkId: NetworkId): readonly RecordCase[] {
  const of = (fields: WireFields): Uint8Array => record(assertion(fields), networkId)
  const kind = letters(LIMITS.kindBytesMax)
  const unknownKind = { grade: 'inert', rule: 'unknown-kind', field: 'kind' } as const
  return [
    { name: `kind bytes: ${kind.length}`, ...unknownKind, bytes: of({ k: kind }) },
    { name: `kind bytes: ${kind.length + 1}`, grade: 'invalid', rule: 'envelope-kind', bytes: of({ k: `${kind}x` }) },
    { name: 'kind bytes beyond ASCII: 16', ...unknownKind, bytes: of({ k: 'éééééééé' }) },
    { name: 'kind bytes beyond ASCII: 17', grade: 'invalid', rule: 'envelope-kind', bytes: of({ k: 'ééééééééx' }) },
    { name: 'timestamp: 2^53 - 1', grade: 'effective', bytes: of({ t: LIMITS.timestampMax }) },
    { name: 'timestamp: 2^53', grade: 'invalid', rule: 'envelope-timestamp', bytes: of({ t: 2n ** 53n }) }
  ]
}

function assertion(fields: WireFields): WireFields {
  return { ...assertionFields, ...fields }
}

function sized(name: string, field: string, limit: number, make: Limit['make']): Limit {
  return { name, field, rule: 'field-size', limit, make }
}

function ranged(name: string, field: string, limit: number, make: Limit['make']): Limit {
  return { name, field, rule: 'field-range', limit, make }
}

function links(count: number): readonly Link[] {
  return Array.from({ length: count }, (_, i) => linkTo(hashOfByte(i)))
}

function vector(dimensions: number, m: string): CborInput {
  return { m, v: vectorBytes(new Float32Array(dimensions).fill(0.25)) }
}

function predicates(count: number): CborInput {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, {}]))
}
