// Marker: a small file beside the WAL that says what the index held when it was last known to be durable, so
// that a database that lost rows without an error is caught at open. Written whole: .tmp, sync, rename, sync
// directory.
// Format: docs/formats/keyspace.md#marker.

import { dirname } from 'node:path'
import {
  blake3, equalBytes, idBytes, networkIdOf, type Disk, type DiskFile, type NetworkId
} from '../base/index.js'
import type { FilePrint } from './level.js'
import { readU64, writeU64 } from './rows.js'
import { decodeTotals, encodeTotals, TOTALS_BYTES, type Totals } from './totals.js'

/** Device and inode of the WAL directory: a copy or a restored backup has others. */
export interface Identity {
  readonly device: bigint
  readonly inode: bigint
}

/** What the marker file holds. */
export interface Marker {
  /** The index was closed whole, and nothing has opened it since. */
  readonly closed: boolean
  /** The index lost something: it is not read again, but rebuilt. */
  readonly condemned: boolean
  readonly networkId: NetworkId
  /** Identity of the WAL directory that the index was built from, once known. */
  readonly identity: Identity | undefined
  /** The greatest WAL sequence that was ever known to be synced; a rebuild does not lower it. */
  readonly provenSequence: number
  /** The index's last checkpoint. */
  readonly totals: Totals
  readonly prints: readonly FilePrint[]
}

const MAGIC = Buffer.from('STEMMARK', 'latin1')
const VERSION = 1
const FIXED_BYTES = 68 + TOTALS_BYTES + 1
const HASH_BYTES = 32
const PRINTS_MAX = 64
const MARKER_BYTES_MAX = 16_384

/** Bytes of a marker; more than 64 prints are not kept. */
export function encodeMarker(marker: Marker): Uint8Array {
  const prints = marker.prints.slice(0, PRINTS_MAX)
  const head = Buffer.alloc(FIXED_BYTES)
  head.set(MAGIC)
  head[8] = VERSION
  head[9] = marker.closed ? 1 : 0
  head[10] = marker.identity === undefined ? 0 : 1
  head[11] = marker.condemned ? 1 : 0
  head.set(idBytes(marker.networkId), 12)
  head.writeBigUInt64BE(BigInt.asUintN(64, marker.identity?.device ?? 0n), 44)
  head.writeBigUInt64BE(BigInt.asUintN(64, marker.identity?.inode ?? 0n), 52)
  writeU64(head, marker.provenSequence, 60)
  head.set(encodeTotals(marker.totals), 68)
  head[FIXED_BYTES - 1] = prints.length
  const body = Buffer.concat([head, ...prints.map(encodePrint)])
  return Buffer.concat([body, blake3(body)])
}

/** The marker in a file's bytes; undefined when they are damaged or of another version. */
export function decodeMarker(bytes: Uint8Array): Marker | undefined {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = data.length - HASH_BYTES
  if (end < FIXED_BYTES || !equalBytes(blake3(data.subarray(0, end)), data.subarray(end))) return undefined
  if (!equalBytes(data.subarray(0, 8), MAGIC) || data[8] !== VERSION) return undefined
  const prints = decodePrints(data.subarray(FIXED_BYTES, end), data.readUInt8(FIXED_BYTES - 1))
  if (prints === undefined) return undefined
  const identity = { device: data.readBigUInt64BE(44), inode: data.readBigUInt64BE(52) }
  return {
    closed: data[9] === 1,
    condemned: data[11] === 1,
    networkId: networkIdOf(data.subarray(12, 44)),
    identity: data[10] === 1 ? identity : undefined,
    provenSequence: readU64(data, 60),
    totals: decodeTotals(data.subarray(68, 68 + TOTALS_BYTES)),
    prints
  }
}

/** The marker file: absent, damaged, or a marker. */
export async function readMarker(disk: Disk, path: string): Promise<Marker | 'absent' | 'damaged'> {
  const stat = await disk.stat(path)
  if (stat === undefined) return 'absent'
  if (stat.sizeBytes > MARKER_BYTES_MAX) return 'damaged'
  const file = await disk.open(path, 'read')
  try {
    return decodeMarker(await readAll(file, stat.sizeBytes)) ?? 'damaged'
  } finally {
    await file.close()
  }
}

/** Replaces the marker file; durable when it resolves. */
export async function writeMarker(disk: Disk, path: string, marker: Marker): Promise<void> {
  const bytes = encodeMarker(marker)
  const temporary = `${path}.tmp`
  const file = await disk.open(temporary, 'create')
  try {
    await file.truncate(0)
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at), at)
    await file.sync()
  } finally {
    await file.close()
  }
  await disk.rename(temporary, path)
  await disk.syncDirectory(dirname(path))
}

async function readAll(file: DiskFile, sizeBytes: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(sizeBytes)
  let at = 0
  while (at < sizeBytes) {
    const count = await file.read(bytes.subarray(at), at)
    if (count === 0) break
    at += count
  }
  return bytes.subarray(0, at)
}

// name length u8, name, size u64, hash 32
function encodePrint(print: FilePrint): Uint8Array {
  const name = Buffer.from(print.name, 'latin1').subarray(0, 255)
  const bytes = Buffer.alloc(1 + name.length + 8 + HASH_BYTES)
  bytes[0] = name.length
  bytes.set(name, 1)
  writeU64(bytes, print.sizeBytes, 1 + name.length)
  bytes.set(print.hash, 9 + name.length)
  return bytes
}

function decodePrints(bytes: Buffer, count: number): readonly FilePrint[] | undefined {
  const prints: FilePrint[] = []
  let at = 0
  for (let i = 0; i < count; i++) {
    const nameEnd = at + 1 + (bytes[at] ?? 0)
    const end = nameEnd + 8 + HASH_BYTES
    if (end > bytes.length) return undefined
    const name = bytes.toString('latin1', at + 1, nameEnd)
    const hash = new Uint8Array(bytes.subarray(nameEnd + 8, end))
    prints.push({ name, sizeBytes: readU64(bytes, nameEnd), hash })
    at = end
  }
  return at === bytes.length ? prints : undefined
}
