import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blake3, hashOf, publicKeyOf, utf8Bytes } from '../../src/base/index.js'
import { createDigestSum } from '../../src/store/digest.js'
import {
  decodeAgentRow, decodeBlockRow, decodeCandidateRow, decodeEpochRow, decodeForkRow, decodeMarkRow,
  decodeNumberRow, decodeTotals, decodeVoteRow, EMPTY, encodeAgentRow, encodeBlockRow, encodeCandidateRow,
  encodeEpochRow, encodeForkRow, encodeMarkRow, encodeNumberRow, encodeTotals, encodeVoteRow,
  headerOfBlockRow, MARK_IDS_MAX, OBJECT_INLINE_BYTES_MAX, sameRows, SOURCE_INLINE_BYTES_MAX,
  StoreError, totalOfMarkRow
} from '../../src/store/index.js'
import { decodeMarker, encodeMarker } from '../../src/store/marker.js'
import { hash, keyOf, networkId } from '../contract/store.js'

const seed = 20_260_702
const id = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(hashOf)
const agentId = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(publicKeyOf)
const timestampMs = fc.maxSafeNat()

describe('rows', () => {
  it('of marks may be empty, and are refused in any other form than theirs', () => {
    expect(decodeMarkRow(EMPTY)).toEqual({ ids: [], total: 0 })
    expect(totalOfMarkRow(EMPTY)).toBe(0)
    for (const length of [1, 3, 5, 35, 37]) {
      expect(() => decodeMarkRow(new Uint8Array(length))).toThrow(StoreError)
      expect(() => totalOfMarkRow(new Uint8Array(length))).toThrow(StoreError)
    }
  })

  it('give back what they were made of', () => {
    const nonzero = id.filter((hash) => !/^0+$/.test(hash))
    const name = fc.string({ unit: 'grapheme', maxLength: 20 })
    const fields = fc.tuple(id, agentId, timestampMs, fc.option(nonzero, { nil: undefined }), name)
    const object = fc.option(fc.uint8Array({ minLength: 1, maxLength: 200 }), { nil: undefined })
    fc.assert(fc.property(fields, fc.array(id), fc.uint8Array(), fc.nat(), object,
      ([objectHash, agent, time, link, text], recordIds, header, weight, objectBytes) => {
        const base = { agentId: agent, timestampMs: time, confidence: weight, epoch: link }
        const row = decodeCandidateRow(encodeCandidateRow({ ...base, objectBytes, source: text }))
        expect(row).toMatchObject(base)
        const textBytes = Buffer.from(text)
        expect(row.source).toEqual(textBytes.length <= SOURCE_INLINE_BYTES_MAX ? textBytes : 'elsewhere')
        expect(decodeCandidateRow(encodeCandidateRow({ ...base, objectBytes })).source).toBeUndefined()
        const inline = objectBytes !== undefined && objectBytes.length <= OBJECT_INLINE_BYTES_MAX
        expect(row.objectBytes).toEqual(inline ? Buffer.from(objectBytes) : undefined)
        const supersedes = link === undefined ? {} : { supersedes: link }
        const epochRow = { agentId: agent, timestampMs: time, name: text, ...supersedes }
        expect(decodeEpochRow(encodeEpochRow(epochRow))).toEqual(epochRow)
        const block = decodeBlockRow(encodeBlockRow({ header, recordIds }))
        expect(block.recordIds).toEqual(recordIds)
        expect(Buffer.compare(block.header, header)).toBe(0)
        expect(decodeVoteRow(encodeVoteRow(weight))).toBe(weight)
        const mark = decodeMarkRow(encodeMarkRow({ ids: recordIds, total: weight }))
        expect(mark).toEqual({ ids: recordIds.slice(0, MARK_IDS_MAX), total: weight })
        expect(totalOfMarkRow(encodeMarkRow({ ids: recordIds, total: weight }))).toBe(weight)
        expect(decodeNumberRow(encodeNumberRow(time))).toBe(time)
        expect(decodeForkRow(encodeForkRow(objectHash, objectHash))).toEqual([objectHash, objectHash])
      }), { seed })
    const kinds = ['assertion', 'vote', 'epoch'] as const
    expect(kinds.map((kind) => decodeAgentRow(encodeAgentRow(kind)))).toEqual(kinds)
  })

  it('of candidates are refused where source or object have another length than they may', () => {
    const fixed = Buffer.alloc(45)
    const row = (flags: number, ...rest: number[]): Buffer => {
      fixed[44] = flags
      return Buffer.concat([fixed, Buffer.from(rest)])
    }
    expect(decodeCandidateRow(row(4, 1, 97, 1)).source).toEqual(Buffer.from('a'))
    const wrong = [
      row(0), row(2, 1), row(4), row(4, 1, 97), row(4, 2, 97, 1), row(6, 1, 97, 1), row(12, 1, 97, 1)
    ]
    for (const bad of wrong) {
      expect(() => decodeCandidateRow(bad)).toThrow(StoreError)
    }
    expect(decodeCandidateRow(row(6, 128, ...Buffer.alloc(128))).source).toHaveLength(128)
    expect(() => decodeCandidateRow(row(6, 129, ...Buffer.alloc(129)))).toThrow(StoreError)
  })

  it('of any bytes are decoded or refused with the coded error', () => {
    const decoders = [
      decodeAgentRow, decodeBlockRow, decodeCandidateRow, decodeEpochRow, decodeForkRow, decodeNumberRow,
      decodeVoteRow, headerOfBlockRow, decodeTotals
    ]
    const any = fc.uint8Array({ maxLength: 200 })
    fc.assert(fc.property(any, fc.constantFrom(...decoders), (bytes, decode) => {
      try {
        decode(bytes)
      } catch (error) {
        expect(error).toBeInstanceOf(StoreError)
        expect(error).toMatchObject({ code: 'STORE_BAD_ROW' })
      }
    }), { seed, numRuns: 2_000 })
  })

  it('have the bytes of docs/formats/keyspace.md', () => {
    const agent = keyOf('a')
    const row = { agentId: agent, timestampMs: 2 ** 32 + 1, confidence: 258, objectBytes: utf8Bytes('o') }
    const fixed = `${agent}0000000100000001` + '00000102'
    const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
    expect(hex(encodeCandidateRow(row))).toBe(`${fixed}00` + '6f')
    expect(hex(encodeCandidateRow({ ...row, epoch: hash('e') }))).toBe(`${fixed}01${hash('e')}` + '6f')
    expect(hex(encodeCandidateRow({ ...row, objectBytes: new Uint8Array(129) }))).toBe(`${fixed}02`)
    expect(hex(encodeCandidateRow({ ...row, source: 'ab' }))).toBe(`${fixed}04` + '026162' + '6f')
    expect(hex(encodeCandidateRow({ ...row, epoch: hash('e'), source: '' }))).toBe(`${fixed}05${hash('e')}` + '006f')
    expect(hex(encodeCandidateRow({ ...row, source: 'x'.repeat(129) }))).toBe(`${fixed}08` + '6f')
    expect(Buffer.from(encodeVoteRow(1_000_000)).toString('hex')).toBe('000f4240')
    expect(Buffer.from(encodeBlockRow({ header: utf8Bytes('hd'), recordIds: [hash(1)] })).toString('hex'))
      .toBe(`00000002` + `6864` + hash(1))
    expect(Buffer.from(encodeEpochRow({ agentId: agent, timestampMs: 1, name: 'n' })).toString('hex'))
      .toBe(`${agent}0000000000000001${'00'.repeat(32)}6e`)
  })
})

describe('the digest', () => {
  it('is the sum modulo 2^256, in any order, with rows taken away again', () => {
    const some = fc.uint8Array({ maxLength: 40 })
    const rows = fc.array(fc.tuple(some, some), { maxLength: 40 })
    const sums = fc.uint8Array({ minLength: 32, maxLength: 32 })
    fc.assert(fc.property(rows, rows, sums, (added, gone, start) => {
      let expected = BigInt(`0x${Buffer.from(start).reverse().toString('hex')}`)
      const half = createDigestSum()
      const sum = createDigestSum(start)
      const value = (row: readonly Uint8Array[]): bigint =>
        BigInt(`0x${Buffer.from(blake3(...row)).reverse().toString('hex')}`)
      for (const row of added) expected += value(row)
      for (const row of gone) expected -= value(row)
      added.forEach(([key, bytes], i) => (i % 2 === 0 ? half : sum).row(key, bytes, 1))
      for (const [key, bytes] of gone) half.row(key, bytes, -1)
      half.bytes()
      sum.add(half)
      const hex = BigInt.asUintN(256, expected).toString(16).padStart(64, '0')
      expect(Buffer.from(sum.bytes()).reverse().toString('hex')).toBe(hex)
      expect(Buffer.from(sum.bytes()).reverse().toString('hex')).toBe(hex)
    }), { seed })
  })

  it('tells totals of other rows apart', () => {
    const totals = { sequence: 1, recordCount: 2, digest: new Uint8Array(32) }
    expect(decodeTotals(encodeTotals(totals))).toEqual(totals)
    expect(sameRows(totals, { ...totals, sequence: 9 })).toBe(true)
    expect(sameRows(totals, { ...totals, recordCount: 3 })).toBe(false)
    expect(sameRows(totals, { ...totals, digest: new Uint8Array(32).fill(1) })).toBe(false)
  })
})

describe('the marker', () => {
  const marker = {
    closed: true, condemned: false, networkId, provenSequence: 12,
    identity: { device: 5n, inode: 2n ** 64n - 1n },
    totals: { sequence: 11, recordCount: 3, digest: new Uint8Array(32).fill(7) },
    prints: [{ name: 'CURRENT', sizeBytes: 16, hash: new Uint8Array(32).fill(9) }]
  }

  it('gives back what it was made of', () => {
    expect(decodeMarker(encodeMarker(marker))).toEqual(marker)
    const bare = { ...marker, closed: false, condemned: true, identity: undefined, prints: [] }
    expect(decodeMarker(encodeMarker(bare))).toEqual(bare)
  })

  it('is damaged when any bit flips, when it is cut and when something follows', () => {
    const bytes = encodeMarker(marker)
    for (let i = 0; i < bytes.length; i++) {
      const flipped = Uint8Array.from(bytes)
      flipped[i] = (flipped[i] ?? 0) ^ (1 << (i % 8))
      expect(decodeMarker(flipped)).toBeUndefined()
      expect(decodeMarker(bytes.subarray(0, i))).toBeUndefined()
    }
    expect(decodeMarker(Buffer.concat([bytes, Uint8Array.of(0)]))).toBeUndefined()
  })

  it('holds 64 prints and drops what is over', () => {
    const print = { name: '000001.log', sizeBytes: 1, hash: new Uint8Array(32) }
    for (const [count, kept] of [[64, 64], [65, 64]] as const) {
      const prints = Array.from({ length: count }, () => print)
      expect(decodeMarker(encodeMarker({ ...marker, prints }))?.prints).toHaveLength(kept)
    }
  })
})
