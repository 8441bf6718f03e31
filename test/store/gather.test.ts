import { beforeAll, describe, expect, it } from 'vitest'
import { blake3Hash } from '../../src/base/index.js'
import {
  buildAssertion, buildVote, createSigner, openRecord, seedFromName, type Assertion, type Signer, type Vote
} from '../../src/record/index.js'
import {
  encodeCandidateRow, encodeVoteRow, gatherKey, keys, openStore, votesOn, type Batch, type Store
} from '../../src/store/index.js'
import { createFileDisk } from '../../src/wal/index.js'
import { hash, networkId, silent } from '../contract/store.js'
import { createMemoryIndex } from '../fakes/memory-level.js'

const signers: readonly Signer[] = ['ann', 'bob', 'cid'].map((name) => createSigner(seedFromName(name)))

function signer(i: number): Signer {
  const found = signers[i % signers.length]
  if (found === undefined) throw new Error('no signer')
  return found
}

function addAssertion(batch: Batch, subject: string, predicate: string, i: number): Assertion {
  const fields = { timestampMs: 1_000 + i, subject, predicate, object: `answer ${i}` }
  const opened = openRecord(buildAssertion(fields, signer(i), networkId))
  if (opened.grade !== 'effective' || opened.record.kind !== 'assertion') throw new Error('not effective')
  const { record } = opened
  const { id, agentId, timestampMs, objectBytes, bytes } = record
  batch.add(keys.record(id), bytes, true)
  const row = encodeCandidateRow({ agentId, timestampMs, objectHash: blake3Hash(objectBytes) })
  batch.add(keys.candidate(subject, predicate, id), row, true)
  return record
}

function addVote(batch: Batch, assertion: Assertion, i: number): Vote {
  const fields = { timestampMs: 5_000 + i, assertion: assertion.id, weight: i }
  const opened = openRecord(buildVote(fields, signer(i), networkId))
  if (opened.grade !== 'effective' || opened.record.kind !== 'vote') throw new Error('not effective')
  const { record } = opened
  batch.add(keys.record(record.id), record.bytes, true)
  batch.add(keys.vote(assertion.id, record.agentId, record.timestampMs, record.id), encodeVoteRow(i), true)
  return record
}

describe('gathering a key', () => {
  let store: Store
  let candidates: Assertion[]
  let votes: Vote[]
  const by = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1)

  beforeAll(async () => {
    const deps = { level: createMemoryIndex(), disk: createFileDisk(), log: silent }
    store = await openStore({ networkId }, deps)
    const batch = store.batch()
    candidates = Array.from({ length: 300 }, (_, i) => addAssertion(batch, 's', 'p', i))
    const near = ['s\0', 's:', 'S'].map((subject, i) => addAssertion(batch, subject, 'p', i))
    const other = addAssertion(batch, 's', 'p2', 1)
    const voted = candidates.slice(0, 40)
    votes = [0, 1].flatMap((by) => voted.map((about, i) => addVote(batch, about, 3 * i + by)))
    for (const about of [...near, other]) addVote(batch, about, 7)
    await store.write(batch)
  })

  it('gives its assertions by id and the votes on them, and nobody else\'s', async () => {
    const found = await gatherKey(store, 's', 'p')
    expect(found.candidates).toEqual([...candidates].sort(by))
    const expected = votes.map(({ id, assertion, agentId, timestampMs, weight }) =>
      ({ id, assertion, agentId, timestampMs, weight }))
    expect([...found.votes].sort(by)).toEqual(expected.sort(by))
  })

  it('gives nothing for a key nobody spoke about', async () => {
    const nothing = { subject: 's', predicate: 'unheard', candidates: [], votes: [] }
    expect(await gatherKey(store, 's', 'unheard')).toEqual(nothing)
    expect(await votesOn(store, hash('unheard'))).toEqual([])
  })

  it('sees one state when it reads from a snapshot', async () => {
    const snapshot = store.snapshot()
    const batch = store.batch()
    addVote(batch, addAssertion(batch, 's', 'late', 1), 2)
    await store.write(batch)
    expect((await gatherKey(snapshot, 's', 'late')).candidates).toHaveLength(0)
    await snapshot.close()
    const found = await gatherKey(store, 's', 'late')
    expect([found.candidates.length, found.votes.length]).toEqual([1, 1])
  })

  it('stops between two slices when it is no longer wanted', async () => {
    const stop = new AbortController()
    const gathering = gatherKey(store, 's', 'p', stop.signal)
    stop.abort(new Error('too late'))
    await expect(gathering).rejects.toThrow('too late')
  })

  it('reports an S row without its assertion as a damaged index', async () => {
    const batch = store.batch()
    const row = encodeCandidateRow({ agentId: signer(0).publicKey, timestampMs: 1, objectHash: hash('o') })
    batch.add(keys.candidate('s', 'broken', hash('nobody')), row)
    await store.write(batch)
    await expect(gatherKey(store, 's', 'broken')).rejects.toMatchObject({ code: 'STORE_BAD_ROW' })
  })
})
