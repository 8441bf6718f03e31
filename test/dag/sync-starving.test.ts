// Peers that answer with next to nothing, so that others are not asked.

import { describe, expect, it } from 'vitest'
import { blake3Hash, utf8Bytes } from '../../src/base/index.js'
import { DAG_DEFAULTS, SYNC_DEFAULTS, SyncError, type Block } from '../../src/dag/index.js'
import { type Run, type SyncFrame } from '../../src/dag/sync-frames.js'
import { at, bytesOf, createPeer, createWriter, startMs, type Peer } from './kit.js'
import { createVictim, quiet, statusFrame, type Victim } from './sync-kit.js'

function runOf(block: Block, low = 1): Run {
  const { feed, seq, id } = block.header
  return { feed: feed.slice(0, 32), low, high: seq, top: id.slice(0, 32) }
}

function chain(name: string, count: number): readonly Block[] {
  const writer = createWriter(name)
  return Array.from({ length: count }, () => writer.next())
}

/** A session whose peer lists these runs; it has asked for them unless it waits. */
async function asking(peer: Peer, ...admitted: readonly Run[]): Promise<Victim> {
  const victim = createVictim(peer)
  await victim.hear(statusFrame({ recordCount: 9_000_000 }), { kind: 'tips', more: false, admitted, pending: [] })
  return victim
}

function blocks(...list: readonly Block[]): SyncFrame {
  return { kind: 'blocks', blocks: list.map(bytesOf) }
}

const hasAsked = ({ sent }: Victim): boolean => sent.some((frame) => frame.kind === 'want')

/** A session with a peer that answers its questions block by block. */
async function slowPeer(
  peer: Peer, feed: readonly Block[]
): Promise<{ readonly victim: Victim, drip(): Promise<void> }> {
  const victim = await asking(peer, runOf(at(feed, -1)))
  let seen = 0
  let queue: readonly Block[] = []
  return {
    victim,
    async drip() {
      for (const frame of victim.sent.slice(seen)) {
        if (frame.kind === 'want') queue = frame.ranges.flatMap(({ low, high }) => feed.slice(low - 1, high))
      }
      seen = victim.sent.length
      const [next, ...rest] = queue
      queue = rest
      const done = { kind: 'done' } as const
      if (next !== undefined) await victim.hear(blocks(next), ...(rest.length === 0 ? [done] : []))
    }
  }
}

describe('blocks outside of all that was asked for', () => {
  it('end the session with blame: of another feed, below the range and above it', async () => {
    const theirs = chain('theirs', 8)
    for (const stray of [at(chain('known', 1), 0), at(theirs, 2), at(theirs, 7)]) {
      const peer = await createPeer('a')
      await peer.load(theirs.slice(0, 3))
      const victim = await asking(peer, runOf(at(theirs, 5)))
      await victim.hear(blocks(stray))
      expect(await victim.code()).toBe('SYNC_UNREQUESTED')
      const error = await victim.session.done.catch((cause: unknown) => cause)
      expect(error instanceof SyncError && error.misbehaviour).toBe(true)
    }
  })

  it('are none at both ends of the range, nor where a gap was asked for', async () => {
    const theirs = chain('theirs', 6)
    const peer = await createPeer('a')
    await peer.load(theirs.slice(0, 2))
    const victim = await asking(peer, runOf(at(theirs, 5)))
    await victim.hear(blocks(at(theirs, 5)), blocks(at(theirs, 2)), { kind: 'done' })
    expect(victim.sent.at(-1)).toMatchObject({ kind: 'want', ranges: [{ high: 5 }] })
    await victim.hear(blocks(at(theirs, 4), at(theirs, 3)), { kind: 'done' })
    expect(peer.dag.highest(at(theirs, 0).header.feed)).toBe(6)
  })
})

describe('a session whose peer', () => {
  it('sends what was asked for but is known or put off ends after a minute, without blame', async () => {
    for (const sealedAtMs of [startMs, startMs + 3_600_000]) {
      const writer = createWriter('w')
      const block = writer.next([], { sealedAtMs })
      const peer = await createPeer('a')
      const victim = await asking(peer, { ...runOf(block), high: 1_000, top: 'ab'.repeat(16) })
      if (sealedAtMs === startMs) await peer.add(block)
      else peer.dag.deferred.add(block.header)
      const drop = { kind: 'ignore', why: 'known' } as const
      peer.admit = async () => drop
      for (let second = 0; second < 60; second += 2) {
        await victim.hear(blocks(block))
        expect(victim.session.progress().usefulBytes).toBe(0)
        peer.clock.advance(2_000)
      }
      expect(await victim.code()).toBe('SYNC_TIMEOUT')
    }
  })

  it('sends a new block every two seconds goes on', async () => {
    const theirs = chain('theirs', 60)
    const peer = await createPeer('a')
    const victim = await asking(peer, runOf(at(theirs, -1)))
    for (const block of theirs) {
      await victim.hear(blocks(block))
      peer.clock.advance(2_000)
    }
    await victim.hear({ kind: 'done' })
    expect(peer.dag.highest(at(theirs, 0).header.feed)).toBe(60)
    expect(victim.session.progress().usefulBytes)
      .toBe(theirs.reduce((sum, block) => sum + bytesOf(block).length, 0))
    expect(peer.clock.nowMs() - startMs).toBeGreaterThan(SYNC_DEFAULTS.idleMs)
  })
})

describe('four sessions that drip', () => {
  const invented = (name: string): Run => {
    const feed = blake3Hash(utf8Bytes(name)).slice(0, 32)
    return { feed, low: 1, high: 1_000, top: feed.replaceAll('0', '1') }
  }

  it('of invented runs are ended at the first block, and blamed', async () => {
    const peer = await createPeer('a')
    const known = at(chain('known', 1), 0)
    await peer.add(known)
    const liars: Victim[] = []
    for (let i = 0; i < DAG_DEFAULTS.fetchersMax; i++) liars.push(await asking(peer, invented(`${i}`)))
    for (const liar of liars) await liar.hear(blocks(known))
    expect(await Promise.all(liars.map((liar) => liar.code()))).toEqual(liars.map(() => 'SYNC_UNREQUESTED'))
  })

  it('of true blocks give a place to one that waits, within a turn, and are not ended for it', async () => {
    const peer = await createPeer('a')
    const feeds = Array.from({ length: DAG_DEFAULTS.fetchersMax }, (_, i) => chain(`slow ${i}`, 40))
    const slow = await Promise.all(feeds.map((feed) => slowPeer(peer, feed)))
    const theirs = chain('honest', 3)
    const waiting = await asking(peer, runOf(at(theirs, -1)))
    expect(slow.map(({ victim }) => hasAsked(victim))).toEqual([true, true, true, true])
    expect(hasAsked(waiting)).toBe(false)
    for (let passed = 0; !hasAsked(waiting); passed += 2_000) {
      expect(passed).toBeLessThanOrEqual(DAG_DEFAULTS.fetchTurnMs + 2_000)
      for (const { drip } of slow) await drip()
      peer.clock.advance(2_000)
      await quiet()
    }
    await waiting.hear(blocks(...theirs), { kind: 'done' })
    expect(peer.dag.highest(at(theirs, 0).header.feed)).toBe(3)
    await waiting.hear({ kind: 'end', frontierRoot: at(theirs, 0).header.id })
    for (let i = 0; i < 45; i++) for (const { drip } of slow) await drip()
    expect(feeds.map((feed) => peer.dag.highest(at(feed, 0).header.feed))).toEqual([40, 40, 40, 40])
  })
})
