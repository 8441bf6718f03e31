import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import { connectTo, type ConnectOptions } from '../../src/p2p/connect.js'
import { createManualClock, type ManualClock } from '../fakes/manual-clock.js'
import { settle } from '../fakes/until.js'

const peer = '12D3KooWHBD79StYuVeqoC9agWk3PobbMhYVV89jjt65nAV7zS1S'
const limits = { connectMsMax: 6_000, dialMsMax: 20_000, shown: 'p', beside: undefined }

interface Dial {
  readonly clock: ManualClock
  /** What the dial ended with; undefined while it goes on. */
  ended(): string | undefined
  progress(type: string): void
}

function dial(more: Partial<ConnectOptions> = {}): Dial {
  const clock = createManualClock(0)
  let progress: (event: { type: string }) => void = () => undefined
  let end: string | undefined
  const node = {
    dial: (_: unknown, options: { signal: AbortSignal; onProgress: typeof progress }) => {
      progress = options.onProgress
      return new Promise<never>((_resolve, reject) => {
        options.signal.addEventListener('abort', () => reject(options.signal.reason as Error))
      })
    }
  }
  const target = multiaddr(`/ip4/127.0.0.1/tcp/1/p2p/${peer}`)
  connectTo(node as unknown as Parameters<typeof connectTo>[0], { ...limits, target, ...more }, clock)
    .catch((error: Error) => { end = error.message })
  return { clock, ended: () => end, progress: (type) => progress({ type }) }
}

describe('a dial', () => {
  it('of one address ends when nobody answers in the time of a connection', async () => {
    const { clock, ended, progress } = dial()
    progress('tcp:open-connection')
    clock.advance(5_999)
    await settle()
    expect(ended()).toBeUndefined()
    clock.advance(1)
    await settle()
    expect(ended()).toBe('cannot reach p: no answer in time')
    expect(clock.timers).toBe(0)
  })

  it('that was answered has the whole time for its handshake', async () => {
    const { clock, ended, progress } = dial()
    progress('tcp:open-connection')
    progress('upgrader:encrypt-outbound-connection')
    clock.advance(19_999)
    await settle()
    expect(ended()).toBeUndefined()
    clock.advance(1)
    await settle()
    expect(ended()).toBe('cannot reach p: no answer in time')
  })

  it('of a peer with several addresses has the whole time', async () => {
    const { clock, ended, progress } = dial({ target: peerIdFromString(peer) })
    progress('tcp:open-connection')
    clock.advance(19_999)
    await settle()
    expect(ended()).toBeUndefined()
  })

  it('beside a connection ends with its signal', async () => {
    const silence = new AbortController()
    const { clock, ended } = dial({ beside: silence.signal })
    silence.abort(new Error('it speaks'))
    await settle()
    expect(ended()).toBe('cannot reach p: it speaks')
    expect(clock.timers).toBe(0)
  })
})
