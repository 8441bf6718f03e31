// Decoder of views. Bytes: docs/formats/view.md.
// Rule: a disk may lie, so a reader answers `undefined` for bytes that are no view, and never throws.
// A query decodes one lens and the claims that it names; the rest of a view stays bytes.

import { asBuffer, hashAt, publicKeyAt, utf8Text } from '../base/index.js'
import {
  type Claim, type LensView, type View, VIEW_VERSION, type ViewLocal, type ViewPart, type ViewStanding
} from './view.js'
import { VIEW_LAYOUT } from './view-layout.js'

const { frameBytes, headBytes, lensBytes, standingBytes, endBytes, claimBytes, flags } = VIEW_LAYOUT
const TWO_32 = 2 ** 32

/** The part of a view's bytes that peers agree on; undefined for bytes that are no view of this version. */
export function hashedPart(value: Uint8Array): Uint8Array | undefined {
  const bytes = asBuffer(value)
  if (bytes.length < frameBytes + headBytes) return undefined
  const end = frameBytes + bytes.readUInt32LE(0)
  if (end > bytes.length || end < frameBytes + headBytes) return undefined
  return bytes[frameBytes] !== VIEW_VERSION ? undefined : bytes.subarray(frameBytes, end)
}

/** The trust snapshot that a view was computed under; undefined for bytes that are none. */
export function trustGenerationOf(value: Uint8Array): number | undefined {
  return guarded(() => {
    const hashed = hashedPart(value)
    if (hashed === undefined) return undefined
    return readLocal(asBuffer(value), frameBytes + hashed.length).trustGeneration
  })
}

/** A whole view; undefined for bytes that are none. */
export function decodeView(value: Uint8Array): View | undefined {
  return guarded(() => {
    const hashed = hashedPart(value)
    if (hashed === undefined) return undefined
    const bytes = asBuffer(hashed)
    const places = lensPlaces(bytes)
    const claims = claimsAt(bytes, places)
    const lenses = places.lenses.map((at) => readLens(bytes, at, claims))
    const { counts, evidence } = readHead(bytes)
    return { counts, evidence, lenses, local: readLocal(asBuffer(value), frameBytes + hashed.length) }
  })
}

/**
 * One lens of a view. Cost: a few microseconds, whatever else the view holds.
 * @returns 'absent' when the lens has no answer there; undefined for bytes that are no view
 */
export function readViewPart(value: Uint8Array, code: number): ViewPart | 'absent' | undefined {
  return guarded(() => {
    const hashed = hashedPart(value)
    if (hashed === undefined) return undefined
    const bytes = asBuffer(hashed)
    const places = lensPlaces(bytes)
    const at = places.lenses.find((place) => bytes[place] === code)
    if (at === undefined) return 'absent'
    const lens = readLens(bytes, at, claimsAt(bytes, places))
    const { counts, evidence } = readHead(bytes)
    return { counts, evidence, lens, local: readLocal(asBuffer(value), frameBytes + hashed.length) }
  })
}

/** Where the lenses of a hashed part start, and where they end. */
interface LensPlaces {
  readonly lenses: readonly number[]
  readonly end: number
}

function lensPlaces(bytes: Buffer): LensPlaces {
  const lenses: number[] = []
  let at: number = headBytes
  for (let left = bytes.readUInt8(1); left > 0; left -= 1) {
    lenses.push(at)
    at += lensBytes + standingBytes * standingsAt(bytes, at)
  }
  return { lenses, end: at }
}

function standingsAt(bytes: Buffer, at: number): number {
  return bytes.readUInt16LE(at + 2) + ((bytes.readUInt8(at + 1) & flags.runnerUp) === 0 ? 0 : 1)
}

function readHead(bytes: Buffer): Pick<View, 'counts' | 'evidence'> {
  const counts = {
    candidates: bytes.readUInt32LE(4), votes: bytes.readUInt32LE(8),
    ballots: bytes.readUInt32LE(12), clusters: bytes.readUInt32LE(16)
  }
  return { counts, evidence: hashAt(bytes, 20) }
}

function readLens(bytes: Buffer, start: number, claimAt: (index: number) => Claim): LensView {
  const kept = bytes.readUInt16LE(start + 2)
  if (kept === 0) throw new RangeError('an answer without a winner')
  const all: ViewStanding[] = []
  for (let index = 0; index < standingsAt(bytes, start); index += 1) {
    const at = start + lensBytes + standingBytes * index
    all.push({
      claim: claimAt(bytes.readUInt16LE(at)),
      score: bytes.readUInt32LE(at + 2) + bytes.readInt32LE(at + 6) * TWO_32,
      share: bytes.readUInt32LE(at + 10), agents: bytes.readUInt32LE(at + 14)
    })
  }
  return {
    code: bytes.readUInt8(start), undecided: (bytes.readUInt8(start + 1) & flags.undecided) !== 0,
    winners: all.slice(0, kept), winnersTotal: bytes.readUInt32LE(start + 4), runnerUp: all[kept]
  }
}

/** Reads claims by their index, each once. */
function claimsAt(bytes: Buffer, places: LensPlaces): (index: number) => Claim {
  const count = bytes.readUInt16LE(2)
  const first = places.end + endBytes * count
  const read = new Map<number, Claim>()
  return (index) => {
    const known = read.get(index)
    if (known !== undefined) return known
    if (index >= count) throw new RangeError('no such claim')
    const start = index === 0 ? 0 : bytes.readUInt32LE(places.end + endBytes * (index - 1))
    const end = bytes.readUInt32LE(places.end + endBytes * index)
    if (end < start + claimBytes || first + end > bytes.length) throw new RangeError('a claim beyond its view')
    const claim = readClaim(bytes.subarray(first + start, first + end))
    read.set(index, claim)
    return claim
  }
}

function readClaim(bytes: Buffer): Claim {
  const flag = bytes.readUInt8(claimBytes - 1)
  let at: number = claimBytes
  const epoch = (flag & flags.epoch) === 0 ? undefined : hashAt(bytes, at)
  if (epoch !== undefined) at += 32
  let source: string | undefined
  if ((flag & flags.source) !== 0) {
    const length = bytes.readUInt16LE(at)
    source = utf8Text(bytes.subarray(at + 2, at + 2 + length))
    at += 2 + length
    if (source === undefined || at > bytes.length) throw new RangeError('a source that is no text')
  }
  return {
    id: hashAt(bytes, 0), agentId: publicKeyAt(bytes, 32), timestampMs: wholeAt(bytes, 64), epoch, source,
    objectBytes: bytes.subarray(at)
  }
}

function readLocal(bytes: Buffer, at: number): ViewLocal {
  const trustFrontier = bytes.readUInt8(at + 16) === 0 ? undefined : hashAt(bytes, at + 17)
  return { computedAtMs: wholeAt(bytes, at), trustGeneration: wholeAt(bytes, at + 8), trustFrontier }
}

function wholeAt(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * TWO_32
}

/** Reads beyond the end are the one way in which bytes can fail: they become `undefined`. */
function guarded<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
