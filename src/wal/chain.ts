// Chain: the frames of a segment in order, each named by the one after it.

import type { DiskFile } from '../base/index.js'
import { stepThrough } from './file-steps.js'
import { firstLink, followsLink, moveLink, type FoundFrame, type FrameCodec } from './frame.js'
import { mark, type SegmentEntry } from './segment-map.js'

/** How far a walk along the frames has come. */
export interface Chain {
  readonly codec: FrameCodec
  /** Sequence that must come next. */
  expected: number
  /** Names the frame before; undefined when that was not read. */
  link: Buffer | undefined
  /** Greatest sequence that is proven to have been synced. */
  proven: number
  /** Offsets of the frames proven + 1 up to the one before the expected, in the segment being walked. */
  unproven: number[]
}

/** Where to walk. */
export interface Walk {
  readonly entry: SegmentEntry
  readonly from: number
  /** First sequence that is not this segment's; infinite for the newest. */
  readonly until: number
  /** Sees each frame; the bytes are used again afterwards. */
  readonly onFrame?: ((frame: FoundFrame, bytes: Buffer) => void) | undefined
}

/** A chain at the start of a segment. */
export function chainAt(codec: FrameCodec, entry: SegmentEntry, provenSequence: number): Chain {
  const link = entry.index === 0 ? firstLink() : undefined
  const proven = Math.max(provenSequence, entry.firstSequence - 1)
  return { codec, expected: entry.firstSequence, link, proven, unproven: [] }
}

/** Walks on along valid frames; returns the offset of the first bytes that are not the expected frame. */
export function walkChain(file: DiskFile, chain: Chain, walk: Walk): Promise<number> {
  const { entry, until, onFrame } = walk
  return stepThrough(file, walk.from, entry.sizeBytes, (bytes, at, limit, offset) => {
    if (chain.expected >= until) return 0
    const frame = chain.codec.check(bytes, at, limit, chain.expected, chain.expected)
    if (frame === undefined) return 0
    if (chain.link !== undefined && !followsLink(bytes, at, chain.link)) return 0
    chain.link ??= firstLink()
    moveLink(chain.link, bytes, at)
    prove(chain, frame.durable)
    if (frame.sequence > chain.proven) chain.unproven.push(offset)
    mark(entry, frame.sequence, offset)
    chain.expected += 1
    onFrame?.(frame, bytes)
    return frame.sizeBytes
  })
}

function prove(chain: Chain, durable: number): void {
  if (durable <= chain.proven) return
  chain.unproven.splice(0, durable - chain.proven)
  chain.proven = durable
}
