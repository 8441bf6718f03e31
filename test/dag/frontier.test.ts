import { describe, expect, it } from 'vitest'
import { blake3, blake3Hash, concatBytes, hashOf, idBytes, utf8Bytes, type Hash } from '../../src/base/index.js'
import { frontierRootOf, type Tip } from '../../src/dag/index.js'
import { bucketOf, createFrontier } from '../../src/dag/frontier.js'
import { seededRandom } from '../fakes/seeded-random.js'

function id(text: string): Hash {
  return blake3Hash(utf8Bytes(text))
}

function tip(feed: string, seq: number, branch = ''): Tip {
  return { feed: id(feed), seq, id: id(`${feed} ${seq} ${branch}`) }
}

describe('frontier', () => {
  it('of nothing is the hash of 256 zero buckets', () => {
    expect(createFrontier().view().root).toBe(hashOf(blake3(new Uint8Array(8_192))))
  })

  it('of one tip is what the format says, byte for byte', () => {
    const only = tip('a', 258)
    const seq = Buffer.from('0000000000000102', 'hex')
    const bucket = blake3(concatBytes(idBytes(only.feed), seq, idBytes(only.id)))
    const before = new Uint8Array(32 * bucketOf(only.feed))
    const after = new Uint8Array(32 * (255 - bucketOf(only.feed)))
    expect(frontierRootOf([only])).toBe(hashOf(blake3(concatBytes(before, bucket, after))))
  })

  it('grown step by step equals the one computed at once, in any order, for 20 seeds', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = seededRandom(seed)
      const frontier = createFrontier()
      const there = new Map<Hash, Tip>()
      for (let step = 0; step < 200; step++) {
        const next = tip(`feed ${random.integer(40)}`, 1 + random.integer(3), String(random.integer(3)))
        if (random.integer(3) === 0) {
          frontier.remove(next)
          there.delete(next.id)
        } else {
          frontier.add(next)
          there.set(next.id, next)
        }
        if (step % 40 === 0) frontier.view()
      }
      const tips = [...there.values()]
      expect(frontier.view().root, `seed ${seed}`).toBe(frontierRootOf(tips))
      expect(frontier.view().tipCount, `seed ${seed}`).toBe(tips.length)
    }
  })

  it('tells branches of one feed apart and keeps an old view as it was', () => {
    const frontier = createFrontier()
    frontier.add(tip('a', 1, 'x'))
    const before = frontier.view()
    frontier.add(tip('a', 1, 'y'))
    expect(frontier.view().root).not.toBe(before.root)
    expect(frontier.view().tipCount).toBe(2)
    expect(before.tipCount).toBe(1)
    expect(before.root).toBe(frontierRootOf([tip('a', 1, 'x')]))
  })
})
