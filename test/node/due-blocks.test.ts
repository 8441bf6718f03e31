import { describe, expect, it } from 'vitest'
import { createDueBlocks } from '../../src/node/due-blocks.js'
import { silentLog } from '../../src/node/index.js'
import { createPeer, createWriter, startMs } from '../dag/kit.js'

describe('blocks that were put off', () => {
  it('are asked for within five seconds of their time, of those who delivered them', async () => {
    const { dag, clock } = await createPeer('a')
    const asked: (readonly string[])[] = []
    const due = createDueBlocks({ dag, clock, log: silentLog, ask: (peers) => asked.push(peers) })
    due.start()
    due.start()
    const writer = createWriter('w')
    for (const [aheadMs, from] of [[310_000, 'b'], [310_000, 'b'], [311_000, 'c'], [400_000, undefined]] as const) {
      dag.deferred.add(writer.next([], { sealedAtMs: startMs + aheadMs }).header, from)
    }
    clock.advance(9_999)
    expect(asked).toEqual([])
    clock.advance(1)
    expect(asked).toEqual([['b']])
    clock.advance(5_000)
    expect(asked).toEqual([['b'], ['c']])
    clock.advance(85_000)
    expect(asked.slice(2)).toEqual([[]])
    expect(dag.deferred.size).toBe(0)
    due.stop()
    expect(clock.timers).toBe(0)
  })

  it('are asked for once when a node has room again', async () => {
    const { dag, clock } = await createPeer('a', { keyBytesPerHour: 100 })
    const asked: (readonly string[])[] = []
    const due = createDueBlocks({ dag, clock, log: silentLog, ask: (peers) => asked.push(peers) })
    due.start()
    dag.allowance.take(createWriter('w').signer.publicKey, 100, 'b')
    dag.allowance.take(createWriter('w').signer.publicKey, 1, 'b')
    clock.advance(3_595_000)
    expect(asked).toEqual([])
    clock.advance(10_000)
    expect(asked).toEqual([[]])
    due.stop()
  })
})
