import { beforeAll, describe, expect, it } from 'vitest'
import {
  buildAssertion, buildVote, createSigner, openRecord, seedFromName, type Assertion, type Signer, type Vote
} from '../../src/record/index.js'
import {
  encodeCandidateRow, encodeVoteRow, gatherKey, keys, openStore, votesOn, type Batch, type GatheredCandidate,
  type Store
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

const epochs = [hash('epoch'), undefined]

function addAssertion(
  batch: Batch, subject: string, predicate: string, i: number, object = `answer ${i}`,
  source = `source ${i}`
): Assertion {
  const epoch = epochs[i % epochs.length]
  const base = { timestampMs: 1_000 + i, subject, predicate, object, confidence: i, source }
  const fields = epoch === undefined ? base : { ...base, epoch }
  const opened = openRecord(buildAssertion(fields, signer(i), networkId))
  if (opened.grade !== 'effective' || opened.record.kind !== 'assertion') throw new Error('not effective')
  const { record } = opened
  const { id, bytes } = record
  batch.add(keys.record(id), bytes, true)
  batch.add(keys.candidate(subject, predicate, id), encodeCandidateRow(record), true)
  return record
}

function shown(candidate: GatheredCandidate | Assertion): object {
  const { id, agentId, timestampMs, epoch, confidence, object, objectBytes, source } = candidate
  const bytes = Buffer.from(objectBytes)
  return { id, agentId, timestampMs, epoch, confidence, object, bytes, source }
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
    expect(found.candidates.map(shown)).toEqual([...candidates].sort(by).map(shown))
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
    const gathering = gatherKey(store, 's', 'p', { signal: stop.signal })
    stop.abort(new Error('too late'))
    await expect(gathering).rejects.toThrow('too late')
  })

  it('reads an object from the row up to 128 bytes and from the record beyond', async () => {
    const batch = store.batch()
    const [inline, long] = [126, 127].map((characters) =>
      addAssertion(batch, 's', `of ${characters}`, 1, 'x'.repeat(characters)))
    await store.write(batch)
    expect([inline, long].map((record) => record?.objectBytes.length)).toEqual([128, 129])
    const read: Uint8Array[] = []
    const records = { get: (key: Uint8Array): Uint8Array | undefined => (read.push(key), store.get(key)) }
    for (const record of [inline, long]) {
      const [candidate] = (await gatherKey(store, 's', record?.predicate ?? '', { records })).candidates
      expect(candidate?.object).toBe(record?.object)
    }
    expect(read.map((key) => Buffer.from(key))).toEqual([Buffer.from(keys.record(long?.id ?? hash('none')))])
  })

  it('reads a source from the row up to 128 bytes of UTF-8 and from the record beyond', async () => {
    const sources = ['', 'x'.repeat(128), 'ü'.repeat(64), 'x'.repeat(129), `${'ü'.repeat(64)}x`]
    const batch = store.batch()
    const records = sources.map((source, at) => addAssertion(batch, 's', `from ${at}`, 1, 'o', source))
    await store.write(batch)
    const read: Uint8Array[] = []
    const reader = { get: (key: Uint8Array): Uint8Array | undefined => (read.push(key), store.get(key)) }
    for (const [at, source] of sources.entries()) {
      const [candidate] = (await gatherKey(store, 's', `from ${at}`, { records: reader })).candidates
      expect(candidate?.source).toBe(source)
    }
    const long = records.slice(3).map(({ id }) => Buffer.from(keys.record(id)))
    expect(read.map((key) => Buffer.from(key))).toEqual(long)
  })

  it('reports a row whose assertion is not there as a damaged index once the record is asked for', async () => {
    const batch = store.batch()
    const row = encodeCandidateRow({ agentId: signer(0).publicKey, timestampMs: 1, confidence: 1, source: 'x'.repeat(129) })
    batch.add(keys.candidate('s', 'broken', hash('nobody')), row)
    await store.write(batch)
    const [candidate] = (await gatherKey(store, 's', 'broken')).candidates
    expect(() => candidate?.source).toThrow(expect.objectContaining({ code: 'STORE_BAD_ROW' }))
    expect(() => candidate?.object).toThrow(expect.objectContaining({ code: 'STORE_BAD_ROW' }))
  })
})
