import { beforeEach, describe, expect, it } from 'vitest'
import { hashOf, type Hash } from '../../src/base/index.js'
import { feedOf, trailingZeroBits, type BlockHeader, type Dag } from '../../src/dag/index.js'
import type { FeedIdentity } from '../../src/ingest/index.js'
import { silentLog, type NodeParts, type NodeSetup } from '../../src/node/index.js'
import { openOwnFeed, type OwnFeed } from '../../src/node/own-feed.js'
import { createSigner, seedFromName } from '../../src/record/index.js'
import type { Wal } from '../../src/wal/index.js'
import { createManualClock, type ManualClock } from '../fakes/manual-clock.js'
import { createMemoryDisk, type MemoryDisk } from '../fakes/memory-disk.js'
import { seededRandom } from '../fakes/seeded-random.js'
import { settle } from '../fakes/until.js'

const signer = createSigner(seedFromName('own feed'))
const startMs = 1_800_000_000_000
const UNKNOWN = hashOf(new Uint8Array(32))
let disk: MemoryDisk
let clock: ManualClock
let sealed: FeedIdentity[]
let lives: number
let stale: number
let halts: number

beforeEach(async () => {
  disk = createMemoryDisk(seededRandom(1))
  await disk.makeDirectory('/data')
  clock = createManualClock(startMs)
  sealed = []
  lives = 0
  stale = 0
  halts = 0
})

/** A life of the node whose index holds a block of `tipFeed`, sealed at `sealedAtMs`. */
function open(
  given: {
    tipFeed?: Hash; sealedAtMs?: number; expectsPeers?: boolean; forked?: boolean; workBits?: number
  } = {}
): Promise<OwnFeed> {
  const { tipFeed, sealedAtMs = startMs, expectsPeers = false, forked = false } = given
  const header = { sealedAtMs } as BlockHeader
  const { workBits = 0 } = given
  const dag = {
    tipOf: (feed: Hash) => (feed === tipFeed ? { feed, seq: 1, id: feed } : undefined),
    header: () => header,
    tipOfNode: () => (tipFeed === undefined ? undefined : { feed: tipFeed, seq: 1, id: tipFeed, sealedAtMs }),
    isForked: () => forked,
    holds: (id: Hash) => id === tipFeed
  } as unknown as Dag
  lives += 1
  const wal = { identity: { device: 1n, inode: 2n, created: lives === 1 } } as Wal
  const genesis = { genesis: { feedWorkBits: workBits } }
  const setup = { signer, incarnationPath: '/data/incarnation', dataDirectory: '/data', genesis } as NodeSetup
  const ports = { clock, disk, random: seededRandom(lives), log: silentLog, yieldNow: settle }
  return openOwnFeed(setup, ports as unknown as NodeParts, {
    wal, dag, expectsPeers,
    onAhead: () => {
      stale += 1
    },
    halt: () => {
      halts += 1
    },
    seal: async (identity) => {
      sealed.push(identity)
    }
  })
}

/** The feed that an earlier life has sealed into. */
async function earlierFeed(): Promise<Hash> {
  const feed = await open()
  await feed.begin()
  sealed = []
  return feed.current.feed
}

describe('own feed', () => {
  it('is sealed into at once when it is new', async () => {
    const feed = await open({ expectsPeers: true })
    await feed.begin()
    expect(sealed).toEqual([feed.current])
    expect(feed.current.feed).toBe(feedOf(signer.publicKey, feed.current.incarnation))
  })

  it('goes on after a restart without peers to ask', async () => {
    const tipFeed = await earlierFeed()
    await (await open({ tipFeed })).begin()
    expect(sealed.map(({ feed }) => feed)).toEqual([tipFeed])
  })

  it('is chosen again when the disk had no room to write it down', async () => {
    const tipFeed = await earlierFeed()
    disk.inject({ operation: 'write', code: 'ENOSPC', path: 'incarnation' })
    const feed = await open({ tipFeed, forked: true })
    await feed.begin()
    expect(sealed).toEqual([])
    await clock.advanceAsync(1_000)
    await settle()
    expect(sealed).toEqual([feed.current])
    expect(feed.current.feed).not.toBe(tipFeed)
  })

  it('waits for the word of a peer and then goes on', async () => {
    const tipFeed = await earlierFeed()
    const feed = await open({ tipFeed, expectsPeers: true })
    const begun = feed.begin()
    await clock.advanceAsync(4_999)
    expect(sealed).toEqual([])
    feed.heard('peer', tipFeed)
    await begun
    expect(sealed.map((identity) => identity.feed)).toEqual([tipFeed])
  })

  it('is left at once when it was drawn before and no block of it is here', async () => {
    const drawn = (await open()).current.feed
    for (const expectsPeers of [true, false]) {
      const feed = await open({ expectsPeers })
      const older = feed.current.feed
      await feed.begin()
      expect(sealed.at(-1)).toEqual(feed.current)
      expect([drawn, older]).not.toContain(feed.current.feed)
      await feed.stop()
    }
  })

  it('is not confirmed by a peer that knows a block of this node that is not here', async () => {
    const tipFeed = await earlierFeed()
    const feed = await open({ tipFeed, expectsPeers: true })
    const begun = feed.begin()
    feed.heard('a', UNKNOWN)
    await clock.advanceAsync(4_999)
    expect(sealed).toEqual([])
    feed.heard('b', tipFeed)
    await begun
    expect(sealed.map((identity) => identity.feed)).toEqual([tipFeed])
    const second = await open({ tipFeed, expectsPeers: true })
    const waited = second.begin()
    second.heard('a', UNKNOWN)
    await clock.advanceAsync(5_000)
    await waited
    expect(second.current.feed).not.toBe(tipFeed)
  })

  it('is not confirmed by a peer that first names no block of it, whatever it has learned since', async () => {
    const tipFeed = await earlierFeed()
    const feed = await open({ tipFeed, expectsPeers: true })
    const begun = feed.begin()
    feed.heard('a')
    feed.heard('a', tipFeed)
    await clock.advanceAsync(4_999)
    expect(sealed).toEqual([])
    await clock.advanceAsync(1)
    await begun
    expect(sealed).toEqual([feed.current])
    expect(feed.current.feed).not.toBe(tipFeed)
  })

  it('is confirmed after the words of 255 others, and not after those of 256', async () => {
    for (const others of [255, 256]) {
      const tipFeed = await earlierFeed()
      const feed = await open({ tipFeed, expectsPeers: true })
      const begun = feed.begin()
      for (let other = 0; other < others; other += 1) feed.heard(`other ${other}`)
      feed.heard('peer', tipFeed)
      await clock.advanceAsync(5_000)
      await begun
      expect(feed.current.feed === tipFeed).toBe(others === 255)
    }
  })

  it('is retired when no peer speaks within five seconds', async () => {
    const tipFeed = await earlierFeed()
    const feed = await open({ tipFeed, expectsPeers: true })
    const begun = feed.begin()
    await clock.advanceAsync(5_000)
    await begun
    expect(sealed).toEqual([feed.current])
    expect(feed.current.feed).not.toBe(tipFeed)
  })

  it('is retired when a peer shows a block of it that is not here, before or after sealing began', async () => {
    const tipFeed = await earlierFeed()
    const feed = await open({ tipFeed, expectsPeers: true })
    const begun = feed.begin()
    feed.retire('a peer holds its block 2')
    feed.heard('peer', tipFeed)
    await begun
    const second = feed.current.feed
    expect(second).not.toBe(tipFeed)
    feed.retire('a peer holds its block 1')
    await settle()
    expect(sealed.map((identity) => identity.feed)).toEqual([second, feed.current.feed])
    expect(feed.current.feed).not.toBe(second)
    await feed.stop()
  })

  it('is sealed into no more from the moment that it is retired, though no other can be written down', async () => {
    const feed = await open()
    await feed.begin()
    for (let i = 0; i < 3; i += 1) disk.inject({ operation: 'write', code: 'ENOSPC', path: 'incarnation' })
    feed.retire('a peer holds its block 9')
    expect(halts).toBe(1)
    await settle()
    expect(sealed).toHaveLength(1)
    for (let i = 0; i < 3; i += 1) await clock.advanceAsync(1_000)
    await settle()
    expect(sealed).toHaveLength(2)
    expect(sealed[1]?.feed).not.toBe(sealed[0]?.feed)
    await feed.stop()
  })

  it('is retired on the bare word of a peer 8 times an hour, and past that only for a block', async () => {
    const feed = await open()
    await feed.begin()
    const retiredBy = async (say: () => void): Promise<boolean> => {
      const before = feed.current.feed
      say()
      say()
      await settle()
      return feed.current.feed !== before
    }
    const lie = (): void => feed.shown(9)
    const first = feed.current.feed
    for (let word = 0; word < 8; word += 1) expect(await retiredBy(lie)).toBe(true)
    expect(await retiredBy(lie)).toBe(false)
    const { feed: last } = feed.current
    expect(await retiredBy(() => feed.strayed({ feed: last, seq: 9 } as BlockHeader))).toBe(true)
    expect(await retiredBy(lie)).toBe(false)
    feed.strayed({ feed: first, seq: 9 } as BlockHeader)
    expect(await retiredBy(lie)).toBe(true)
    expect(await retiredBy(lie)).toBe(false)
    clock.advance(3_600_000)
    expect(await retiredBy(lie)).toBe(true)
    await feed.stop()
  })

  it('is retired when the very word that it waits for shows a block of it that is not here', async () => {
    const tipFeed = await earlierFeed()
    const feed = await open({ tipFeed, expectsPeers: true })
    const begun = feed.begin()
    await settle()
    feed.retire('a peer holds its block 2')
    feed.heard('peer', tipFeed)
    await begun
    expect(feed.current.feed).not.toBe(tipFeed)
    expect(sealed).toEqual([feed.current])
  })

  it('is retired when the clock stands more than 30 s before its last block, and not at 30 s', async () => {
    const tipFeed = await earlierFeed()
    await (await open({ tipFeed, sealedAtMs: startMs + 30_000 })).begin()
    await (await open({ tipFeed, sealedAtMs: startMs + 30_001 })).begin()
    expect(sealed[0]?.feed).toBe(tipFeed)
    expect(sealed[1]?.feed).not.toBe(tipFeed)
  })

  it('is retired when it has forked', async () => {
    const tipFeed = await earlierFeed()
    await (await open({ tipFeed, forked: true })).begin()
    expect(sealed[0]?.feed).not.toBe(tipFeed)
  })

  it('stays retired after a restart', async () => {
    const tipFeed = await earlierFeed()
    const feed = await open({ tipFeed, forked: true })
    await feed.begin()
    expect((await open()).current.feed).toBe(feed.current.feed)
  })

  it('is retired when a block of it comes from elsewhere, and not for one of another feed', async () => {
    const feed = await open()
    await feed.begin()
    const first = feed.current.feed
    feed.strayed({ feed: '00'.repeat(32), seq: 1 } as BlockHeader)
    await settle()
    expect(feed.current.feed).toBe(first)
    feed.strayed({ feed: first, seq: 7 } as BlockHeader)
    feed.strayed({ feed: first, seq: 8 } as BlockHeader)
    await settle()
    expect(feed.current.feed).not.toBe(first)
    expect(sealed.at(-1)).toBe(feed.current)
    await feed.stop()
  })

  it('asks for a new index when a running clock is set back more than 300 s before its last block', async () => {
    const tipFeed = await earlierFeed()
    const { timers } = clock
    const feed = await open({ tipFeed, sealedAtMs: startMs + 300_000 })
    clock.setNow(startMs + 300_000)
    await feed.begin()
    clock.setNow(startMs - 10_000)
    await clock.advanceAsync(10_000)
    expect(stale).toBe(0)
    clock.setNow(startMs - 10_001)
    await clock.advanceAsync(10_000)
    expect(stale).toBe(1)
    await feed.stop()
    expect(clock.timers).toBe(timers)
  })

  it('ends in the zero bits that the genesis wants, in a search that can be given up', async () => {
    for (const workBits of [1, 8, 12]) {
      lives = 0
      const feed = await open({ workBits })
      expect(trailingZeroBits(feed.current.feed)).toBeGreaterThanOrEqual(workBits)
    }
    const feed = await open()
    await feed.begin()
    const endless = await open({ workBits: 250, tipFeed: feed.current.feed })
    endless.retire('for the test')
    const begun = endless.begin()
    await settle()
    await endless.stop()
    await begun
    expect(sealed).toHaveLength(1)
  })
})
