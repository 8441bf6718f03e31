// What every database below the store must let the store do. Run on LevelDB in a directory and on its twin in
// memory.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  blake3Hash, idBytes, parseNetworkId, publicKeyOf, utf8Bytes, type Disk, type Hash, type Log, type PublicKey
} from '../../src/base/index.js'
import {
  EMPTY, encodeNumberRow, encodeVoteRow, keys, openStore, ranges, readMarker, StoreError, type LevelSource,
  type Store, type StoreOptions
} from '../../src/store/index.js'

/** One place for an index. */
export interface StorePlace {
  readonly disk: Disk
  readonly markerPath: string
  /** The database there, not opened; the same one at each call. */
  source(): LevelSource
  /** Removes the whole database without telling anybody. */
  lose(): Promise<void>
  remove(): Promise<void>
}

/** A log that says nothing. */
export const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** The network of these tests. */
export const networkId = idOf('network')

function idOf(name: string): NonNullable<ReturnType<typeof parseNetworkId>> {
  const id = parseNetworkId(hash(name))
  if (id === undefined) throw new Error('no id')
  return id
}

/** A hash from a name. */
export function hash(name: string | number): Hash {
  return blake3Hash(utf8Bytes(`test ${name}`))
}

/** A public key from a name; no point of the curve. */
export function keyOf(name: string | number): PublicKey {
  return publicKeyOf(idBytes(hash(name)))
}

/** The suite. */
export function storeContract(name: string, createPlace: () => Promise<StorePlace>): void {
  describe(`store on ${name}`, () => {
    let place: StorePlace
    let open: Store[] = []
    const openAt = async (options: Partial<StoreOptions> = {}): Promise<Store> => {
      const { disk, markerPath } = place
      const deps = { level: place.source(), disk, log: silent }
      const store = await openStore({ networkId, markerPath, ...options }, deps)
      open.push(store)
      return store
    }
    beforeEach(async () => {
      place = await createPlace()
    })
    afterEach(async () => {
      for (const store of open) await store.close({ clean: false })
      open = []
      await place.remove()
    })

    /** Adds `count` records from number `from` on and moves the cursor to the last. */
    const fill = async (store: Store, from: number, count: number): Promise<void> => {
      const batch = store.batch()
      for (let i = from; i < from + count; i++) batch.add(keys.record(hash(i)), utf8Bytes(`record ${i}`))
      batch.setCursor(from + count - 1)
      await store.write(batch)
    }

    describe('reads', () => {
      it('gives a value, and undefined for a key that is not there', async () => {
        const store = await openAt()
        await fill(store, 1, 3)
        expect(store.get(keys.record(hash(2)))).toEqual(Buffer.from('record 2'))
        expect(store.get(keys.record(hash(4)))).toBeUndefined()
        const many = await store.getMany([keys.record(hash(4)), keys.record(hash(1))])
        expect(many).toEqual([undefined, Buffer.from('record 1')])
      })

      it('gives ranges in key order, from both ends, limited, and without values', async () => {
        const store = await openAt()
        const batch = store.batch()
        for (const subject of ['b', 'a', 'c']) batch.put(keys.view(subject, 'p'), utf8Bytes(subject))
        await store.write(batch)
        const values = async (options: object): Promise<string[]> => {
          const rows = await store.rangeAll({ ...ranges.views(), ...options })
          return rows.map(([, value]) => Buffer.from(value).toString())
        }
        expect(await values({})).toEqual(['a', 'b', 'c'])
        expect(await values({ reverse: true, limit: 2 })).toEqual(['c', 'b'])
        expect(await values({ gt: keys.view('a', 'p') })).toEqual(['b', 'c'])
        expect(await values({ keysOnly: true })).toEqual(['', '', ''])
        const seen: string[] = []
        for await (const [, value] of store.range(ranges.views('b'))) seen.push(Buffer.from(value).toString())
        expect(seen).toEqual(['b'])
      })

      it('gives more rows than one batch holds, each once', async () => {
        const store = await openAt()
        await fill(store, 1, 2_345)
        const sizes: number[] = []
        for await (const rows of store.batches(ranges.records())) sizes.push(rows.length)
        expect(sizes.reduce((a, b) => a + b)).toBe(2_345)
        expect(Math.max(...sizes)).toBeLessThanOrEqual(1_000)
      })

      it('shows a snapshot the state at its start, by point and by range', async () => {
        const store = await openAt()
        await fill(store, 1, 1)
        const snapshot = store.snapshot()
        await fill(store, 2, 1)
        expect(snapshot.get(keys.record(hash(2)))).toBeUndefined()
        expect(snapshot.get(keys.record(hash(1)))).toBeDefined()
        expect(await snapshot.rangeAll(ranges.records())).toHaveLength(1)
        expect(await snapshot.getMany([keys.record(hash(2))])).toEqual([undefined])
        await snapshot.close()
        expect(await store.rangeAll(ranges.records())).toHaveLength(2)
      })
    })

    describe('batches', () => {
      it('write puts, deletes, adds and cursor in one step', async () => {
        const store = await openAt()
        const first = store.batch()
        first.put(keys.head(hash(1)), EMPTY)
        await store.write(first)
        const second = store.batch()
        second.delete(keys.head(hash(1)))
        second.add(keys.record(hash(1)), utf8Bytes('x'))
        second.setCursor(8)
        expect(second.size).toBe(2)
        await store.write(second)
        expect(store.get(keys.head(hash(1)))).toBeUndefined()
        expect(store.totals).toMatchObject({ sequence: 8, recordCount: 1 })
      })

      it('count an added row once, whoever adds it again', async () => {
        const store = await openAt()
        const twice = store.batch()
        twice.add(keys.record(hash(1)), utf8Bytes('x'))
        twice.add(keys.record(hash(1)), utf8Bytes('x'), true)
        await store.write(twice)
        const { digest } = store.totals
        const again = [store.batch(), store.batch()]
        for (const batch of again) batch.add(keys.record(hash(1)), utf8Bytes('x'))
        await Promise.all(again.map((batch) => store.write(batch)))
        expect(store.totals).toMatchObject({ recordCount: 1, digest })
      })

      it('count a row once when two batches in flight add it', async () => {
        const store = await openAt()
        const both = [store.batch(), store.batch()]
        for (const batch of both) batch.add(keys.record(hash(1)), utf8Bytes('x'))
        await Promise.all(both.map((batch) => store.write(batch)))
        expect(store.totals.recordCount).toBe(1)
        expect(await store.verifyDigest()).toMatchObject({ equal: true, rowCount: 1 })
      })

      it('take a removed row out of the totals, added before or by the same batch', async () => {
        const store = await openAt()
        await fill(store, 1, 2)
        const batch = store.batch()
        batch.remove(keys.record(hash(1)))
        batch.remove(keys.record(hash(9)))
        batch.add(keys.record(hash(3)), utf8Bytes('x'), true)
        batch.remove(keys.record(hash(3)))
        batch.remove(keys.record(hash(2)))
        batch.add(keys.record(hash(2)), utf8Bytes('other bytes'))
        await store.write(batch)
        expect(store.totals.recordCount).toBe(1)
        expect(store.get(keys.record(hash(2)))).toEqual(Buffer.from('other bytes'))
        expect(await store.verifyDigest()).toMatchObject({ equal: true, rowCount: 1 })
      })

      it('bring the row that says an assertion has votes, with the first of them', async () => {
        const store = await openAt()
        const agent = keyOf('agent')
        for (const vote of [1, 2]) {
          const batch = store.batch()
          batch.add(keys.vote(hash('a'), agent, vote, hash(vote)), encodeVoteRow(vote), true)
          await store.write(batch)
        }
        expect(store.get(keys.voted(hash('a')))).toEqual(Buffer.from(EMPTY))
        expect(store.get(keys.voted(hash('b')))).toBeUndefined()
        expect(await store.rangeAll(ranges.votes(hash('a')))).toHaveLength(2)
        expect(await store.verifyDigest()).toMatchObject({ equal: true, rowCount: 3 })
      })

      it('are read as many ranges at once, whatever their length and order', async () => {
        const store = await openAt()
        const batch = store.batch()
        for (let target = 0; target < 40; target += 1) {
          for (let vote = 0; vote < target % 9; vote += 1) {
            const key = keys.vote(hash(target), keyOf('agent'), vote, hash(`${target} ${vote}`))
            batch.add(key, encodeVoteRow(vote), true)
          }
        }
        await store.write(batch)
        const wanted = [...Array.from({ length: 40 }, (_, at) => hash((at * 7) % 40)), hash('none')]
          .map((target) => ranges.votes(target))
        const snapshot = store.snapshot()
        const mixed = [...wanted, ranges.records(), ranges.allVotes()]
        for (const list of [wanted, wanted.slice(0, 1), mixed, []]) {
          const one = await Promise.all(list.map((range) => store.rangeAll(range)))
          expect(await store.rangesAll(list)).toEqual(one)
          expect(await snapshot.rangesAll(list)).toEqual(one)
        }
        await snapshot.close()
      })

      it('refuse rows of the wrong kind and a second writing', async () => {
        const store = await openAt()
        const batch = store.batch()
        expect(() => batch.put(keys.record(hash(1)), EMPTY)).toThrow('assertion failed')
        expect(() => batch.delete(keys.block(hash(1)))).toThrow('assertion failed')
        expect(() => batch.add(keys.view('s', 'p'), EMPTY)).toThrow('assertion failed')
        await store.write(batch)
        await expect(store.write(batch)).rejects.toThrow('once')
      })

      it('are written in the order they were handed in', async () => {
        const store = await openAt()
        const writes: Promise<void>[] = []
        for (let i = 0; i < 50; i++) {
          const batch = store.batch()
          batch.put(keys.meta('test'), encodeNumberRow(i))
          batch.setCursor(i)
          writes.push(store.write(batch))
        }
        await Promise.all(writes)
        expect(store.get(keys.meta('test'))).toEqual(encodeNumberRow(49))
        expect(store.cursor).toBe(49)
      })
    })

    describe('totals', () => {
      it('of the same rows are equal in any order and any grouping', async () => {
        const store = await openAt()
        await fill(store, 1, 10)
        const { digest, recordCount } = store.totals
        await store.dropDerived()
        expect(store.totals.recordCount).toBe(0)
        for (let i = 10; i > 0; i--) await fill(store, i, 1)
        expect(store.totals).toMatchObject({ digest, recordCount })
      })

      it('equal a scan of all rows', async () => {
        const store = await openAt()
        await fill(store, 1, 1_500)
        const found = await store.verifyDigest()
        expect(found).toMatchObject({ equal: true, rowCount: 1_500 })
        expect(found.found).toEqual(store.totals)
      })

      it('are counted for one state while writing goes on, with pauses, until the signal ends it', async () => {
        const store = await openAt()
        await fill(store, 1, 1_500)
        let pauses = 0
        const pause = async (): Promise<void> => {
          pauses++
          await fill(store, 2_000 + pauses, 1)
        }
        expect(await store.verifyDigest({ pause })).toMatchObject({ equal: true, rowCount: 1_500 })
        expect(pauses).toBeGreaterThan(1)
        await expect(store.verifyDigest({ signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow('stop')
      })
    })

    describe('opening again', () => {
      it('after a clean stop goes on at the cursor with the same totals', async () => {
        const store = await openAt()
        store.setIdentity({ device: 2n ** 63n + 5n, inode: 9n })
        await fill(store, 1, 5)
        const { totals } = store
        await store.close()
        await store.close()
        const next = await openAt()
        expect(next).toMatchObject({ unclean: false, replayFrom: 5, cursor: 5 })
        expect(next).toMatchObject({ needsRebuild: false, provenSequence: 5 })
        expect(next.totals).toEqual(totals)
        expect(next.identity).toEqual({ device: 2n ** 63n + 5n, inode: 9n })
      })

      it('after an unclean stop goes on at the checkpoint, and replay changes nothing', async () => {
        const store = await openAt()
        await fill(store, 1, 5)
        await store.writeCheckpoint()
        await fill(store, 6, 5)
        const { totals } = store
        await store.close({ clean: false })
        const next = await openAt()
        expect(next).toMatchObject({ unclean: true, replayFrom: 5, cursor: 5, needsRebuild: false })
        await fill(next, 6, 5)
        expect(next.totals).toEqual(totals)
        expect((await next.verifyDigest()).equal).toBe(true)
      })

      it('of a new index replays from the start, and an empty closed one is clean', async () => {
        const store = await openAt()
        expect(store).toMatchObject({ needsRebuild: false, replayFrom: 0, cursor: 0, provenSequence: 0 })
        await store.close()
        expect(await openAt()).toMatchObject({ needsRebuild: false, unclean: false, replayFrom: 0 })
      })

      it('refuses another network by its marker and by its rows', async () => {
        await (await openAt()).close()
        const other = { networkId: idOf('other network') }
        const expected = { detail: { code: 'STORE_FOREIGN_NETWORK', expected: other.networkId, found: networkId } }
        await expect(openAt(other)).rejects.toMatchObject(expected)
        await place.disk.remove(place.markerPath)
        await expect(openAt(other)).rejects.toMatchObject(expected)
        expect((await openAt()).needsRebuild).toBe(false)
      })

      it('refuses a database that is open', async () => {
        await openAt()
        await expect(openAt()).rejects.toMatchObject({ code: 'STORE_LOCKED' })
      })

      it('asks for a rebuild when the record schema has another version', async () => {
        await (await openAt()).close()
        const store = await openAt({ schemaVersion: 2 })
        expect(store).toMatchObject({ needsRebuild: true, rebuildReason: 'schema', replayFrom: 0 })
        await store.dropDerived()
        await store.close()
        expect((await openAt({ schemaVersion: 2 })).needsRebuild).toBe(false)
      })

      it('asks for a rebuild when the database is gone', async () => {
        const store = await openAt()
        await fill(store, 1, 5)
        await store.close()
        await place.lose()
        expect(await openAt()).toMatchObject({ needsRebuild: true, rebuildReason: 'missing', provenSequence: 5 })
      })

      it('asks for a rebuild when the database is an empty one', async () => {
        const store = await openAt()
        await fill(store, 1, 5)
        await store.writeCheckpoint()
        await store.close({ clean: false })
        await place.lose()
        await (await place.source().open(true)).close()
        const next = await openAt()
        expect(next.needsRebuild).toBe(true)
        expect(['emptied', 'damaged']).toContain(next.rebuildReason)
      })

      it('counts the rows when the marker is gone or damaged, and believes a whole index', async () => {
        const store = await openAt()
        await fill(store, 1, 5)
        await store.close()
        await place.disk.remove(place.markerPath)
        const next = await openAt()
        expect(next).toMatchObject({ needsRebuild: false, unclean: true, replayFrom: 5 })
        await next.close()
        const file = await place.disk.open(place.markerPath, 'write')
        await file.write(Uint8Array.of(1), 70)
        await file.close()
        expect(await readMarker(place.disk, place.markerPath)).toBe('damaged')
        expect(await openAt()).toMatchObject({ needsRebuild: false, unclean: true, replayFrom: 5 })
      })

      it.each([
        ['a record', keys.record(hash(3))], ['what waits for a block', keys.unsealed(hash(7))],
        ['what waits for its time', keys.quarantined(1, hash(8))]
      ])('asks for a rebuild when the marker is gone and a row is missing: %s', async (_, key) => {
        const store = await openAt()
        await fill(store, 1, 5)
        const batch = store.batch()
        batch.add(keys.unsealed(hash(7)), encodeNumberRow(6))
        batch.add(keys.quarantined(1, hash(8)), encodeNumberRow(7))
        await store.write(batch)
        await store.close()
        await place.disk.remove(place.markerPath)
        const level = await place.source().open(false)
        await level.batch([{ type: 'del', key }], { sync: true })
        await level.close()
        expect(await openAt()).toMatchObject({ needsRebuild: true, rebuildReason: 'marker' })
      })
    })

    describe('a condemned index', () => {
      it('is rebuilt at the next open, whatever its files say, and the ledger stays proven', async () => {
        const store = await openAt()
        await fill(store, 1, 9)
        await store.writeCheckpoint()
        await store.condemn()
        await store.condemn()
        expect(store).toMatchObject({ needsRebuild: false, provenSequence: 9 })
        await fill(store, 10, 2)
        await store.close()
        const next = await openAt()
        expect(next).toMatchObject({ needsRebuild: true, rebuildReason: 'condemned', provenSequence: 11 })
        await next.close()
        const again = await openAt()
        expect(again).toMatchObject({ needsRebuild: true, rebuildReason: 'condemned', provenSequence: 11 })
        await again.dropDerived()
        await again.close()
        expect(await openAt()).toMatchObject({ needsRebuild: false, provenSequence: 11 })
      })
    })

    describe('a rebuild', () => {
      it('is needed before anything else works, and starts from nothing', async () => {
        const store = await openAt()
        await fill(store, 1, 5)
        const { totals } = store
        await store.close()
        await place.lose()
        const next = await openAt()
        const refusal = expect.objectContaining({ detail: { code: 'STORE_NEEDS_REBUILD', reason: 'missing' } }) as Error
        expect(() => next.get(keys.record(hash(1)))).toThrow(StoreError)
        await expect(next.rangeAll(ranges.records())).rejects.toEqual(refusal)
        await expect(next.write(next.batch())).rejects.toEqual(refusal)
        await expect(next.writeCheckpoint()).rejects.toEqual(refusal)
        await next.dropDerived()
        expect(next).toMatchObject({ needsRebuild: false, replayFrom: 0, cursor: 0, provenSequence: 5 })
        await fill(next, 1, 5)
        expect(next.totals).toEqual(totals)
      })

      it('that was cut off goes on from its last checkpoint', async () => {
        const store = await openAt()
        await fill(store, 1, 9)
        await store.writeCheckpoint()
        await store.dropDerived()
        await fill(store, 1, 3)
        await store.writeCheckpoint()
        await fill(store, 4, 3)
        await store.close({ clean: false })
        expect(await openAt()).toMatchObject({ needsRebuild: false, replayFrom: 3, provenSequence: 9 })
      })
    })

    it('gives its coded error for every call after close', async () => {
      const store = await openAt()
      await store.close()
      const closed = { code: 'STORE_CLOSED' }
      expect(() => store.get(keys.record(hash(1)))).toThrow(expect.objectContaining(closed) as Error)
      await expect(store.rangeAll(ranges.records())).rejects.toMatchObject(closed)
      await expect(store.write(store.batch())).rejects.toMatchObject(closed)
      await expect(store.writeCheckpoint()).rejects.toMatchObject(closed)
      expect(() => store.snapshot()).toThrow(expect.objectContaining(closed) as Error)
    })
  })
}
