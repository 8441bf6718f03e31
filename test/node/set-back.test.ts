// A whole node whose clock ran ahead and is corrected, at a start and while it runs.

import { describe, expect, it } from 'vitest'
import { boot, createMachine, during, says, alice, settledState, startMs, until, type Machine } from './kit.js'

const hour = 3_600_000

function isMadeAnew(machine: Machine): boolean {
  return machine.messages.some((message) => message.includes('made anew'))
}

describe('a node whose clock was an hour ahead', () => {
  it.each(['while it runs', 'while it is down'])('goes on in a new feed once it is corrected %s', async (when) => {
    const machine = await createMachine()
    let node = await boot(machine)
    await node.admit([says(alice, 'early', 'x')])
    const before = await settledState(machine, node)
    machine.clock.setNow(startMs + hour)
    await node.admit([says(alice, 'ahead', 'x', startMs - 5)])
    const ahead = await settledState(machine, node)
    expect(ahead).toMatchObject({ records: 2, blocks: 2, feeds: 1 })
    if (when === 'while it runs') {
      machine.clock.setNow(startMs + 1_000)
      await until(machine, () => isMadeAnew(machine) && node.ready().ready)
    } else {
      await during(machine, node.stop())
      machine.clock.setNow(startMs + 1_000)
      node = await boot(machine)
    }
    const after = await settledState(machine, node)
    expect(machine.messages.filter((message) => message.includes('made anew'))).toHaveLength(1)
    expect(after).toMatchObject({ records: 2, blocks: 2, feeds: 2, forks: 0, unsealed: 0, quarantined: 0 })
    expect(after.frontierRoot).not.toBe(before.frontierRoot)
    expect((await node.query({ subject: 'ahead', predicate: 'is', lens: 'consensus' })).winner).toBeDefined()
    await node.admit([says(alice, 'later', 'x')])
    expect(await settledState(machine, node)).toMatchObject({ records: 3, blocks: 3, feeds: 2, forks: 0 })
    await during(machine, node.stop())
  })

  it('is made anew once, though its blocks came back from a peer after its disk was lost', async () => {
    const lost = await createMachine()
    let node = await boot(lost)
    lost.clock.setNow(startMs + hour)
    await node.admit([says(alice, 'ahead', 'x')])
    await settledState(lost, node)
    const blocks: Uint8Array[] = []
    for await (const { bytes } of node.blocks()) blocks.push(bytes)
    await during(lost, node.stop())
    const machine = await createMachine()
    machine.clock.setNow(startMs + hour)
    node = await boot(machine)
    for (const block of blocks) expect(await node.admitBlock(block)).toBe('accepted')
    expect(await settledState(machine, node)).toMatchObject({ records: 1, blocks: 1 })
    machine.clock.setNow(startMs)
    await until(machine, () => isMadeAnew(machine) && node.ready().ready)
    expect(await settledState(machine, node)).toMatchObject({ records: 1, blocks: 1, feeds: 1, unsealed: 0 })
    const end = machine.clock.monotonicMs() + 35_000
    await until(machine, () => machine.clock.monotonicMs() > end)
    expect(machine.messages.filter((message) => message.includes('made anew'))).toHaveLength(1)
    expect((await node.query({ subject: 'ahead', predicate: 'is', lens: 'consensus' })).winner).toBeDefined()
    await during(machine, node.stop())
  })

  it('stops while it is being opened anew', async () => {
    const machine = await createMachine()
    const node = await boot(machine)
    machine.clock.setNow(startMs + hour)
    await node.admit([says(alice, 'ahead', 'x')])
    await settledState(machine, node)
    machine.clock.setNow(startMs)
    await until(machine, () => isMadeAnew(machine))
    await during(machine, node.stop())
    const again = await boot(machine)
    expect(await settledState(machine, again)).toMatchObject({ records: 1, forks: 0 })
    await during(machine, again.stop())
  })
})
