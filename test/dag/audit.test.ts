// The state machine of an audit: what it costs, what it finds, and what a peer that lies can make it do.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blake3Hash, hashOf, toHex, utf8Bytes, type Hash } from '../../src/base/index.js'
import {
  auditFetchMax, createAudit, createAuditServer, sampleBodies, SyncError, type Audit, type AuditResult,
  type Block, type RepairOutcome
} from '../../src/dag/index.js'
import {
  AUDIT_LIMITS, decodeAuditFrame, encodeAuditFrame, type AuditFrame, type AuditNode
} from '../../src/dag/audit-frames.js'
import { readAuditTree } from '../../src/dag/audit-tree.js'
import { encodeFrame } from '../../src/dag/sync-encode.js'
import { keys, type LevelOperation } from '../../src/store/index.js'
import { at, bytesOf, createPeer, createWriter, record, type Peer } from './kit.js'
import { quiet } from './sync-kit.js'

const id = (text: string): Hash => blake3Hash(utf8Bytes(text))
const ids = (count: number): readonly Hash[] => Array.from({ length: count }, (_, i) => id(`${i}`))
const hashes = Array.from({ length: 256 }, (_, i) => Uint8Array.from({ length: 16 }, () => i))

function chainOf(name: string, count: number): readonly Block[] {
  const writer = createWriter(name)
  return Array.from({ length: count }, (_, i) => writer.next([], { texts: [`${name} ${i}`] }))
}

async function twins(count: number): Promise<{ a: Peer, b: Peer, blocks: readonly Block[] }> {
  const blocks = [...chainOf('one', count / 2), ...chainOf('two', count / 2)]
  const [a, b] = [await createPeer('a'), await createPeer('b')]
  await a.load(blocks)
  await b.load(blocks)
  return { a, b, blocks }
}

interface Told {
  readonly result: AuditResult
  readonly asked: Hash[]
  readonly bytes: number
  readonly frames: number
}

/** Runs an audit of one peer against another; blocks that come are only noted. */
async function run(
  a: Peer, b: Peer, damaged: readonly Hash[] = [], outcome: RepairOutcome = 'repaired'
): Promise<Told> {
  const asked: Hash[] = []
  let bytes = 0
  let frames = 0
  const count = (frame: Uint8Array): void => {
    bytes += frame.length
    frames += 1
  }
  const audit: Audit = createAudit({
    reader: a.store, damaged,
    repair: async (block) => {
      asked.push(block)
      return outcome
    },
    send: async (frame) => {
      count(frame)
      void server.receive(frame)
    }
  })
  const server = createAuditServer({
    reader: b.store, dag: b.dag,
    send: async (frame) => {
      count(frame)
      await audit.receive(frame)
    }
  })
  await audit.start()
  const result = await audit.done
  server.closed()
  await server.done
  return { result, asked, bytes, frames }
}

async function lose(peer: Peer, blocks: readonly Block[]): Promise<void> {
  const lost = blocks.map(({ header }): LevelOperation => ({ type: 'del', key: keys.block(header.id) }))
  await peer.index.damage(lost)
}

describe('frames of an audit', () => {
  const samples: readonly AuditFrame[] = [
    { kind: 'audit', blocks: 7, hashes },
    { kind: 'branch', more: true, nodes: [
      { prefix: Uint8Array.of(3), below: { kind: 'hashes', hashes } },
      { prefix: Uint8Array.of(3, 4), below: { kind: 'ids', ids: ids(3) } },
      { prefix: Uint8Array.of(9), below: { kind: 'ids', ids: [] } }
    ] },
    { kind: 'branch', more: false, nodes: [] },
    { kind: 'ask', prefixes: [Uint8Array.of(1, 2), Uint8Array.of(255, 255)] },
    { kind: 'fetch', ids: ids(3) }
  ]

  it('come back from their bytes, and not when cut short or followed by a byte', () => {
    for (const frame of samples) {
      const bytes = encodeAuditFrame(frame)
      expect(decodeAuditFrame(bytes)).toEqual(frame)
      expect(decodeAuditFrame(bytes.subarray(0, -1))).toBeUndefined()
      expect(decodeAuditFrame(Buffer.concat([bytes, Uint8Array.of(0)]))).toBeUndefined()
    }
  })

  it('keep each limit at the limit and break at limit + 1', () => {
    const node = (count: number): AuditNode =>
      ({ prefix: Uint8Array.of(1), below: { kind: 'ids', ids: ids(count) } })
    const many = <T>(count: number, item: T): T[] => new Array<T>(count).fill(item)
    const limits: readonly (readonly [number, (count: number) => AuditFrame])[] = [
      [AUDIT_LIMITS.nodesMax, (count) => ({ kind: 'branch', more: false, nodes: many(count, node(0)) })],
      [AUDIT_LIMITS.idsMax, (count) => ({ kind: 'branch', more: false, nodes: [node(count)] })],
      [AUDIT_LIMITS.asksMax, (count) => ({ kind: 'ask', prefixes: many(count, Uint8Array.of(1, 2)) })],
      [AUDIT_LIMITS.fetchMax, (count) => ({ kind: 'fetch', ids: ids(count) })]
    ]
    for (const [max, make] of limits) {
      expect([max, max + 1].map((count) => decodeAuditFrame(encodeAuditFrame(make(count)))?.kind))
        .toEqual([make(max).kind, undefined])
    }
    for (const frame of [{ kind: 'ask', prefixes: [] }, { kind: 'fetch', ids: [] }] as const) {
      expect(decodeAuditFrame(encodeAuditFrame(frame))).toBeUndefined()
    }
  })

  it('never make a decoder throw, whatever the bytes', () => {
    const noise = fc.tuple(fc.integer({ min: 12, max: 15 }), fc.uint8Array({ maxLength: 300 }))
    fc.assert(fc.property(noise, ([type, rest]) => {
      const frame = decodeAuditFrame(Uint8Array.from([type, ...rest]))
      if (frame !== undefined) expect(decodeAuditFrame(encodeAuditFrame(frame))).toEqual(frame)
    }), { numRuns: 500 })
  })
})

describe('the tree over block ids', () => {
  it('is the same for the same blocks in any order, and another for any block more', async () => {
    const blocks = [...chainOf('one', 20), ...chainOf('two', 20)]
    const [a, b] = [await createPeer('a'), await createPeer('b')]
    await a.load(blocks)
    await b.load([...blocks.slice(20), ...blocks.slice(0, 20)])
    const [one, two] = [await readAuditTree(a.store), await readAuditTree(b.store)]
    expect(one.branches.map(toHex)).toEqual(two.branches.map(toHex))
    expect(one.blocks).toBe(40)
    await b.load(chainOf('three', 1))
    const more = await readAuditTree(b.store)
    expect(more.branches.filter((hash, i) => toHex(hash) !== toHex(at(one.branches, i)))).toHaveLength(1)
  })

  it('says what is in the rows, not what the graph remembers', async () => {
    const { a, blocks } = await twins(10)
    await lose(a, blocks.slice(0, 1))
    expect(a.dag.has(at(blocks, 0).header.id)).toBe(true)
    expect((await readAuditTree(a.store)).blocks).toBe(9)
  })
})

describe('an audit of two peers', () => {
  it('that hold the same takes one question and 4 KiB, and fetches nothing', async () => {
    const { a, b } = await twins(400)
    const { result, asked, bytes, frames } = await run(a, b)
    expect([asked, result.repaired, frames]).toEqual([[], [], 2])
    expect(bytes).toBeLessThan(4_200)
  })

  it('names the lost block of 400 in two questions and one block', async () => {
    const { a, b, blocks } = await twins(400)
    await lose(a, blocks.slice(7, 8))
    const { result, asked, bytes } = await run(a, b)
    expect(asked).toEqual([at(blocks, 7).header.id])
    expect([result.repaired, result.rounds]).toEqual([asked, 2])
    expect(bytes).toBeLessThan(6_000)
  })

  it('goes down another level where a branch holds more than 256 blocks', async () => {
    const [a, b] = [await createPeer('a'), await createPeer('b')]
    const blocks = chainOf('one', 300)
    const under = (i: number): Hash =>
      hashOf(Buffer.concat([Buffer.of(7, i % 256), Buffer.from(id(`${i}`), 'hex').subarray(2)]))
    const rows = Array.from({ length: 300 }, (_, i): LevelOperation =>
      ({ type: 'put', key: keys.block(under(i)), value: new Uint8Array(4) }))
    await a.load(blocks)
    await b.load(blocks)
    await a.index.damage(rows.slice(1))
    await b.index.damage(rows)
    const { result, asked } = await run(a, b)
    // Nobody has the body of what the test made up: it is missed, and not asked for again.
    expect([asked, result.rounds]).toEqual([[], 3])
  })

  it('fetches blocks that are known to be damaged though both trees are equal', async () => {
    const { a, b, blocks } = await twins(10)
    const { id: damaged } = at(blocks, 3).header
    const { result, asked } = await run(a, b, [damaged])
    expect([asked, result.repaired, result.lost]).toEqual([[damaged], [damaged], []])
    const nowhere = await run(a, b, [id('nowhere')])
    expect(nowhere.result.lost).toEqual([id('nowhere')])
  })

  it('lets go of a damaged block that has come whole by another way', async () => {
    const { a, b, blocks } = await twins(10)
    const { id: damaged } = at(blocks, 3).header
    const { result, asked } = await run(a, b, [damaged], 'whole')
    expect([asked, result.repaired, result.lost]).toEqual([[damaged], [], []])
  })

  it('asks twice at most for what it cannot place, and for 1,024 blocks in all', async () => {
    const [a, b] = [await createPeer('a'), await createPeer('b')]
    await b.load(chainOf('one', auditFetchMax + 50))
    const { asked } = await run(a, b, [], 'unknown')
    expect(new Set(asked).size).toBe(auditFetchMax)
    expect(asked).toHaveLength(2 * auditFetchMax)
  })
})

describe('samples of bodies', () => {
  it('find a lost record, an altered one, a changed row, and nothing in a whole index', async () => {
    const { a, blocks } = await twins(20)
    expect(await sampleBodies(a.store, undefined, 256)).toEqual({ blocks: 20, damaged: [], next: undefined })
    const [one, two, three, four] = blocks
    if (!one || !two || !three || !four) throw new Error('too few blocks')
    await a.index.damage([
      { type: 'del', key: keys.record(at(one.ids, 0)) },
      { type: 'put', key: keys.record(at(two.ids, 0)), value: record('another').bytes },
      { type: 'put', key: keys.block(three.header.id), value: Uint8Array.of(0, 0, 0, 0) },
      { type: 'del', key: keys.feed(four.header.feed, four.header.seq, four.header.id) }
    ])
    const { damaged } = await sampleBodies(a.store, undefined, 256)
    expect([...damaged].sort()).toEqual([one, two, three, four].map(({ header }) => header.id).sort())
  })

  it('go on where the last one ended', async () => {
    const { a } = await twins(50)
    const first = await sampleBodies(a.store, undefined, 30)
    const second = await sampleBodies(a.store, first.next, 30)
    expect([first.blocks, second.blocks, second.next]).toEqual([30, 20, undefined])
  })
})

interface Lied {
  readonly sent: Uint8Array[]
  readonly audit: Audit
  hear(...frames: readonly (AuditFrame | Uint8Array)[]): Promise<void>
  code(): Promise<string>
}

/** An audit whose peer is the test. */
async function victim(outcome: RepairOutcome = 'repaired'): Promise<Lied & { readonly peer: Peer }> {
  const peer = await createPeer('here')
  await peer.load(chainOf('one', 5))
  const sent: Uint8Array[] = []
  const audit = createAudit({
    reader: peer.store, damaged: [], repair: async () => outcome, send: async (frame) => void sent.push(frame)
  })
  await audit.start()
  return {
    peer, sent, audit,
    async hear(...frames) {
      for (const frame of frames) {
        await audit.receive(frame instanceof Uint8Array ? frame : encodeAuditFrame(frame))
      }
      await quiet(2)
    },
    async code() {
      try {
        await audit.done
        return 'ended well'
      } catch (error) {
        return error instanceof SyncError ? error.code : String(error)
      }
    }
  }
}

function listing(count: number, more = false): AuditFrame {
  return { kind: 'branch', more, nodes: [{ prefix: Uint8Array.of(0), below: { kind: 'ids', ids: ids(count) } }] }
}

describe('a peer that lies in an audit', () => {
  it('by ids that nobody has costs 16 questions, and is over', async () => {
    const { sent, hear, code } = await victim()
    await hear(listing(AUDIT_LIMITS.idsMax))
    const miss = Array.from({ length: AUDIT_LIMITS.fetchMax }, (_, i) => i)
    const answer = [encodeFrame({ kind: 'miss', ranges: miss }), encodeFrame({ kind: 'done' })]
    for (let i = 0; i < 16; i++) await hear(...answer)
    expect(await code()).toBe('ended well')
    expect(sent).toHaveLength(1 + auditFetchMax / AUDIT_LIMITS.fetchMax)
  })

  it.each([
    ['lists without end', 'SYNC_LIMIT', async ({ hear }: Lied) => {
      const frame = encodeAuditFrame(listing(AUDIT_LIMITS.idsMax, true))
      for (let i = 0; i < 33; i++) await hear(frame)
    }],
    ['promises more and says nothing', 'SYNC_UNEXPECTED', ({ hear }: Lied) =>
      hear({ kind: 'branch', more: true, nodes: [] })],
    ['sends garbage', 'SYNC_FRAME', ({ hear }: Lied) => hear(Uint8Array.of(13, 9))],
    ['sends a frame over a mebibyte', 'SYNC_OVERSIZED', ({ hear }: Lied) => hear(new Uint8Array(1_048_577))],
    ['asks in its turn', 'SYNC_FRAME', ({ hear }: Lied) => hear({ kind: 'fetch', ids: ids(1) })],
    ['sends a block that nobody asked for', 'SYNC_UNREQUESTED', async ({ hear }: Lied) => {
      await hear(listing(2))
      await hear(encodeFrame({ kind: 'blocks', blocks: [bytesOf(at(chainOf('x', 1), 0))] }))
    }],
    ['never ends its answer', 'SYNC_LIMIT', async ({ hear, audit }: Lied) => {
      await hear(listing(2))
      const miss = encodeFrame({ kind: 'miss', ranges: [0] })
      for (let i = 0; i < 8_200; i++) await audit.receive(miss)
    }],
    ['hangs up', 'SYNC_LINK', async ({ audit }: Lied) => audit.closed()]
  ] as const)('ends it when it %s', async (_what, expected, act) => {
    const lied = await victim()
    await act(lied)
    expect(await lied.code()).toBe(expected)
  })

  it('ends it by a block that is not what it should be, and by one that comes twice', async () => {
    const block = at(chainOf('theirs', 1), 0)
    const list: AuditFrame = {
      kind: 'branch', more: false,
      nodes: [{ prefix: Uint8Array.of(0), below: { kind: 'ids', ids: [block.header.id] } }]
    }
    const answer = encodeFrame({ kind: 'blocks', blocks: [bytesOf(block)] })
    const invalid = await victim('invalid')
    await invalid.hear(list, answer)
    expect(await invalid.code()).toBe('SYNC_BAD_BLOCK')
    const twice = await victim('unknown')
    await twice.hear(list, answer, answer)
    expect(await twice.code()).toBe('SYNC_UNREQUESTED')
  })

  it('is answered one tree and 511 other questions', async () => {
    const peer = await createPeer('here')
    let answers = 0
    const send = async (): Promise<void> => void (answers += 1)
    const server = createAuditServer({ reader: peer.store, dag: peer.dag, send })
    await server.receive(encodeAuditFrame({ kind: 'audit', blocks: 0, hashes }))
    const ask = encodeAuditFrame({ kind: 'ask', prefixes: [Uint8Array.of(0, 0)] })
    for (let i = 0; i < 511; i++) await server.receive(ask)
    expect(answers).toBe(512)
    await server.receive(ask)
    await expect(server.done).rejects.toMatchObject({ code: 'SYNC_UNEXPECTED' })
    const again = createAuditServer({ reader: peer.store, dag: peer.dag, send })
    for (let i = 0; i < 2; i++) await again.receive(encodeAuditFrame({ kind: 'audit', blocks: 0, hashes }))
    await expect(again.done).rejects.toMatchObject({ code: 'SYNC_UNEXPECTED' })
  })
})
