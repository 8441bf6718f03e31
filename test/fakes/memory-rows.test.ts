// Rows in memory answer as memory-level does.

import { MemoryLevel } from 'memory-level'
import { describe, expect, it } from 'vitest'
import type { LevelDatabase, LevelIterator, LevelOperation, LevelSnapshot } from '../../src/store/index.js'
import { createPrng, type Prng } from '../sim/prng.js'
import { createMemoryRows } from './memory-rows.js'

const read = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const

function keyOf(prng: Prng): Uint8Array {
  return Buffer.from(prng.bytes(prng.between(1, 2)).map((byte) => byte % 24 * 11))
}

function drawRange(prng: Prng): object {
  const low = prng.chance(0.7) ? { [prng.pick(['gt', 'gte'])]: keyOf(prng) } : {}
  const high = prng.chance(0.7) ? { lt: keyOf(prng) } : {}
  return { ...read, ...low, ...high, ...(prng.chance(0.3) ? { limit: prng.between(1, 20) } : {}) }
}

function draw(prng: Prng): LevelOperation[] {
  return Array.from({ length: prng.between(1, 60) }, () => {
    const key = keyOf(prng)
    return prng.chance(0.35) ? { type: 'del', key } : { type: 'put', key, value: Buffer.from(prng.bytes(3)) }
  })
}

async function readAll(iterator: LevelIterator, count: number): Promise<readonly string[]> {
  const rows: string[] = []
  for (;;) {
    const more = await iterator.nextv(count)
    if (more.length === 0) return rows
    for (const row of more) rows.push(row.map((bytes) => Buffer.from(bytes).toString('hex')).join('='))
  }
}

describe('rows in memory', () => {
  it('answer point reads, ranges, seeks and snapshots as memory-level does', async () => {
    for (let seed = 0; seed < 5; seed += 1) {
      const prng = createPrng(`rows ${seed}`)
      const level = new MemoryLevel<Uint8Array, Uint8Array>(read)
      const known = level as unknown as LevelDatabase
      const rows = createMemoryRows()
      const pairs: { readonly known: LevelSnapshot; readonly rows: LevelSnapshot }[] = []
      for (let step = 0; step < 25; step += 1) {
        const operations = draw(prng)
        await known.batch(operations, { sync: false })
        rows.write(operations)
        if (prng.chance(0.2)) pairs.push({ known: known.snapshot(), rows: rows.snapshot() })
        const pair = pairs.length > 0 && prng.chance(0.5) ? prng.pick(pairs) : undefined
        const [a, b] = pair === undefined ? [{}, {}] : [{ snapshot: pair.known }, { snapshot: pair.rows }]
        const said = `seed ${seed} step ${step}`
        const wanted = Array.from({ length: 8 }, () => keyOf(prng))
        expect(wanted.map((key) => rows.getSync(key, { ...read, ...b })), said)
          .toEqual(wanted.map((key) => known.getSync(key, { ...read, ...a })))
        expect(await rows.getMany(wanted, { ...read, ...b }), said)
          .toEqual(await known.getMany(wanted, { ...read, ...a }))
        const form = { ...drawRange(prng), reverse: prng.chance(0.3), ...read }
        const size = prng.between(1, 30)
        expect(await readAll(rows.iterator({ ...form, ...b }), size), said)
          .toEqual(await readAll(known.iterator({ ...form, ...a }), size))
        const one = rows.iterator({ ...form, ...b, reverse: false })
        const other = known.iterator({ ...form, ...a, reverse: false })
        const target = keyOf(prng)
        one.seek(target)
        other.seek(target)
        expect(await readAll(one, size), said).toEqual(await readAll(other, size))
      }
    }
  })

  it('keep what a snapshot shows while thousands of rows come and go', async () => {
    const prng = createPrng('many')
    const rows = createMemoryRows()
    const keys = Array.from({ length: 1_000 }, () => prng.bytes(8))
    rows.write(keys.map((key) => ({ type: 'put', key, value: key })))
    const snapshot = rows.snapshot()
    rows.write(keys.map((key) => ({ type: 'del', key })))
    expect(await rows.iterator(read).nextv(10)).toEqual([])
    expect(await rows.iterator({ ...read, snapshot }).nextv(5_000))
      .toEqual([...keys].sort(Buffer.compare).map((key) => [key, key]))
  })
})
