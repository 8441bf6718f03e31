import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blake3Hash, hashOf, utf8Bytes, type Hash } from '../../src/base/index.js'
import { blockBytesMax } from '../../src/dag/index.js'
import { decodeFrame } from '../../src/dag/sync-decode.js'
import { encodeFrame } from '../../src/dag/sync-encode.js'
import { SYNC_LIMITS, type Run, type SyncFrame, type WantRange } from '../../src/dag/sync-frames.js'
import { ByteReader, ByteWriter } from '../../src/dag/wire.js'
import { statusFrame } from './sync-kit.js'

function id(text: string): Hash {
  return blake3Hash(utf8Bytes(text))
}

function prefix(text: string): string {
  return id(text).slice(0, 32)
}

function run(i: number): Run {
  return { feed: i.toString(16).padStart(32, 'f'), low: 1, high: 1 + i, top: i.toString(16).padStart(32, 'e') }
}

function range(i: number): WantRange {
  return { top: i % 2 === 0 ? id(`t${i}`) : prefix(`t${i}`), low: 1 + i, high: 1 + 3 * i }
}

function many<T>(count: number, make: (i: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, i) => make(i))
}

const samples: readonly SyncFrame[] = [
  statusFrame(),
  statusFrame({
    tipsFollow: false, heads: many(8, (i) => id(`h${i}`)), ownFeed: id('own'),
    yourTip: { feed: id('yours'), seq: 2 ** 40, id: id('top') }, stateTag: new Uint8Array(206)
  }),
  { kind: 'buckets', hashes: many(256, (i) => prefix(`b${i}`)) },
  { kind: 'tips', more: false, admitted: many(3, run), pending: [] },
  { kind: 'tips', more: true, buckets: new Set([0, 7, 8, 255]), admitted: many(3, run), pending: many(2, run) },
  { kind: 'want', ranges: many(5, range) },
  { kind: 'blocks', blocks: [Uint8Array.of(1), new Uint8Array(300)] },
  { kind: 'miss', ranges: [0, 3, 255] },
  { kind: 'done' },
  { kind: 'stop' },
  { kind: 'credit', bytes: Number.MAX_SAFE_INTEGER },
  { kind: 'end', frontierRoot: id('root') },
  { kind: 'have', ids: many(3, (i) => id(`h${i}`)) }
]

function kindOf(frame: SyncFrame): string {
  return decodeFrame(encodeFrame(frame)).kind
}

describe('sync frames', () => {
  it('come back from their bytes', () => {
    for (const frame of samples) expect(decodeFrame(encodeFrame(frame))).toEqual(frame)
  })

  it('are malformed when cut short anywhere or followed by a byte, but for a longer STATUS', () => {
    for (const frame of samples) {
      const bytes = encodeFrame(frame)
      for (let length = 0; length < Math.min(bytes.length, 700); length++) {
        expect(decodeFrame(bytes.subarray(0, length)).kind, `${frame.kind} ${length}`).toBe('malformed')
      }
      const longer = decodeFrame(Buffer.concat([bytes, Uint8Array.of(0)]))
      expect(longer.kind).toBe(frame.kind === 'status' ? 'status' : 'malformed')
    }
  })

  it('keep each limit at the limit and break at limit + 1', () => {
    const limits: readonly (readonly [number, (count: number) => SyncFrame])[] = [
      [SYNC_LIMITS.headsMax, (count) => statusFrame({ heads: many(count, (i) => id(`${i}`)) })],
      [SYNC_LIMITS.stateTagBytesMax, (count) => statusFrame({ stateTag: new Uint8Array(count) })],
      [SYNC_LIMITS.runsMax, (count) => ({ kind: 'tips', more: false, admitted: many(count, run), pending: [] })],
      [SYNC_LIMITS.runsMax, (count) => ({ kind: 'tips', more: false, admitted: [], pending: many(count, run) })],
      [SYNC_LIMITS.rangesMax, (count) => ({ kind: 'want', ranges: many(count, range) })],
      [SYNC_LIMITS.rangesMax, (count) => ({ kind: 'miss', ranges: many(count, (i) => i) })],
      [SYNC_LIMITS.haveIdsMax, (count) => ({ kind: 'have', ids: many(count, (i) => id(`${i}`)) })],
      [SYNC_LIMITS.blocksMax, (count) => ({ kind: 'blocks', blocks: many(count, () => Uint8Array.of(1)) })],
      [blockBytesMax, (count) => ({ kind: 'blocks', blocks: [new Uint8Array(count)] })]
    ]
    for (const [max, make] of limits) {
      expect([kindOf(make(max)), kindOf(make(max + 1))]).toEqual([make(max).kind, 'malformed'])
    }
  }, 60_000)

  it('refuse empty questions, empty answers, seq 0 and positions out of order', () => {
    const wrong: readonly SyncFrame[] = [
      { kind: 'want', ranges: [] }, { kind: 'blocks', blocks: [] }, { kind: 'blocks', blocks: [new Uint8Array(0)] },
      { kind: 'have', ids: [] }, { kind: 'miss', ranges: [] }, { kind: 'miss', ranges: [2, 2] },
      { kind: 'want', ranges: [{ top: id('t'), low: 0, high: 3 }] },
      { kind: 'want', ranges: [{ top: id('t').slice(0, 40), low: 1, high: 3 }] },
      { kind: 'tips', more: false, admitted: [{ ...run(1), low: 0 }], pending: [] }
    ]
    for (const frame of wrong) expect(kindOf(frame)).toBe('malformed')
    expect([12, 127].map((type) => decodeFrame(Uint8Array.of(type)).kind)).toEqual(['malformed', 'malformed'])
    expect(decodeFrame(Uint8Array.of(128, 1)).kind).toBe('extension')
  })

  it('never make a decoder throw, whatever the bytes', () => {
    const changes = fc.tuple(fc.constantFrom(...samples), fc.nat(), fc.nat(255), fc.nat())
    const mutated = changes.map(([frame, at, value, end]) => {
      const bytes = Buffer.from(encodeFrame(frame))
      bytes[at % bytes.length] = value
      return bytes.subarray(0, 1 + end % bytes.length)
    })
    const noise = fc.tuple(fc.nat(12), fc.uint8Array({ maxLength: 400 }))
      .map(([type, rest]) => Buffer.from([type, ...rest]))
    fc.assert(fc.property(fc.oneof(noise, mutated), (bytes) => {
      // Not a Buffer: the blocks of a frame are views of its bytes, and would differ in type alone.
      const frame = decodeFrame(Uint8Array.from(bytes))
      if (frame.kind === 'malformed' || frame.kind === 'extension') return
      expect(decodeFrame(encodeFrame(frame))).toEqual(frame)
    }), { numRuns: 500 })
  })
})

describe('numbers on the wire', () => {
  it('come back as they went, in the shortest form only', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (value) => {
      const bytes = new ByteWriter(1).varint(value).u64(value).done()
      const reader = new ByteReader(bytes)
      expect([reader.varint(), reader.u64(), reader.ended]).toEqual([value, value, true])
    }))
    for (const long of ['8000', 'ff8000', '80808080808080808001', 'ffffffffffffff1f', 'ffffffffffffff10']) {
      const reader = new ByteReader(Buffer.from(long, 'hex'))
      reader.varint()
      expect(reader.failed, long).toBe(true)
    }
    const most = new ByteReader(Buffer.from('ffffffffffffff0f', 'hex'))
    expect([most.varint(), most.ended]).toEqual([Number.MAX_SAFE_INTEGER, true])
  })

  it('give zeros and stay failed once the bytes have ended', () => {
    const reader = new ByteReader(Uint8Array.of(1))
    reader.u32()
    expect([reader.failed, reader.u8(), hashOf(reader.raw(32)), reader.ended]).toEqual([true, 0, '0'.repeat(64), false])
  })
})
