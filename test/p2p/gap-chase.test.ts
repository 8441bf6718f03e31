import { describe, expect, it } from 'vitest'
import { blake3Hash, utf8Bytes, type Hash } from '../../src/base/index.js'
import { askedMax, chasedMax, createGapChase, type GapChase } from '../../src/p2p/gap-chase.js'
import { createManualClock, type ManualClock } from '../fakes/manual-clock.js'
import { seededRandom } from '../fakes/seeded-random.js'

interface Scene {
  readonly clock: ManualClock
  readonly chase: GapChase
  readonly here: Set<Hash>
  readonly asked: string[]
  /** Ends the session with the peer asked last. */
  end(): void
}

function scene(peers: readonly string[]): Scene {
  const clock = createManualClock()
  const here = new Set<Hash>()
  const asked: string[] = []
  const chase = createGapChase({
    holds: (id) => here.has(id), peers: () => peers, request: (peer) => void asked.push(peer), clock,
    random: seededRandom(1)
  })
  return {
    clock, chase, here, asked,
    end() {
      clock.advance(1_000)
      chase.ended(asked.at(-1) ?? '')
    }
  }
}

function id(text: string): Hash {
  return blake3Hash(utf8Bytes(text))
}

describe('the chase after missing blocks', () => {
  it('asks the sender, then three others, each once', () => {
    const { chase, asked, end } = scene(['a', 'b', 'c', 'd', 'e', 'f'])
    chase.missing('a', [id('x')])
    for (let i = 0; i < 8; i++) end()
    expect(asked.length).toBe(askedMax)
    expect(asked[0]).toBe('a')
    expect(new Set(asked).size).toBe(askedMax)
  })

  it('ends when the block is here', () => {
    const { chase, asked, here, end } = scene(['a', 'b', 'c'])
    chase.missing('a', [id('x'), id('y')])
    here.add(id('x'))
    end()
    expect(asked.length).toBe(2)
    here.add(id('y'))
    end()
    expect(asked.length).toBe(2)
  })

  it('asks nobody else after a session with somebody else', () => {
    const { chase, asked } = scene(['a', 'b', 'c'])
    chase.missing('a', [id('x')])
    chase.ended('b')
    expect(asked).toEqual(['a'])
  })

  it('asks one other peer a second, whatever is missing', () => {
    const { chase, asked, clock } = scene(['a', 'b', 'c', 'd'])
    chase.missing('a', [id('x'), id('y')])
    chase.ended('a')
    expect(asked.length).toBe(2)
    chase.missing('a', [id('z')])
    clock.advance(999)
    chase.ended('a')
    expect(asked.length).toBe(3)
    chase.missing('a', [id('w')])
    clock.advance(1)
    chase.ended('a')
    expect(asked.length).toBe(5)
  })

  it('chases so many blocks at once and forgets the one chased longest', () => {
    for (const [extra, asks] of [[0, 2], [1, 1]] as const) {
      const { chase, asked, here, end } = scene(['a', 'b'])
      const ids = Array.from({ length: chasedMax + extra }, (_, i) => id(`${i}`))
      chase.missing('a', ids)
      for (const one of ids.slice(1)) here.add(one)
      end()
      expect(asked.length).toBe(asks)
    }
  })
})
