// The node under the Maelstrom protocol: five processes, one message in ten lost, cut into two and three in
// between. Rule of the set-full checker: an element acknowledged, or read once, is in every read from
// some time on; nothing is read that nobody added.

import { afterEach, describe, expect, it } from 'vitest'
import type { Body } from '../../scripts/maelstrom/protocol.js'
import { waitFor } from '../../scripts/cluster/process-node.js'
import { startDriver, type Driver } from './maelstrom-driver.js'

const count = 5
const perPhase = 40
const seed = 7
let driver: Driver | undefined

afterEach(async () => {
  await driver?.end()
  driver = undefined
})

/** A ring: what a node says to its neighbours must be passed on by them. */
function ringOf(ids: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const at = (i: number): string => ids[(i + ids.length) % ids.length] ?? ''
  return Object.fromEntries(ids.map((id, i) => [id, [at(i - 1), at(i + 1)]]))
}

describe.each([
  { workload: 'broadcast', adds: (element: number): Body => ({ type: 'broadcast', message: element }), field: 'messages' },
  { workload: 'g-set', adds: (element: number): Body => ({ type: 'add', element }), field: 'value' }
])('the $workload workload', ({ workload, adds, field }) => {
  it(`loses no acknowledged element through a partition (seed ${seed})`, async () => {
    const nodes = await startDriver(count, { seed, lossPerMille: 100, delayMs: [5, 25] })
    driver = nodes
    if (workload === 'broadcast') {
      const topology = ringOf(nodes.ids)
      await Promise.all(nodes.ids.map((id) => nodes.ask(id, { type: 'topology', topology })))
    }
    const added: number[] = []
    const read = async (id: string): Promise<readonly number[]> =>
      (await nodes.ask(id, { type: 'read' }))[field] as readonly number[]
    const add = async (): Promise<void> => {
      await Promise.all(Array.from({ length: perPhase }, () => {
        const element = added.push(added.length) - 1
        return nodes.ask(nodes.ids[element % count] ?? '', adds(element))
      }))
    }
    const holdsAll = async (ids: readonly string[], elements: readonly number[]): Promise<boolean> => {
      const reads = await Promise.all(ids.map(read))
      for (const found of reads) expect(found.every((element) => element < added.length)).toBe(true)
      return reads.every((found) => elements.every((element) => found.includes(element)))
    }
    await add()
    await waitFor('the first elements everywhere', 30_000, () => holdsAll(nodes.ids, added))
    const small = nodes.ids.slice(0, 2)
    nodes.cut(small)
    await add()
    const theirs = added.slice(perPhase).filter((element) => element % count < 2)
    await waitFor('the elements of the small side on it', 30_000, () => holdsAll(small, theirs))
    expect(await holdsAll(nodes.ids, added)).toBe(false)
    nodes.cut([])
    await add()
    await waitFor('all elements everywhere', 30_000, () => holdsAll(nodes.ids, added))
    expect(added).toHaveLength(3 * perPhase)
    expect((await Promise.all(nodes.ids.map(read))).map((found) => new Set(found).size))
      .toEqual(nodes.ids.map(() => 3 * perPhase))
    expect(nodes.counts.lost).toBeGreaterThan(0)
  })
})

it('answers an unknown request with an error, and what is no message with nothing', async () => {
  const nodes = await startDriver(1, { seed, lossPerMille: 0, delayMs: [0, 1] })
  driver = nodes
  await expect(nodes.ask('n1', { type: 'cas' })).rejects.toThrow('"code":10')
  await expect(nodes.ask('n1', { type: 'add', element: 'x' })).rejects.toThrow('"code":12')
  expect(await nodes.ask('n1', { type: 'read' })).toMatchObject({ value: [] })
})
