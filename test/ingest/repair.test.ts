// Putting a block back: what is taken, what is left to sync, and that nothing is written twice.

import { describe, expect, it } from 'vitest'
import { blake3Hash, type Hash } from '../../src/base/index.js'
import { decodeBlock, type Block } from '../../src/dag/index.js'
import { keys } from '../../src/store/index.js'
import { alice, createMachine, live, says, until, type Life, type Machine } from './kit.js'

interface Sealed {
  readonly id: Hash
  readonly bytes: Uint8Array
  readonly block: Block
}

interface Scene {
  readonly machine: Machine
  readonly life: Life
  readonly blocks: readonly Sealed[]
  readonly next: Sealed
}

/** Seals so many blocks, one after the other. */
async function sealed(machine: Machine, life: Life, count: number): Promise<readonly Sealed[]> {
  for (let i = 0; i < count; i++) {
    const record = says(alice, `${machine.name} ${i}`, 'x')
    await life.ingest.admitRecords([record])
    await until(machine, () => life.store.get(keys.record(blake3Hash(record))) !== undefined)
  }
  return life.sealed.map(({ block }) => {
    const decoded = decodeBlock(block)
    if (decoded.kind !== 'ok') throw new Error('the block was just sealed')
    return { id: decoded.block.header.id, bytes: block, block: decoded.block }
  })
}

describe('putting a block back', () => {
  it('writes a block again whose row is gone, and no more than once', async () => {
    const machine = createMachine()
    const life = await live(machine)
    const blocks = await sealed(machine, life, 3)
    const before = life.store.totals
    for (const { id, bytes } of blocks) {
      await machine.index.damage([{ type: 'del', key: keys.block(id) }])
      // The second one finds the rows that the first one wrote while it checked signatures.
      const twice = [life.ingest.repairBlock(id, bytes), life.ingest.repairBlock(id, bytes)]
      expect(await Promise.all(twice)).toEqual(['repaired', 'whole'])
      expect(life.dag.readBlock(id)).toEqual(bytes)
    }
    expect(life.store.totals).toEqual(before)
    expect(await life.store.verifyDigest()).toMatchObject({ equal: true })
    await life.stop()
  })

  it('leaves a whole block alone, and a block that was never here to sync', async () => {
    const [machine, far] = [createMachine(), createMachine('far')]
    const [life, farLife] = [await live(machine), await live(far)]
    const [own] = await sealed(machine, life, 1)
    const [first, second] = await sealed(far, farLife, 2)
    if (!own || !first || !second) throw new Error('too few blocks')
    expect(await life.ingest.repairBlock(own.id, own.bytes)).toBe('whole')
    expect(await life.ingest.repairBlock(first.id, first.bytes)).toBe('unknown')
    await life.ingest.admitBlock(first.bytes, 'far')
    await until(machine, () => life.store.get(keys.block(first.id)) !== undefined)
    // What lies above what is here shows nothing either.
    expect(await life.ingest.repairBlock(second.id, second.bytes)).toBe('unknown')
    expect(life.store.get(keys.block(second.id))).toBeUndefined()
    await life.stop()
    await farLife.stop()
  })

  it('refuses other bytes than those of the block, with the rows as they were', async () => {
    const machine = createMachine()
    const life = await live(machine)
    const [one, two] = await sealed(machine, life, 2)
    if (!one || !two) throw new Error('too few blocks')
    await machine.index.damage([{ type: 'del', key: keys.block(one.id) }])
    const altered = Uint8Array.from(one.bytes)
    altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1
    for (const bytes of [two.bytes, altered, new Uint8Array(0), one.bytes.subarray(0, -1)]) {
      expect(await life.ingest.repairBlock(one.id, bytes)).toBe('invalid')
    }
    expect(life.store.get(keys.block(one.id))).toBeUndefined()
    expect(await life.ingest.repairBlock(one.id, one.bytes)).toBe('repaired')
    await life.stop()
  })

  /** A far node's blocks, admitted here, and the far node's next one. */
  async function admitted(): Promise<Scene> {
    // Headers that are kept in memory would hide the loss.
    const [machine, far] = [createMachine(), createMachine('far')]
    const [life, farLife] = [await live(machine, {}, undefined, { headersMax: 1 }), await live(far)]
    const all = await sealed(far, farLife, 5)
    await farLife.stop()
    const [blocks, next] = [all.slice(0, 4), all[4]]
    if (next === undefined) throw new Error('too few blocks')
    for (const { bytes } of blocks) expect((await life.ingest.admitBlock(bytes, 'far')).kind).toBe('accept')
    await until(machine, () => life.dag.tipOf(next.block.header.feed)?.seq === 4)
    // Another header takes the one place in memory.
    life.dag.header(blocks[0]?.id ?? next.id)
    return { machine, life, blocks, next }
  }

  const lossOf = ({ block: { header, ids } }: Sealed): readonly Uint8Array[] => [
    keys.block(header.id), keys.feed(header.feed, header.seq, header.id),
    ...ids.flatMap((id) => [keys.holder(id, header.id)])
  ]

  it.each([
    ['tip', 3, (lost: Sealed) => [keys.block(lost.id)]],
    ['tip', 3, lossOf],
    ['block below others', 1, (lost: Sealed) => [keys.block(lost.id)]],
    ['block below others', 1, lossOf]
  ] as const)('happens to a lost %s (%i) that comes as a new block does', async (_, at, rowsOf) => {
    const { machine, life, blocks, next } = await admitted()
    const lost = blocks[at] ?? next
    const state = (): object =>
      ({ totals: life.store.totals, counts: life.dag.counts(), root: life.dag.frontier().root })
    const before = state()
    await machine.index.damage(rowsOf(lost).map((key) => ({ type: 'del', key })))
    expect(life.dag.has(lost.id)).toBe(false)
    expect(await life.ingest.admitBlock(lost.bytes, 'far')).toEqual({ kind: 'ignore', why: 'known' })
    expect(life.putBack).toEqual([lost.id])
    expect(life.dag.readBlock(lost.id)).toEqual(lost.bytes)
    expect(state()).toEqual(before)
    expect(await life.store.verifyDigest()).toMatchObject({ equal: true })
    expect(life.dag.forks()).toEqual([])
    await life.stop()
  })

  it('lets the blocks in that waited for the lost one', async () => {
    const { machine, life, blocks, next } = await admitted()
    const lost = blocks[3] ?? next
    await machine.index.damage([{ type: 'del', key: keys.block(lost.id) }])
    expect(await life.ingest.admitBlock(next.bytes, 'far')).toEqual({ kind: 'ignore', why: 'gap' })
    await life.ingest.admitBlock(lost.bytes, 'far')
    await until(machine, () => life.dag.tipOf(next.block.header.feed)?.seq === 5)
    expect(life.dag.counts()).toMatchObject({ pendingBlocks: 0, tips: 1, forks: 0 })
    await life.stop()
  })

  it('is over with the write side', async () => {
    const machine = createMachine()
    const life = await live(machine)
    const [one] = await sealed(machine, life, 1)
    if (!one) throw new Error('no block')
    await machine.index.damage([{ type: 'del', key: keys.block(one.id) }])
    await life.ingest.stop()
    expect(await life.ingest.repairBlock(one.id, one.bytes)).toBe('unknown')
    expect(life.store.get(keys.block(one.id))).toBeUndefined()
    await life.stop()
  })
})
