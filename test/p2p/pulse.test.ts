import { expect, it } from 'vitest'
import type { PeerName } from '../../src/base/index.js'
import { createPulse, type Pulse } from '../../src/p2p/pulse.js'
import { createManualClock, type ManualClock } from '../fakes/manual-clock.js'
import { quietLog, settle } from '../fakes/until.js'

const options = { pulseMs: 400, answerMsMax: 400 }

interface Bench {
  readonly clock: ManualClock
  readonly pulse: Pulse
  readonly events: string[]
  peers: readonly PeerName[]
  answers: boolean | 'fails'
  dialWorks: boolean | 'slowly'
}

function benchOf(): Bench {
  const clock = createManualClock(0)
  const events: string[] = []
  const bench: Bench = {
    clock, events, peers: ['p'], answers: true, dialWorks: true,
    pulse: createPulse(options, {
      peers: () => bench.peers,
      ask: (peer, signal) => {
        events.push(`ask ${peer}`)
        if (bench.answers === true) return Promise.resolve()
        if (bench.answers === 'fails') return Promise.reject(new Error('no stream'))
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))
      },
      dialAnew: (peer, signal) => {
        events.push(`dial ${peer}`)
        if (bench.dialWorks !== 'slowly') {
          return bench.dialWorks ? Promise.resolve() : Promise.reject(new Error('nobody'))
        }
        return new Promise((_, reject) => signal.addEventListener('abort', () => {
          events.push(`given up ${peer}`)
          reject(new Error('aborted'))
        }))
      },
      clock, log: quietLog
    })
  }
  bench.pulse.start()
  return bench
}

async function pass(bench: Bench, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 50) {
    bench.clock.advance(50)
    await settle()
  }
}

it('asks a silent link, and leaves it alone when it answers', async () => {
  const bench = benchOf()
  await pass(bench, 3_000)
  expect(bench.events.length).toBeGreaterThan(3)
  expect(new Set(bench.events)).toEqual(new Set(['ask p']))
  expect(bench.pulse.dials).toBe(0)
})

it('asks nothing of a link over which something comes', async () => {
  const bench = benchOf()
  await pass(bench, 100)
  for (let i = 0; i < 20; i++) {
    bench.pulse.heard('p')
    await pass(bench, 200)
  }
  expect(bench.events).toEqual([])
})

it.each([[false], ['fails']] as const)('dials anew once a question stays without answer (%s)', async (answers) => {
  const bench = benchOf()
  bench.answers = answers
  await pass(bench, 750)
  expect(bench.events).not.toContain('dial p')
  await pass(bench, 250)
  expect(bench.events.filter((event) => event === 'dial p')).toHaveLength(1)
  bench.answers = true
  await pass(bench, 2_000)
  expect(bench.pulse.dials).toBe(1)
})

it('dials again after a pause while the peer stays silent, and stops when something comes', async () => {
  const bench = benchOf()
  bench.answers = false
  bench.dialWorks = false
  await pass(bench, 3_000)
  expect(bench.pulse.dials).toBeGreaterThan(2)
  expect(bench.pulse.dials).toBeLessThan(8)
  const { dials } = bench.pulse
  bench.answers = true
  bench.pulse.heard('p')
  await pass(bench, 2_000)
  expect(bench.pulse.dials).toBe(dials)
})

it('gives a dial up when something comes over the old link, and dials again when it falls silent', async () => {
  const bench = benchOf()
  bench.answers = false
  bench.dialWorks = 'slowly'
  await pass(bench, 1_000)
  expect(bench.events.filter((event) => event !== 'ask p')).toEqual(['dial p'])
  bench.pulse.heard('p')
  await pass(bench, 50)
  expect(bench.events.filter((event) => event !== 'ask p')).toEqual(['dial p', 'given up p'])
  await pass(bench, 1_000)
  expect(bench.pulse.dials).toBe(2)
})

it('forgets a peer that is gone, and stops for good', async () => {
  const bench = benchOf()
  bench.answers = false
  await pass(bench, 600)
  bench.peers = []
  await pass(bench, 2_000)
  expect(bench.pulse.dials).toBe(0)
  bench.peers = ['q']
  bench.pulse.stop()
  bench.events.length = 0
  await pass(bench, 2_000)
  expect(bench.events).toEqual([])
})
