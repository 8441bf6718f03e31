// What every network port must do, libp2p over loopback and the one in memory.

import { afterEach, describe, expect, it } from 'vitest'
import { concatBytes, utf8Bytes, type FrameStream, type PeerName, type Verdict } from '../../src/base/index.js'
import type { PeerNetwork } from '../../src/p2p/index.js'
import { turn, until } from '../fakes/until.js'

/** Makes networks to test. */
export interface NetworkHarness {
  /** A network that is not started yet; equal labels are of one federation. */
  make(federation?: string): Promise<PeerNetwork>
  readonly payloadBytesMax: number
  readonly frameBytesMax: number
  cleanUp(): Promise<void>
}

const accept: Verdict = { kind: 'accept' }
const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString()

async function linked(harness: NetworkHarness, count: number): Promise<readonly PeerNetwork[]> {
  const all: PeerNetwork[] = []
  for (let i = 0; i < count; i++) {
    const network = await harness.make()
    await network.start()
    const last = all.at(-1)
    if (last !== undefined) await network.dial(addressOf(last))
    all.push(network)
  }
  await until('links in a chain', () => all.every((one, i) =>
    one.peers().filter((link) => link.gossip).length === (i === 0 || i === count - 1 ? 1 : 2)))
  return all
}

async function pair(harness: NetworkHarness): Promise<readonly [PeerNetwork, PeerNetwork]> {
  const [a, b] = await linked(harness, 2)
  if (a === undefined || b === undefined) throw new Error('no pair')
  return [a, b]
}

function addressOf(network: PeerNetwork): string {
  const address = network.addresses()[0]
  if (address === undefined) throw new Error('it listens nowhere')
  return address
}

function collect(network: PeerNetwork, verdict: Verdict = accept): { from: PeerName; text: string }[] {
  const got: { from: PeerName; text: string }[] = []
  network.onMessage((from, payload) => {
    got.push({ from, text: text(payload) })
    return Promise.resolve(verdict)
  })
  return got
}

async function read(stream: FrameStream): Promise<readonly Uint8Array[]> {
  const frames: Uint8Array[] = []
  for await (const frame of stream.frames) frames.push(Uint8Array.from(frame))
  return frames
}

function echo(network: PeerNetwork): void {
  network.onStream(async (stream) => {
    for await (const frame of stream.frames) await stream.send(concatBytes(utf8Bytes('echo '), frame))
  })
}

export function networkContract(name: string, makeHarness: () => NetworkHarness): void {
  let harness: NetworkHarness
  const use = (): NetworkHarness => (harness = makeHarness())
  afterEach(() => harness.cleanUp())

  describe(`network contract, links: ${name}`, { timeout: 30_000 }, () => {
    it('tells both sides of a link once, and who dialled', async () => {
      const [a, b] = await Promise.all([use().make(), harness.make()])
      const events: string[] = []
      a.onPeer(({ kind, peer }) => events.push(`a ${kind} ${peer === b.self}`))
      b.onPeer(({ kind, peer }) => events.push(`b ${kind} ${peer === a.self}`))
      await a.start()
      await b.start()
      await b.dial(addressOf(a))
      await until('both up', () => events.length === 2)
      expect([...events].sort()).toEqual(['a up true', 'b up true'])
      expect(a.peers()).toMatchObject([{ peer: b.self, direction: 'inbound' }])
      expect(b.peers()).toMatchObject([{ peer: a.self, direction: 'outbound' }])
      expect([a.isChosen(b.self), b.isChosen(a.self)]).toEqual([false, true])
      await b.stop()
      await until('down', () => events.includes('a down true'))
      expect(a.peers()).toEqual([])
    })

    it('keeps one link when both dial at once, and gossips over it', async () => {
      const [a, b] = await Promise.all([use().make(), harness.make()])
      const [atA, atB] = [collect(a), collect(b)]
      await a.start()
      await b.start()
      await Promise.allSettled([a.dial(addressOf(b)), b.dial(addressOf(a))])
      await until('one link that gossips', () => [a, b].every((one) => one.peers()[0]?.gossip === true))
      await a.publish(utf8Bytes('from a'))
      await b.publish(utf8Bytes('from b'))
      await until('both got it', () => atA.length === 1 && atB.length === 1)
      expect(a.peers()).toHaveLength(1)
      expect(b.peers()).toHaveLength(1)
    })

    it('refuses another federation with a code and no peer', async () => {
      const [a, b] = await Promise.all([use().make('one'), harness.make('two')])
      await a.start()
      await b.start()
      await expect(b.dial(addressOf(a))).rejects.toMatchObject({ code: 'P2P_WRONG_NETWORK' })
      expect(a.peers()).toEqual([])
      expect(b.peers()).toEqual([])
    })

    it('answers a bad address and a dead one with a code', async () => {
      const [a, b] = await pair(use())
      const gone = addressOf(b)
      await b.stop()
      await until('link down', () => a.peers().length === 0)
      await expect(a.dial('nonsense')).rejects.toMatchObject({ code: 'P2P_BAD_ADDRESS' })
      await expect(a.dial(gone)).rejects.toMatchObject({ code: 'P2P_DIAL_FAILED' })
    })

    it('lets nobody back in whom it sent away, and everybody whom it only disconnected', async () => {
      const [a, b] = await pair(use())
      await a.disconnect(b.self, 0)
      await until('down', () => a.peers().length + b.peers().length === 0)
      await b.dial(addressOf(a))
      await until('back', () => a.peers().length === 1)
      await a.disconnect(b.self, 600_000)
      await until('down again', () => a.peers().length + b.peers().length === 0)
      await expect(b.dial(addressOf(a))).rejects.toHaveProperty('code')
      expect(a.peers()).toEqual([])
    })

    it('can be stopped twice and refuses work afterwards', async () => {
      const a = await use().make()
      await expect(a.publish(utf8Bytes('x'))).rejects.toMatchObject({ code: 'P2P_NOT_STARTED' })
      await a.start()
      await a.stop()
      await a.stop()
      await expect(a.publish(utf8Bytes('x'))).rejects.toMatchObject({ code: 'P2P_NOT_STARTED' })
    })
  })

  describe(`network contract, gossip: ${name}`, { timeout: 30_000 }, () => {
    it('publishes to nobody without an error', async () => {
      const a = await use().make()
      await a.start()
      await a.publish(utf8Bytes('alone'))
    })

    it('forwards what the handler accepts, once to each', async () => {
      const [a, b, c] = await linked(use(), 3)
      if (a === undefined || b === undefined || c === undefined) throw new Error('no chain')
      const [atB, atC] = [collect(b), collect(c)]
      await a.publish(utf8Bytes('hello'))
      await until('c got it', () => atC.length > 0)
      expect(atB).toEqual([{ from: a.self, text: 'hello' }])
      expect(atC).toEqual([{ from: b.self, text: 'hello' }])
    })

    it('forwards nothing that the handler ignores', async () => {
      const [a, b, c] = await linked(use(), 3)
      if (a === undefined || b === undefined || c === undefined) throw new Error('no chain')
      const [atB, atC] = [collect(b, { kind: 'ignore', why: 'test' }), collect(c)]
      await a.publish(utf8Bytes('not for c'))
      await until('b got it', () => atB.length === 1)
      await b.publish(utf8Bytes('for c'))
      await until('c got the other', () => atC.length === 1)
      expect(atC).toEqual([{ from: b.self, text: 'for c' }])
    })

    it('carries a payload at the limit and refuses one more byte without harm', async () => {
      const [a, b] = await pair(use())
      const got = collect(b)
      const largest = new Uint8Array(harness.payloadBytesMax).fill(7)
      const refused = { code: 'P2P_PAYLOAD_TOO_LARGE', detail: { limitBytes: harness.payloadBytesMax } }
      await expect(a.publish(new Uint8Array(harness.payloadBytesMax + 1))).rejects.toMatchObject(refused)
      await a.publish(largest)
      await until('arrived', () => got.length === 1)
      expect(got[0]?.text.length).toBe(harness.payloadBytesMax)
    })

    it('delivers the same payload once', async () => {
      const [a, b] = await pair(use())
      const got = collect(b)
      await a.publish(utf8Bytes('twice'))
      await a.publish(utf8Bytes('twice'))
      await a.publish(utf8Bytes('last'))
      await until('last arrived', () => got.some((one) => one.text === 'last'))
      expect(got.filter((one) => one.text === 'twice')).toHaveLength(1)
    })
  })

  describe(`network contract, streams: ${name}`, { timeout: 30_000 }, () => {
    it('carries frames in order in both directions', async () => {
      const [a, b] = await pair(use())
      echo(b)
      const stream = await a.open(b.self)
      const answers = read(stream)
      for (const word of ['one', '', 'three']) await stream.send(utf8Bytes(word))
      await stream.close()
      expect((await answers).map(text)).toEqual(['echo one', 'echo ', 'echo three'])
    })

    it('carries a frame at the limit and refuses one more byte', async () => {
      const [a, b] = await pair(use())
      b.onStream(async (stream) => {
        for await (const frame of stream.frames) await stream.send(utf8Bytes(String(frame.length)))
      })
      const stream = await a.open(b.self)
      const answers = read(stream)
      const refused = { code: 'P2P_FRAME_TOO_LARGE', detail: { sizeBytes: harness.frameBytesMax + 1 } }
      await expect(stream.send(new Uint8Array(harness.frameBytesMax + 1))).rejects.toMatchObject(refused)
      await stream.send(new Uint8Array(harness.frameBytesMax))
      await stream.close()
      expect((await answers).map(text)).toEqual([String(harness.frameBytesMax)])
    })

    it('holds a sender back while the receiver does not read, and loses nothing', async () => {
      const [a, b] = await pair(use())
      const gate = Promise.withResolvers<void>()
      let received = 0
      b.onStream(async (stream) => {
        await gate.promise
        for await (const frame of stream.frames) received += frame.length
      })
      const stream = await a.open(b.self)
      const frames = 64
      let sent = 0
      const sending = (async () => {
        for (; sent < frames; sent++) await stream.send(new Uint8Array(harness.frameBytesMax))
        await stream.close()
      })()
      let still = 0
      for (let last = -1; still < 100; still = sent === last ? still + 1 : 0, last = sent) await turn()
      expect(sent).toBeLessThan(frames / 2)
      gate.resolve()
      await sending
      await until('all read', () => received === frames * harness.frameBytesMax)
    })

    it('resets the stream when the peer aborts it', async () => {
      const [a, b] = await pair(use())
      b.onStream((stream) => {
        stream.abort(new Error('no'))
        return Promise.resolve()
      })
      const stream = await a.open(b.self)
      await expect(read(stream)).rejects.toThrow()
      await expect(stream.send(utf8Bytes('x'))).rejects.toMatchObject({ code: 'P2P_STREAM_CLOSED' })
    })

    it('ends streams when the link goes', async () => {
      const [a, b] = await pair(use())
      const ended: string[] = []
      const got = Promise.withResolvers<void>()
      b.onStream(async (stream) => {
        try {
          for await (const frame of stream.frames) got.resolve(void frame)
        } finally {
          ended.push('over')
        }
      })
      const stream = await a.open(b.self)
      await stream.send(utf8Bytes('x'))
      await got.promise
      await a.disconnect(b.self, 0)
      await until('handler is free', () => ended.length === 1)
      await expect(stream.send(utf8Bytes('y'))).rejects.toMatchObject({ code: 'P2P_STREAM_CLOSED' })
    })

    it('opens no stream to a peer without a link', async () => {
      const [a, b] = await pair(use())
      await b.stop()
      await until('down', () => a.peers().length === 0)
      await expect(a.open(b.self)).rejects.toMatchObject({ code: 'P2P_NO_LINK' })
    })

    it('serves one stream after another without running out of slots', async () => {
      const [a, b] = await pair(use())
      echo(b)
      for (let i = 0; i < 40; i++) {
        const stream = await a.open(b.self)
        const answers = read(stream)
        await stream.send(utf8Bytes(String(i)))
        await stream.close()
        expect((await answers).map(text)).toEqual([`echo ${i}`])
      }
    })
  })
}
