// Each kind of record writes its rows and no others, whatever came before it.

import { beforeEach, describe, expect, it } from 'vitest'
import { blake3Hash, type Hash } from '../../src/base/index.js'
import type { OpenedRecord } from '../../src/dag/index.js'
import { createRowWriter, type RowWriter } from '../../src/ingest/row-writer.js'
import { createTargetCache, type TargetCache } from '../../src/ingest/target-cache.js'
import {
  assertionPayload, attachSignature, buildAssertion, buildEpoch, buildVote, openRecord, signingInput,
  type Signer, type Value
} from '../../src/record/index.js'
import {
  decodeAgentRow, decodeCandidateRow, decodeEpochRow, decodeMarkRow, decodeVoteRow, EMPTY, FAMILY, keys,
  MARK_IDS_MAX, openStore, parseByAgent, parseByPredicate, parseCandidate, parseMark, parseReference,
  parseVote, ranges, under, type Entry, type KeyRange, type Store
} from '../../src/store/index.js'
import { createMemoryDisk } from '../fakes/memory-disk.js'
import { createMemoryIndex } from '../fakes/memory-level.js'
import { seededRandom } from '../fakes/seeded-random.js'
import { alice, bob, networkId, silent, startMs } from './kit.js'

const governor = alice
const stranger = bob
const WAL_SEQUENCE = 77

let store: Store
let targets: TargetCache

beforeEach(() => open())

async function open(): Promise<void> {
  const disk = createMemoryDisk(seededRandom(1))
  store = await openStore({ networkId }, { level: createMemoryIndex(), disk, log: silent })
  targets = createTargetCache(4)
}

function opened(bytes: Uint8Array): OpenedRecord {
  const record = openRecord(bytes)
  if (record.grade === 'invalid') throw new Error(record.rule)
  return record
}

function fact(object: Value, signer: Signer = stranger, subject = 'sky'): OpenedRecord {
  return opened(buildAssertion({ timestampMs: startMs, subject, predicate: 'is', object }, signer, networkId))
}

function voteOn(assertion: Hash, weight = 250_000): OpenedRecord {
  return opened(buildVote({ timestampMs: startMs + 1, assertion, weight }, stranger, networkId))
}

function epoch(signer: Signer): OpenedRecord {
  return opened(buildEpoch({ timestampMs: startMs, name: 'one' }, signer, networkId))
}

/** A well-formed and signed record that breaks a rule of the schema: it has no subject. */
function inert(): OpenedRecord {
  const fields = { timestampMs: startMs, subject: '', predicate: 'is', object: 'blue' }
  const payload = assertionPayload(fields, stranger.publicKey)
  const signature = stranger.sign(signingInput('record', networkId, payload))
  const record = opened(attachSignature(payload, signature))
  expect(record.grade).toBe('inert')
  return record
}

/** Writes the records in one batch, as one step does. */
async function write(...records: readonly OpenedRecord[]): Promise<RowWriter> {
  const batch = store.batch()
  const rows = createRowWriter({ reader: store, batch, targets, governors: new Set([governor.publicKey]) })
  for (const record of records) rows.write(record, WAL_SEQUENCE)
  rows.end()
  await store.write(batch)
  return rows
}

const rowsIn = (range: KeyRange): Promise<readonly Entry[]> => store.rangeAll(range)

/** How many rows each family holds, without the store's own. */
async function families(): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {}
  for (const [name, prefix] of Object.entries(FAMILY)) {
    const found = await rowsIn(under(Buffer.from(prefix, 'latin1')))
    if (name !== 'meta' && found.length > 0) counts[name] = found.length
  }
  return counts
}

describe('rows of an assertion', () => {
  it('are its bytes, its candidate, its predicate, its agent and a dirty mark', async () => {
    const record = fact('blue')
    const rows = await write(record)
    expect(await families()).toEqual({ record: 1, candidate: 1, byPredicate: 1, byAgent: 1, mark: 1 })
    expect(Buffer.from(store.get(keys.record(record.id)) ?? [])).toEqual(Buffer.from(record.bytes))
    const [candidate] = await rowsIn(ranges.candidates('sky', 'is'))
    expect(parseCandidate(candidate?.[0] ?? new Uint8Array())).toMatchObject({ id: record.id })
    expect(decodeCandidateRow(candidate?.[1] ?? new Uint8Array())).toEqual({
      agentId: stranger.publicKey, timestampMs: startMs, confidence: 1_000_000, epoch: undefined,
      objectBytes: Buffer.from(record.grade === 'effective' && record.record.kind === 'assertion'
        ? record.record.objectBytes : [])
    })
    const [byPredicate] = await rowsIn(ranges.byPredicate('is'))
    expect(parseByPredicate(byPredicate?.[0] ?? new Uint8Array())).toEqual({ predicate: 'is', subject: 'sky' })
    const [byAgent] = await rowsIn(ranges.byAgent(stranger.publicKey))
    expect(parseByAgent(byAgent?.[0] ?? new Uint8Array())).toEqual({
      agentId: stranger.publicKey, timestampMs: startMs, id: record.id
    })
    expect(decodeAgentRow(byAgent?.[1] ?? new Uint8Array())).toBe('assertion')
    const [mark] = await rowsIn(ranges.marks())
    expect(parseMark(mark?.[0] ?? new Uint8Array())).toEqual({
      kind: 'block', subject: 'sky', predicate: 'is', sequence: WAL_SEQUENCE
    })
    expect(rows).toMatchObject({ dirty: true, records: [{ id: record.id, kind: 'assertion' }] })
  })

  it('name the epoch that it refers to', async () => {
    const link = epoch(governor).id
    const bytes = buildAssertion(
      { timestampMs: startMs, subject: 'sky', predicate: 'is', object: 'blue', epoch: link }, stranger, networkId)
    await write(opened(bytes))
    const [candidate] = await rowsIn(ranges.candidates('sky', 'is'))
    expect(decodeCandidateRow(candidate?.[1] ?? new Uint8Array())).toMatchObject({ epoch: link })
  })

  it('hold one reverse edge for each entity it points at, inside lists too', async () => {
    await write(fact({ ref: 'sun' }), fact([{ ref: 'moon' }, 'text', { ref: 'stars' }, { ref: 'moon' }], alice))
    const edges = (await rowsIn(ranges.references())).map(([key]) => parseReference(key))
    expect(edges.map((edge) => edge.entity).sort()).toEqual(['moon', 'stars', 'sun'])
    expect(edges.every((edge) => edge.subject === 'sky' && edge.predicate === 'is')).toBe(true)
  })

  it('hold no reverse edge for a text, a time or a number', async () => {
    await write(fact('sun'), fact({ time: 5 }, alice), fact(7, alice), fact([1, 2], alice))
    expect(await rowsIn(ranges.references())).toEqual([])
  })

  it('are written once when the record comes twice, in one batch or in two', async () => {
    const record = fact('blue')
    const first = await write(record, record)
    expect(first.records).toHaveLength(1)
    const before = store.totals
    const again = await write(record)
    expect(again).toMatchObject({ records: [], dirty: false })
    expect(store.totals.recordCount).toBe(1)
    expect(store.totals.digest).toEqual(before.digest)
    expect((await store.verifyDigest()).equal).toBe(true)
  })

  it('share one mark a batch with others of their key, and have their own otherwise', async () => {
    await write(fact('blue'), fact('grey'), fact('wet', stranger, 'sea'))
    expect(await rowsIn(ranges.marks('sky', 'is'))).toHaveLength(1)
    expect(await rowsIn(ranges.marks('sea', 'is'))).toHaveLength(1)
  })

  it('are named by the mark up to its limit, and counted beyond it', async () => {
    const records = Array.from({ length: MARK_IDS_MAX + 1 }, (_, at) => fact(`blue ${at}`))
    const named = async (): Promise<unknown> => decodeMarkRow((await rowsIn(ranges.marks('sky', 'is')))[0]?.[1] ?? EMPTY)
    const most = records.slice(0, MARK_IDS_MAX)
    await write(...most)
    expect(await named()).toEqual({ ids: most.map(({ id }) => id), total: MARK_IDS_MAX })
    await open()
    await write(...records)
    expect(await named()).toEqual({ ids: most.map(({ id }) => id), total: MARK_IDS_MAX + 1 })
  })

  it('have marks of their own when subject and predicate only join to the same text', async () => {
    const of = (subject: string, predicate: string): OpenedRecord => opened(
      buildAssertion({ timestampMs: startMs, subject, predicate, object: 'x' }, stranger, networkId))
    await write(of('ab', 'c'), of('a', 'bc'))
    expect(await rowsIn(ranges.marks())).toHaveLength(2)
  })
})

describe('rows of a vote', () => {
  it('are its ballot and its agent, and the mark of an assertion that the index holds', async () => {
    const target = fact('blue')
    await write(target)
    targets = createTargetCache(4)
    const vote = voteOn(target.id)
    const rows = await write(vote)
    const ballots = (await rowsIn(ranges.votes(target.id))).filter(([key]) => parseVote(key) !== undefined)
    expect(ballots).toHaveLength(1)
    expect(parseVote(ballots[0]?.[0] ?? new Uint8Array())).toEqual({
      assertion: target.id, agentId: stranger.publicKey, timestampMs: startMs + 1, id: vote.id
    })
    expect(decodeVoteRow(ballots[0]?.[1] ?? new Uint8Array())).toBe(250_000)
    expect((await rowsIn(ranges.byAgent(stranger.publicKey))).map(([, value]) => decodeAgentRow(value)))
      .toEqual(['assertion', 'vote'])
    expect(rows).toMatchObject({ dirty: true, records: [{ id: vote.id, kind: 'vote' }] })
  })

  it('mark the key of an assertion of the same batch', async () => {
    const target = fact('blue')
    await write(target, voteOn(target.id))
    expect(await rowsIn(ranges.marks('sky', 'is'))).toHaveLength(1)
  })

  it('mark nothing before their assertion is here, and the assertion marks its key when it comes', async () => {
    const target = fact('blue')
    expect((await write(voteOn(target.id))).dirty).toBe(false)
    expect(await rowsIn(ranges.marks())).toEqual([])
    expect(await rowsIn(ranges.allVotes())).not.toEqual([])
    expect((await write(target)).dirty).toBe(true)
    expect(await rowsIn(ranges.marks('sky', 'is'))).toHaveLength(1)
  })

  it('mark nothing when they are on a vote', async () => {
    const vote = voteOn(fact('blue').id)
    await write(vote)
    expect((await write(voteOn(vote.id))).dirty).toBe(false)
    expect(await rowsIn(ranges.marks())).toEqual([])
  })

  it('find their assertion in the index when the cache has forgotten it', async () => {
    const target = fact('blue')
    await write(target, ...Array.from({ length: 4 }, (_, index) => fact('x', stranger, `other ${index}`)))
    expect(targets.get(target.id)).toBeUndefined()
    expect((await write(voteOn(target.id))).dirty).toBe(true)
  })
})

describe('rows of an epoch record', () => {
  it('are its summary and its agent when a governor made it', async () => {
    const record = epoch(governor)
    const rows = await write(record)
    expect(await families()).toEqual({ record: 1, epoch: 1, byAgent: 1 })
    expect(decodeEpochRow(store.get(keys.epoch(record.id)) ?? new Uint8Array())).toEqual({
      agentId: governor.publicKey, timestampMs: startMs, name: 'one'
    })
    expect(rows).toMatchObject({ dirty: true, records: [{ id: record.id, kind: 'epoch' }] })
  })

  it('are its bytes alone when a stranger made it', async () => {
    const rows = await write(epoch(stranger))
    expect(await families()).toEqual({ record: 1 })
    expect(rows.dirty).toBe(false)
  })
})

describe('rows of an inert record', () => {
  it('are its bytes alone', async () => {
    const record = inert()
    const rows = await write(record)
    expect(await families()).toEqual({ record: 1 })
    expect(rows).toMatchObject({ dirty: false, records: [{ id: record.id, kind: 'inert' }] })
  })
})

describe('cache of targets', () => {
  it('keeps as many as its limit and forgets the oldest at one more', () => {
    const cache = createTargetCache(3)
    const ids = Array.from({ length: 4 }, (_, index) => blake3Hash(new Uint8Array([index])))
    const kept = (): readonly boolean[] => ids.map((id) => cache.get(id)?.subject === id)
    for (const id of ids.slice(0, 3)) cache.set(id, { subject: id, predicate: 'is' })
    expect(kept()).toEqual([true, true, true, false])
    for (const id of ids.slice(3)) cache.set(id, { subject: id, predicate: 'is' })
    expect(kept()).toEqual([false, true, true, true])
  })
})
