// What tests of the write-ahead log share: a network, a silent log, small segments on a memory disk.

import { parseNetworkId, type Disk, type Log, type NetworkId } from '../../src/base/index.js'
import { openWal, WalError, type Frame, type Wal, type WalOptions } from '../../src/wal/index.js'
import { seededRandom } from '../fakes/seeded-random.js'

export const directory = '/data/wal'
export const segmentBytes: number = 1024 * 1024
export const silent: Log = { debug() {}, info() {}, warn() {}, error() {} }

export function network(digit: string): NetworkId {
  const id = parseNetworkId(digit.repeat(64))
  if (id === undefined) throw new Error('a hex digit')
  return id
}

export const networkId: NetworkId = network('a')

/** Opens the log of a disk; the key is drawn from a seed, so equal runs give equal bytes. */
export function openOn(disk: Disk, options: Partial<WalOptions> = {}): Promise<Wal> {
  const settings = { directory, networkId, segmentBytes, provenSequence: 0, ...options }
  return openWal(settings, { disk, random: seededRandom(7), log: silent })
}

/** A payload that names its number, of any length from 8 on. */
export function payloadOf(number: number, length = 40): Buffer {
  const payload = Buffer.alloc(length, number & 0xff)
  payload.writeDoubleLE(number, 0)
  return payload
}

export function numberOf(frame: Frame): number {
  return Buffer.from(frame.payload).readDoubleLE(0)
}

/** All synced frames, payloads copied. */
export async function framesOf(wal: Wal, fromSequence = 1): Promise<readonly Frame[]> {
  const frames: Frame[] = []
  const stop = new AbortController()
  if (fromSequence > wal.lastSynced) return frames
  for await (const batch of wal.tail(fromSequence, stop.signal)) {
    for (const frame of batch) frames.push({ ...frame, payload: Buffer.from(frame.payload) })
    if ((frames.at(-1)?.sequence ?? 0) >= wal.lastSynced) stop.abort()
  }
  return frames
}

/** The code of the WalError that a promise rejects with; any other outcome fails the test by its text. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'no error'
  } catch (error) {
    return error instanceof WalError ? error.code : String(error)
  }
}

/** Appends `count` frames one by one: each is a group of its own, so each proves the one before. */
export async function appendEach(wal: Wal, count: number, length = 40): Promise<void> {
  for (let done = 0; done < count; done += 1) await wal.append(1, payloadOf(wal.lastSynced + 1, length))
}

/** Path of a segment file. */
export function segmentPath(index: number): string {
  return `${directory}/${index.toString(16).padStart(16, '0')}.log`
}

/** Where the frame that carries this payload begins in a segment file. */
export function offsetOf(bytes: Buffer, payload: Uint8Array): number {
  return bytes.indexOf(payload) - 48
}

export function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1)
}
