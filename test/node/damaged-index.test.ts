// Rows that a node cannot do without: it says so, and the next start is not as bad as the last.

import { describe, expect, it } from 'vitest'
import { blake3Hash } from '../../src/base/index.js'
import { decodeBlock } from '../../src/dag/index.js'
import { keys, type LevelOperation } from '../../src/store/index.js'
import { alice, bob, boot, createMachine, during, says, settledState, until } from './kit.js'

describe('a row that views cannot read', () => {
  it('condemns the index, and the next start rebuilds it from the ledger', async () => {
    const machine = await createMachine()
    const node = await boot(machine)
    const first = says(alice, 'water', 'wet')
    await during(machine, node.admit([first]))
    await settledState(machine, node)
    const row = keys.candidate('water', 'is', blake3Hash(first))
    await machine.index.damage([{ type: 'put', key: row, value: Uint8Array.of(255, 255) }])
    await during(machine, node.admit([says(bob, 'water', 'dry')]))
    await until(machine, () => node.ready().index === 'damaged')
    expect(node.ready().ready).toBe(false)
    await during(machine, node.stop())

    const next = await boot(machine)
    expect(machine.messages.filter((text) => text.startsWith('the index is not whole'))).toHaveLength(1)
    const { records, dirtyMarks } = await settledState(machine, next)
    expect([records, dirtyMarks]).toEqual([2, 0])
    expect(next.ready()).toMatchObject({ ready: true, index: 'counted' })
    const { winner } = await during(machine, next.query({ subject: 'water', predicate: 'is', lens: 'Recency' }))
    expect(winner).toBeDefined()
    await during(machine, next.stop())
  })
})

describe('a graph that cannot be read', () => {
  const damages: readonly (readonly [string, (key: Uint8Array) => LevelOperation])[] = [
    ['is lost', (key) => ({ type: 'del', key })],
    ['has other bytes', (key) => ({ type: 'put', key, value: Uint8Array.of(0, 1, 2) })]
  ]
  it.each(damages)('is rebuilt from the ledger at the start when the row of a tip %s', async (_what, damage) => {
    const machine = await createMachine()
    const node = await boot(machine)
    await during(machine, node.admit([says(alice, 'water', 'wet')]))
    const before = await settledState(machine, node)
    let tip = new Uint8Array()
    for await (const { bytes } of node.blocks()) tip = Uint8Array.from(bytes)
    const decoded = decodeBlock(tip)
    if (decoded.kind !== 'ok') throw new Error('no block')
    await during(machine, node.stop())
    await machine.index.damage([damage(keys.block(decoded.block.header.id))])

    const next = await boot(machine)
    const { frontierRoot, records } = await settledState(machine, next)
    expect({ frontierRoot, records }).toEqual({ frontierRoot: before.frontierRoot, records: 1 })
    expect(machine.messages.join()).toContain('the index contradicts itself')
    await during(machine, next.stop())
  })
})
