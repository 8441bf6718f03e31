// Frames of a sync session: decoding of a stranger's bytes.
// Rule: total. Any bytes give a frame or a word on what is wrong; every count is checked before anything is
// made of it, and nothing is copied but ids. Format: docs/formats/sync.md.

import { hashOf, networkIdOf, toHex } from '../base/index.js'
import { blockBytesMax } from './block.js'
import { bucketCount } from './frontier.js'
import {
  FRAME_TYPES, prefixBytes, SYNC_LIMITS, type DecodedFrame, type KnownTip, type Run, type WantRange
} from './sync-frames.js'
import { ByteReader } from './wire.js'

const extensionTypes = 128

/** Reads a frame. The blocks of a BLOCKS frame are views of the bytes. */
export function decodeFrame(bytes: Uint8Array): DecodedFrame {
  const reader = new ByteReader(bytes)
  const type = reader.u8()
  switch (type) {
    case FRAME_TYPES.status: return readStatus(reader)
    case FRAME_TYPES.buckets: return readBuckets(reader)
    case FRAME_TYPES.tips: return readTips(reader)
    case FRAME_TYPES.want: return readWant(reader)
    case FRAME_TYPES.blocks: return readBlocks(reader)
    case FRAME_TYPES.miss: return readMiss(reader)
    case FRAME_TYPES.done: return whole(reader, { kind: 'done' })
    case FRAME_TYPES.stop: return whole(reader, { kind: 'stop' })
    case FRAME_TYPES.credit: return whole(reader, { kind: 'credit', bytes: reader.varint() })
    case FRAME_TYPES.end: return whole(reader, { kind: 'end', frontierRoot: hashOf(reader.raw(32)) })
    case FRAME_TYPES.have: return readHave(reader)
    default: return type >= extensionTypes ? { kind: 'extension' } : malformed('type')
  }
}

/** The frame if all its bytes were well formed and used. */
function whole(reader: ByteReader, frame: DecodedFrame): DecodedFrame {
  return reader.ended ? frame : malformed(frame.kind)
}

function malformed(what: string): DecodedFrame {
  return { kind: 'malformed', what }
}

/** Later versions may add fields at the end of STATUS: what follows is ignored. */
function readStatus(reader: ByteReader): DecodedFrame {
  const versions = [reader.u8(), reader.u8()] as const
  const networkId = networkIdOf(reader.raw(32))
  const frontierRoot = hashOf(reader.raw(32))
  const tipCount = reader.varint()
  const recordCount = reader.varint()
  const flags = reader.u8()
  const headCount = reader.u8()
  if (headCount > SYNC_LIMITS.headsMax) return malformed('status heads')
  const heads = Array.from({ length: headCount }, () => hashOf(reader.raw(32)))
  const ownFeed = (flags & 2) === 0 ? {} : { ownFeed: hashOf(reader.raw(32)) }
  const yourTip = (flags & 4) === 0 ? {} : { yourTip: readKnownTip(reader) }
  const tagBytes = (flags & 8) === 0 ? undefined : reader.u16()
  if ((tagBytes ?? 0) > SYNC_LIMITS.stateTagBytesMax) return malformed('status tag')
  const stateTag = tagBytes === undefined ? {} : { stateTag: Uint8Array.from(reader.raw(tagBytes)) }
  if (reader.failed) return malformed('status')
  const tipsFollow = (flags & 1) !== 0
  return {
    kind: 'status', versions, networkId, frontierRoot, tipCount, recordCount, tipsFollow, heads,
    ...ownFeed, ...yourTip, ...stateTag
  }
}

function readKnownTip(reader: ByteReader): KnownTip {
  return { feed: hashOf(reader.raw(32)), seq: reader.varint(), id: hashOf(reader.raw(32)) }
}

function readBuckets(reader: ByteReader): DecodedFrame {
  if (reader.left !== bucketCount * prefixBytes) return malformed('buckets')
  return { kind: 'buckets', hashes: Array.from({ length: bucketCount }, () => toHex(reader.raw(prefixBytes))) }
}

function readTips(reader: ByteReader): DecodedFrame {
  const flags = reader.u8()
  const buckets = (flags & 2) === 0 ? { buckets: readBucketMap(reader) } : {}
  const admitted = readRuns(reader)
  const pending = readRuns(reader)
  if (flags > 3 || admitted === undefined || pending === undefined) return malformed('tips')
  return whole(reader, { kind: 'tips', more: (flags & 1) !== 0, ...buckets, admitted, pending })
}

function readBucketMap(reader: ByteReader): ReadonlySet<number> {
  const map = reader.raw(bucketCount / 8)
  const buckets = new Set<number>()
  for (let bucket = 0; bucket < bucketCount; bucket++) {
    if (((map[bucket >>> 3] ?? 0) & (128 >>> (bucket & 7))) !== 0) buckets.add(bucket)
  }
  return buckets
}

function readRuns(reader: ByteReader): readonly Run[] | undefined {
  const count = reader.varint()
  if (reader.failed || count > SYNC_LIMITS.runsMax) return undefined
  const runs: Run[] = []
  for (let i = 0; i < count; i++) {
    const feed = toHex(reader.raw(prefixBytes))
    const low = reader.varint()
    const high = low + reader.varint()
    const top = toHex(reader.raw(prefixBytes))
    if (reader.failed || low < 1 || high > Number.MAX_SAFE_INTEGER) return undefined
    runs.push({ feed, low, high, top })
  }
  return runs
}

function readWant(reader: ByteReader): DecodedFrame {
  const count = reader.varint()
  if (reader.failed || count < 1 || count > SYNC_LIMITS.rangesMax) return malformed('want')
  const ranges: WantRange[] = []
  for (let i = 0; i < count; i++) {
    const length = reader.u8()
    if (length !== prefixBytes && length !== 32) return malformed('want')
    const top = toHex(reader.raw(length))
    const low = reader.varint()
    const high = low + reader.varint()
    if (reader.failed || low < 1 || high > Number.MAX_SAFE_INTEGER) return malformed('want')
    ranges.push({ top, low, high })
  }
  return whole(reader, { kind: 'want', ranges })
}

function readBlocks(reader: ByteReader): DecodedFrame {
  const count = reader.varint()
  if (reader.failed || count < 1 || count > SYNC_LIMITS.blocksMax) return malformed('blocks')
  const blocks: Uint8Array[] = []
  for (let i = 0; i < count; i++) {
    const length = reader.varint()
    if (reader.failed || length < 1 || length > blockBytesMax) return malformed('blocks')
    blocks.push(reader.raw(length))
  }
  return whole(reader, { kind: 'blocks', blocks })
}

function readMiss(reader: ByteReader): DecodedFrame {
  const count = reader.varint()
  if (reader.failed || count < 1 || count > SYNC_LIMITS.rangesMax) return malformed('miss')
  const ranges: number[] = []
  for (let i = 0; i < count; i++) {
    const position: number = reader.varint()
    if (position >= SYNC_LIMITS.rangesMax || position <= (ranges.at(-1) ?? -1)) return malformed('miss')
    ranges.push(position)
  }
  return whole(reader, { kind: 'miss', ranges })
}

function readHave(reader: ByteReader): DecodedFrame {
  const count = reader.u16()
  if (reader.failed || count < 1 || count > SYNC_LIMITS.haveIdsMax) return malformed('have')
  const ids = Array.from({ length: count }, () => hashOf(reader.raw(32)))
  return whole(reader, { kind: 'have', ids })
}
