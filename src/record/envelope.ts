// Envelope of a record: the canonical map with kind `k`, agent `a`, timestamp `t` and signature `z`.
// Rule: bytes without a whole envelope are invalid for everyone, in every version; what else the map holds
// is the schema's.
// Source: docs/formats/record.md#envelope

import { RECORD_LIMITS, utf8Length } from '../base/index.js'
import { CborReader, type CborValue } from './cbor-reader.js'
import { CborWriter } from './cbor-writer.js'
import type { InvalidRule } from './types.js'

/** A record's map in the order of its keys, and the four values every record has. */
export interface Envelope {
  readonly kind: string
  readonly agent: Uint8Array
  readonly timestampMs: number
  readonly signature: Uint8Array
  readonly keys: readonly string[]
  readonly values: readonly CborValue[]
  /** Canonical bytes of the value of key `o`; absent without that key. */
  readonly objectBytes?: Uint8Array | undefined
}

const writer = new CborWriter()

/** The envelope of some bytes, or the rule they break. Never throws on foreign bytes. */
export function readEnvelope(bytes: Uint8Array): Envelope | InvalidRule {
  if (bytes.length === 0 || bytes.length > RECORD_LIMITS.recordBytesMax) return 'record-size'
  const reader = new CborReader(bytes, RECORD_LIMITS.depthMax)
  try {
    return readMap(reader)
  } catch (error) {
    return reader.refusalOf(error).rule
  }
}

function readMap(reader: CborReader): Envelope | InvalidRule {
  const count = reader.mapHead()
  if (count === undefined) return 'record-map'
  const keys: string[] = []
  const values: CborValue[] = []
  let objectBytes: Uint8Array | undefined
  let previous = -1
  for (let i = 0; i < count; i += 1) {
    const start = reader.at
    const key = reader.key(previous)
    previous = start
    const valueStart = reader.at
    keys.push(key)
    values.push(reader.item(2))
    if (key === 'o') objectBytes = reader.data.subarray(valueStart, reader.at)
  }
  reader.end()
  if (!encodesAgain(reader.data, keys, values)) return 'cbor-reencode'
  return checkEnvelope(keys, values, objectBytes)
}

/** Re-encode and compare: the reader's rules stated a second time, by code that shares nothing with it. */
function encodesAgain(bytes: Uint8Array, keys: readonly string[], values: readonly CborValue[]): boolean {
  writer.reset()
  writer.mapHead(keys.length)
  for (const [i, key] of keys.entries()) {
    writer.text(key)
    writer.item(values[i] ?? null)
  }
  return writer.wrote(bytes)
}

function checkEnvelope(
  keys: readonly string[], values: readonly CborValue[], objectBytes: Uint8Array | undefined
): Envelope | InvalidRule {
  const kind = values[keys.indexOf('k')]
  if (typeof kind !== 'string' || kind.length === 0 || utf8Length(kind) > RECORD_LIMITS.kindBytesMax) {
    return 'envelope-kind'
  }
  const agent = values[keys.indexOf('a')]
  if (!(agent instanceof Uint8Array) || agent.length !== 32) return 'envelope-agent'
  const timestampMs = values[keys.indexOf('t')]
  if (typeof timestampMs !== 'number' || !Number.isSafeInteger(timestampMs) || timestampMs < 0) {
    return 'envelope-timestamp'
  }
  const signature = values[keys.indexOf('z')]
  if (!(signature instanceof Uint8Array) || signature.length !== 64) return 'envelope-signature'
  return { kind, agent, timestampMs, signature, keys, values, objectBytes }
}
