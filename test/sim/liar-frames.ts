// What a Byzantine node says on a sync stream: lies in good form, frames out of turn, floods, silence.

import type { FrameStream } from '../../src/base/index.js'
import { encodeFrame } from '../../src/dag/sync-encode.js'
import type { Run, Status, SyncFrame } from '../../src/dag/sync-frames.js'
import { feedOf } from '../../src/dag/index.js'
import { anyHash, mutate, type LiarMind } from './liar-blocks.js'
import type { Prng } from './prng.js'

type Speak = (stream: FrameStream, mind: LiarMind, prng: Prng) => Promise<void>

/** Lies on a stream that the liar opened. */
export const STREAM_LIES: Readonly<Record<string, Speak>> = {
  'garbage frames': async (stream, _, prng) => {
    for (let i = 0; i < 5; i += 1) await stream.send(prng.bytes(prng.between(0, 3_000)))
  },
  'large frame': async (stream, mind, prng) => {
    await send(stream, status(mind, prng))
    await stream.send(Buffer.concat([Uint8Array.of(prng.between(1, 12)), prng.bytes(1_000_000)]))
  },
  'mutated frames': async (stream, mind, prng) => {
    for (const frame of [status(mind, prng), tips(prng, 3), want(prng)]) {
      await stream.send(mutate(encodeFrame(frame), prng))
    }
  },
  'lying status': async (stream, mind, prng) => {
    const feed = feedOf(prng.pick(mind.victims), Buffer.from(prng.bytes(8)).toString('hex'))
    const yourTip = { feed, seq: prng.between(1, 1_000_000), id: anyHash(prng) }
    await send(stream, { ...status(mind, prng), tipCount: 4_000_000_000, yourTip })
    await send(stream, tips(prng, 0))
    await listen(stream)
  },
  'lying tips': async (stream, mind, prng) => {
    await send(stream, status(mind, prng))
    await send(stream, tips(prng, prng.between(1, 200)))
    await listen(stream)
  },
  'want flood': async (stream, mind, prng) => {
    await send(stream, status(mind, prng))
    await send(stream, tips(prng, 0))
    for (let i = 0; i < 80; i += 1) await send(stream, want(prng))
    await listen(stream)
  },
  'unasked blocks': async (stream, mind, prng) => {
    await send(stream, status(mind, prng))
    await send(stream, tips(prng, 0))
    await send(stream, { kind: 'blocks', blocks: mind.overheard.slice(-5) })
    await listen(stream)
  },
  'credit flood': async (stream, mind, prng) => {
    await send(stream, status(mind, prng))
    await send(stream, tips(prng, 0))
    for (let i = 0; i < 50; i += 1) await send(stream, { kind: 'credit', bytes: 4_000_000_000 })
    await listen(stream)
  },
  'out of turn': async (stream, mind, prng) => {
    const frames: SyncFrame[] = [
      { kind: 'done' }, { kind: 'end', frontierRoot: anyHash(prng) }, { kind: 'miss', ranges: [0] }, want(prng)
    ]
    if (prng.chance(0.5)) await send(stream, status(mind, prng))
    for (let i = 0; i < 4; i += 1) await send(stream, prng.pick(frames))
    await listen(stream)
  },
  'false have': async (stream, _, prng) => {
    const ids = Array.from({ length: prng.between(1, 50) }, () => anyHash(prng)).sort()
    await send(stream, { kind: 'have', ids })
    await listen(stream)
  },
  'silence': async (stream, mind, prng) => {
    if (prng.chance(0.5)) await send(stream, status(mind, prng))
    await listen(stream)
  },
  'hang up': async (stream, mind, prng) => {
    await send(stream, status(mind, prng))
    if (prng.chance(0.5)) stream.abort(new Error('hang up'))
    else await stream.close()
  }
}

/** How a liar answers a session that it was asked for: with lies, an echo, or not at all. */
export async function answerFalsely(stream: FrameStream, mind: LiarMind, prng: Prng): Promise<void> {
  const manner = prng.pick(['lies', 'echo', 'silence', 'blocks'] as const)
  if (manner === 'lies' || manner === 'blocks') {
    await send(stream, { ...status(mind, prng), tipsFollow: false })
    await send(stream, tips(prng, prng.integer(20)))
  }
  for await (const frame of stream.frames) {
    if (manner === 'echo') await stream.send(frame)
    // Whatever is asked for, it gets what was overheard.
    if (manner === 'blocks' && frame[0] === 4) {
      await send(stream, { kind: 'blocks', blocks: mind.overheard.slice(-3) })
      await send(stream, { kind: 'done' })
    }
  }
}

async function listen(stream: FrameStream): Promise<void> {
  for await (const frame of stream.frames) if (frame.length < 0) return
}

function send(stream: FrameStream, frame: SyncFrame): Promise<void> {
  return stream.send(encodeFrame(frame))
}

function status(mind: LiarMind, prng: Prng): Status {
  return {
    kind: 'status', versions: [1, 1], networkId: mind.networkId, frontierRoot: anyHash(prng), tipCount: prng.integer(60),
    recordCount: prng.integer(1_000_000), tipsFollow: true,
    heads: Array.from({ length: prng.integer(9) }, () => anyHash(prng)).sort()
  }
}

function tips(prng: Prng, count: number): SyncFrame {
  const run = (): Run => {
    const low = prng.between(1, 100)
    const [feed, top] = [anyHash(prng).slice(0, 32), anyHash(prng).slice(0, 32)]
    return { feed, low, high: low + prng.integer(1_000), top }
  }
  const runs = Array.from({ length: count }, run)
  return { kind: 'tips', more: false, admitted: runs, pending: prng.chance(0.3) ? [run()] : [] }
}

function want(prng: Prng): SyncFrame {
  const ranges = Array.from({ length: prng.pick([1, 4, 256]) }, () => {
    const low = prng.between(1, 1_000)
    return { top: anyHash(prng).slice(0, prng.pick([32, 64])), low, high: low + prng.integer(100_000) }
  })
  return { kind: 'want', ranges }
}
