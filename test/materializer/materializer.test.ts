import { describe, expect, it } from 'vitest'
import { decodeView, hashedPart, type View } from '../../src/lenses/index.js'
import { objectValue } from '../../src/record/index.js'
import { createHotKeys } from '../../src/materializer/hot-keys.js'
import { MaterializerError, viewDigest, type WinnerChange } from '../../src/materializer/index.js'
import { HOT_KEYS_MAX } from '../../src/materializer/options.js'
import { EMPTY, keys, ranges, type Reader } from '../../src/store/index.js'
import { neutralTrust } from '../../src/trustrank/index.js'
import { createManualClock } from '../fakes/manual-clock.js'
import { createMemoryIndex } from '../fakes/memory-level.js'
import { settle as turns } from '../fakes/until.js'
import { seeded, shuffled } from '../lenses/make.js'
import { assertion, createGraph, epoch, type Graph, recordOf, voteOn, yieldNow } from './graph.js'

function viewOf(reader: Reader, subject = 's', predicate = 'p'): View | undefined {
  const value = reader.get(keys.view(subject, predicate))
  return value === undefined ? undefined : decodeView(value)
}

/** The winning object of Consensus. */
function winnerOf(reader: Reader, subject = 's', predicate = 'p'): unknown {
  const winner = viewOf(reader, subject, predicate)?.lenses.find((lens) => lens.code === 1)?.winners[0]
  return winner === undefined ? undefined : objectValue(winner.claim.objectBytes)
}

async function marksOf(graph: Graph): Promise<number> {
  return (await graph.store.rangeAll({ ...ranges.marks(), keysOnly: true })).length
}

async function started(options: Parameters<typeof createGraph>[0] = {}): Promise<Graph> {
  const graph = await createGraph(options)
  await graph.materializer.start()
  return graph
}

/** Hashed parts of all views, by key. */
async function hashedViews(reader: Reader): Promise<readonly (readonly [string, string])[]> {
  const rows = await reader.rangeAll(ranges.views())
  return rows.map(([key, value]) =>
    [Buffer.from(key).toString('hex'), Buffer.from(hashedPart(value) ?? []).toString('hex')])
}

describe('materializer', () => {
  it('writes the views of marked keys and deletes the marks', async () => {
    const graph = await started()
    await graph.settle(assertion({ by: 'ann' }), assertion({ by: 'bob', object: 'y', timestampMs: 5 }),
      assertion({ by: 'cid' }), assertion({ by: 'ann', subject: 't\0', object: 3 }))
    expect(await marksOf(graph)).toBe(0)
    expect(winnerOf(graph.store)).toBe('x')
    expect(winnerOf(graph.store, 't\0')).toBe(3)
    const view = viewOf(graph.store)
    expect(view?.counts).toEqual({ candidates: 3, votes: 0, ballots: 3, clusters: 2 })
    expect(view?.lenses.map((lens) => lens.code)).toEqual([1, 3, 4])
    const recent = view?.lenses[1]?.winners[0]
    expect(recent?.claim.timestampMs).toBe(5)
    expect(graph.materializer.lag()).toEqual({ marks: 0, oldestMs: 0 })
    expect(graph.materializer.stats()).toMatchObject({ viewsTotal: 2, marksTotal: 2, sweepsTotal: 0 })
  })

  it('counts votes, also those that came before their assertion', async () => {
    const graph = await started()
    const [x, y] = [assertion({ by: 'ann' }), assertion({ by: 'bob', object: 'y' })]
    await graph.settle(voteOn(y, 'cid', 1_000_000))
    expect(viewOf(graph.store)).toBeUndefined()
    await graph.settle(x, y)
    expect(winnerOf(graph.store)).toBe('y')
    await graph.settle(voteOn(x, 'dan', 1_000_000), voteOn(x, 'eve', 1_000_000))
    expect(winnerOf(graph.store)).toBe('x')
    expect(viewOf(graph.store)?.counts).toMatchObject({ candidates: 2, votes: 3, ballots: 5 })
  })

  it('leaves a mark that is written while its view is computed', async () => {
    let meanwhile: Promise<void> | undefined
    const graph = await started({
      trust: () => {
        meanwhile ??= graph.admit(assertion({ by: 'bob', object: 'y' }), assertion({ by: 'cid', object: 'y' }))
        return neutralTrust()
      }
    })
    await graph.materializer.idle()
    await graph.admit(assertion({ by: 'ann' }))
    graph.materializer.wake()
    while (graph.materializer.stats().viewsTotal === 0) await turns(1)
    await meanwhile
    expect(winnerOf(graph.store)).toBe('x')
    expect(await marksOf(graph)).toBe(1)
    await graph.materializer.idle()
    expect(await marksOf(graph)).toBe(0)
    expect(winnerOf(graph.store)).toBe('y')
  })

  it('removes the view of a key without candidates', async () => {
    const graph = await started()
    await graph.settle(assertion({ by: 'ann' }))
    const batch = graph.store.batch()
    batch.put(keys.view('gone', 'p'), Buffer.from('anything'))
    batch.put(keys.blockMark('gone', 'p', 9), EMPTY)
    await graph.store.write(batch)
    await graph.materializer.idle()
    expect(graph.store.get(keys.view('gone', 'p'))).toBeUndefined()
    expect(winnerOf(graph.store)).toBe('x')
    expect(await marksOf(graph)).toBe(0)
  })

  it('works off more keys than one batch takes', async () => {
    const graph = await started({ options: { batchKeys: 3 } })
    await graph.settle(...Array.from({ length: 20 }, (_, at) => assertion({ by: 'ann', subject: `s${at}` })))
    expect(await marksOf(graph)).toBe(0)
    expect((await graph.store.rangeAll(ranges.views())).length).toBe(20)
  })

  it('gives equal views and one digest for twenty orders of the same records', async () => {
    const random = seeded(11)
    const said = Array.from({ length: 40 }, (_, at) => assertion({
      by: `agent ${random(9)}`, subject: `s${random(3)}`, object: random(4), timestampMs: random(3),
      confidence: 1_000_000 - random(3), source: `source ${at}`
    }))
    const votes = Array.from({ length: 40 }, () =>
      voteOn(said[random(said.length)] as Uint8Array, `agent ${random(9)}`, random(3) * 400_000, random(4)))
    const rules = epoch({ by: 'governor', settings: new Map([['p', { cardinality: 'one', tolerance: 1 }]]) })
    const records = [...said, ...votes, rules]
    const seen = new Set<string>()
    for (let run = 0; run < 20; run += 1) {
      const graph = await started({ options: { batchKeys: 1 + random(4) } })
      const order = shuffled(records, random)
      while (order.length > 0) {
        const block = order.splice(0, 1 + random(30))
        await (random(4) === 0 ? graph.settle(...block) : graph.admit(...block))
      }
      await graph.materializer.idle()
      seen.add(JSON.stringify([await viewDigest(graph.store), await hashedViews(graph.store)]))
      await graph.materializer.stop()
    }
    expect(seen.size, 'seed 11').toBe(1)
  }, 60_000)
})

describe('a crash of the materializer', () => {
  it('leaves views and marks as they are when the write fails, and ends the work', async () => {
    const index = createMemoryIndex()
    const graph = await started({ index })
    await graph.settle(assertion({ by: 'ann' }))
    await graph.admit(assertion({ by: 'bob', object: 'y' }), assertion({ by: 'cid', object: 'y' }))
    index.failNextBatch(new Error('disk on fire'))
    await expect(graph.materializer.idle()).rejects.toThrow(MaterializerError)
    expect(graph.materializer.failure).toBeDefined()
    expect(await marksOf(graph)).toBe(1)
    expect(winnerOf(graph.store)).toBe('x')
    await expect(graph.materializer.idle()).rejects.toMatchObject({ code: 'MATERIALIZER_FAILED' })
  })

  it('stops with its work undone, twice if asked, and another one goes on', async () => {
    const graph = await started()
    await graph.admit(assertion({ by: 'ann' }))
    const waiting = graph.materializer.idle()
    const outcome = expect(waiting).rejects.toMatchObject({ code: 'MATERIALIZER_STOPPED' })
    await Promise.all([graph.materializer.stop(), graph.materializer.stop(), outcome])
    const next = graph.createMaterializer()
    await next.start()
    await next.idle()
    expect(winnerOf(graph.store)).toBe('x')
    await next.stop()
  })
})

describe('epochs', () => {
  const tolerant = (fields: object = {}): Uint8Array =>
    epoch({ by: 'governor', settings: new Map([['p', { cardinality: 'one', tolerance: 10 }]]), ...fields })
  const numbers = [1, 2, 50, 51, 52].map((object, at) => assertion({ by: `agent ${at}`, object }))
  const crowd = [...numbers, assertion({ by: 'ann', object: 90 }), assertion({ by: 'bob', object: 90 })]

  it('judge views that were there before the epoch record came', async () => {
    const graph = await started({ options: { sweepKeys: 1 } })
    await graph.settle(...crowd, assertion({ by: 'ann', subject: 'other' }))
    expect(winnerOf(graph.store)).toBe(90)
    await graph.settle(tolerant())
    expect([50, 51, 52]).toContain(winnerOf(graph.store))
    expect(graph.materializer.epochs().current?.name).toBe('epoch')
    expect(graph.materializer.stats().sweepsTotal).toBe(1)
    const early = await started()
    await early.settle(tolerant())
    await early.settle(...crowd, assertion({ by: 'ann', subject: 'other' }))
    expect(await viewDigest(early.store)).toBe(await viewDigest(graph.store))
  })

  it('count nothing from others than governors', async () => {
    const graph = await started()
    await graph.settle(...crowd)
    await graph.settle(tolerant({ by: 'ann', timestampMs: 9 }))
    expect(winnerOf(graph.store)).toBe(90)
    expect(graph.materializer.stats().sweepsTotal).toBe(0)
  })

  it('are given as of a time', async () => {
    const graph = await started()
    await graph.settle(tolerant({ timestampMs: 5, name: 'first' }), tolerant({ timestampMs: 9, name: 'second' }))
    expect(graph.materializer.epochs().current?.name).toBe('second')
    expect(graph.materializer.epochs(8).current?.name).toBe('first')
    expect(graph.materializer.epochs(4).current).toBeUndefined()
  })

  it('sweep on after a stop in the middle', async () => {
    const graph = await started({ options: { sweepKeys: 1 } })
    const many = Array.from({ length: 12 }, (_, at) => crowd.map((bytes, who) => {
      const record = recordOf(bytes)
      const object = record.kind === 'assertion' ? record.object : 0
      return assertion({ by: `agent ${who}`, subject: `s${at}`, object })
    })).flat()
    await graph.settle(...many)
    await graph.admit(tolerant())
    graph.materializer.wake()
    while (graph.materializer.stats().sweepsTotal === 0) await turns(1)
    await graph.materializer.stop()
    const next = graph.createMaterializer({ sweepKeys: 1 })
    await next.start()
    await next.idle()
    expect(next.stats().sweepsTotal).toBe(0)
    for (let at = 0; at < 12; at += 1) expect([50, 51, 52]).toContain(winnerOf(graph.store, `s${at}`))
    await next.stop()
  })
})

describe('computing all views anew', () => {
  it('gives the same bytes after the views were dropped', async () => {
    const graph = await started()
    await graph.settle(...Array.from({ length: 30 }, (_, at) =>
      assertion({ by: `agent ${at % 4}`, subject: `s${at % 7}`, object: at % 3, timestampMs: at })))
    const [before, digest] = [await hashedViews(graph.store), await viewDigest(graph.store)]
    const batch = graph.store.batch()
    for (const subject of ['s1', 's2']) batch.put(keys.view(subject, 'p'), Buffer.from('damaged'))
    await graph.store.write(batch)
    expect(await viewDigest(graph.store)).not.toBe(digest)
    await graph.materializer.rebuild()
    expect(await hashedViews(graph.store)).toEqual(before)
    expect(await viewDigest(graph.store)).toBe(digest)
  })

  it('writes the cause of a sweep in the batch that begins it', async () => {
    let generation = 0
    const graph = await started({ trust: () => ({ ...neutralTrust(), generation }) })
    await graph.settle(assertion({ by: 'ann' }))
    generation = 1
    await graph.materializer.sweep((batch) => batch.put(keys.trust('generation'), Buffer.from('1')))
    expect(graph.store.get(keys.trust('generation'))).toBeDefined()
    await graph.materializer.idle()
    expect(viewOf(graph.store)?.local.trustGeneration).toBe(1)
  })

  it('has one digest for no views', async () => {
    const [a, b] = [await createGraph(), await createGraph()]
    expect(await viewDigest(a.store)).toBe(await viewDigest(b.store))
  })
})

describe('changes of winners', () => {
  it('are told with before, after and the records that did it', async () => {
    const graph = await started()
    const changes: WinnerChange[] = []
    const leave = graph.materializer.onChange((change) => changes.push(change))
    const first = assertion({ by: 'ann', timestampMs: 7 })
    await graph.settle(first)
    expect(changes.map(({ lens, cause, records }) => [lens, cause, records]))
      .toEqual(['Consensus', 'Recency', 'EpochAware'].map((lens) => [lens, 'records', { ids: [recordOf(first).id], total: 1 }]))
    expect(changes[0]?.before).toBeUndefined()
    await graph.settle(assertion({ by: 'bob' }))
    expect(changes).toHaveLength(3)
    const others = ['cid', 'dan', 'eve'].map((by) => assertion({ by, object: 'y' }))
    await graph.admit(...others.slice(0, 2))
    await graph.settle(...others.slice(2))
    expect(changes).toHaveLength(5)
    const shown = [changes[3]?.before, changes[3]?.after].map((standing) =>
      objectValue(standing?.claim.objectBytes ?? new Uint8Array(0)))
    expect(shown).toEqual(['x', 'y'])
    expect(changes[3]).toMatchObject({ subject: 's', predicate: 'p', lens: 'Consensus', records: { total: 3 } })
    expect(changes[3]?.records?.ids).toEqual(others.map((record) => recordOf(record).id))
    leave()
    await graph.settle(assertion({ by: 'fay', timestampMs: 99, object: 'z' }))
    expect(changes).toHaveLength(5)
  })

  it('name new settings as their cause', async () => {
    const graph = await started()
    await graph.settle(...[1, 2, 9, 9].map((object, at) => assertion({ by: `agent ${at}`, object })),
      assertion({ by: 'ann', object: 3 }))
    const changes: WinnerChange[] = []
    graph.materializer.onChange((change) => changes.push(change))
    await graph.settle(epoch({ by: 'governor', settings: new Map([['p', { cardinality: 'one', tolerance: 2 }]]) }))
    expect(changes).toMatchObject(['Consensus', 'EpochAware'].map((lens) => ({ lens, cause: 'epochs' })))
    expect(changes.map(({ records }) => records)).toEqual([undefined, undefined])
  })
})

describe('keys that come first', () => {
  const many = Array.from({ length: 40 }, (_, at) => assertion({ by: 'ann', subject: `s${at}` }))
  const last = assertion({ by: 'ann', subject: 'zzz' })

  it('are those that somebody waits for, while a walk over many marks goes on', async () => {
    const graph = await started({ options: { batchKeys: 1 } })
    await graph.admit(...many, last)
    graph.materializer.wake()
    await graph.materializer.settled('zzz', 'p')
    expect(winnerOf(graph.store, 'zzz')).toBe('x')
    expect(graph.materializer.stats().viewsTotal).toBeLessThan(10)
    await graph.materializer.idle()
    expect(graph.materializer.stats().viewsTotal).toBe(41)
  })

  it('are those that were just written to', async () => {
    const graph = await started({ options: { batchKeys: 1 } })
    const order = new Set<string>()
    graph.materializer.onChange(({ subject }) => order.add(subject))
    await graph.admit(...many, last)
    graph.materializer.wake([{ subject: 'zzz', predicate: 'p' }])
    await graph.materializer.idle()
    expect(order.size).toBe(41)
    expect([...order].indexOf('zzz')).toBeLessThan(5)
  })

  it('are remembered up to a limit; one more comes in its turn', async () => {
    const hot = createHotKeys()
    for (let at = 0; at <= HOT_KEYS_MAX; at += 1) hot.add({ subject: `s${at}`, predicate: 'p' })
    expect(hot.size).toBe(HOT_KEYS_MAX)
    const walk = hot.begin()
    hot.walked(walk)
    expect(hot.size).toBe(0)
    hot.add({ subject: 's', predicate: 'p' })
    hot.walked(walk)
    expect(hot.size).toBe(1)
  })
})

describe('the dose of work', () => {
  it('lets a dear key wait twenty times its cost, and others not', async () => {
    const clock = createManualClock()
    let cost = 10
    const graph = await started({
      clock,
      trust: () => ({
        ...neutralTrust(),
        weightQ: () => {
          clock.advance(cost)
          return 65_536
        }
      })
    })
    await graph.settle(assertion({ by: 'ann' }))
    cost = 0
    await graph.admit(assertion({ by: 'bob', object: 'y' }), assertion({ by: 'cid', object: 'y' }),
      assertion({ by: 'ann', subject: 'cheap' }))
    graph.materializer.wake()
    await turns(50)
    expect(winnerOf(graph.store)).toBe('x')
    expect(winnerOf(graph.store, 'cheap')).toBe('x')
    expect(graph.materializer.lag().marks).toBe(1)
    let settled = false
    const waiting = graph.materializer.settled('s', 'p').then(() => {
      settled = true
    })
    await graph.materializer.settled('cheap', 'p')
    // Who waits for a walk alone does not wait for the dear key, nor does who has given up wait for anything.
    await graph.materializer.walked(new AbortController().signal)
    await graph.materializer.walked(AbortSignal.abort())
    expect(winnerOf(graph.store)).toBe('x')
    await clock.advanceAsync(199)
    await turns(50)
    expect(settled).toBe(false)
    expect(graph.materializer.lag().oldestMs).toBe(199)
    await clock.advanceAsync(2)
    await waiting
    expect(winnerOf(graph.store)).toBe('y')
  })

  it('computes long keys in slices and short ones at once', async () => {
    const clock = createManualClock()
    const ticking = { ...clock, monotonicMs: () => (clock.advance(1), clock.monotonicMs()) }
    const crowd = Array.from({ length: 600 }, (_, at) => assertion({ by: `agent ${at % 20}`, object: at }))
    const results: { readonly digest: string; readonly yields: number }[] = []
    for (const sliceCandidates of [599, 600]) {
      let yields = 0
      const countYields = (): Promise<void> => {
        yields += 1
        return yieldNow()
      }
      const options = { sliceCandidates, sliceMs: 1, waitFactor: 0 }
      const graph = await started({ clock: ticking, options, yieldNow: countYields })
      await graph.settle(...crowd)
      results.push({ digest: await viewDigest(graph.store), yields })
    }
    expect(results[0]?.digest).toBe(results[1]?.digest)
    expect((results[0]?.yields ?? 0) - (results[1]?.yields ?? 0)).toBeGreaterThan(5)
  })

  it('settles early when the signal aborts', async () => {
    const graph = await createGraph()
    await graph.admit(assertion({ by: 'ann' }))
    const stop = new AbortController()
    const waiting = graph.materializer.settled('s', 'p', stop.signal)
    await turns(3)
    stop.abort()
    await waiting
    expect(await marksOf(graph)).toBe(1)
  })
})

describe('while writes keep the node busy', () => {
  it('views rest between two batches until the clock moves on', async () => {
    const clock = createManualClock()
    const graph = await started({ clock, busy: () => true, options: { batchKeys: 1 } })
    await clock.advanceAsync(1_000)
    await graph.admit(assertion({ by: 'ann', subject: 'a' }), assertion({ by: 'ann', subject: 'b' }))
    graph.materializer.wake()
    await turns(50)
    expect(winnerOf(graph.store, 'a')).toBe('x')
    expect(viewOf(graph.store, 'b')).toBeUndefined()
    await clock.advanceAsync(100)
    await turns(50)
    expect(winnerOf(graph.store, 'b')).toBe('x')
  })

  it('views rest no longer once somebody waits for them', async () => {
    const graph = await started({ busy: () => true, options: { batchKeys: 1 } })
    await graph.settle(assertion({ by: 'ann', subject: 'a' }), assertion({ by: 'ann', subject: 'b' }))
    expect(winnerOf(graph.store, 'b')).toBe('x')
  })
})
