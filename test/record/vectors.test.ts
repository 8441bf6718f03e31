// The record vectors hold, are what their script makes, and cover every rule.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { edgeSignatures } from '../../scripts/vectors/edge-signatures.js'
import { recordVectors, type RecordVector } from '../../scripts/vectors/records.js'
import { edgeVectorsSource, recordVectorsJson } from '../../scripts/vectors/write.js'
import { fromHex, parseNetworkId } from '../../src/base/index.js'
import { decodeRecord, openRecord, type InvalidRule, type Opened, type SchemaRule } from '../../src/record/index.js'

const text = readFileSync(new URL('../vectors/records.json', import.meta.url), 'utf8')
const file: { readonly network_id: string, readonly vectors: readonly RecordVector[] } = JSON.parse(text)
const networkId = parseNetworkId(file.network_id) ?? expect.fail('no network id')

function bytesOf(vector: RecordVector): Uint8Array {
  return fromHex(vector.bytes) ?? expect.fail('not hex')
}

function gradeOf(opened: Opened): Omit<RecordVector, 'name' | 'bytes'> {
  const { grade, rule, field, id } = { rule: undefined, field: undefined, id: undefined, ...opened }
  return { grade, rule, field, id }
}

describe('record vectors', () => {
  const named = file.vectors.map((vector) => [vector.grade, vector.name, vector] as const)
  it.each(named)('are %s: %s', (_grade, _name, vector) => {
    const { grade, rule, field, id } = { rule: undefined, field: undefined, id: undefined, ...vector }
    expect(gradeOf(decodeRecord(bytesOf(vector), networkId))).toEqual({ grade, rule, field, id })
  })

  it('differ between decodeRecord and openRecord by signatures alone', () => {
    for (const vector of file.vectors) {
      const decoded = decodeRecord(bytesOf(vector), networkId)
      if (vector.rule === 'signature') expect(openRecord(bytesOf(vector)).grade).not.toBe('invalid')
      else expect(gradeOf(openRecord(bytesOf(vector)))).toEqual(gradeOf(decoded))
    }
  })

  it('grade a copy with slack around it like the record itself', () => {
    for (const vector of file.vectors) {
      const bytes = bytesOf(vector)
      const slack = new Uint8Array(bytes.length + 20).fill(0xff)
      slack.set(bytes, 7)
      const view = slack.subarray(7, 7 + bytes.length)
      expect(gradeOf(decodeRecord(view, networkId)).grade).toBe(vector.grade)
    }
  })

  it('are what scripts/vectors.ts makes', () => {
    expect(recordVectorsJson(recordVectors())).toBe(text)
    const edge = readFileSync(new URL('../../src/record/edge-vectors.ts', import.meta.url), 'utf8')
    expect(edgeVectorsSource(edgeSignatures())).toBe(edge)
  })

  it('cover every rule that bytes can break', () => {
    const covered = new Set(file.vectors.map((vector) => vector.rule))
    const rules: Readonly<Record<Exclude<InvalidRule | SchemaRule, 'field-text' | 'field-decimal'>, boolean>> = {
      'cbor-cut': true, 'cbor-trailing': true, 'cbor-head': true, 'cbor-shortest': true, 'cbor-depth': true,
      'cbor-key': true, 'cbor-order': true, 'cbor-utf8': true, 'cbor-bom': true, 'cbor-tag': true, 'cbor-cid': true,
      'cbor-simple': true, 'cbor-float': true,
      // The reader leaves nothing for the comparison to find.
      'cbor-reencode': false,
      'record-size': true, 'record-map': true, 'envelope-kind': true, 'envelope-agent': true,
      'envelope-timestamp': true, 'envelope-signature': true, signature: true,
      'unknown-kind': true, 'unknown-field': true, 'missing-field': true, 'field-type': true, 'field-size': true,
      'field-range': true, 'field-twice': true
    }
    for (const [rule, expected] of Object.entries(rules)) {
      expect([rule, covered.has(rule)]).toEqual([rule, expected])
    }
  })
})
