// What is left of an audit that broke off, and what is told of one that ended.

import { describe, expect, it } from 'vitest'
import type { Hash } from '../../src/base/index.js'
import type { RepairOutcome } from '../../src/dag/index.js'
import { createNodeAudit, type NodeAudit } from '../../src/node/audit.js'
import { keys } from '../../src/store/index.js'
import { at, createPeer, createWriter, type Peer } from '../dag/kit.js'
import { createManualClock } from '../fakes/manual-clock.js'
import { seededRandom } from '../fakes/seeded-random.js'
import { quietLog, settle } from '../fakes/until.js'

interface Scene {
  readonly audit: NodeAudit
  readonly told: object[]
  readonly lost: readonly Hash[]
  /** Calls of the count and of the views; the views wait for the test. */
  readonly calls: string[]
  readonly views: PromiseWithResolvers<void>
  /** Runs an audit until so many frames have come back; then the peer hangs up. */
  run(framesMax: number): Promise<'ended' | 'broke off'>
}

/** A node that lost two of eight blocks, and a peer that has them. */
async function scene(
  repair: (id: Hash) => Promise<RepairOutcome> = async () => 'repaired', whole: boolean = true
): Promise<Scene> {
  const writer = createWriter('one')
  const blocks = Array.from({ length: 8 }, (_, i) => writer.next([], { texts: [`record ${i}`] }))
  const [near, far]: [Peer, Peer] = [await createPeer('near'), await createPeer('far')]
  await near.load(blocks)
  await far.load(blocks)
  const lost = [at(blocks, 2), at(blocks, 5)].map(({ header }) => header.id)
  await near.index.damage(lost.map((id) => ({ type: 'del', key: keys.block(id) })))
  const told: object[] = []
  const calls: string[] = []
  const views = Promise.withResolvers<void>()
  const make = (peer: Peer): NodeAudit => createNodeAudit({
    store: peer.store, dag: peer.dag, repair,
    rescan: async () => (calls.push('count'), whole),
    recompute: () => (calls.push('views'), views.promise),
    onDamage: (found) => told.push(found),
    yieldNow: () => Promise.resolve(), clock: createManualClock(77), random: seededRandom(1), log: quietLog
  })
  const [audit, other] = [make(near), make(far)]
  return {
    audit, told, lost, calls, views,
    async run(framesMax) {
      let frames = 0
      const run = await audit.open({ peer: 'far', send: async (frame) => void server.receive(frame) })
      const server = other.serve({
        peer: 'near',
        send: async (frame) => {
          const number = (frames += 1)
          if (number <= framesMax) await run.receive(frame)
          if (number === framesMax) run.closed()
        }
      })
      await run.start()
      const end = await run.done.then(() => 'ended' as const, () => 'broke off' as const)
      await settle()
      return end
    }
  }
}

describe('an audit of a node', () => {
  it('that ended is told with its time, peer and numbers', async () => {
    const { audit, told, run, views } = await scene()
    expect(audit.last).toBeUndefined()
    expect(await run(100)).toBe('ended')
    expect(audit.last).toEqual({ atMs: 77, peer: 'far', blocks: 6, damaged: 2, repaired: 2, open: 0 })
    expect(told).toEqual([{ damaged: 2, repaired: 2, open: 0 }])
    views.resolve()
    await audit.stop()
  })

  it('that broke off after a repair is followed by new views all the same', async () => {
    const { audit, told, calls, run, views } = await scene()
    // The tree, then both blocks in one frame; the end of the answer never comes.
    expect(await run(2)).toBe('broke off')
    expect([audit.last, calls]).toEqual([undefined, ['count', 'views']])
    expect(told).toEqual([{ damaged: 2, repaired: 2, open: 0 }])
    expect(audit.counts()).toEqual({ audits: 0, damaged: 2, repaired: 2, open: 0 })
    views.resolve()
    await audit.stop()
  })

  it('is mending until the views are new, and not when it found nothing', async () => {
    const { audit, run, views } = await scene()
    await run(100)
    expect(audit.mending).toBe(true)
    views.resolve()
    await settle()
    expect(audit.mending).toBe(false)
    const nothing = await scene(async () => 'whole')
    await nothing.run(100)
    expect([nothing.audit.mending, nothing.told, nothing.calls]).toEqual([false, [], []])
  })

  it('is followed by new views also when a lost block came by another way', async () => {
    const { audit, told, calls, lost, views } = await scene()
    audit.putBack(at(lost, 0))
    expect(audit.mending).toBe(true)
    await settle()
    expect([told, calls]).toEqual([[{ damaged: 1, repaired: 1, open: 0 }], ['count', 'views']])
    expect(audit.counts()).toEqual({ audits: 0, damaged: 1, repaired: 1, open: 0 })
    views.resolve()
    await audit.stop()
    expect(audit.mending).toBe(false)
  })

  it('leaves the views alone when the index does not add up', async () => {
    const { audit, calls, run } = await scene(async () => 'repaired', false)
    await run(100)
    expect([calls, audit.mending]).toEqual([['count'], false])
  })

  it('does not hold up a stop by a repair that waits for room on the disk', async () => {
    const { audit, run, calls } = await scene(() => new Promise(() => undefined))
    const running = run(100)
    await settle()
    await audit.stop()
    expect(await running).toBe('ended')
    expect([audit.counts().repaired, calls]).toEqual([0, []])
  })
})
