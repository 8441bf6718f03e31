import { beforeEach, describe, expect, it } from 'vitest'
import type { Hash } from '../../src/base/index.js'
import { feedOf, type BlockHeader, type Dag } from '../../src/dag/index.js'
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
let disk: MemoryDisk
let clock: ManualClock
let sealed: FeedIdentity[]
let lives: number

beforeEach(async () => {
  disk = createMemoryDisk(seededRandom(1))
  await disk.makeDirectory('/data')
  clock = createManualClock(startMs)
  sealed = []
  lives = 0
})

/** A life of the node whose index holds a block of `tipFeed`, sealed at `sealedAtMs`. */
function open(
  given: { tipFeed?: Hash; sealedAtMs?: number; expectsPeers?: boolean; forked?: boolean } = {}
): Promise<OwnFeed> {
  const { tipFeed, sealedAtMs = startMs, expectsPeers = false, forked = false } = given
  const header = { sealedAtMs } as BlockHeader
  const dag = {
    tipOf: (feed: Hash) => (feed === tipFeed ? { feed, seq: 1, id: feed } : undefined),
    header: () => header,
    isForked: () => forked
  } as unknown as Dag
  lives += 1
  const wal = { identity: { device: 1n, inode: 2n, created: lives === 1 } } as Wal
  const setup = { signer, incarnationPath: '/data/incarnation', dataDirectory: '/data' } as NodeSetup
  const ports = { clock, disk, random: seededRandom(lives), log: silentLog } as unknown as NodeParts
  return openOwnFeed(setup, ports, {
    wal, dag, expectsPeers,
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
    feed.heard()
    await begun
    expect(sealed.map((identity) => identity.feed)).toEqual([tipFeed])
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
    feed.heard()
    await begun
    const second = feed.current.feed
    expect(second).not.toBe(tipFeed)
    feed.retire('a peer holds its block 1')
    await settle()
    expect(sealed.map((identity) => identity.feed)).toEqual([second, feed.current.feed])
    expect(feed.current.feed).not.toBe(second)
    await feed.stop()
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
})
