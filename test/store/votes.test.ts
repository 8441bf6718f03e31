import { describe, expect, it } from 'vitest'
import { hashOf, publicKeyOf, type Hash } from '../../src/base/index.js'
import {
  encodeCandidateRow, encodeVoteRow, gatherKey, keys, openStore, votesOn, type Batch, type RangeOptions,
  type Reader, type Store
} from '../../src/store/index.js'
import { createFileDisk } from '../../src/wal/index.js'
import { hash, networkId, silent } from '../contract/store.js'
import { createMemoryIndex } from '../fakes/memory-level.js'

const CANDIDATES = 700

function agent(number: number): ReturnType<typeof publicKeyOf> {
  return publicKeyOf(Buffer.alloc(32, number + 1))
}

/** A store with one key of 700 assertions. */
async function emptyStore(): Promise<{ store: Store, ids: readonly Hash[] }> {
  const deps = { level: createMemoryIndex(), disk: createFileDisk(), log: silent }
  const store = await openStore({ networkId }, deps)
  const ids = Array.from({ length: CANDIDATES }, (_, at) => hash(`candidate ${at}`)).sort()
  const batch = store.batch()
  for (const [at, id] of ids.entries()) {
    const objectBytes = Buffer.from([at % 24])
    const row = { agentId: agent(at % 7), timestampMs: at, confidence: 1, objectBytes }
    batch.add(keys.candidate('s', 'p', id), encodeCandidateRow(row), true)
  }
  await store.write(batch)
  return { store, ids }
}

function vote(batch: Batch, assertion: Hash, count: number): void {
  for (let at = 0; at < count; at += 1) {
    batch.add(keys.voted(assertion), new Uint8Array(0))
    const id = hash(`vote ${at} on ${assertion}`)
    batch.add(keys.vote(assertion, agent(at % 200), at, id), encodeVoteRow(at), true)
  }
}

/** What one by one would give. */
async function oneByOne(reader: Reader, ids: readonly Hash[]): Promise<readonly object[]> {
  const votes: object[] = []
  for (const id of ids) votes.push(...await votesOn(reader, id))
  return votes
}

/** A reader that counts. */
function counted(store: Store): { reader: Reader, walked: () => number, lookedUp: () => number } {
  let [walked, lookedUp] = [0, 0]
  const reader: Reader = {
    get: store.get, range: store.range, batches: store.batches,
    rangesAll: (list) => store.rangesAll(list),
    getMany: async (wanted) => {
      lookedUp += wanted.length
      return store.getMany(wanted)
    },
    rangeAll: async (options: RangeOptions) => {
      const rows = await store.rangeAll(options)
      if (Buffer.from(rows[0]?.[0] ?? []).toString('latin1', 0, 2) === 'V:') walked += rows.length
      return rows
    }
  }
  return { reader, walked: () => walked, lookedUp: () => lookedUp }
}

describe('the votes on many assertions', () => {
  it('are walked and not looked up where they are most votes of the index', async () => {
    const { store, ids } = await emptyStore()
    const batch = store.batch()
    for (const [at, id] of ids.entries()) if (at % 3 === 0) vote(batch, id, at % 4)
    await store.write(batch)
    const { reader, lookedUp } = counted(store)
    const { votes } = await gatherKey(reader, 's', 'p')
    expect(votes.length).toBeGreaterThan(300)
    expect(votes).toEqual(await oneByOne(store, ids))
    expect(lookedUp()).toBe(0)
  })

  it('are looked up behind the batch that shows that most votes are on others', async () => {
    const { store, ids } = await emptyStore()
    const batch = store.batch()
    for (const [at, id] of ids.entries()) if (at % 10 === 0) vote(batch, id, 2)
    for (let at = 0; at < 8_000; at += 1) vote(batch, hash(`other ${at}`), 1)
    await store.write(batch)
    const { reader, walked, lookedUp } = counted(store)
    const { votes } = await gatherKey(reader, 's', 'p')
    expect(votes).toEqual(await oneByOne(store, ids))
    expect(walked()).toBeLessThanOrEqual(Math.ceil(CANDIDATES / 8))
    expect(lookedUp()).toBeGreaterThan(CANDIDATES - 10)
  })

  it.each([26, 27, 28, 100])('are the same when the walk ends among %i on one', async (count) => {
    const { store, ids } = await emptyStore()
    const [before = hash('none'), last = hash('none')] = ids
    const batch = store.batch()
    // Two rows each: the first batch of 88 ends with the vote 27 on the second candidate, and does not pay.
    for (let at = 0; at < 30; at += 1) vote(batch, idBehind(before, at), 1)
    vote(batch, last, count)
    for (const [at, id] of ids.entries()) if (at > 1 && at % 10 === 0) vote(batch, id, 2)
    await store.write(batch)
    const { reader, lookedUp } = counted(store)
    const { votes } = await gatherKey(reader, 's', 'p')
    expect(votes).toHaveLength(count + 69 * 2)
    expect(votes).toEqual(await oneByOne(store, ids))
    expect(lookedUp()).toBe(CANDIDATES - (count < 27 ? 10 : 1))
  })
})

function idBehind(id: Hash, by: number): Hash {
  const bytes = Buffer.from(id, 'hex')
  bytes.writeUInt32BE(0xffff_ff00 + by, 28)
  return hashOf(bytes)
}
