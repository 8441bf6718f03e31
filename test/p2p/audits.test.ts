// When audits run, with whom, and how long a peer may hold one up. The sessions themselves: test/dag.

import { afterEach, describe, expect, it } from 'vitest'
import type { FrameStream, PeerLink, PeerName } from '../../src/base/index.js'
import { SyncError } from '../../src/dag/index.js'
import { createAudits, type AuditRun, type Audits, type AuditWire } from '../../src/p2p/audits.js'
import { REPLICATION_LIMITS as limits } from '../../src/p2p/index.js'
import { createManualClock, type ManualClock } from '../fakes/manual-clock.js'
import { seededRandom } from '../fakes/seeded-random.js'
import { quietLog, settle } from '../fakes/until.js'

/** A run that the test ends. */
interface TestRun extends AuditRun {
  readonly peer: PeerName
  readonly frames: Uint8Array[]
  end(): void
  fail(error: Error): void
}

/** A stream whose frames the test gives. */
interface TestStream extends FrameStream {
  give(frame: Uint8Array): void
  readonly closed: () => boolean
}

interface Scene {
  readonly clock: ManualClock
  readonly audits: Audits
  readonly asked: TestRun[]
  readonly served: TestRun[]
  readonly streams: TestStream[]
  readonly blamed: string[]
  readonly links: PeerLink[]
  readonly unequal: Set<PeerName>
  /** Not empty: damage is left. */
  readonly open: Set<string>
}

const running: Audits[] = []

afterEach(async () => {
  for (const audits of running.splice(0)) await audits.stop()
})

function runOf(wire: AuditWire): TestRun {
  const settled = Promise.withResolvers<void>()
  settled.promise.catch(() => undefined)
  const frames: Uint8Array[] = []
  return {
    peer: wire.peer, frames, done: settled.promise,
    start: () => wire.send(Uint8Array.of(12)),
    receive: async (frame) => void frames.push(frame),
    closed: () => settled.reject(new SyncError({ code: 'SYNC_LINK' }, 'hung up')),
    abort: () => settled.reject(new SyncError({ code: 'SYNC_ABORTED' }, 'given up')),
    end: () => settled.resolve(),
    fail: (error) => settled.reject(error)
  }
}

function streamOf(peer: PeerName): TestStream {
  const waiting: Uint8Array[] = []
  let wake = Promise.withResolvers<void>()
  let over: Error | 'closed' | undefined
  const end = (why: Error | 'closed'): void => {
    over ??= why
    wake.resolve()
  }
  async function* read(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const frame = waiting.shift()
      if (frame !== undefined) yield frame
      else if (over === 'closed') return
      else if (over !== undefined) throw over
      else {
        await wake.promise
        wake = Promise.withResolvers()
      }
    }
  }
  return {
    peer, frames: read(), send: async () => undefined, close: async () => end('closed'), abort: end,
    closed: () => over !== undefined,
    give(frame) {
      waiting.push(frame)
      wake.resolve()
    }
  }
}

/** @param fates how the audits asked for end at once, in order; the others wait for the test */
function scene(peers: readonly PeerName[], soon = false, fates: ('end' | 'fail')[] = []): Scene {
  const clock = createManualClock()
  const links = peers.map((peer): PeerLink => ({ peer, address: peer, direction: 'outbound', gossip: true }))
  const [asked, served, streams]: [TestRun[], TestRun[], TestStream[]] = [[], [], []]
  const blamed: string[] = []
  const unequal = new Set<PeerName>()
  const open = new Set<string>()
  const make = (list: TestRun[]) => (wire: AuditWire): TestRun => {
    const run = runOf(wire)
    list.push(run)
    const fate = list === asked ? fates.shift() : undefined
    if (fate === 'end') run.end()
    if (fate === 'fail') run.fail(new Error('anything'))
    return run
  }
  const audits = createAudits(limits, {
    network: {
      peers: () => links,
      open: async (peer) => {
        const stream = streamOf(peer)
        streams.push(stream)
        return stream
      }
    },
    equal: (peer) => !unequal.has(peer),
    openAudit: async (wire) => make(asked)(wire), serveAudit: make(served), soon,
    hasOpen: () => open.size > 0,
    onMisbehaviour: (peer, code) => void blamed.push(`${peer} ${code}`),
    clock, random: seededRandom(3), log: quietLog
  })
  audits.start()
  running.push(audits)
  return { clock, audits, asked, served, streams, blamed, links, unequal, open }
}

/** Ten percent of chance and the rest. */
const longest = (ms: number): number => ms + ms / 10

describe('audits', () => {
  it('begin five minutes after a start, and after ten seconds when the last stop was unclean', async () => {
    for (const [soon, firstMs] of [[false, limits.auditFirstMs], [true, limits.auditSoonMs]] as const) {
      const { clock, asked } = scene(['a'], soon, ['end'])
      await clock.advanceAsync(firstMs * 0.9 - 1)
      expect(asked).toHaveLength(0)
      await clock.advanceAsync(longest(firstMs))
      expect(asked).toHaveLength(1)
    }
  })

  it('follow each other hourly, and a minute after one that failed', async () => {
    const { clock, asked } = scene(['a'], true, ['fail', 'end', 'end'])
    await clock.advanceAsync(longest(limits.auditSoonMs))
    expect(asked).toHaveLength(1)
    await clock.advanceAsync(longest(limits.auditRetryMs))
    expect(asked).toHaveLength(2)
    await clock.advanceAsync(limits.auditEveryMs * 0.9 - 1)
    expect(asked).toHaveLength(2)
    await clock.advanceAsync(longest(limits.auditEveryMs) / 2)
    expect(asked).toHaveLength(3)
  })

  it('follow sooner while damage is open', async () => {
    const { clock, asked, open } = scene(['a'], true, ['end', 'end', 'end'])
    open.add('damage')
    await clock.advanceAsync(longest(limits.auditSoonMs))
    await clock.advanceAsync(longest(limits.auditOpenMs))
    expect(asked).toHaveLength(2)
    open.clear()
    await clock.advanceAsync(longest(limits.auditOpenMs))
    await clock.advanceAsync(longest(limits.auditOpenMs))
    expect(asked).toHaveLength(3)
  })

  it('ask only peers whose last session ended with equal frontiers', async () => {
    const { clock, asked, unequal } = scene(['a', 'b', 'c'], true)
    for (const peer of ['a', 'b', 'c']) unequal.add(peer)
    await clock.advanceAsync(longest(limits.auditSoonMs))
    expect(asked).toHaveLength(0)
    unequal.delete('b')
    await clock.advanceAsync(longest(limits.auditRetryMs))
    expect(asked.map(({ peer }) => peer)).toEqual(['b'])
  })

  it('run one at a time', async () => {
    const { audits, asked } = scene(['a', 'b'])
    const first = audits.auditWith('a')
    await settle()
    expect(await audits.auditWith('b')).toBe(false)
    asked[0]?.end()
    expect(await first).toBe(true)
    const next = audits.auditWith('b')
    await settle()
    asked[1]?.end()
    expect(await next).toBe(true)
  })

  it('cost a peer that broke the protocol, and not one that hung up', async () => {
    const { audits, asked, streams, blamed } = scene(['a', 'b'])
    const first = audits.auditWith('a')
    await settle()
    await streams[0]?.close()
    expect(await first).toBe(false)
    expect(blamed).toEqual([])
    const second = audits.auditWith('b')
    await settle()
    asked[1]?.fail(new SyncError({ code: 'SYNC_UNREQUESTED' }, 'what nobody asked for'))
    expect(await second).toBe(false)
    expect(blamed).toEqual(['b SYNC_UNREQUESTED'])
  })

  it('end with a peer that says nothing for a minute', async () => {
    const { clock, audits, streams } = scene(['a'])
    const asked = audits.auditWith('a')
    await clock.advanceAsync(limits.sessionIdleMsMax - 1)
    expect(streams[0]?.closed()).toBe(false)
    await clock.advanceAsync(1)
    expect(await asked).toBe(false)
  })

  it('end after ten minutes, whatever the peer still says', async () => {
    const { clock, audits, asked, streams } = scene(['a'])
    const done = audits.auditWith('a')
    await settle()
    const stepMs = limits.sessionIdleMsMax / 2
    for (let ms = 0; ms < limits.auditMsMax - stepMs; ms += stepMs) {
      await clock.advanceAsync(stepMs)
      streams[0]?.give(Uint8Array.of(13))
    }
    await clock.advanceAsync(stepMs - 1)
    expect(streams[0]?.closed()).toBe(false)
    await clock.advanceAsync(1)
    expect(await done).toBe(false)
    expect(asked[0]?.frames).toHaveLength(limits.auditMsMax / stepMs - 1)
    expect(clock.timers).toBe(1)
  })

  it('are answered one at a time, and each peer after half a minute again', async () => {
    const { clock, audits, served } = scene(['a', 'b'])
    const [one, two, other] = [streamOf('a'), streamOf('a'), streamOf('b')]
    const first = audits.serve(one)
    await settle()
    await audits.serve(other)
    expect([served.length, other.closed()]).toEqual([1, true])
    served[0]?.end()
    await first
    await clock.advanceAsync(limits.auditServeMsMin - 1)
    await audits.serve(two)
    expect([served.length, two.closed()]).toEqual([1, true])
    await clock.advanceAsync(1)
    const again = streamOf('a')
    const second = audits.serve(again)
    await settle()
    served[1]?.end()
    await second
    expect(served).toHaveLength(2)
  })

  it('are not answered to one that dawdles for more than ten minutes', async () => {
    const { clock, audits, served } = scene(['a'])
    const stream = streamOf('a')
    const done = audits.serve(stream)
    const stepMs = limits.sessionIdleMsMax / 2
    for (let ms = 0; ms < limits.auditMsMax; ms += stepMs) {
      expect(stream.closed()).toBe(false)
      stream.give(Uint8Array.of(14))
      await clock.advanceAsync(stepMs)
    }
    await done
    expect(stream.closed()).toBe(true)
    expect(served[0]?.frames).toHaveLength(limits.auditMsMax / stepMs)
  })

  it('end with a stop, and leave no timer behind', async () => {
    const { clock, audits, asked, streams } = scene(['a'])
    const done = audits.auditWith('a')
    const serving = audits.serve(streamOf('b'))
    await settle()
    await audits.stop()
    expect(await done).toBe(false)
    await serving
    expect([asked.length, streams[0]?.closed(), clock.timers]).toEqual([1, true, 0])
    expect(await audits.auditWith('a')).toBe(false)
  })
})
