// What real links do: gates, pre-shared keys, hellos that never come, configured addresses, and gossip links
// that die silently in each of the ways that were measured.

import { Server } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { utf8Bytes } from '../../src/base/index.js'
import type { Greeting, PeerNetwork } from '../../src/p2p/index.js'
import { until } from '../fakes/until.js'
import { makeLoopback, type LoopbackOptions } from './loopback.js'
import type { RawPeer } from '../../scripts/cluster/raw-peer.js'
import { openRelay } from '../../scripts/cluster/relay.js'
import { makeRawPeer } from './raw-peer.js'

const open: { stop(): Promise<void> | void }[] = []

afterEach(async () => {
  vi.restoreAllMocks()
  for (const one of open.splice(0)) await one.stop()
})

async function make(options: LoopbackOptions = {}): Promise<PeerNetwork> {
  const network = await makeLoopback({ federation: 'links', ...options })
  open.push(network)
  await network.start()
  return network
}

async function rawPeer(): Promise<RawPeer> {
  const peer = await makeRawPeer('links')
  open.push(peer.node)
  return peer
}

const addressOf = (network: PeerNetwork): string => network.addresses()[0] ?? ''
const gossips = (network: PeerNetwork): boolean => network.peers()[0]?.gossip === true

describe('gates', { timeout: 30_000 }, () => {
  it('shows the gate key and certificate of a peer, and lets it in', async () => {
    const seen: Greeting[] = []
    const certificate = Uint8Array.of(1, 2, 3)
    const a = await make({ gate: (greeting) => seen.push(greeting) > 0 })
    const b = await make({ certificate })
    await b.dial(addressOf(a))
    await until('a has the peer', () => a.peers().length === 1)
    expect(seen).toMatchObject([{ peer: b.self, certificate }])
  })

  it('refuses a dialler with a code, although its dial succeeded', async () => {
    const a = await make({ gate: () => false })
    const b = await make()
    await expect(b.dial(addressOf(a))).rejects.toMatchObject({ code: 'P2P_REFUSED' })
    expect([a.peers(), b.peers()]).toEqual([[], []])
  })

  it('refuses the node that it dialled, too', async () => {
    const a = await make({ gate: () => false })
    const b = await make()
    await expect(a.dial(addressOf(b))).rejects.toMatchObject({ code: 'P2P_REFUSED' })
    await until('b saw it go', () => b.peers().length === 0)
    expect(a.peers()).toEqual([])
  })

  it('closes a connection on which no hello comes', async () => {
    const a = await make({ limits: { helloMsMax: 300 } })
    const peer = await rawPeer()
    peer.greets = false
    const connection = await peer.dial(addressOf(a))
    await until('closed', () => connection.status === 'closed')
    expect(a.peers()).toEqual([])
  })
})

describe('private networks', { timeout: 30_000 }, () => {
  const [one, two] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]

  it('link nodes with the same key, and gossip', async () => {
    const [a, b] = [await make({ sharedKey: one }), await make({ sharedKey: one })]
    const got: string[] = []
    b.onMessage((_, payload) => {
      got.push(Buffer.from(payload).toString())
      return Promise.resolve({ kind: 'accept' })
    })
    await b.dial(addressOf(a))
    await until('gossip', () => gossips(a) && gossips(b))
    await a.publish(utf8Bytes('secret'))
    await until('arrived', () => got.includes('secret'))
  })

  it('give a node with another key, or none, no link', async () => {
    const a = await make({ sharedKey: one })
    for (const options of [{ sharedKey: two }, {}]) {
      const b = await make({ ...options, limits: { dialMsMax: 2_000 } })
      await expect(b.dial(addressOf(a))).rejects.toMatchObject({ code: 'P2P_DIAL_FAILED' })
    }
    expect(a.peers()).toEqual([])
  })

  it('need a key of 32 bytes', async () => {
    await expect(makeLoopback({ sharedKey: new Uint8Array(31) })).rejects.toMatchObject({ code: 'P2P_BAD_KEY' })
  })
})

describe('configured addresses', { timeout: 30_000 }, () => {
  it('are dialled at the start, before the other side is there, and again when it comes back', async () => {
    const first = await make()
    const address = addressOf(first)
    const listen = [address.slice(0, address.indexOf('/p2p/'))]
    await first.stop()
    const limits = { backoffMinMs: 50, backoffMaxMs: 200 }
    const b = await make({ dial: listen, limits })
    expect(b.peers()).toEqual([])
    for (let life = 0; life < 2; life++) {
      const a = await make({ listen })
      await until('linked', () => b.peers().some((link) => link.peer === a.self))
      await a.stop()
      await until('gone', () => b.peers().length === 0)
    }
  })

  it('may name the node itself', async () => {
    const first = await make()
    const address = addressOf(first)
    const listen = [address.slice(0, address.indexOf('/p2p/'))]
    await first.stop()
    const limits = { backoffMinMs: 50, backoffMaxMs: 200 }
    const a = await make({ listen, dial: listen, limits })
    const b = await make({ dial: [addressOf(a)] })
    await until('linked', () => a.peers().length === 1)
    expect(a.peers()[0]?.peer).toBe(b.self)
  })
})

describe('a port for peers', () => {
  it.each([
    ['EADDRINUSE', 'the address is in use; give another one with --listen'],
    ['EACCES', 'permission denied; ports below 1024 are reserved for the system: give another one with --listen']
  ])('that is refused with %s says what to do', async (code, advice) => {
    vi.spyOn(Server.prototype, 'listen').mockImplementation(function (this: Server) {
      queueMicrotask(() => this.emit('error', Object.assign(new Error(`listen ${code}`), { code })))
      return this
    })
    const text = `cannot listen for peers: ${advice}`
    await expect(make({ listen: ['/ip4/127.0.0.1/tcp/80'] })).rejects.toThrow(text)
  })
})

describe('gossip links that died', { timeout: 60_000 }, () => {
  const limits = { graceMs: 200, firstGraceMs: 1_000, redialYieldMs: 300, watchMs: 50 }

  async function healthy(): Promise<readonly [PeerNetwork, RawPeer]> {
    const a = await make({ limits })
    const peer = await rawPeer()
    await peer.dial(addressOf(a))
    await until('healthy', () => gossips(a))
    return [a, peer]
  }

  async function heals(a: PeerNetwork, peer: RawPeer): Promise<void> {
    await until('healthy again', () => gossips(a), 40_000)
    await a.publish(utf8Bytes('after'))
    await until('it gossips again', () => peer.got.includes('after'))
  }

  it('heal after our outbound stream was reset', async () => {
    const [a, peer] = await healthy()
    for (const stream of peer.gossipStreams('inbound')) stream.abort(new Error('test'))
    await until('mute', () => !gossips(a))
    await heals(a, peer)
  })

  it('heal after the inbound stream was reset', async () => {
    const [a, peer] = await healthy()
    for (const stream of peer.gossipStreams('outbound')) stream.abort(new Error('test'))
    await until('mute', () => !gossips(a))
    await heals(a, peer)
  })

  it('heal after one message over the size that gossipsub reads', async () => {
    const [a, peer] = await healthy()
    peer.sendRaw(new Uint8Array(4_194_304 + 1))
    await until('mute', () => !gossips(a))
    await heals(a, peer)
  })

  it('heal after the whole connection was reset', async () => {
    const [a, peer] = await healthy()
    for (const connection of peer.node.getConnections()) connection.abort(new Error('test'))
    await until('down', () => a.peers().length === 0)
    await peer.dial(addressOf(a))
    await heals(a, peer)
  })
})

describe('gossip to a peer that stands still', { timeout: 60_000 }, () => {
  const limits = { gossipQueueBytesMax: 100_000, slowPeerMsMax: 500, graceMs: 20_000, firstGraceMs: 20_000 }
  const payloadBytes = 30_000

  it('waits at the limit of its queue, however much is published at once, and is cut off then', async () => {
    const a = await make({ limits })
    const peer = await rawPeer()
    await peer.dial(addressOf(a))
    await until('healthy', () => gossips(a))
    expect(a.counts().gossipQueueBytes).toBe(0)
    const [stream] = peer.gossipStreams('inbound')
    stream?.pause()
    let [done, most] = [false, 0]
    const all = Array.from({ length: 40 }, (_, i) => a.publish(new Uint8Array(payloadBytes).fill(i)))
    void Promise.all(all).then(() => { done = true })
    await until('all are published', () => {
      most = Math.max(most, a.counts().gossipQueueBytes)
      return done
    })
    expect(most).toBeGreaterThan(limits.gossipQueueBytesMax)
    expect(most).toBeLessThan(limits.gossipQueueBytesMax + payloadBytes + 1_000)
    await until('cut off', () => stream?.status === 'reset')
    expect(a.counts().gossipQueueBytes).toBe(0)
  })
})

describe('links that fell silent', { timeout: 60_000 }, () => {
  it.each(['dialled by the smaller id', 'dialled by the larger id'])('are replaced: %s', async (which) => {
    const relay = await openRelay()
    open.push({ stop: () => relay.close() })
    const limits = { pulseMs: 300, answerMsMax: 300, closeMsMax: 200, graceMs: 200, watchMs: 50 }
    const [one, other] = [await make({ limits }), await make({ limits })]
    const smallDials = which === 'dialled by the smaller id'
    const [dialler, listener] = (one.self < other.self) === smallDials ? [one, other] : [other, one]
    relay.target = Number(/tcp\/(\d+)/.exec(addressOf(listener))?.[1])
    await dialler.dial(addressOf(listener).replace(/tcp\/\d+/, `tcp/${relay.port}`))
    await until('healthy', () => gossips(dialler) && gossips(listener))
    const got: string[] = []
    listener.onMessage((_, payload) => {
      got.push(Buffer.from(payload).toString())
      return Promise.resolve({ kind: 'accept' })
    })
    relay.silence()
    await until('replaced', () => dialler.counts().silences > 0 && dialler.counts().links === 1, 30_000)
    await until('one link each', () => [dialler, listener].every((node) => node.counts().links === 1))
    // The first may be lost with the streams of the old connection.
    for (let i = 0; got.length === 0 && i < 200; i++) {
      await dialler.publish(utf8Bytes(`after ${i}`))
      let turns = 0
      await until('it gossips', () => got.length > 0 || ++turns > 100)
    }
    expect(got).not.toEqual([])
    await until('healthy again', () => gossips(dialler) && gossips(listener))
  })

  it('are left alone while they answer', async () => {
    const limits = { pulseMs: 100, answerMsMax: 5_000 }
    const [a, b] = [await make({ limits }), await make({ limits })]
    await b.dial(addressOf(a))
    await until('healthy', () => gossips(a) && gossips(b))
    const address = a.peers()[0]?.address
    let turns = 0
    await until('many pulses', () => ++turns > 1_000)
    expect([a.counts().silences, b.counts().silences, a.peers()[0]?.address]).toEqual([0, 0, address])
  })
})
