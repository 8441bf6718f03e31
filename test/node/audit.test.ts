// Audits between whole nodes over the network in memory: what an index lost without a word comes back.

import { afterEach, describe, expect, it } from 'vitest'
import { blake3Hash, toHex, type Hash } from '../../src/base/index.js'
import { decodeBlock, type BlockHeader } from '../../src/dag/index.js'
import { type NodeEvent, type StateReport, type StemeNode } from '../../src/node/index.js'
import { REPLICATION_LIMITS } from '../../src/p2p/index.js'
import { FAMILY, isAccounted, keys, type LevelOperation } from '../../src/store/index.js'
import { at } from '../dag/kit.js'
import { createManualClock } from '../fakes/manual-clock.js'
import { createMemoryHub } from '../fakes/memory-network.js'
import {
  addressOf, alice, boot, bob, createMachine, during, says, settledState, startMs, until, votes, type Machine
} from './kit.js'

interface Block {
  readonly header: BlockHeader
  readonly ids: readonly Hash[]
  readonly records: readonly Uint8Array[]
}

interface Pair {
  readonly machine: Machine
  readonly node: StemeNode
  readonly other: StemeNode
  /** Blocks of the node under test, feed by feed, ascending. */
  readonly blocks: readonly Block[]
  readonly before: StateReport
  /** Events of damage that was found. */
  readonly damage: NodeEvent[]
  /** Every row of the index, as text. */
  rows(): Promise<ReadonlyMap<string, string>>
}

const running: { readonly machine: Machine, readonly node: StemeNode }[] = []

afterEach(async () => {
  for (const { machine, node } of running.splice(0)) await during(machine, node.stop())
})

const BLOCKS = 8

/** Two nodes that hold the same: blocks of the first one with votes among them, and one of the other. */
async function pair(): Promise<Pair> {
  const clock = createManualClock(startMs)
  const hub = createMemoryHub({ clock })
  const machine = await createMachine('a', { hub, clock })
  const node = await boot(machine)
  const farMachine = await createMachine('b', { hub, clock })
  const other = await boot(farMachine)
  running.push({ machine, node }, { machine: farMachine, node: other })
  await other.dial(addressOf('a'))
  for (let i = 0; i < BLOCKS; i++) {
    const record = says(alice, `subject ${i % 3}`, `object ${i}`)
    await during(machine, node.admit([record, votes(bob, blake3Hash(record), 500_000)]))
    await settledState(machine, node)
  }
  await during(farMachine, other.admit([says(bob, 'theirs', 'x')]))
  let [one, two] = [await node.state(), await other.state()]
  while (one.frontierRoot !== two.frontierRoot || one.tag === undefined || one.blocks < 2) {
    await until(machine, tickOf())
    ;[one, two] = [await node.state(), await other.state()]
  }
  // A new index counts as one of an unclean stop: the first audits come at once.
  await until(machine, () => [node, other].every((one) => (one.stats()['p2p_audits_total'] ?? 0) > 0))
  const blocks: Block[] = []
  for await (const { bytes } of node.blocks()) {
    const decoded = decodeBlock(bytes)
    if (decoded.kind === 'ok') blocks.push(decoded.block)
  }
  const damage: NodeEvent[] = []
  node.onEvent((_sequence, event) => {
    if (event.kind === 'damage') damage.push(event)
  })
  return { machine, node, other, blocks, before: one, damage, rows: () => rowsOf(machine) }
}

/** True at the second look: one step of the clock. */
function tickOf(): () => boolean {
  let looks = 0
  return () => looks++ > 0
}

const rowsOf = async (machine: Machine): Promise<ReadonlyMap<string, string>> => {
  const rows = new Map<string, string>()
  for (const [key, value] of await machine.index.rows()) {
    if (isAccounted(key) || key[0] === FAMILY.view.charCodeAt(0)) rows.set(toHex(key), toHex(value))
  }
  return rows
}

const familyHex = (prefix: string): string => toHex(Buffer.from(prefix))

const lose = (key: Uint8Array): LevelOperation => ({ type: 'del', key })

/** All rows of a block but those of its records. */
function lossOf({ header, ids }: Block): readonly LevelOperation[] {
  const { id, feed, seq } = header
  return [keys.block(id), keys.feed(feed, seq, id), ...ids.map((record) => keys.holder(record, id))].map(lose)
}

async function audit({ machine, node }: Pair): Promise<number> {
  machine.clock.advance(REPLICATION_LIMITS.auditServeMsMin)
  await until(machine, tickOf())
  return during(machine, node.audit())
}

/** The audit found the damage, put it back, and every row is what it was. */
async function expectMended(scene: Pair, intact: ReadonlyMap<string, string>, blocks: number): Promise<void> {
  const { machine, node, before } = scene
  expect(await scene.rows()).not.toEqual(intact)
  expect(await audit(scene)).toBe(1)
  expect(node.stats()).toMatchObject({
    store_damaged_blocks_total: blocks, store_repaired_blocks_total: blocks, store_unrepaired_blocks: 0
  })
  // The whole index was counted: it adds up, so nothing was counted twice.
  await until(machine, () => machine.messages.includes('the index holds all its rows'))
  // No tag before the views are new.
  let after = await settledState(machine, node)
  while (after.tag === undefined) {
    await until(machine, tickOf())
    after = await node.state()
  }
  expect(after.lastAudit).toMatchObject({ damaged: blocks, repaired: blocks, open: 0 })
  const plain = { tag: undefined, lastAudit: undefined }
  expect({ ...after, ...plain }).toEqual({ ...before, ...plain })
  expect({ ...after.tag, signed: '' }).toEqual({ ...before.tag, signed: '' })
  expect(await scene.rows()).toEqual(intact)
  expect(node.ready()).toMatchObject({ ready: true, index: 'counted' })
  expect(await audit(scene)).toBe(1)
  expect(node.stats()).toMatchObject({ store_damaged_blocks_total: blocks })
  expect(scene.damage).toEqual([{ kind: 'damage', damaged: blocks, repaired: blocks, open: 0 }])
  expect((await node.state()).lastAudit).toMatchObject({ damaged: 0, blocks: before.blocks })
}

describe('an audit', () => {
  it('brings a lost block row back', async () => {
    const scene = await pair()
    const intact = await scene.rows()
    await scene.machine.index.damage([lose(keys.block(at(scene.blocks, 2).header.id))])
    await expectMended(scene, intact, 1)
  })

  it('brings a block of another node back, and the tip of a feed', async () => {
    const scene = await pair()
    const intact = await scene.rows()
    const foreign = scene.blocks.find(({ header }) => header.nodeKey !== scene.node.nodeKey)
    if (foreign === undefined) throw new Error('no block of the other node')
    const { feed, id } = foreign.header
    await scene.machine.index.damage([...lossOf(foreign), lose(keys.tip(feed, id))])
    await expectMended(scene, intact, 1)
  })

  it('brings an altered record row back, and the views that rest on it', async () => {
    const scene = await pair()
    const intact = await scene.rows()
    const { ids, records } = at(scene.blocks, 3)
    const altered = Buffer.from(at(records, 0))
    altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1
    await scene.machine.index.damage([{ type: 'put', key: keys.record(at(ids, 0)), value: altered }])
    await expectMended(scene, intact, 1)
  })

  it('brings lost records back with all that is indexed of them', async () => {
    const scene = await pair()
    const intact = await scene.rows()
    const { ids } = at(scene.blocks, 1)
    const ofBlock = [...intact].filter(([key]) => ids.some((id) => key.includes(id)))
    expect(ofBlock.length).toBeGreaterThan(6)
    const gone = ofBlock.filter(([key]) => !key.startsWith(toHex(Buffer.from(FAMILY.block))))
    await scene.machine.index.damage(gone.map(([key]) => lose(Buffer.from(key, 'hex'))))
    await expectMended(scene, intact, 1)
  })

  it('brings votes back that views and trust were computed without', async () => {
    const scene = await pair()
    const { machine, node, other } = scene
    const rows = [...await scene.rows()].map(([key]) => key)
    const votes = at(scene.blocks, 1).ids.filter((id) =>
      rows.some((key) => key.startsWith(familyHex('V:')) && key.indexOf(id) > familyHex('V:').length))
    const ofVotes = rows.filter((key) => votes.some((id) => key.includes(id)))
    expect(ofVotes).toHaveLength(4)
    await machine.index.damage(ofVotes.map((key) => lose(Buffer.from(key, 'hex'))))
    await during(machine, node.admit([0, 1, 2].map((i) => says(bob, `subject ${i}`, 'another'))))
    await settledState(machine, node)
    expect(await audit(scene)).toBe(1)
    await until(machine, () => machine.messages.includes('the index holds all its rows'))
    let [one, two] = [await node.state(), await other.state()]
    while (one.tag === undefined || two.tag === undefined || one.frontierRoot !== two.frontierRoot) {
      await until(machine, tickOf())
      ;[one, two] = [await node.state(), await other.state()]
    }
    expect({ ...one.tag, signed: '' }).toEqual({ ...two.tag, signed: '' })
  })

  it('brings the lost tail of a feed back, from the tip downwards', async () => {
    const scene = await pair()
    const intact = await scene.rows()
    const own = scene.blocks.filter(({ header }) => header.nodeKey === scene.node.nodeKey)
    const tail = own.slice(-4)
    expect(tail).toHaveLength(4)
    const records = tail.flatMap(({ ids }) => ids.map((id) => lose(keys.record(id))))
    await scene.machine.index.damage([...tail.flatMap(lossOf), ...records])
    await expectMended(scene, intact, 4)
  })

  it('leaves the feed whole that lost blocks: no fork, no new tip', async () => {
    const scene = await pair()
    await scene.machine.index.damage(scene.blocks.slice(0, 3).flatMap(lossOf))
    await audit(scene)
    const { forks, feeds, frontierRoot } = await settledState(scene.machine, scene.node)
    expect({ forks, feeds, frontierRoot }).toEqual({
      forks: 0, feeds: scene.before.feeds, frontierRoot: scene.before.frontierRoot
    })
    expect((await scene.node.state()).blocks).toBe(scene.before.blocks)
  })

  it('says in readiness and metrics what nobody could give back', async () => {
    const scene = await pair()
    const { header, ids } = at(scene.blocks, 0)
    await scene.machine.index.damage([lose(keys.record(at(ids, 0)))])
    const far = at(running, 1).machine
    await far.index.damage([lose(keys.block(header.id))])
    expect(await audit(scene)).toBe(1)
    expect(scene.node.ready()).toMatchObject({ ready: true, damagedBlocks: 1 })
    expect(scene.node.stats()).toMatchObject({ store_damaged_blocks_total: 1, store_unrepaired_blocks: 1 })
  })

  it.each(['feed', 'holder'])('puts a lost %s row back alone where no peer has the block', async (kind) => {
    const scene = await pair()
    const intact = await scene.rows()
    const { header, ids } = at(scene.blocks, 3)
    const { feed, seq, id } = header
    const row = kind === 'feed' ? keys.feed(feed, seq, id) : keys.holder(at(ids, 0), id)
    await scene.machine.index.damage([lose(row)])
    await at(running, 1).machine.index.damage([lose(keys.block(id))])
    await expectMended(scene, intact, 1)
  })

  it('asks for a block that could not be read for a peer, wherever the sample stands', async () => {
    const scene = await pair()
    const { node, machine, blocks } = scene
    const { ids } = at(blocks, 4)
    await machine.index.damage([lose(keys.record(at(ids, 1)))])
    let read = 0
    for await (const { id } of node.blocks()) read += id === '' ? 0 : 1
    expect([read, node.ready().damagedBlocks]).toEqual([blocks.length - 1, 1])
    expect(await audit(scene)).toBe(1)
    expect(node.ready().damagedBlocks).toBeUndefined()
    expect(node.stats()).toMatchObject({ store_damaged_blocks_total: 1, store_repaired_blocks_total: 1 })
  })

  it('comes by itself soon after an unclean stop, then hourly', async () => {
    const { machine, node } = await pair()
    const done = (): number => node.stats()['p2p_audits_total'] ?? 0
    expect(done()).toBe(1)
    machine.clock.advance(REPLICATION_LIMITS.auditEveryMs / 2)
    await until(machine, tickOf())
    expect(done()).toBe(1)
    machine.clock.advance(REPLICATION_LIMITS.auditEveryMs)
    await until(machine, () => done() === 2)
  })
})
