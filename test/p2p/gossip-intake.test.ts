// What one peer can make gossip take in: a busy validator holds the sender back, a flood comes at its share.

import { RPC } from '@libp2p/gossipsub/message'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/base/index.js'
import type { NetworkLimits, PeerNetwork } from '../../src/p2p/index.js'
import { countParts } from '../../src/p2p/gossip-intake.js'
import type { RawPeer } from '../../scripts/cluster/raw-peer.js'
import { turn, until } from '../fakes/until.js'
import { makeLoopback } from './loopback.js'
import { makeRawPeer } from './raw-peer.js'

const open: { stop(): Promise<void> | void }[] = []

afterEach(async () => {
  for (const one of open.splice(0)) await one.stop()
})

async function linked(limits: Partial<NetworkLimits>): Promise<readonly [PeerNetwork, RawPeer]> {
  const victim = await makeLoopback({ federation: 'intake', limits })
  const peer = await makeRawPeer('intake')
  open.push(victim, peer.node)
  await victim.start()
  await peer.dial(victim.addresses()[0] ?? '')
  await until('gossip', () => victim.peers()[0]?.gossip === true)
  return [victim, peer]
}

function payload(counter: number, sizeBytes: number): Uint8Array {
  const bytes = Buffer.alloc(sizeBytes, 0xee)
  bytes.writeUInt32BE(counter, 4)
  return bytes
}

describe('a gossip stream', { timeout: 60_000 }, () => {
  it('that was closed while it was opened is opened again when its peer is identified again', async () => {
    // The victim's own mending, which closes connections, stays out of it.
    const victim = await makeLoopback({ federation: 'intake', limits: { watchMs: 600_000 } })
    const peer = await makeRawPeer('intake')
    open.push(victim, peer.node)
    await victim.start()
    let lost = 0
    peer.node.addEventListener('connection:open', ({ detail: connection }) => {
      const newStream = connection.newStream.bind(connection)
      connection.newStream = async (protocols, options) => {
        const stream = await newStream(protocols, options)
        if (stream.protocol.startsWith('/meshsub/') && lost++ === 0) stream.abort(new Error('test'))
        return stream
      }
    })
    const connection = await peer.dial(victim.addresses()[0] ?? '')
    await until('one was lost', () => lost === 1)
    await turn()
    expect(victim.peers()[0]?.gossip).toBe(false)
    await peer.node.services.identify.identify(connection)
    await until('gossip', () => victim.peers()[0]?.gossip === true)
  })

  it('holds its sender back while the validator is busy, and loses nothing', async () => {
    const unlimited = { gossipMessagesPerSecondMax: 100_000, gossipBytesPerSecondMax: 2 ** 40 }
    const [victim, peer] = await linked(unlimited)
    let seen = 0
    const gate = Promise.withResolvers<void>()
    victim.onMessage(async () => {
      seen++
      await gate.promise
      return { kind: 'ignore', why: 'test' }
    })
    const count = 512
    let pushed = 0
    const flood = (async () => {
      for (let i = 0; i < count; i++, pushed++) await peer.push([payload(i, 60_000)])
    })()
    let [still, last] = [0, 0]
    await until('the sender is held', () => {
      still = pushed === last && seen === 1 ? still + 1 : 0
      last = pushed
      return still > 200
    })
    // One message in the validator, a mebibyte unread, a window of two: not the 30 MB that were meant.
    expect(pushed * 60_000).toBeLessThan(6 * 1_048_576)
    expect(seen).toBe(1)
    gate.resolve()
    await flood
    await until('all arrived', () => seen === count)
    expect(victim.peers()[0]?.gossip).toBe(true)
  })

  it.each([
    ['messages', { gossipMessagesPerSecondMax: 100 }, 100, 40],
    ['bytes', { gossipBytesPerSecondMax: 409_600 }, 4_096, 40]
  ] as const)('brings no more %s than its peer\'s share', async (_, limits, sizeBytes, batch) => {
    const [victim, peer] = await linked(limits)
    let seen = 0
    victim.onMessage(() => {
      seen++
      return Promise.resolve({ kind: 'ignore', why: 'test' })
    })
    const startMs = systemClock.monotonicMs()
    const shareOf = (ms: number): number => (2_000 + ms) / 10 + 2 * batch
    let counter = 0
    const flood = (async () => {
      for (let i = 0; i < 12; i++) {
        await peer.push(Array.from({ length: batch }, () => payload(counter++, sizeBytes)))
      }
    })()
    while (seen < 360) {
      await turn()
      expect(seen).toBeLessThanOrEqual(shareOf(systemClock.monotonicMs() - startMs))
    }
    await flood
    expect(seen).toBeGreaterThan(200)
  })
})

describe('counting the parts of a gossipsub message', () => {
  it('counts messages, subscriptions and control', () => {
    const messages = Array.from({ length: 7 }, (_, i) => ({ topic: 't', data: new Uint8Array(i * 50) }))
    const subscriptions = [{ subscribe: true, topic: 't' }, { subscribe: false, topic: 'u' }]
    const control = { ihave: [], iwant: [], graft: [], prune: [], idontwant: [] }
    expect(countParts(RPC.encode({ subscriptions, messages }))).toBe(9)
    expect(countParts(RPC.encode({ subscriptions: [], messages: [], control }))).toBe(1)
    expect(countParts(RPC.encode({ subscriptions: [], messages, control }))).toBe(8)
  })

  it('ends on any bytes, with a count between 1 and their length', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      const parts = countParts(bytes)
      expect(parts).toBeGreaterThanOrEqual(1)
      expect(parts).toBeLessThanOrEqual(Math.max(1, bytes.length))
    }))
  })
})
