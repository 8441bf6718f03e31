// State tags: made once for a state at rest, compared with those of peers, and told of.

import { describe, expect, it } from 'vitest'
import { blake3Hash, utf8Bytes, type Hash } from '../../src/base/index.js'
import { createHoldings, signTag, type StateTag, type SyncResult } from '../../src/dag/index.js'
import { createStateTags, type StateTags } from '../../src/node/state-tag.js'
import { ALARMS_MAX, CHECK_MS_MIN, type TagAlarm } from '../../src/node/tag-doubts.js'
import { decodeFrame } from '../../src/dag/sync-decode.js'
import { encodeFrame } from '../../src/dag/sync-encode.js'
import { type DecodedFrame } from '../../src/dag/sync-frames.js'
import { openNodeSession } from '../../src/node/sync-session.js'
import { peerNameOf } from '../../src/p2p/index.js'
import { createSigner, seedFromName } from '../../src/record/index.js'
import { createPeer } from '../dag/kit.js'
import { createManualClock, type ManualClock } from '../fakes/manual-clock.js'
import { quietLog, settle } from '../fakes/until.js'
import { alice, bob, boot, createMachine, genesis, says, settledState } from './kit.js'

const { networkId } = genesis
const peer = createSigner(seedFromName('node peer'))
const accusation = 'a peer holds the same blocks and answers differently'
const hash = (text: string): Hash => blake3Hash(utf8Bytes(text))

interface Bench {
  readonly tags: StateTags
  readonly clock: ManualClock
  readonly made: StateTag[]
  /** Errors of the log. */
  readonly alarms: string[]
  readonly told: TagAlarm[]
  readonly state: {
    root: string; sequence: number; trust: string; quiet: boolean; passes: number
    /** What the views hold, how many batches of them there are, and how many were read. */
    views: string; batches: number; read: number
    whole: boolean; rescans: number; recomputes: number
    recompute: () => void
  }
  pass(ms: number): Promise<void>
}

function bench(): Bench {
  const clock = createManualClock()
  const made: StateTag[] = []
  const alarms: string[] = []
  const told: TagAlarm[] = []
  const state = {
    root: 'a', sequence: 1, trust: 't', quiet: true, passes: 0, views: '', batches: 1, read: 0, whole: true,
    rescans: 0, recomputes: 0, recompute: (): void => undefined
  }
  const quietly = (): void => undefined
  const store = {
    get totals() { return { sequence: state.sequence, recordCount: 1, digest: new Uint8Array(32) } },
    snapshot: () => ({
      batches: async function* () {
        state.passes += 1
        for (let i = 0; i < state.batches; i++) {
          state.read += 1
          await settle(1)
          yield [[utf8Bytes(`key ${state.views}`), utf8Bytes('')]]
        }
      },
      close: async () => undefined
    })
  }
  const tags = createStateTags({
    store: store as unknown as Parameters<typeof createStateTags>[0]['store'],
    dag: {
      frontier: () => ({ root: hash(state.root), buckets: [], tipCount: 0, tipsOf: () => [], tips: () => [] })
    },
    networkId, signer: alice, trustDigest: () => hash(state.trust), quiet: () => state.quiet,
    rescan: async () => {
      state.rescans += 1
      return state.whole
    },
    recompute: async () => {
      state.recomputes += 1
      state.recompute()
    },
    onTag: (tag) => made.push(tag), onAlarm: (alarm) => told.push(alarm), clock,
    log: { debug: quietly, info: quietly, warn: quietly, error: (_, message) => void alarms.push(message) }
  })
  return {
    tags, clock, made, alarms, told, state,
    async pass(ms) {
      for (let moved = 0; moved < ms; moved += 5_000) {
        clock.advance(5_000)
        await settle(3)
      }
    }
  }
}

function resultWith(stateTag: Uint8Array): SyncResult {
  return {
    converged: true, complete: true, blocksIn: 0, blocksOut: 0, bytesIn: 0, bytesOut: 0, controlBytesIn: 0,
    controlBytesOut: 0, rounds: 1, remote: { frontierRoot: hash('a'), recordCount: 1, tipCount: 1, stateTag }
  }
}

describe('the keeper of state tags', () => {
  it('reads the views once for a state, however many ask at once or later', async () => {
    const { tags, state } = bench()
    const [one, two] = await Promise.all([tags.make(), tags.make()])
    expect([two, await tags.make(), tags.current()]).toEqual([one, one, one])
    expect(state.passes).toBe(1)
    for (const change of [{ root: 'b' }, { sequence: 2 }, { trust: 'u' }]) {
      Object.assign(state, change)
      expect(tags.current()).toBeUndefined()
      await tags.make()
    }
    expect(state.passes).toBe(4)
  })

  it('has no tag while work is left, nor of a state that changed meanwhile', async () => {
    const { tags, state } = bench()
    await tags.make()
    state.quiet = false
    expect([tags.current(), await tags.make()]).toEqual([undefined, undefined])
    Object.assign(state, { quiet: true, root: 'b' })
    const making = tags.make()
    state.root = 'c'
    expect(await making).toBeUndefined()
    expect(tags.current()).toBeUndefined()
  })

  it('makes a tag of a state at rest unasked, at most every thirty seconds, and tells of new ones', async () => {
    const { tags, state, made, pass, clock } = bench()
    tags.start()
    await pass(5_000)
    expect(made).toHaveLength(0)
    await pass(5_000)
    expect(made).toHaveLength(1)
    state.root = 'b'
    await pass(25_000)
    expect(made).toHaveLength(1)
    await pass(10_000)
    expect(made.map((tag) => tag.frontierRoot)).toEqual([hash('a'), hash('b')])
    await pass(120_000)
    expect([made.length, state.passes]).toEqual([2, 2])
    await tags.stop()
    expect([clock.timers, await tags.make()]).toEqual([0, undefined])
  })

  it('accuses a peer only after its own index and views were looked through, and once', async () => {
    const { tags, alarms, told, state } = bench()
    const ours = await tags.make()
    if (ours === undefined) throw new Error('no tag')
    const equal = signTag(ours, peer, networkId)
    tags.compare(peer.publicKey, resultWith(equal.bytes))
    tags.compare(peer.publicKey, resultWith(signTag({ ...ours, frontierRoot: hash('b') }, peer, networkId).bytes))
    tags.compare(peer.publicKey, resultWith(signTag({ ...ours, viewVersion: 99 }, peer, networkId).bytes))
    await settle()
    expect([state.rescans, state.recomputes, told]).toEqual([0, 0, []])
    const other = signTag({ ...ours, viewDigest: hash('other') }, peer, networkId)
    for (let i = 0; i < 3; i++) tags.compare(peer.publicKey, resultWith(other.bytes))
    expect([tags.doubts.raised, tags.doubts.open]).toEqual([0, 1])
    await settle()
    expect([state.rescans, state.recomputes, alarms]).toEqual([1, 1, [accusation]])
    expect(told).toMatchObject([{ ours: { viewDigest: ours.viewDigest }, theirs: { viewDigest: hash('other') } }])
    expect([tags.doubts.raised, tags.doubts.open]).toEqual([1, 0])
  })

  it('accuses no one when its own views were wrong: they are computed anew, and older tags forgotten', async () => {
    const { tags, alarms, state } = bench()
    const wrong = await tags.make()
    if (wrong === undefined) throw new Error('no tag')
    state.views = 'mended'
    state.root = 'b'
    const right = await tags.make()
    if (right === undefined) throw new Error('no tag')
    state.root = 'a'
    state.recompute = () => { state.views = 'mended' }
    state.views = ''
    await tags.make()
    const theirs = signTag({ ...right, frontierRoot: hash('a') }, peer, networkId)
    tags.compare(peer.publicKey, resultWith(theirs.bytes))
    await settle()
    expect(theirs.viewDigest).not.toBe(wrong.viewDigest)
    expect([tags.doubts.raised, tags.doubts.healed]).toEqual([0, 1])
    expect(alarms).toEqual(['own views were wrong and are computed anew'])
    expect(tags.current()?.viewDigest).toBe(right.viewDigest)
    tags.compare(bob.publicKey, resultWith(signTag({ ...right, viewDigest: hash('x') }, bob, networkId).bytes))
    expect(tags.doubts.open).toBe(0)
  })

  it('accuses no one while its own index is damaged', async () => {
    const { tags, alarms, state } = bench()
    const ours = await tags.make()
    if (ours === undefined) throw new Error('no tag')
    state.whole = false
    tags.compare(peer.publicKey, resultWith(signTag({ ...ours, viewDigest: hash('x') }, peer, networkId).bytes))
    await settle()
    expect([tags.doubts.raised, tags.doubts.open, state.recomputes]).toEqual([0, 0, 0])
    expect(alarms).toEqual(['a state tag differs since the own index is damaged'])
  })

  it('looks through itself once in ten minutes, whatever peers send, and accuses others meanwhile', async () => {
    const { tags, alarms, state, clock } = bench()
    const ours = await tags.make()
    if (ours === undefined) throw new Error('no tag')
    const lies = (from: typeof peer, text: string): void => tags.compare(
      from.publicKey, resultWith(signTag({ ...ours, viewDigest: hash(text) }, from, networkId).bytes)
    )
    lies(peer, 'first')
    await settle()
    for (let i = 0; i < 20; i++) lies(peer, `again ${i}`)
    lies(bob, 'other')
    await settle()
    expect([state.rescans, tags.doubts.raised, alarms.length]).toEqual([1, 22, 2])
    expect(tags.doubts.alarms).toHaveLength(ALARMS_MAX)
    clock.advance(CHECK_MS_MIN - 1)
    lies(peer, 'later')
    await settle()
    expect(state.rescans).toBe(1)
    clock.advance(1)
    lies(peer, 'at last')
    await settle()
    expect(state.rescans).toBe(2)
  })

  it('judges a peer by its tag of a state that is reached here later', async () => {
    const { tags, state } = bench()
    const ours = await tags.make()
    if (ours === undefined) throw new Error('no tag')
    const ahead = signTag({ ...ours, frontierRoot: hash('b'), viewDigest: hash('x') }, peer, networkId)
    tags.compare(peer.publicKey, resultWith(ahead.bytes))
    expect(tags.doubts.open).toBe(0)
    state.root = 'b'
    await tags.make()
    await settle()
    expect(tags.doubts.raised).toBe(1)
  })

  it('judges a peer by the last 1,024 of its own tags, and not by the one before', async () => {
    const { tags, state } = bench()
    const first = await tags.make()
    if (first === undefined) throw new Error('no tag')
    for (let i = 0; i < 1_023; i++) {
      state.root = `root ${i}`
      await tags.make()
    }
    const late = (text: string): Uint8Array =>
      signTag({ ...first, viewDigest: hash(text) }, peer, networkId).bytes
    tags.compare(peer.publicKey, resultWith(late('x')))
    expect(tags.doubts.open).toBe(1)
    await settle()
    // The look at it made it the tag used last: the next one leaves, then 1,023 others.
    for (let i = 0; i < 1_024; i++) {
      state.root = `more ${i}`
      await tags.make()
    }
    const raised = tags.doubts.raised
    tags.compare(peer.publicKey, resultWith(late('y')))
    await settle()
    expect([tags.doubts.open, tags.doubts.raised]).toEqual([0, raised])
  })

  it('gives up a tag that is being made when it is stopped', async () => {
    const { tags, state } = bench()
    state.batches = 1_000_000
    const making = tags.make()
    await settle(3)
    await tags.stop()
    expect(await making).toBeUndefined()
    expect(state.read).toBeLessThan(1_000)
  })

  it('takes no word of garbage, of a broken signature, or of another key than the peer\'s', async () => {
    const { tags } = bench()
    const ours = await tags.make()
    if (ours === undefined) throw new Error('no tag')
    const lie = signTag({ ...ours, viewDigest: hash('lie') }, peer, networkId).bytes
    const broken = Buffer.from(lie)
    broken[205] = (broken[205] ?? 0) ^ 1
    for (const bytes of [new Uint8Array(0), new Uint8Array(206), broken]) {
      tags.compare(peer.publicKey, resultWith(bytes))
    }
    tags.compare(bob.publicKey, resultWith(lie))
    expect(tags.doubts.open).toBe(0)
  })
})

describe('a session of a node', () => {
  it('carries the tag that is there, makes none, and compares the peer\'s when it is over', async () => {
    const { tags, clock, state } = bench()
    const { dag, store } = await createPeer('here')
    const sent: DecodedFrame[] = []
    const open = (): ReturnType<typeof openNodeSession> => openNodeSession(
      {
        peer: peerNameOf(peer.publicKey), initiator: true, admit: async () => ({ kind: 'accept' }),
        send: async (frame) => void sent.push(decodeFrame(frame))
      },
      {
        dag, store, tags, holdings: createHoldings({ dag, self: alice.publicKey }), rules: { networkId, admission: 'open', governors: new Set(), feedWorkBits: 0 },
        ownFeed: {
          current: { signer: alice, incarnation: '00'.repeat(8), feed: hash('feed') }, begin: async () => undefined,
          heard: () => undefined, retire: () => undefined, shown: () => undefined, strayed: () => undefined,
          stop: async () => undefined
        }
      },
      { clock, log: quietLog }
    )
    await open().start()
    expect(sent[0]).not.toHaveProperty('stateTag')
    expect(state.passes).toBe(0)
    const ours = await tags.make()
    if (ours === undefined) throw new Error('no tag')
    const session = open()
    await session.start()
    const status = sent.findLast((frame) => frame.kind === 'status')
    expect(Buffer.from(status?.stateTag ?? [])).toEqual(Buffer.from(ours.bytes))
    if (status === undefined) throw new Error('no status')
    const stateTag = signTag({ ...ours, viewDigest: hash('other') }, peer, networkId).bytes
    await session.receive(encodeFrame({ ...status, tipsFollow: false, stateTag }))
    await session.done
    await settle()
    expect(tags.doubts.raised).toBe(1)
  })
})

describe('a node', () => {
  it('emits one state event for a state, and tells it again only when the state is new', async () => {
    const machine = await createMachine()
    const node = await boot(machine)
    const seen: string[] = []
    node.onEvent((_, event) => {
      if (event.kind === 'state') seen.push(event.viewDigest)
    })
    await node.admit([says(alice, 'sky', 'blue')])
    const first = await settledState(machine, node)
    await node.state()
    expect(seen).toEqual([first.tag?.viewDigest])
    await node.admit([says(bob, 'sea', 'green')])
    const second = await settledState(machine, node)
    expect(seen).toEqual([first.tag?.viewDigest, second.tag?.viewDigest])
    expect(node.stats()).toMatchObject({ p2p_tag_mismatches_total: 0 })
    await node.stop()
  })
})
