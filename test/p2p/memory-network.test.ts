// The fake network keeps the contract, and its faults do what they say.

import { describe, expect, it } from 'vitest'
import { utf8Bytes } from '../../src/base/index.js'
import { NETWORK_LIMITS, type PeerNetwork } from '../../src/p2p/index.js'
import { networkContract } from '../contract/network.js'
import { createManualClock } from '../fakes/manual-clock.js'
import { createMemoryHub } from '../fakes/memory-network.js'
import { seededRandom } from '../fakes/seeded-random.js'
import { settle } from '../fakes/until.js'

networkContract('memory', () => {
  const hub = createMemoryHub()
  const made: PeerNetwork[] = []
  return {
    make: (federation) => {
      const network = hub.join(`peer-${made.length}`, federation)
      made.push(network)
      return Promise.resolve(network)
    },
    payloadBytesMax: NETWORK_LIMITS.payloadBytesMax,
    frameBytesMax: NETWORK_LIMITS.frameBytesMax,
    cleanUp: async () => {
      for (const network of made) await network.stop()
    }
  }
})

async function two(hub: ReturnType<typeof createMemoryHub>): Promise<readonly [PeerNetwork, string[]]> {
  const [a, b] = [hub.join('a'), hub.join('b')]
  const got: string[] = []
  b.onMessage((_, payload) => {
    got.push(Buffer.from(payload).toString())
    return Promise.resolve({ kind: 'accept' })
  })
  await a.start()
  await b.start()
  await b.dial('memory:a')
  return [a, got]
}

describe('faults of the memory network', () => {
  it('loses gossip in silence on a muted link, and says so in the link', async () => {
    const hub = createMemoryHub()
    const [a, got] = await two(hub)
    hub.mute('a', 'b')
    await a.publish(utf8Bytes('lost'))
    await settle()
    expect(got).toEqual([])
    expect(a.peers()[0]?.gossip).toBe(false)
    hub.mute('a', 'b', false)
    await a.publish(utf8Bytes('found'))
    await settle()
    expect(got).toEqual(['found'])
  })

  it('reorders gossip by seeded delays on the clock', async () => {
    const clock = createManualClock()
    const hub = createMemoryHub({ clock, random: seededRandom(7), delayMs: [1, 1_000] })
    const [a, got] = await two(hub)
    for (let i = 0; i < 8; i++) await a.publish(utf8Bytes(String(i)))
    await settle()
    expect(got).toEqual([])
    clock.advance(1_000)
    await settle()
    expect([...got].sort()).toEqual(['0', '1', '2', '3', '4', '5', '6', '7'])
    expect(got).not.toEqual([...got].sort())
  })

  it('refuses dials over a cut until it is healed', async () => {
    const hub = createMemoryHub()
    const [a] = await two(hub)
    hub.cut('a', 'b')
    expect(a.peers()).toEqual([])
    await expect(a.dial('memory:b')).rejects.toMatchObject({ code: 'P2P_DIAL_FAILED' })
    hub.cut('a', 'b', false)
    await a.dial('memory:b')
    expect(a.peers()).toHaveLength(1)
  })
})
