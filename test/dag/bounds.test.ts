import { describe, expect, it } from 'vitest'
import { TIME_LIMITS } from '../../src/base/index.js'
import { type Block, comparable, DAG_DEFAULTS, isAhead, type TagFields } from '../../src/dag/index.js'
import { createBlockRows } from '../../src/dag/block-rows.js'
import { createDeferred } from '../../src/dag/deferred.js'
import { createLargest } from '../../src/dag/largest.js'
import { createRecent } from '../../src/dag/recent.js'
import { createWanted } from '../../src/dag/wanted.js'
import type { Reader } from '../../src/store/index.js'
import { seededRandom } from '../fakes/seeded-random.js'
import { at, createPeer, createWriter, record, startMs } from './kit.js'

describe('deferred headers', () => {
  it('hold 1,024, give up the one due last, and come out when their time has come', () => {
    const deferred = createDeferred(DAG_DEFAULTS.deferredHeadersMax)
    const writer = createWriter('w')
    const aheadMs = TIME_LIMITS.blockAheadMsMax
    const headers = Array.from({ length: 1_025 }, (_, i) => (
      writer.next([], { sealedAtMs: startMs + aheadMs + 1 + i, texts: [`${i}`] }).header
    ))
    for (const header of headers.slice(1)) expect(deferred.add(header)).toBe(true)
    expect(deferred.size).toBe(1_024)
    expect(deferred.add(at(headers, 0))).toBe(true)
    expect([deferred.size, deferred.get(at(headers, 1_024).id)]).toEqual([1_024, undefined])
    expect(deferred.add(at(headers, 1_024))).toBe(false)
    expect(deferred.takeDue(startMs)).toEqual([])
    const due = deferred.takeDue(startMs + 2).map(({ header }) => header.id)
    expect(due).toEqual([at(headers, 1).id, at(headers, 0).id])
    expect(deferred.matching(at(headers, 5).id.slice(0, 32))?.id).toBe(at(headers, 5).id)
    deferred.remove(at(headers, 5).id)
    expect(deferred.size).toBe(1_021)
  })

  it('are those sealed more than 300 s ahead', () => {
    const { header } = createWriter('w').next([], { sealedAtMs: startMs + TIME_LIMITS.blockAheadMsMax })
    expect([isAhead(header, startMs), isAhead(header, startMs - 1)]).toEqual([false, true])
  })
})

describe('what is remembered', () => {
  it('keeps the entries used last, up to its limit', () => {
    const recent = createRecent<string, number>(2)
    recent.set('a', 1)
    recent.set('b', 2)
    expect(recent.get('a')).toBe(1)
    recent.set('c', 3)
    expect([recent.get('a'), recent.get('b'), recent.get('c')]).toEqual([1, undefined, 3])
  })

  it('forgets the oldest wanted block past the limit', () => {
    const wanted = createWanted(2)
    const ids = ['a', 'b', 'c'].map((text) => record(text).id)
    for (const id of ids) wanted.add(id)
    expect(wanted.all()).toEqual(ids.slice(1))
  })

  it('is where the last 1,024 blocks stand that were asked for, however few headers are kept', async () => {
    const { store, load } = await createPeer('a')
    const writer = createWriter('w')
    const blocks = Array.from({ length: 1_025 }, () => writer.next([], { texts: ['a'] }))
    await load(blocks)
    let reads = 0
    const reader: Reader = {
      ...store,
      rangeAll(range) {
        reads += 1
        return store.rangeAll(range)
      },
      get(key) {
        reads += 1
        return store.get(key)
      }
    }
    const rows = createBlockRows(reader, 1, () => undefined)
    /** Finds blocks and reads their headers for it, and says how often the index was asked. */
    const readsFor = async (wanted: readonly Block[]): Promise<number> => {
      const before = reads
      for (const { header: { id, seq } } of wanted) {
        expect(await rows.find(id.slice(0, 32))).toMatchObject({ id, seq })
      }
      return reads - before
    }
    expect(await readsFor(blocks.slice(0, 1_024))).toBe(2_048)
    expect(await readsFor(blocks.slice(0, 1_024))).toBe(0)
    expect(await readsFor([at(blocks, 1_024)])).toBe(2)
    expect(await readsFor(blocks.slice(1))).toBe(0)
    expect(await readsFor([at(blocks, 0)])).toBe(2)
    // Of these the last block found is one, and the one that left for it is none.
    const kept = blocks.filter((_, i) => i !== 1)
    const before = reads
    for (const { header: { id, feed, seq, prev, nodeKey } } of kept) {
      expect(rows.place(id)).toEqual({ id, feed, seq, nodeKey, ...(prev === undefined ? {} : { prev }) })
    }
    expect(reads).toBe(before)
    expect(rows.place(at(blocks, 1).header.id)?.seq).toBe(2)
    expect(reads).toBe(before + 1)
  })

  it('finds the heaviest as weights change, for 20 seeds', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = seededRandom(seed)
      const largest = createLargest<{ key: string, bytes: number }>()
      const things = Array.from({ length: 12 }, (_, i) => ({ key: `k${i}`, bytes: 0 }))
      for (let step = 0; step < 300; step++) {
        const thing = at(things, random.integer(things.length))
        thing.bytes = random.integer(3) === 0 ? 0 : random.integer(50)
        largest.set(thing)
        const heaviest = Math.max(...things.map(({ bytes }) => bytes))
        if ((largest.largest()?.bytes ?? 0) !== heaviest) expect.fail(`seed ${seed}, step ${step}`)
      }
    }
  })
})

describe('state tags', () => {
  it('are compared only when they are about the same state', () => {
    const tag: TagFields = {
      algorithm: 1, frontierRoot: record('root').id, recordCount: 5, schemaVersion: 1, viewVersion: 1,
      trustDigest: record('trust').id, viewDigest: record('views').id
    }
    expect(comparable(tag, { ...tag, viewDigest: record('other').id })).toBe(true)
    expect(comparable(tag, { ...tag, frontierRoot: record('other').id })).toBe(false)
    expect(comparable(tag, { ...tag, viewVersion: 2 })).toBe(false)
  })
})
