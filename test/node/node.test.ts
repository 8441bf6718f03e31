// The face of a node without network: what it takes it holds, through stops, and equals its peers.

import { describe, expect, it } from 'vitest'
import { blake3Hash, equalBytes } from '../../src/base/index.js'
import { ADMIT_RECORDS_MAX, tagFingerprint, type StemeNode } from '../../src/node/index.js'
import {
  alice, bob, boot, createMachine, during, genesis, nodeOn, otherGenesis, says, settledState, startMs, until,
  votes
} from './kit.js'

/** Hands every block of one node to another. */
async function copyBlocks(from: StemeNode, to: StemeNode): Promise<readonly unknown[]> {
  const outcomes = []
  for await (const { bytes } of from.blocks()) outcomes.push(await to.admitBlock(bytes))
  return outcomes
}

describe('a node', () => {
  it('answers with what was admitted, once it is settled', async () => {
    const machine = await createMachine()
    const node = await boot(machine)
    const fact = says(alice, 'sky', 'blue')
    expect(await node.admit([fact, says(bob, 'sky', 'grey'), votes(bob, blake3Hash(fact), 1_000_000)]))
      .toMatchObject([{ kind: 'admitted' }, { kind: 'admitted' }, { kind: 'admitted' }])
    const request = { subject: 'sky', predicate: 'is', lens: 'consensus', fresh: true }
    const answer = await during(machine, node.query(request))
    expect(answer).toMatchObject({ lens: 'Consensus', winner: { object: 'blue', assertion: blake3Hash(fact) } })
    expect(answer.evidence).toMatchObject({ assertions: 2, votes: 1 })
    const many = await node.queryMany([request, { ...request, subject: 'sea' }])
    expect(many.map((one) => (one instanceof Error ? 'error' : one.winner.object))).toEqual(['blue', 'error'])
    expect((await node.subject('sky', 'Consensus', undefined, 10)).answers).toHaveLength(1)
    await node.stop()
  })

  it('gives a record before it is sealed and after, and none that it does not hold', async () => {
    const machine = await createMachine()
    const node = await boot(machine)
    const first = says(alice, 'sky', 'blue')
    const second = says(alice, 'sea', 'green')
    await node.admit([first])
    await node.admit([second])
    const found = await node.record(blake3Hash(second))
    expect(equalBytes(found?.bytes ?? new Uint8Array(), second)).toBe(true)
    expect((await settledState(machine, node)).unsealed).toBe(0)
    expect((await node.record(blake3Hash(second)))?.record).toMatchObject({ subject: 'sea', object: 'green' })
    expect(await node.record(blake3Hash(new Uint8Array([1])))).toBeUndefined()
    await node.stop()
  })

  it('lists all votes on an assertion and calls the last one of each agent current', async () => {
    const machine = await createMachine()
    const node = await boot(machine)
    const fact = says(alice, 'sky', 'blue')
    const id = blake3Hash(fact)
    await node.admit([
      fact, votes(alice, id, 1, startMs - 30), votes(alice, id, 2, startMs - 10),
      votes(bob, id, 3, startMs - 20)
    ])
    await settledState(machine, node)
    const rows = await node.votes(id, 10)
    const seen = rows.map(({ agentId, weight, current }) => [agentId, weight, current])
    expect(seen.filter(([agent]) => agent === alice.publicKey))
      .toEqual([[alice.publicKey, 1, false], [alice.publicKey, 2, true]])
    expect(seen.filter(([agent]) => agent === bob.publicKey)).toEqual([[bob.publicKey, 3, true]])
    expect(await node.votes(blake3Hash(new Uint8Array([1])), 10)).toEqual([])
    await node.stop()
  })

  it('takes as many records in a call as its limit and refuses one more', async () => {
    const machine = await createMachine()
    const node = await boot(machine)
    const record = says(alice, 'sky', 'blue')
    const results = await node.admit(new Array<Uint8Array>(ADMIT_RECORDS_MAX).fill(record))
    expect(results.map((result) => result.kind)).toEqual(['admitted', ...new Array(ADMIT_RECORDS_MAX - 1).fill('known')])
    await expect(node.admit(new Array<Uint8Array>(ADMIT_RECORDS_MAX + 1).fill(record)))
      .rejects.toMatchObject({ code: 'NODE_LIST_TOO_LONG', detail: { max: ADMIT_RECORDS_MAX } })
    await node.stop()
  })

  it('tells of records and of changed winners', async () => {
    const machine = await createMachine()
    const node = await boot(machine)
    const kinds: string[] = []
    node.onEvent((_, event) => kinds.push(event.kind === 'record' ? event.recordKind : event.kind))
    const fact = says(alice, 'sky', 'blue')
    await node.admit([fact, votes(bob, blake3Hash(fact), 1)])
    await settledState(machine, node)
    expect(kinds.slice(0, 2).sort()).toEqual(['assertion', 'vote'])
    expect(kinds.slice(2)).toContain('winner')
    await node.stop()
  })
})

describe('two nodes that exchange their blocks', () => {
  it('have equal state tags but for the signature, and unequal ones before', async () => {
    const [one, two] = [await createMachine('one'), await createMachine('two')]
    const [first, second] = [await boot(one), await boot(two)]
    const shared = says(alice, 'sky', 'blue')
    await first.admit([shared, says(alice, 'sea', 'green'), votes(bob, blake3Hash(shared), 500_000)])
    await second.admit([shared, says(bob, 'sky', 'grey')])
    const before = [(await settledState(one, first)).tag, (await settledState(two, second)).tag]
    expect(before[0]).toBeDefined()
    expect(before[0]?.viewDigest).not.toBe(before[1]?.viewDigest)
    expect(await copyBlocks(first, second)).toEqual(['accepted'])
    expect(await copyBlocks(second, first)).toEqual(expect.arrayContaining(['accepted', 'known']))
    const [left, right] = [await settledState(one, first), await settledState(two, second)]
    if (left.tag === undefined || right.tag === undefined) return expect.fail('a settled node has a tag')
    expect(left.records).toBe(4)
    expect({ ...left.tag, signed: '' }).toEqual({ ...right.tag, signed: '' })
    expect(left.tag.signed).not.toBe(right.tag.signed)
    expect(tagFingerprint(left.tag)).toBe(tagFingerprint(right.tag))
    expect(left.frontierRoot).toBe(right.frontierRoot)
    await first.stop()
    await second.stop()
  })

  it('refuse bytes that are no block, and keep one that comes before its predecessor', async () => {
    const [one, two] = [await createMachine('one'), await createMachine('two')]
    const [first, second] = [await boot(one), await boot(two)]
    await first.admit([says(alice, 'a', 'x')])
    await settledState(one, first)
    await first.admit([says(alice, 'b', 'x')])
    await settledState(one, first)
    const blocks: Uint8Array[] = []
    for await (const { bytes } of first.blocks()) blocks.push(bytes)
    const [early = new Uint8Array(), late = new Uint8Array()] = blocks
    expect(await second.admitBlock(new Uint8Array([1, 2, 3]))).toMatchObject({ refused: expect.any(String) })
    expect(await second.admitBlock(late)).toBe('waiting')
    expect((await second.state()).pendingBlocks).toBe(1)
    expect(await second.admitBlock(early)).toBe('accepted')
    expect((await settledState(two, second)).records).toBe(2)
    expect(await second.admitBlock(late)).toBe('known')
    await first.stop()
    await second.stop()
  })
})

describe('stopping and starting', () => {
  it('finds everything again, with the same tag and in the same feed', async () => {
    const machine = await createMachine()
    const node = await boot(machine)
    await node.admit(Array.from({ length: 30 }, (_, index) => says(alice, `s${index}`, 'x')))
    const before = await settledState(machine, node)
    await node.stop()
    const again = await boot(machine)
    const after = await settledState(machine, again)
    expect(after).toEqual(before)
    await again.admit([says(bob, 'later', 'x')])
    expect((await settledState(machine, again)).feeds).toBe(1)
    expect(machine.messages.filter((message) => message.includes('not whole'))).toEqual([])
    await again.stop()
  })

  it('seals what was acknowledged before it stops', async () => {
    const machine = await createMachine()
    const node = await boot(machine)
    await node.admit([says(alice, 'a', 'x')])
    await node.admit([says(alice, 'b', 'x')])
    await node.stop()
    const again = await boot(machine)
    expect(await again.state()).toMatchObject({ records: 2, unsealed: 0 })
    await again.stop()
  })

  it('may be stopped twice, and by two at once', async () => {
    const machine = await createMachine()
    const node = await boot(machine)
    await Promise.all([node.stop(), node.stop()])
    await node.stop()
    const again = await boot(machine)
    await again.stop()
  })

  it('answers with codes before it is started and after it was stopped', async () => {
    const machine = await createMachine()
    const node = nodeOn(machine)
    expect(node).toMatchObject({ networkId: genesis.networkId, genesis: { name: 'nodes' } })
    expect(node.ready()).toMatchObject({ ready: false, storeOpen: false })
    await expect(node.admit([])).rejects.toMatchObject({ code: 'NODE_NOT_READY' })
    await expect(node.state()).rejects.toMatchObject({ code: 'NODE_NOT_READY' })
    await node.start()
    expect(node.ready()).toMatchObject({ ready: true, walReplayed: true, firstSync: 'alone' })
    await node.stop()
    expect(node.ready().ready).toBe(false)
    await expect(node.query({ subject: 's', predicate: 'p', lens: 'Consensus' }))
      .rejects.toMatchObject({ code: 'NODE_STOPPED' })
  })

  it('may be stopped before it was started', async () => {
    const node = nodeOn(await createMachine())
    await node.stop()
    await expect(node.admit([])).rejects.toMatchObject({ code: 'NODE_STOPPED' })
  })

  it('refuses the index of another network and leaves it as it is', async () => {
    const machine = await createMachine()
    const node = await boot(machine)
    await node.admit([says(alice, 'sky', 'blue')])
    const before = await settledState(machine, node)
    await node.stop()
    await expect(boot(machine, { genesis: otherGenesis })).rejects.toMatchObject({ code: 'STORE_FOREIGN_NETWORK' })
    const again = await boot(machine)
    expect(await settledState(machine, again)).toEqual(before)
    await again.stop()
  })

  it('refuses the log of another network even when the index is gone', async () => {
    const machine = await createMachine()
    await (await boot(machine)).stop()
    await machine.index.destroy()
    await machine.disk.remove('/data/wal.marker')
    await expect(boot(machine, { genesis: otherGenesis })).rejects.toMatchObject({ code: 'WAL_OTHER_NETWORK' })
  })

  it('is read-only once its log has failed, says so, and takes writes again after a restart', async () => {
    const machine = await createMachine()
    const node = await boot(machine)
    machine.disk.inject({ operation: 'sync', code: 'EIO', path: '/wal/' })
    expect((await node.admit([says(alice, 'sky', 'blue')]))[0]).toMatchObject({ kind: 'refused', code: 'NODE_READ_ONLY' })
    expect(node.ready()).toMatchObject({ ready: false, readOnly: expect.stringMatching(/^WAL_/) })
    await during(machine, node.stop())
    const again = await boot(machine)
    expect((await again.admit([says(alice, 'sky', 'blue')]))[0]?.kind).toMatch(/admitted|known/)
    await until(machine, () => again.stats()['store_records_count'] === 1)
    await again.stop()
  })
})
