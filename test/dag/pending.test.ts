import { describe, expect, it } from 'vitest'
import { type Block, type BlockHeader, type Pending, type PendingLimits } from '../../src/dag/index.js'
import { createPending } from '../../src/dag/pending.js'
import { seededRandom } from '../fakes/seeded-random.js'
import { at, createWriter } from './kit.js'

const roomy: PendingLimits = {
  feedBlocksMax: 4, feedBytesMax: 1_000, peerBytesMax: 1_500, totalBytesMax: 2_000
}

function blocksOf(name: string, count: number): readonly Block[] {
  const writer = createWriter(name)
  return Array.from({ length: count }, () => writer.next())
}

function put(pending: Pending, block: Block | undefined, from: string, bytes = 100): boolean {
  if (block === undefined) throw new Error('no such block')
  return pending.add(new Uint8Array(bytes), block.header, from)
}

function seqs(pending: Pending): readonly number[] {
  return pending.runs(100).flatMap((run) => [run.low, run.high])
}

describe('pending blocks', () => {
  it('take a feed to its last block and then give up the highest seq', () => {
    const pending = createPending(roomy)
    const blocks = blocksOf('a', 7)
    for (const i of [1, 2, 3, 5]) expect(put(pending, blocks[i], 'p')).toBe(true)
    expect(pending.blocks).toBe(4)
    expect(put(pending, blocks[4], 'p')).toBe(true)
    expect(pending.has(at(blocks, 5).header.id)).toBe(false)
    expect(put(pending, blocks[6], 'p')).toBe(false)
    expect([pending.blocks, pending.evicted]).toEqual([4, 2])
    expect(seqs(pending)).toEqual([2, 5])
  })

  it('take exactly the bytes of a feed', () => {
    const pending = createPending(roomy)
    const blocks = blocksOf('a', 4)
    expect(put(pending, blocks[1], 'p', 500)).toBe(true)
    expect(put(pending, blocks[2], 'p', 500)).toBe(true)
    expect(put(pending, blocks[3], 'p', 1)).toBe(false)
    expect(pending.bytes).toBe(1_000)
  })

  it('over a peer: the largest feed of that peer gives way, others keep theirs', () => {
    const pending = createPending(roomy)
    const [a, b, c] = [blocksOf('a', 4), blocksOf('b', 4), blocksOf('c', 4)]
    put(pending, a[1], 'p', 400)
    put(pending, a[2], 'p', 400)
    put(pending, b[1], 'p', 600)
    put(pending, c[1], 'q', 100)
    expect(put(pending, b[2], 'p', 101)).toBe(true)
    expect(pending.has(at(a, 2).header.id)).toBe(false)
    expect([pending.bytes, pending.blocks]).toEqual([1_201, 4])
  })

  it('in all: the peer that holds most gives way, whoever delivered last', () => {
    const pending = createPending(roomy)
    const [a, b, c] = [blocksOf('a', 3), blocksOf('b', 3), blocksOf('c', 3)]
    put(pending, a[1], 'p', 900)
    put(pending, b[1], 'p', 500)
    put(pending, c[1], 'q', 600)
    expect(put(pending, c[2], 'q', 1)).toBe(true)
    expect(pending.has(at(a, 1).header.id)).toBe(false)
    expect(pending.bytes).toBe(1_101)
  })

  it('hand out the children of a block once, and know runs by hash', () => {
    const pending = createPending(roomy)
    const blocks = blocksOf('a', 5)
    for (const i of [1, 2, 4]) put(pending, blocks[i], 'p')
    expect(pending.runs(9)).toMatchObject([
      { low: 2, high: 3, missing: at(blocks, 0).header.id, from: 'p' }, { low: 5, high: 5 }
    ])
    expect(pending.takeChildren(at(blocks, 0).header.id).map((block) => block.header.seq)).toEqual([2])
    expect(pending.takeChildren(at(blocks, 0).header.id)).toEqual([])
    expect(pending.blocks).toBe(2)
  })

  it('know the tops of runs as blocks come and go in any order, for 20 seeds', () => {
    const all = Array.from({ length: 6 }, (_, i) => {
      const writer = createWriter(`t${i}`)
      const stem = Array.from({ length: 6 }, () => writer.next())
      writer.rewind(at(stem, 3).header)
      return [...stem, writer.next(), writer.next()].slice(1)
    }).flat()
    for (let seed = 1; seed <= 20; seed++) {
      const random = seededRandom(seed)
      const pending = createPending({ ...roomy, feedBlocksMax: 6, totalBytesMax: 1_500 })
      for (let step = 0; step < 200; step++) {
        const block = at(all, random.integer(all.length))
        if (random.integer(3) === 0) pending.takeChildren(block.header.prev ?? block.header.id)
        else put(pending, block, `peer ${random.integer(3)}`, 50)
        const here = all.filter(({ header }) => pending.has(header.id)).map(({ header }) => header)
        const prevs = new Set(here.map((header) => header.prev))
        const tops = here.filter((header) => !prevs.has(header.id)).map((header) => header.id).sort()
        expect(tops.every((id) => pending.isTop(id.slice(0, 32))), `seed ${seed}`).toBe(true)
        for (const id of prevs) if (id !== undefined) expect(pending.isTop(id.slice(0, 32))).toBe(false)
        const missing = here.flatMap(({ prev }) => prev !== undefined && !pending.has(prev) ? [prev] : [])
        const gaps = [...pending.gaps(() => true)].map((gap) => gap.missing)
        expect(new Set(gaps), `seed ${seed}`).toEqual(new Set(missing))
        expect(pending.runs(99).map((run) => run.top).sort(), `seed ${seed}`).toEqual(tops)
        for (const run of pending.runs(99)) expect(pending.has(run.missing), `seed ${seed}`).toBe(false)
      }
    }
  })

  it('give a few runs of very many without a look at the rest', () => {
    const pending = createPending({
      feedBlocksMax: 256, feedBytesMax: 1_000_000, peerBytesMax: 100_000_000, totalBytesMax: 100_000_000
    })
    let looks = 0
    for (let feed = 0; feed < 40; feed++) {
      for (const block of blocksOf(`m${feed}`, 101).filter((_, i) => i % 2 === 1)) {
        const header = new Proxy(block.header, {
          get(real, name: keyof BlockHeader) {
            if (name === 'prev') looks += 1
            return real[name]
          }
        })
        pending.add(new Uint8Array(10), header, 'p')
      }
    }
    expect(pending.blocks).toBe(2_000)
    looks = 0
    expect(pending.runs(16)).toHaveLength(16)
    expect(looks).toBeLessThan(100)
  })

  it('keep every limit under any order of arrival and removal, for 20 seeds', () => {
    const all = Array.from({ length: 8 }, (_, i) => blocksOf(`w${i}`, 8).slice(1)).flat()
    for (let seed = 1; seed <= 20; seed++) {
      const random = seededRandom(seed)
      const pending = createPending(roomy)
      let most = 0
      let longest = 0
      for (let step = 0; step < 400; step++) {
        const block = at(all, random.integer(all.length))
        if (random.integer(4) === 0) pending.remove(block.header.id)
        else put(pending, block, `peer ${random.integer(3)}`, 50 + random.integer(300))
        most = Math.max(most, pending.bytes)
        for (const run of pending.runs(99)) longest = Math.max(longest, run.high - run.low + 1)
      }
      expect(most, `seed ${seed}`).toBeLessThanOrEqual(roomy.totalBytesMax)
      expect(longest, `seed ${seed}`).toBeLessThanOrEqual(roomy.feedBlocksMax)
      for (const block of all) pending.remove(block.header.id)
      expect([pending.bytes, pending.blocks], `seed ${seed}`).toEqual([0, 0])
    }
  }, 60_000)
})
