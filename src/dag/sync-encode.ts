// Frames of a sync session: encoding. One frame is one type byte and its body; the link keeps frames apart.
// Format: docs/formats/sync.md.

import { idBytes, unreachable, type Hash } from '../base/index.js'
import { bucketCount } from './frontier.js'
import { FRAME_TYPES, type Run, type Status, type SyncFrame, type Tips, type WantRange } from './sync-frames.js'
import { ByteWriter } from './wire.js'

/** The bytes of a frame. The caller keeps the limits. */
export function encodeFrame(frame: SyncFrame): Uint8Array {
  const writer = new ByteWriter(sizeHint(frame)).u8(FRAME_TYPES[frame.kind])
  switch (frame.kind) {
    case 'status': return writeStatus(writer, frame)
    case 'buckets': return writeHex(writer, frame.hashes)
    case 'tips': return writeTips(writer, frame)
    case 'want': return writeWant(writer, frame.ranges)
    case 'blocks': return writeBlocks(writer, frame.blocks)
    case 'miss': return writeMiss(writer, frame.ranges)
    case 'done': case 'stop': return writer.done()
    case 'credit': return writer.varint(frame.bytes).done()
    case 'end': return writer.raw(idBytes(frame.frontierRoot)).done()
    case 'have': return writeHave(writer, frame.ids)
    default: return unreachable(frame)
  }
}

function sizeHint(frame: SyncFrame): number {
  switch (frame.kind) {
    case 'blocks': return frame.blocks.reduce((sum, block) => sum + block.length + 4, 16)
    case 'tips': return 64 + 40 * (frame.admitted.length + frame.pending.length)
    case 'buckets': return 1 + 16 * bucketCount
    case 'have': return 3 + 32 * frame.ids.length
    default: return 256
  }
}

function writeStatus(writer: ByteWriter, status: Status): Uint8Array {
  const { ownFeed, yourTip, stateTag } = status
  writer.u8(status.versions[0]).u8(status.versions[1]).raw(idBytes(status.networkId))
    .raw(idBytes(status.frontierRoot)).varint(status.tipCount).varint(status.recordCount)
  const flags = [status.tipsFollow, ownFeed !== undefined, yourTip !== undefined, stateTag !== undefined]
  writer.u8(flags.reduce((sum, flag, bit) => sum + (flag ? 1 << bit : 0), 0)).u8(status.heads.length)
  writeIds(writer, status.heads)
  if (ownFeed !== undefined) writer.raw(idBytes(ownFeed))
  if (yourTip !== undefined) writer.raw(idBytes(yourTip.feed)).varint(yourTip.seq).raw(idBytes(yourTip.id))
  if (stateTag !== undefined) writer.u16(stateTag.length).raw(stateTag)
  return writer.done()
}

function writeIds(writer: ByteWriter, ids: readonly Hash[]): void {
  for (const id of ids) writer.raw(idBytes(id))
}

function writeHex(writer: ByteWriter, texts: readonly string[]): Uint8Array {
  for (const text of texts) writer.raw(Buffer.from(text, 'hex'))
  return writer.done()
}

function writeTips(writer: ByteWriter, tips: Tips): Uint8Array {
  const { buckets } = tips
  writer.u8((tips.more ? 1 : 0) | (buckets === undefined ? 2 : 0))
  if (buckets !== undefined) writer.raw(bucketMap(buckets))
  writeRuns(writer, tips.admitted)
  writeRuns(writer, tips.pending)
  return writer.done()
}

/** 256 bits: bucket 0 is the highest bit of the first byte. */
function bucketMap(buckets: ReadonlySet<number>): Uint8Array {
  const map = new Uint8Array(bucketCount / 8)
  for (const bucket of buckets) map[bucket >>> 3] = (map[bucket >>> 3] ?? 0) | (128 >>> (bucket & 7))
  return map
}

function writeRuns(writer: ByteWriter, runs: readonly Run[]): void {
  writer.varint(runs.length)
  for (const run of runs) {
    writer.raw(Buffer.from(run.feed, 'hex')).varint(run.low).varint(run.high - run.low).raw(Buffer.from(run.top, 'hex'))
  }
}

function writeWant(writer: ByteWriter, ranges: readonly WantRange[]): Uint8Array {
  writer.varint(ranges.length)
  for (const range of ranges) {
    const top = Buffer.from(range.top, 'hex')
    writer.u8(top.length).raw(top).varint(range.low).varint(range.high - range.low)
  }
  return writer.done()
}

function writeBlocks(writer: ByteWriter, blocks: readonly Uint8Array[]): Uint8Array {
  writer.varint(blocks.length)
  for (const block of blocks) writer.varint(block.length).raw(block)
  return writer.done()
}

function writeMiss(writer: ByteWriter, ranges: readonly number[]): Uint8Array {
  writer.varint(ranges.length)
  for (const position of ranges) writer.varint(position)
  return writer.done()
}

function writeHave(writer: ByteWriter, ids: readonly Hash[]): Uint8Array {
  writeIds(writer.u16(ids.length), ids)
  return writer.done()
}
