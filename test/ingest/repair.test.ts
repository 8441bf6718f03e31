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
