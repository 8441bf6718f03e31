import { describe, expect, it, vi } from 'vitest'
import { BLOCK_LIMITS, type Hash } from '../../src/base/index.js'
import { frontierRootOf, type Block, type Dag } from '../../src/dag/index.js'
import { cascadeMax } from '../../src/dag/completeness.js'
import { keys, ranges, type Store } from '../../src/store/index.js'
import { seededRandom } from '../fakes/seeded-random.js'
import { at, bytesOf, createPeer, createWriter, idleSigner, record, startMs } from './kit.js'

/** What a graph must say, computed from the blocks alone. */
function recompute(blocks: readonly Block[]): { tips: Set<Hash>, heads: Set<Hash>, complete: Set<Hash> } {
  const all = new Map(blocks.map((block) => [block.header.id, block.header]))
  const tips = new Set(all.keys())
  const heads = new Set(all.keys())
  const complete = new Set<Hash>()
  for (const { prev, parents } of all.values()) {
    if (prev !== undefined) tips.delete(prev)
    for (const id of prev === undefined ? parents : [prev, ...parents]) heads.delete(id)
  }
  for (let grown = true; grown;) {
    grown = false
    for (const { id, prev, parents } of all.values()) {
      const past = prev === undefined ? parents : [prev, ...parents]
      if (complete.has(id) || !past.every((other) => complete.has(other))) continue
      complete.add(id)
      grown = true
    }
  }
  return { tips, heads, complete }
}

function check(dag: Dag, blocks: readonly Block[], what: string): void {
  const { tips, heads, complete } = recompute(blocks)
  const view = dag.frontier()
  expect(new Set(view.tips().map((tip) => tip.id)), what).toEqual(tips)
  expect(dag.counts().blocks, what).toBe(new Set(blocks.map(({ header }) => header.id)).size)
  expect(view.root, what).toBe(frontierRootOf(view.tips()))
  expect(new Set(dag.heads()), what).toEqual(heads)
  const found = blocks.map(({ header }) => header.id).filter((id) => dag.isComplete(id))
  expect(new Set(found), what).toEqual(complete)
}

async function rowsOf(store: Store): Promise<string> {
  const parts = [
    ranges.tips(), ranges.heads(), ranges.complete(), ranges.waiting(), ranges.feed(), ranges.holders()
  ]
  const rows = await Promise.all(parts.map((range) => store.rangeAll({ ...range, keysOnly: true })))
  return rows.flat().map(([key]) => Buffer.from(key).toString('hex')).join('\n')
}

describe('block graph', () => {
  it('grows a feed block by block and reads blocks back as they came', async () => {
    const { dag, add } = await createPeer('p')
    const writer = createWriter('a')
    const blocks = [writer.next(), writer.next(), writer.next()]
    await add(...blocks)
    check(dag, blocks, 'three blocks')
    const last = at(blocks, 2)
    expect(dag.tipOf(last.header.feed)).toEqual({ feed: last.header.feed, seq: 3, id: last.header.id })
    expect(dag.tipOfNode(last.header.nodeKey)).toMatchObject({ seq: 3 })
    expect(dag.recordIds(last.header.id)).toEqual(last.ids)
    expect(Buffer.from(dag.readBlock(last.header.id) ?? [])).toEqual(Buffer.from(bytesOf(last)))
    expect(dag.readBlock(record('nothing').id)).toBeUndefined()
  })

  it('counts a reserved block as here, and a released one as not', async () => {
    const { dag } = await createPeer('p')
    const writer = createWriter('a')
    const [one, two] = [writer.next().header, writer.next().header]
    expect([dag.placement(one).kind, dag.placement(two).kind]).toEqual(['new', 'gap'])
    dag.reserve(one)
    expect([dag.placement(one).kind, dag.placement(two).kind]).toEqual(['known', 'new'])
    expect([dag.has(one.id), dag.holds(one.id), dag.highest(one.feed)]).toEqual([false, true, 1])
    let applied = false
    const waiting = dag.applied().then(() => (applied = true))
    dag.release(one.id)
    await waiting
    expect(applied).toBe(true)
    expect([dag.placement(one).kind, dag.placement(two).kind]).toEqual(['new', 'gap'])
  })

  it('holds a block against its prev and condemns what stands on an invalid one', async () => {
    const { dag, add } = await createPeer('p')
    const writer = createWriter('a')
    const one = writer.next()
    await add(one)
    const early = writer.next([], { sealedAtMs: one.header.sealedAtMs - 1 })
    expect(dag.placement(early.header)).toEqual({ kind: 'invalid', rule: 'prev-sealed-at' })
    const [child, grandchild] = [writer.next(), writer.next()]
    dag.pending.add(bytesOf(child), child.header, 'x')
    dag.pending.add(bytesOf(grandchild), grandchild.header, 'x')
    dag.markInvalid(early.header.id)
    expect(dag.placement(child.header)).toEqual({ kind: 'invalid', rule: 'prev-invalid' })
    expect(dag.placement(grandchild.header)).toEqual({ kind: 'invalid', rule: 'prev-invalid' })
    expect(dag.pending.blocks).toBe(0)
  })

  it('admits a block whose parent is missing, wants it, and is complete once it came', async () => {
    const { dag, add } = await createPeer('p')
    const [a, b] = [createWriter('a'), createWriter('b')]
    const parent = a.next()
    const child = b.next([parent.header.id])
    const grandchild = b.next()
    await add(child, grandchild)
    check(dag, [child, grandchild], 'parent missing')
    expect(dag.wanted()).toEqual([parent.header.id])
    expect(dag.completeHeads()).toEqual([])
    await add(parent)
    check(dag, [child, grandchild, parent], 'parent here')
    expect(dag.wanted()).toEqual([])
    expect(dag.heads()).toEqual([grandchild.header.id])
    expect(dag.completeHeads()).toEqual([grandchild.header.id])
    expect(dag.completeHeads(b.tip?.feed)).toEqual([])
  })

  it('carries a long cascade on in the next batch, also after the graph is read anew', async () => {
    const peer = await createPeer('p')
    const [a, b] = [createWriter('a'), createWriter('b')]
    const parent = a.next()
    const blocks = [b.next([parent.header.id])]
    while (blocks.length < cascadeMax + 10) blocks.push(b.next())
    await peer.load(blocks)
    const batch = peer.store.batch()
    peer.dag.stage(batch, parent.header, parent.ids)
    expect(await peer.dag.settle(batch)).toBe(true)
    await peer.store.write(batch)
    peer.dag.commit()
    const last = at(blocks, -1).header.id
    expect(peer.dag.isComplete(last)).toBe(false)
    const dag = await peer.reopen()
    const rest = peer.store.batch()
    expect(await dag.settle(rest)).toBe(false)
    await peer.store.write(rest)
    dag.commit()
    expect(dag.isComplete(last)).toBe(true)
    expect(await peer.store.rangeAll({ ...ranges.waiting(), keysOnly: true })).toEqual([])
  }, 60_000)

  it('forgets what was staged when the batch is lost', async () => {
    const peer = await createPeer('p')
    const writer = createWriter('a')
    const [one, two] = [writer.next(), writer.next()]
    await peer.add(one)
    const before = peer.dag.frontier().root
    const batch = peer.store.batch()
    peer.dag.stage(batch, two.header, two.ids)
    expect(peer.dag.has(two.header.id)).toBe(true)
    await peer.dag.settle(batch)
    peer.dag.abandon()
    expect([peer.dag.has(two.header.id), peer.dag.frontier().root]).toEqual([false, before])
    check(peer.dag, [one], 'after a lost batch')
    await peer.add(two)
    check(peer.dag, [one, two], 'after another try')
  })

  it('sees blocks of one batch among each other: chains, parents and forks', async () => {
    const peer = await createPeer('p')
    const [a, b] = [createWriter('a'), createWriter('b')]
    const blocks = [a.next(), a.next()]
    blocks.push(b.next([at(blocks, 1).header.id]))
    a.rewind(at(blocks, 0).header)
    blocks.push(a.next([], { texts: ['other'] }))
    const batch = peer.store.batch()
    for (const block of blocks) {
      for (const [i, id] of block.ids.entries()) batch.add(keys.record(id), at(block.records, i))
      peer.dag.stage(batch, block.header, block.ids)
    }
    expect(await peer.dag.settle(batch)).toBe(false)
    await peer.store.write(batch)
    peer.dag.commit()
    check(peer.dag, blocks, 'one batch')
    expect(peer.dag.forks()).toMatchObject([{ seq: 2 }])
  })

  it('keeps both chains of a fork and the first pair as proof, also of a first block', async () => {
    const peer = await createPeer('p')
    const writer = createWriter('a')
    const one = writer.next()
    const blocks = [one, writer.next(), writer.next()]
    writer.rewind(one.header)
    blocks.push(writer.next([], { texts: ['branch'] }), writer.next([], { texts: ['branch 2'] }))
    writer.rewind(undefined)
    blocks.push(writer.next([], { texts: ['root'] }))
    await peer.add(...blocks)
    check(peer.dag, blocks, 'forked')
    const [fork] = peer.dag.forks()
    expect([fork?.first.id, fork?.second.id]).toEqual([at(blocks, 1).header.id, at(blocks, 3).header.id])
    expect(fork?.seq).toBe(2)
    expect(peer.dag.isForked(one.header.feed)).toBe(true)
    expect(peer.dag.tipOf(one.header.feed)?.seq).toBe(3)
    const again = await peer.reopen()
    expect(again.forks()).toEqual(peer.dag.forks())
  })

  it('finds a block by its first bytes, and asks the index once for the same ones', async () => {
    const peer = await createPeer('p')
    const block = createWriter('a').next()
    const { id, feed, nodeKey } = block.header
    const prefix = id.slice(0, 32)
    const reads = vi.spyOn(peer.store, 'rangeAll')
    expect(await peer.dag.find(prefix)).toBeUndefined()
    await peer.add(block)
    reads.mockClear()
    expect(await peer.dag.find(prefix)).toEqual({ id, feed, seq: 1, nodeKey })
    expect(await peer.dag.find(prefix)).toEqual({ id, feed, seq: 1, nodeKey })
    expect(reads).toHaveBeenCalledTimes(1)
  })

  it('reads one chain of a forked feed, by hash', async () => {
    const peer = await createPeer('p')
    const writer = createWriter('a')
    const trunk = [writer.next(), writer.next(), writer.next()]
    const left = [writer.next(), writer.next(), writer.next()]
    writer.rewind(at(trunk, 2).header)
    const right = [writer.next([], { texts: ['r1'] }), writer.next([], { texts: ['r2'] })]
    await peer.add(...trunk, ...left, ...right)
    const chain = async (top: Block, low: number, high: number): Promise<readonly Hash[]> => {
      const ids: Hash[] = []
      for await (const page of peer.dag.chain(top.header.id, low, high)) ids.push(...page)
      return ids
    }
    const ids = (...blocks: readonly Block[]): readonly Hash[] => blocks.map((block) => block.header.id)
    expect(await chain(at(left, 2), 1, 6)).toEqual(ids(...trunk, ...left))
    expect(await chain(at(right, 1), 1, 9)).toEqual(ids(...trunk, ...right))
    expect(await chain(at(right, 1), 4, 4)).toEqual(ids(at(right, 0)))
    expect(await chain(at(left, 0), 2, 4)).toEqual(ids(at(trunk, 1), at(trunk, 2), at(left, 0)))
    expect(await chain(at(left, 0), 5, 6)).toEqual([])
  })

  it('offers at most 8 complete heads of other feeds, the newest', async () => {
    const peer = await createPeer('p')
    const writers = Array.from({ length: BLOCK_LIMITS.parentsMax + 2 }, (_, i) => createWriter(`w${i}`))
    const blocks = writers.map((writer) => writer.next())
    await peer.add(...blocks)
    const heads = peer.dag.completeHeads(at(blocks, 9).header.feed)
    expect(heads).toHaveLength(BLOCK_LIMITS.parentsMax)
    expect([...heads].sort()).toEqual(heads)
    expect(heads).not.toContain(at(blocks, 9).header.id)
    expect(heads).not.toContain(at(blocks, 0).header.id)
  })

  it('says the same in any order of arrival, and when read anew, for 6 seeds', async () => {
    for (let seed = 1; seed <= 6; seed++) {
      const random = seededRandom(seed)
      const writers = Array.from({ length: 4 }, (_, i) => createWriter(`w${i}`))
      const blocks: Block[] = []
      for (let step = 0; step < 40; step++) {
        const writer = at(writers, random.integer(writers.length))
        const own = ({ header }: Block): boolean => header.nodeKey === writer.signer.publicKey
        if (random.integer(10) === 0) writer.rewind(blocks.find(own)?.header)
        const others = blocks.filter((block) => !own(block)).map(({ header }) => header.id)
        const last = others.length - 1
        const picked = new Set(others.filter((_, i) => i === last || random.integer(others.length) === 0))
        if (random.integer(15) === 0) picked.add(record(`bogus ${step}`).id)
        const options = { sealedAtMs: startMs + step, texts: [`${seed} ${step}`] }
        blocks.push(writer.next([...picked].slice(0, BLOCK_LIMITS.parentsMax), options))
      }
      const roots = new Set<string>()
      const rows = new Set<string>()
      for (let run = 0; run < 2; run++) {
        const peer = await createPeer('p')
        const shuffled = blocks.map((block) => ({ block, place: random.integer(1_000_000) }))
        shuffled.sort((a, b) => a.place - b.place)
        await peer.add(...shuffled.map(({ block }) => block))
        check(peer.dag, blocks, `seed ${seed}`)
        check(await peer.reopen(), blocks, `seed ${seed}, read anew`)
        roots.add(peer.dag.frontier().root)
        rows.add(await rowsOf(peer.store))
      }
      expect([roots.size, rows.size], `seed ${seed}`).toEqual([1, 1])
    }
  }, 60_000)

  it('takes a block only once however often it is staged', async () => {
    const peer = await createPeer('p')
    const block = createWriter('a', idleSigner('a')).next()
    await peer.add(block)
    const batch = peer.store.batch()
    peer.dag.stage(batch, block.header, block.ids)
    expect(batch.size).toBe(0)
  })
})
