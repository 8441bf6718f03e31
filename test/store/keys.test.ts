import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareBytes, hashOf, publicKeyOf, utf8Bytes, type Hash } from '../../src/base/index.js'
import {
  behind, candidateId, FAMILY, isAccounted, keys, parseByAgent, parseByPredicate, parseCandidate, parseFeed,
  parseHolder, parseId, parseMark, parseQuarantined, parseReference, parseTip, parseView, parseVote,
  parseWaiting,
  ranges, StoreError, type KeyRange
} from '../../src/store/index.js'

const seed = 20_260_701
const runs = { seed, numRuns: 250 }

// Texts that break naive keys: separators, NUL, the escape byte, bytes around it, every length of UTF-8.
const hostileUnit = fc.constantFrom('\0', '\u0001', '\u0002', ':', '/', '\u007f', 'a', 'b', '\u0080', 'ÿ', '€', '𝄞', '\uffff')
const hostile = fc.oneof(
  fc.string({ unit: hostileUnit, maxLength: 6 }),
  fc.string({ unit: 'binary', maxLength: 8 }).filter((text) => text.isWellFormed()),
  fc.constantFrom('', 'S:', 'MV:', '\0\0', '\u0001\0', 'a\0', 'a\u0001\u0001', 'a'.repeat(512))
)
const hash = fc.oneof(
  fc.uint8Array({ minLength: 32, maxLength: 32 }).map(hashOf),
  fc.constantFrom(hashOf(new Uint8Array(32)), hashOf(new Uint8Array(32).fill(255)))
)
const agent = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(publicKeyOf)
const edges = [0, 1, 255, 256, 4_294_967_295, 4_294_967_296, 2 ** 53 - 1]
const number = fc.oneof(fc.maxSafeNat(), fc.constantFrom(...edges))

type Part = string | number

// Order of tuples: texts by UTF-8 bytes, hashes and numbers by value.
function compareTuples(a: readonly Part[], b: readonly Part[]): number {
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0]
    const order = typeof x === 'number' || typeof y === 'number'
      ? Math.sign(Number(x) - Number(y))
      : Math.sign(compareBytes(utf8Bytes(x), utf8Bytes(y)))
    if (order !== 0) return order
  }
  return 0
}

function inside(range: KeyRange, key: Uint8Array): boolean {
  return (range.gte === undefined || compareBytes(key, range.gte) >= 0)
    && (range.gt === undefined || compareBytes(key, range.gt) > 0)
    && (range.lt === undefined || compareBytes(key, range.lt) < 0)
}

describe('keys', () => {
  type Family = readonly [string, fc.Arbitrary<readonly Part[]>, (parts: readonly never[]) => Uint8Array]
  const families: readonly Family[] = [
    ['S', fc.tuple(hostile, hostile, hash), (p) => keys.candidate(p[0] ?? '', p[1] ?? '', p[2] ?? zero)],
    ['MV', fc.tuple(hostile, hostile), (p) => keys.view(p[0] ?? '', p[1] ?? '')],
    ['R', fc.tuple(hostile, hostile, hostile), (p) => keys.reference(p[0] ?? '', p[1] ?? '', p[2] ?? '')],
    ['f', fc.tuple(hash, number, hash), (p) => keys.feed(p[0] ?? zero, p[1] ?? 0, p[2] ?? zero)],
    ['Q', fc.tuple(number, hash), (p) => keys.quarantined(p[0] ?? 0, p[1] ?? zero)],
    ['D', fc.tuple(hostile, hostile, number), (p) => keys.blockMark(p[0] ?? '', p[1] ?? '', p[2] ?? 0)]
  ]
  const zero = hashOf(new Uint8Array(32))

  it.each(families)('of %s sort as their parts do', (_, parts, make) => {
    fc.assert(fc.property(parts, parts, (a, b) => {
      const order = compareBytes(make(a as never[]), make(b as never[]))
      expect(Math.sign(order)).toBe(compareTuples(a, b))
    }), runs)
  })

  it('of texts that start alike never take each other in', () => {
    fc.assert(fc.property(hostile, hostile, hostile, hash, (subject, other, predicate, id) => {
      const key = keys.candidate(subject, predicate, id)
      const mark = keys.blockMark(subject, predicate, 3)
      const same = other === subject
      expect(inside(ranges.candidates(other), key)).toBe(same)
      expect(inside(ranges.candidates(subject, other), key)).toBe(other === predicate)
      expect(inside(ranges.marks(other, predicate), mark)).toBe(same)
      expect(inside(ranges.references(other), keys.reference(subject, other, predicate))).toBe(same)
      expect(inside(ranges.byPredicate(other), keys.byPredicate(subject, predicate))).toBe(same)
      expect(inside(ranges.views(other), keys.view(subject, predicate))).toBe(same)
    }), runs)
  })

  it('give back their parts', () => {
    const texts = fc.tuple(hostile, hostile, hostile)
    const rest = fc.tuple(hash, hash, agent, number, number)
    fc.assert(fc.property(texts, rest, ([s, p, e], [id, to, by, t, n]) => {
      const chunk = n % 4_294_967_296
      expect(parseCandidate(keys.candidate(s, p, id))).toEqual({ subject: s, predicate: p, id })
      expect(candidateId(keys.candidate(s, p, id))).toBe(id)
      expect(parseView(keys.view(s, p))).toEqual({ subject: s, predicate: p })
      expect(parseByPredicate(keys.byPredicate(p, s))).toEqual({ subject: s, predicate: p })
      expect(parseReference(keys.reference(e, s, p))).toEqual({ entity: e, subject: s, predicate: p })
      expect(parseMark(keys.blockMark(s, p, t)))
        .toEqual({ kind: 'block', subject: s, predicate: p, sequence: t })
      expect(parseMark(keys.sweepMark(s, p, t, chunk)))
        .toEqual({ kind: 'sweep', subject: s, predicate: p, generation: t, chunk })
      expect(parseVote(keys.vote(to, by, t, id))).toEqual({ assertion: to, agentId: by, timestampMs: t, id })
      expect(parseVote(keys.voted(to))).toBeUndefined()
      expect(parseByAgent(keys.byAgent(by, t, id))).toEqual({ agentId: by, timestampMs: t, id })
      expect(parseFeed(keys.feed(to, t, id))).toEqual({ feed: to, seq: t, block: id })
      expect(parseTip(keys.tip(to, id))).toEqual({ feed: to, block: id })
      expect(parseHolder(keys.holder(to, id))).toEqual({ record: to, block: id })
      expect(parseWaiting(keys.waiting(to, id))).toEqual({ missing: to, waiting: id })
      expect(parseQuarantined(keys.quarantined(t, id))).toEqual({ releaseMs: t, id })
      for (const family of ['record', 'epoch', 'block', 'complete', 'head', 'fork', 'unsealed'] as const) {
        expect(parseId(family, keys[family](id))).toBe(id)
      }
    }), runs)
  })

  it('of any bytes are parsed or refused with the coded error', () => {
    const parsers = [
      parseVote, parseCandidate, candidateId, parseView, parseByAgent, parseByPredicate, parseReference,
      parseMark, parseFeed, parseTip, parseHolder, parseWaiting, parseQuarantined,
      (key: Uint8Array) => parseId('record', key)
    ]
    const prefix = fc.constantFrom('', ...Object.values(FAMILY)).map((text) => Buffer.from(text))
    const any = fc.tuple(prefix, fc.uint8Array({ maxLength: 150 })).map((parts) => Buffer.concat(parts))
    fc.assert(fc.property(any, fc.constantFrom(...parsers), (key, parse) => {
      try {
        parse(key)
      } catch (error) {
        expect(error).toBeInstanceOf(StoreError)
        expect(error).toMatchObject({ code: 'STORE_BAD_ROW' })
      }
    }), { seed, numRuns: 1_500 })
  })

  it('of every family lie in its range and in no other', () => {
    const id = hashOf(new Uint8Array(32).fill(255))
    const by = publicKeyOf(new Uint8Array(32).fill(255))
    const rows: Record<string, [Uint8Array, KeyRange]> = {
      H: [keys.record(id), ranges.records()], V: [keys.vote(id, by, 1, id), ranges.allVotes()],
      E: [keys.epoch(id), ranges.epochs()], S: [keys.candidate('', '', id), ranges.candidates()],
      MV: [keys.view('', ''), ranges.views()], A: [keys.byAgent(by, 1, id), ranges.byAgent()],
      P: [keys.byPredicate('', ''), ranges.byPredicate()], R: [keys.reference('', '', ''), ranges.references()],
      D: [keys.sweepMark('', '', 1, 1), ranges.marks()], b: [keys.block(id), ranges.blocks()],
      c: [keys.complete(id), ranges.complete()], f: [keys.feed(id, 1, id), ranges.feed()],
      t: [keys.tip(id, id), ranges.tips()], h: [keys.head(id), ranges.heads()],
      r: [keys.holder(id, id), ranges.holders()], x: [keys.fork(id), ranges.forks()],
      w: [keys.waiting(id, id), ranges.waiting()], u: [keys.unsealed(id), ranges.unsealed()],
      Q: [keys.quarantined(1, id), ranges.quarantined()], T: [keys.trust('x'), ranges.trust()],
      meta: [keys.meta('x'), ranges.meta()]
    }
    for (const [name, [key]] of Object.entries(rows)) {
      const holding = Object.keys(rows).filter((other) => inside(rows[other]?.[1] ?? {}, key))
      expect(holding).toEqual([name])
      expect([name, isAccounted(key)]).toEqual([name, 'HVSEAPRQbfru'.includes(name)])
    }
    expect(Object.keys(rows).length).toBe(Object.keys(FAMILY).length)
  })

  it('bound ranges by feed and seq, by release time, and behind a key', () => {
    const all: Hash = hashOf(new Uint8Array(32).fill(255))
    const at = (seq: number): Uint8Array => keys.feed(all, seq, all)
    const between = [1, 2, 3, 4].map((seq) => inside(ranges.feed(all, 2, 3), at(seq)))
    expect(between).toEqual([false, true, true, false])
    expect([1, 2, 9].map((seq) => inside(ranges.feed(all, 2), at(seq)))).toEqual([false, true, true])
    const released = [6, 7, 8].map((ms) => inside(ranges.quarantined(7), keys.quarantined(ms, all)))
    expect(released).toEqual([true, true, false])
    const paged = behind(ranges.feed(all), at(2))
    expect([1, 2, 3].map((seq) => inside(paged, at(seq)))).toEqual([false, false, true])
    expect(inside(ranges.votes(all), keys.voted(all))).toBe(false)
    expect(inside(ranges.votes(all), keys.vote(all, publicKeyOf(new Uint8Array(32)), 0, all))).toBe(true)
  })

  it('hold texts far over the limits of records', () => {
    for (const text of ['\0'.repeat(20_000), '𝄞'.repeat(20_000), 'x'.repeat(100_000)]) {
      expect(parseView(keys.view(text, 'p'))).toEqual({ subject: text, predicate: 'p' })
    }
  })

  it('have the bytes of docs/formats/keyspace.md', () => {
    const id = hashOf(new Uint8Array(32).fill(0xab))
    expect(Buffer.from(keys.candidate('a\0\u0001é', 'p', id)).toString('hex'))
      .toBe(`533a610101` + `0102c3a900` + `7000` + 'ab'.repeat(32))
    expect(Buffer.from(keys.blockMark('s', 'p', 258)).toString('hex')).toBe('443a73007000000000000000000102')
    expect(Buffer.from(keys.sweepMark('s', 'p', 1, 2)).toString('hex'))
      .toBe('443a7300700001000000000000000100000002')
    expect(Buffer.from(keys.quarantined(2 ** 40, id)).toString('hex'))
      .toBe('513a0000010000000000' + 'ab'.repeat(32))
  })
})
