// Streams of the Maelstrom node: whatever messages are lost, doubled or reordered, frames come once and in
// order, or the stream fails on both sides.

import { expect, it } from 'vitest'
import { createSureStream, type StreamItem, type SureStream } from '../../scripts/maelstrom/sure-stream.js'
import { createManualClock, type ManualClock } from '../fakes/manual-clock.js'
import { seededRandom } from '../fakes/seeded-random.js'

const options = { peer: 'peer', frameBytesMax: 64, windowMax: 4, repeatMs: 100, silenceMsMax: 2_000 }

interface Line {
  readonly clock: ManualClock
  readonly ends: readonly [SureStream, SureStream]
  readonly over: string[]
  /** Messages that are lost from now on, of a thousand. */
  loss: number
}

function lineOf(seed: number, loss: number): Line {
  const clock = createManualClock(0)
  const random = seededRandom(seed)
  const over: string[] = []
  const ends: SureStream[] = []
  const make = (name: string, other: number): SureStream => createSureStream(options, {
    clock,
    over: () => void over.push(name),
    send: (item: StreamItem) => {
      for (let copy = 0; copy < 2; copy++) {
        if (random.integer(1_000) < line.loss) continue
        clock.setTimer(random.integer(90), () => ends[other]?.receive(item))
      }
    }
  })
  const [a, b] = [make('a', 1), make('b', 0)]
  ends.push(a, b)
  const line: Line = { clock, ends: [a, b], over, loss }
  return line
}

async function run(line: Line, holds: () => boolean): Promise<void> {
  for (let round = 0; !holds(); round++) {
    if (round > 20_000) throw new Error('it never held')
    line.clock.advance(10)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function collect(stream: SureStream, into: number[]): Promise<void> {
  for await (const frame of stream.frames) into.push(frame[0] ?? -1)
}

it.each([1, 2, 3, 4, 5])('brings every frame once and in order over a bad line (seed %i)', async (seed) => {
  const line = lineOf(seed, 500)
  const [a, b] = line.ends
  const [there, back]: [number[], number[]] = [[], []]
  const sendAll = async (stream: SureStream): Promise<void> => {
    for (let i = 0; i < 50; i++) await stream.send(Uint8Array.of(i))
    await stream.close()
  }
  let done = false
  void Promise.all([sendAll(a), sendAll(b), collect(a, back), collect(b, there)]).then(() => { done = true })
  await run(line, () => done && line.over.length === 2)
  const expected = Array.from({ length: 50 }, (_, i) => i)
  expect([there, back]).toEqual([expected, expected])
})

it('holds a sender at the window while nobody reads, and goes on when somebody does', async () => {
  const line = lineOf(6, 0)
  const [a, b] = line.ends
  let sent = 0
  void (async () => {
    for (; sent < 40; sent++) await a.send(Uint8Array.of(sent))
    await a.close()
  })()
  const startMs = line.clock.monotonicMs()
  await run(line, () => line.clock.monotonicMs() > startMs + 1_000)
  // A window that was taken and is not read, and one under way.
  expect(sent).toBeLessThanOrEqual(2 * options.windowMax)
  const got: number[] = []
  void collect(b, got)
  await run(line, () => got.length === 40)
})

it('fails on both sides when the line is dead, after the time that is given', async () => {
  const line = lineOf(7, 1_000)
  const [a] = line.ends
  const failed = expect(collect(a, [])).rejects.toThrow('silent')
  void a.send(Uint8Array.of(1))
  await run(line, () => line.over.length === 1)
  expect(line.clock.monotonicMs()).toBeGreaterThanOrEqual(options.silenceMsMax)
  await failed
  await expect(a.send(Uint8Array.of(2))).rejects.toThrow('silent')
})

it('takes a frame of the largest size, and refuses one byte more', async () => {
  const [a] = lineOf(8, 0).ends
  await a.send(new Uint8Array(options.frameBytesMax))
  await expect(a.send(new Uint8Array(options.frameBytesMax + 1))).rejects.toThrow('too large')
})
