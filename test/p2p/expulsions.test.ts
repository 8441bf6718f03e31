import { describe, expect, it } from 'vitest'
import { SyncError, type SyncFailure } from '../../src/dag/index.js'
import { createExpulsions, EXPULSION_MS_MAX } from '../../src/p2p/expulsions.js'
import { createPeerBook } from '../../src/p2p/peer-book.js'
import { REPLICATION_LIMITS } from '../../src/p2p/index.js'
import { createManualClock } from '../fakes/manual-clock.js'

describe('an expulsion', () => {
  it('lasts ten minutes at worst, however long it was meant to be', () => {
    expect([EXPULSION_MS_MAX, REPLICATION_LIMITS.expelMs]).toEqual([600_000, 600_000])
    const clock = createManualClock()
    const expulsions = createExpulsions(8, clock)
    expulsions.add('p', 10 * EXPULSION_MS_MAX)
    clock.advance(EXPULSION_MS_MAX - 1)
    expect(expulsions.has('p')).toBe(true)
    clock.advance(1)
    expect(expulsions.has('p')).toBe(false)
  })

  it('is remembered of as many peers as the limit, and one more lets the first one in', () => {
    const expulsions = createExpulsions(2, createManualClock())
    for (const peer of ['a', 'b']) expulsions.add(peer, 1_000)
    expect([expulsions.has('a'), expulsions.has('b')]).toEqual([true, true])
    expulsions.add('c', 1_000)
    expect([expulsions.has('a'), expulsions.has('b'), expulsions.has('c')]).toEqual([false, true, true])
    expulsions.add('b', 0)
    expect(expulsions.has('b')).toBe(false)
  })
})

describe('the peer book', () => {
  const options = { scoreMax: 100, scoreDecayPerMinute: 10, peersMax: 2 }

  it('gives a peer up at 100 points and not at 99, forgives ten a minute, and starts from 0 then', () => {
    const clock = createManualClock()
    const book = createPeerBook(options, clock)
    expect(book.blame('p', 99)).toBe(false)
    clock.advance(6_000)
    expect(book.blame('p', 1)).toBe(false)
    expect(book.blame('p', 1)).toBe(true)
    expect(book.stats()[0]?.score).toBe(0)
    expect(book.blame('p', 99)).toBe(false)
    clock.advance(60_000 * 10)
    expect(book.stats()[0]?.score).toBe(0)
  })

  it('keeps as many pages as its limit and forgets the peer heard longest ago', () => {
    const book = createPeerBook(options, createManualClock())
    for (const peer of ['a', 'b', 'a', 'c']) book.page(peer)
    expect(book.stats().map(({ peer }) => peer)).toEqual(['a', 'c'])
  })
})

describe('the end of a session', () => {
  it('is the peer\'s fault for what no honest peer of this version does, and for nothing else', () => {
    const faults: Record<SyncFailure['code'], boolean> = {
      SYNC_FRAME: true, SYNC_OVERSIZED: true, SYNC_UNEXPECTED: true, SYNC_LIMIT: true, SYNC_CREDIT: true,
      SYNC_UNREQUESTED: true, SYNC_BAD_BLOCK: true, SYNC_NETWORK: true,
      SYNC_VERSION: false, SYNC_TIMEOUT: false, SYNC_LINK: false, SYNC_ABORTED: false
    }
    for (const [code, fault] of Object.entries(faults)) {
      expect(new SyncError({ code } as SyncFailure, code).misbehaviour, code).toBe(fault)
    }
  })
})
