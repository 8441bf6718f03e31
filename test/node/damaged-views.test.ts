// A row that views rest on cannot be read: the node says so, and the next start is not as bad as the last.

import { describe, expect, it } from 'vitest'
import { blake3Hash } from '../../src/base/index.js'
import { keys } from '../../src/store/index.js'
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
