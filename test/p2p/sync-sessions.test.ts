// Places of sessions, with sessions that do what a test says.

import { describe, expect, it } from 'vitest'
import { type PeerName } from '../../src/base/index.js'
import { frontierRootOf, SyncError, type SyncResult, type SyncSession } from '../../src/dag/index.js'
import { REPLICATION_LIMITS } from '../../src/p2p/index.js'
import { createSyncSessions, type SessionOutcome, type SyncSessions } from '../../src/p2p/sync-sessions.js'
import { createManualClock, type ManualClock } from '../fakes/manual-clock.js'
import { createStreamPair, type MemoryStream } from '../fakes/memory-stream.js'
import { quietLog, settle } from '../fakes/until.js'

const { sessionsMax, servedMax, sessionGraceMs, sessionWindowMs, sessionWindowBytesMin } = REPLICATION_LIMITS

interface Run {
  usefulBytes: number
  ended: string | undefined
  finish(): void
}

interface Scene {
  readonly clock: ManualClock
  readonly sessions: SyncSessions
  /** The latest session with a peer. */
  run(peer: PeerName): Run
  open(...peers: readonly PeerName[]): Promise<void>
  serve(...peers: readonly PeerName[]): Promise<void>
  /** Lets time pass; each second every peer says something. */
  pass(ms: number): Promise<void>
  readonly outcomes: Map<PeerName, string[]>
}

const result: SyncResult = {
  converged: true, complete: true, blocksIn: 0, blocksOut: 0, bytesIn: 0, bytesOut: 0, controlBytesIn: 0,
  controlBytesOut: 0, rounds: 1, remote: { frontierRoot: frontierRootOf([]), recordCount: 0, tipCount: 0 }
}

function scene(chosen: readonly PeerName[] = []): Scene {
  const clock = createManualClock()
  const runs = new Map<PeerName, Run>()
  const ends = new Map<PeerName, MemoryStream>()
  const outcomes = new Map<PeerName, string[]>()
  const streamOf = (peer: PeerName): MemoryStream => {
    const [near, far] = createStreamPair('self', peer, 1_000)
    ends.set(peer, far)
    return near
  }
  const openSession = ({ peer }: { readonly peer: PeerName }): SyncSession => {
    const done = Promise.withResolvers<SyncResult>()
    done.promise.catch(() => undefined)
    const run: Run = { usefulBytes: 0, ended: undefined, finish: () => done.resolve(result) }
    runs.set(peer, run)
    return {
      done: done.promise, start: async () => undefined, receive: async () => undefined,
      closed: () => undefined,
      progress: () => ({
        blocksIn: 0, blocksWanted: 0, bytesIn: 0, usefulBytes: run.usefulBytes, remoteRecordCount: 0
      }),
      abort: () => done.reject(new SyncError({ code: 'SYNC_ABORTED' }, 'given up'))
    }
  }
  const sessions = createSyncSessions('self', REPLICATION_LIMITS, {
    network: { open: async (peer) => streamOf(peer), isChosen: (peer) => chosen.includes(peer) },
    openSession, admit: async () => ({ kind: 'accept' }), onBytes: () => undefined, clock, log: quietLog
  })
  const note = (peer: PeerName) => (outcome: SessionOutcome): void => {
    const code = outcome.kind === 'failed' ? (outcome.error as { readonly code: string }).code : outcome.kind
    outcomes.set(peer, [...outcomes.get(peer) ?? [], code])
  }
  return {
    clock, sessions, outcomes,
    run(peer) {
      const run = runs.get(peer)
      if (run === undefined) throw new Error(`no session with ${peer}`)
      return run
    },
    async open(...peers) {
      for (const peer of peers) void sessions.initiate(peer).then(note(peer))
      await settle(5)
    },
    async serve(...peers) {
      for (const peer of peers) void sessions.serve(streamOf(peer)).then(note(peer))
      await settle(5)
    },
    async pass(ms) {
      for (let passed = 0; passed < ms; passed += 1_000) {
        for (const end of ends.values()) await end.send(Uint8Array.of(1)).catch(() => undefined)
        await settle(2)
        clock.advance(1_000)
      }
      await settle(5)
    }
  }
}

function names(prefix: string, count: number): readonly PeerName[] {
  return Array.from({ length: count }, (_, i) => `${prefix} ${i}`)
}

describe('places of sessions', () => {
  it('for sessions opened here are not taken by those served, nor the other way round', async () => {
    const { sessions, serve, open, outcomes } = scene()
    await serve(...names('served', servedMax))
    await open(...names('opened', sessionsMax))
    expect(sessions.running).toBe(servedMax + sessionsMax)
    expect(outcomes.size).toBe(0)
    await serve('one more')
    await open('another')
    expect(Object.fromEntries(outcomes)).toEqual({ 'one more': ['yielded'], another: ['yielded'] })
  })

  it('are one a peer: a later session that it opens takes the place of its first', async () => {
    const { sessions, serve, outcomes } = scene()
    await serve(...names('served', servedMax))
    await serve('served 3', 'served 3')
    expect(sessions.running).toBe(servedMax)
    expect(Object.fromEntries(outcomes)).toEqual({ 'served 3': ['yielded', 'yielded'] })
  })

  it('are given up after the grace, by the session that moved least, to whoever wants one', async () => {
    const { open, outcomes, run, pass, sessions } = scene()
    await open(...names('peer', sessionsMax))
    for (let i = 0; i < sessionsMax; i++) run(`peer ${i}`).usefulBytes = i === 5 ? 10 : 1_000_000
    await pass(sessionGraceMs - 1_000)
    await open('early')
    expect(Object.fromEntries(outcomes)).toEqual({ early: ['yielded'] })
    await pass(1_000)
    await open('late')
    expect(Object.fromEntries(outcomes)).toEqual({ early: ['yielded'], 'peer 5': ['P2P_SESSION_DISPLACED'] })
    await open('later')
    expect(outcomes.get('peer 0')).toEqual(['P2P_SESSION_DISPLACED'])
    expect([outcomes.has('late'), sessions.running]).toEqual([false, sessionsMax])
  })

  it('are there at once for peers that the operator chose, and those lose theirs last', async () => {
    const { open, serve, outcomes, run, pass } = scene(['friend', 'peer 0'])
    await open(...names('peer', sessionsMax))
    await serve(...names('served', servedMax))
    for (let i = 1; i < sessionsMax; i++) run(`peer ${i}`).usefulBytes = 100 + i
    await open('stranger', 'friend')
    expect(Object.fromEntries(outcomes)).toEqual({ stranger: ['yielded'], 'peer 1': ['P2P_SESSION_DISPLACED'] })
    await pass(sessionGraceMs)
    await open('stranger')
    expect(outcomes.get('peer 2')).toEqual(['P2P_SESSION_DISPLACED'])
    expect(outcomes.has('peer 0')).toBe(false)
  })

  it('are free again when a session ends', async () => {
    const { open, outcomes, run, sessions } = scene()
    await open(...names('peer', sessionsMax))
    run('peer 2').finish()
    await settle(5)
    await open('next')
    expect(Object.fromEntries(outcomes)).toEqual({ 'peer 2': ['done'] })
    expect(sessions.running).toBe(sessionsMax)
  })
})

describe('a session', () => {
  it('ends when a window passed in which it moved a byte too few, though its peer speaks', async () => {
    const { open, serve, pass, run, outcomes } = scene()
    await open('enough', 'slow')
    await serve('too little served')
    run('enough').usefulBytes = sessionWindowBytesMin
    for (const peer of ['slow', 'too little served']) run(peer).usefulBytes = sessionWindowBytesMin - 1
    await pass(sessionWindowMs - 1_000)
    expect(outcomes.size).toBe(0)
    await pass(1_000)
    expect(Object.fromEntries(outcomes)).toEqual({
      slow: ['P2P_SESSION_SLOW'], 'too little served': ['P2P_SESSION_SLOW']
    })
    await pass(sessionWindowMs)
    expect(outcomes.get('enough')).toEqual(['P2P_SESSION_SLOW'])
  })
})
