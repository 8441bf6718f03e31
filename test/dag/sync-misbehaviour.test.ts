import { describe, expect, it } from 'vitest'
import { hashOf, networkIdOf } from '../../src/base/index.js'
import { SyncError, syncFrameBytesMax, type Block } from '../../src/dag/index.js'
import { encodeFrame } from '../../src/dag/sync-encode.js'
import { type Run, type SyncFrame } from '../../src/dag/sync-frames.js'
import { createSigner, seedFromName } from '../../src/record/index.js'
import { seededRandom } from '../fakes/seeded-random.js'
import { at, bytesOf, createPeer, createWriter, record, type Peer } from './kit.js'
import { createVictim, quiet, resultOf, statusFrame, syncPeers, type Victim } from './sync-kit.js'

const noTips: SyncFrame = { kind: 'tips', more: false, admitted: [], pending: [] }
const end: SyncFrame = { kind: 'end', frontierRoot: hashOf(Buffer.alloc(32, 171)) }

function runOf(block: Block): Run {
  const { feed, seq, id } = block.header
  return { feed: feed.slice(0, 32), low: 1, high: seq, top: id.slice(0, 32) }
}

function tipsOf(...runs: readonly Run[]): SyncFrame {
  return { kind: 'tips', more: false, admitted: runs, pending: [] }
}

function blocksFrame(...blocks: readonly Block[]): SyncFrame {
  return { kind: 'blocks', blocks: blocks.map(bytesOf) }
}

function chain(count: number): readonly Block[] {
  const writer = createWriter('w')
  return Array.from({ length: count }, () => writer.next())
}

async function emptyVictim(): Promise<{ peer: Peer, victim: Victim }> {
  const peer = await createPeer('a')
  return { peer, victim: createVictim(peer) }
}

describe('a sync session against a peer that', () => {
  it('belongs to another network or speaks no common version ends at once', async () => {
    const { peer, victim } = await emptyVictim()
    await victim.hear(statusFrame({ networkId: networkIdOf(Buffer.alloc(32, 1)) }))
    expect(await victim.code()).toBe('SYNC_NETWORK')
    const second = createVictim(peer)
    await second.hear(statusFrame({ versions: [2, 9] }))
    expect(await second.code()).toBe('SYNC_VERSION')
    const third = createVictim(peer)
    await third.hear(statusFrame({ versions: [1, 9] }), noTips, end)
    expect((await third.result()).blocksIn).toBe(0)
  })

  it('says within a session what has a stream of its own is out of turn', async () => {
    const { victim } = await emptyVictim()
    await victim.hear(statusFrame(), noTips, { kind: 'have', ids: [hashOf(Buffer.alloc(32, 7))] })
    expect(await victim.code()).toBe('SYNC_UNEXPECTED')
  })

  it('sends garbage ends as malformed, for 50 seeds', async () => {
    for (let seed = 1; seed <= 50; seed++) {
      const { victim } = await emptyVictim()
      const random = seededRandom(seed)
      if (seed % 2 === 0) await victim.hear(statusFrame())
      await victim.hear(Uint8Array.of(1 + random.integer(12), ...random.bytes(random.integer(60))))
      victim.session.abort()
      expect(['SYNC_FRAME', 'SYNC_UNEXPECTED', 'SYNC_UNREQUESTED', 'SYNC_ABORTED'], `seed ${seed}`).toContain(await victim.code())
    }
  })

  it('sends a frame over the limit ends, and one at the limit is read', async () => {
    const { peer, victim } = await emptyVictim()
    await victim.hear(new Uint8Array(syncFrameBytesMax + 1))
    expect(await victim.code()).toBe('SYNC_OVERSIZED')
    const second = createVictim(peer)
    await second.hear(new Uint8Array(syncFrameBytesMax))
    expect(await second.code()).toBe('SYNC_FRAME')
  })

  it('says things out of turn ends', async () => {
    const turns: readonly (readonly SyncFrame[])[] = [
      [noTips], [statusFrame(), statusFrame()], [statusFrame(), { kind: 'buckets', hashes: Array(256).fill('00'.repeat(16)) }],
      [statusFrame(), { kind: 'want', ranges: [{ top: record('x').id, low: 1, high: 1 }] }],
      [statusFrame(), { kind: 'done' }], [statusFrame(), { kind: 'miss', ranges: [0] }], [statusFrame(), end],
      [statusFrame(), noTips, noTips], [end]
    ]
    for (const frames of turns) {
      const { victim } = await emptyVictim()
      await victim.hear(...frames)
      expect(await victim.code()).toBe('SYNC_UNEXPECTED')
    }
  })

  it('asks for blocks that are not here gets a MISS, and is cut off when it keeps asking', async () => {
    const { peer, victim } = await emptyVictim()
    const [block] = chain(1)
    await peer.add(block ?? at([], 0))
    await victim.hear(statusFrame(), noTips)
    victim.sent.length = 0
    const want: SyncFrame = { kind: 'want', ranges: [
      { top: record('nothing').id, low: 1, high: 9 }, { top: at(chain(1), 0).header.id, low: 1, high: 2 ** 50 },
      { top: at(chain(1), 0).header.id, low: 7, high: 8 }
    ] }
    await victim.hear(want)
    expect(victim.sent.map((frame) => frame.kind)).toEqual(['blocks', 'miss', 'done'])
    expect(victim.sent[1]).toEqual({ kind: 'miss', ranges: [0, 1, 2] })
    for (let i = 0; i <= 64; i++) await victim.hear({ kind: 'want', ranges: [{ top: record('no').id, low: 1, high: 1 }] })
    expect(await victim.code()).toBe('SYNC_UNEXPECTED')
  })

  it('asks again before it was answered ends', async () => {
    const { peer, victim } = await emptyVictim()
    const blocks = chain(30)
    await peer.load(blocks)
    await victim.hear(statusFrame(), noTips)
    const want: SyncFrame = { kind: 'want', ranges: [{ top: at(blocks, -1).header.id, low: 1, high: 30 }] }
    await Promise.all([victim.session.receive(encodeFrame(want)), victim.session.receive(encodeFrame(want))])
    expect(await victim.code()).toBe('SYNC_UNEXPECTED')
  })

  it('gives no credit gets no more than the credit', async () => {
    const peer = await createPeer('a')
    const blocks = chain(60)
    await peer.load(blocks)
    const victim = createVictim(peer, { sync: { creditBytes: 4_000, blocksFrameBytes: 1_000 } })
    await victim.hear(statusFrame(), noTips, { kind: 'want', ranges: [{ top: at(blocks, -1).header.id, low: 1, high: 60 }] })
    const got = (): number => victim.sent.flatMap((frame) => (frame.kind === 'blocks' ? frame.blocks : []))
      .reduce((sum, block) => sum + block.length, 0)
    expect(got()).toBeLessThanOrEqual(4_000)
    expect(got()).toBeGreaterThan(3_000)
    await victim.hear({ kind: 'credit', bytes: 2_000 })
    expect(got()).toBeGreaterThan(4_000)
    expect(got()).toBeLessThanOrEqual(6_000)
    peer.clock.advance(60_000)
    expect(await victim.code()).toBe('SYNC_TIMEOUT')
  })

  it('sends past its credit is cut off', async () => {
    const peer = await createPeer('a', { delays: () => 1_000_000 })
    const blocks = chain(20)
    const bytes = bytesOf(at(blocks, 0)).length
    const victim = createVictim(peer, { sync: { creditBytes: 10 * bytes + 200 } })
    await victim.hear(statusFrame(), tipsOf(runOf(at(blocks, -1))), blocksFrame(...blocks.slice(0, 9)))
    victim.session.progress()
    await victim.hear(blocksFrame(...blocks.slice(9, 12)))
    expect(await victim.code()).toBe('SYNC_CREDIT')
  })

  it('sends blocks that nobody asked for, or more than asked for, is cut off', async () => {
    const blocks = chain(6)
    const { peer, victim } = await emptyVictim()
    await victim.hear(statusFrame(), blocksFrame(at(blocks, 0)))
    expect(await victim.code()).toBe('SYNC_UNREQUESTED')
    const second = createVictim(peer)
    await second.hear(statusFrame(), tipsOf(runOf(at(blocks, 4))), blocksFrame(...blocks))
    expect(await second.code()).toBe('SYNC_UNREQUESTED')
  })

  it('sends an invalid block is cut off, and what it sent before stays', async () => {
    const blocks = chain(3)
    const { peer, victim } = await emptyVictim()
    await victim.hear(statusFrame(), tipsOf(runOf(at(blocks, 2))), blocksFrame(at(blocks, 0)))
    const forged = bytesOf(at(blocks, 1))
    forged[forged.length - 1] = (forged[forged.length - 1] ?? 0) ^ 1
    await victim.hear({ kind: 'blocks', blocks: [forged] })
    expect(await victim.code()).toBe('SYNC_BAD_BLOCK')
    expect(peer.dag.highest(at(blocks, 0).header.feed)).toBe(1)
    const error = await victim.session.done.catch((cause: unknown) => cause)
    expect(error instanceof SyncError && error.misbehaviour).toBe(true)
  })

  it('lists tips that it does not serve costs one question', async () => {
    const blocks = chain(9)
    const { victim } = await emptyVictim()
    await victim.hear(statusFrame(), tipsOf(runOf(at(blocks, 8))), { kind: 'done' })
    const asked = victim.sent.filter((frame) => frame.kind === 'want')
    expect(asked).toEqual([{ kind: 'want', ranges: [{ top: runOf(at(blocks, 8)).top, low: 1, high: 9 }] }])
    await victim.hear(end)
    expect(await victim.result()).toMatchObject({ converged: false, blocksIn: 0 })
  })

  it('serves the end of a chain and withholds its start is asked for the gap once and let go', async () => {
    const blocks = chain(9)
    const { peer, victim } = await emptyVictim()
    await victim.hear(statusFrame(), tipsOf(runOf(at(blocks, 8))), blocksFrame(at(blocks, 8)), { kind: 'done' })
    expect(victim.sent.at(-1)).toEqual({ kind: 'want', ranges: [{ top: at(blocks, 7).header.id, low: 8, high: 8 }] })
    await victim.hear({ kind: 'miss', ranges: [0] }, { kind: 'done' })
    expect(victim.sent.at(-1)?.kind).toBe('end')
    expect(peer.dag.pending.blocks).toBe(1)
  })

  it('lists a run up to 2^53-1 makes no loop over it', async () => {
    const { victim } = await emptyVictim()
    const huge = { feed: 'ab'.repeat(16), low: 1, high: Number.MAX_SAFE_INTEGER, top: 'cd'.repeat(16) }
    await victim.hear(statusFrame(), tipsOf(huge), { kind: 'done' }, end)
    expect((await victim.result()).blocksIn).toBe(0)
  })

  it('lists too many tips in too many frames is cut off', async () => {
    const { victim } = await emptyVictim()
    const admitted = Array.from({ length: 16_384 }, (_, i): Run => (
      { feed: i.toString(16).padStart(32, '0'), low: 1, high: 1, top: i.toString(16).padStart(32, '1') }
    ))
    await victim.hear(statusFrame())
    for (let i = 0; i < 17; i++) await victim.hear({ kind: 'tips', more: true, admitted, pending: [] })
    expect(await victim.code()).toBe('SYNC_LIMIT')
  }, 60_000)

  it('says nothing for a minute is let go, one that says something is not', async () => {
    const { peer, victim } = await emptyVictim()
    await victim.session.start()
    peer.clock.advance(59_999)
    await victim.hear(statusFrame({ tipsFollow: false }))
    peer.clock.advance(59_999)
    await quiet()
    expect(peer.clock.timers).toBe(1)
    peer.clock.advance(1)
    expect(await victim.code()).toBe('SYNC_TIMEOUT')
    expect(peer.clock.timers).toBe(0)
  })

  it('has a link that breaks ends without blame', async () => {
    const peer = await createPeer('a')
    const victim = createVictim(peer, { deps: { send: async () => Promise.reject(new Error('reset')) } })
    await victim.session.start()
    expect(await victim.code()).toBe('SYNC_LINK')
    const error = await victim.session.done.catch((cause: unknown) => cause)
    expect(error instanceof SyncError && error.misbehaviour).toBe(false)
  })

  it('hangs up while it owes something ends without waiting, and after its END with what came', async () => {
    const blocks = chain(2)
    const { peer, victim } = await emptyVictim()
    await victim.hear(statusFrame(), tipsOf(runOf(at(blocks, 1))), blocksFrame(at(blocks, 0)))
    victim.session.closed()
    expect(await victim.code()).toBe('SYNC_LINK')
    const second = createVictim(peer)
    await second.hear(statusFrame(), tipsOf(runOf(at(blocks, 1))))
    const left: SyncFrame[] = [blocksFrame(at(blocks, 1)), { kind: 'done' }, end]
    await Promise.all(left.map((frame) => second.session.receive(encodeFrame(frame))))
    second.session.closed()
    expect((await second.result()).blocksIn).toBe(1)
  })

  it('has its blocks dropped by a broken admission here ends without blame', async () => {
    const blocks = chain(2)
    const peer = await createPeer('a')
    const victim = createVictim(peer, { deps: { admit: async () => Promise.reject(new Error('disk')) } })
    await victim.hear(statusFrame(), tipsOf(runOf(at(blocks, 1))), blocksFrame(...blocks))
    expect(await victim.code()).toBe('SYNC_ABORTED')
  })
})

describe('frames changed on the way', () => {
  it('end a session or leave it right, for 30 seeds', async () => {
    const writer = createWriter('w', createSigner(seedFromName('w')))
    const blocks = Array.from({ length: 12 }, () => writer.next())
    for (let seed = 1; seed <= 30; seed++) {
      const random = seededRandom(seed)
      const [a, b] = [await createPeer('a', { verify: true }), await createPeer('b', { verify: true })]
      await a.load(blocks)
      const tamper = (frame: Uint8Array): Uint8Array => {
        const copy = Buffer.from(frame)
        if (random.integer(2) === 0) copy[random.integer(copy.length)] = random.integer(256)
        return copy
      }
      const talk = await Promise.race([syncPeers(a, b, { tamper }), stuck(a, b)])
      if (talk !== 'stuck' && !(talk.other instanceof SyncError) && resultOf(talk.other).converged) {
        expect(a.dag.frontier().root, `seed ${seed}`).toBe(b.dag.frontier().root)
      }
      const held = b.dag.frontier().tips()
      for (const tip of held) expect(a.dag.has(tip.id), `seed ${seed}`).toBe(true)
    }
  }, 60_000)
})

/** Where a changed frame made both wait: their clocks end it. */
async function stuck(...peers: readonly Peer[]): Promise<'stuck'> {
  await quiet(300)
  for (const peer of peers) peer.clock.advance(60_000)
  await quiet()
  return 'stuck'
}
