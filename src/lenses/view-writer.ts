// Encoder of views. Bytes: docs/formats/view.md.
// Rule: one view has one hashed part: claims are kept once each, in the order in which lenses name them.

import { assert, type Hash, utf8Length } from '../base/index.js'
import {
  type Claim, type LensView, type View, VIEW_VERSION, VIEW_WINNERS_MAX, type ViewLocal, type ViewStanding
} from './view.js'
import { VIEW_LAYOUT } from './view-layout.js'

const { frameBytes, headBytes, lensBytes, standingBytes, endBytes, claimBytes, flags } = VIEW_LAYOUT
const TWO_32 = 2 ** 32

/** The bytes of a view. */
export function encodeView(view: View): Uint8Array {
  const claims = claimsOf(view.lenses)
  let hashed = headBytes + endBytes * claims.size
  for (const lens of view.lenses) hashed += lensBytes + standingBytes * standingsOf(lens).length
  for (const { claim } of claims.values()) hashed += bytesOfClaim(claim)
  const localBytes = VIEW_LAYOUT.localBytes + (view.local.trustFrontier === undefined ? 0 : 32)
  const bytes = Buffer.allocUnsafe(frameBytes + hashed + localBytes)
  let at = bytes.writeUInt32LE(hashed, 0)
  at = writeHead(bytes, at, view, claims.size)
  for (const lens of view.lenses) at = writeLens(bytes, at, lens, claims)
  at = writeClaims(bytes, at, claims)
  writeLocal(bytes, at, view.local)
  return bytes
}

function writeHead(bytes: Buffer, start: number, view: View, claims: number): number {
  let at = bytes.writeUInt8(VIEW_VERSION, start)
  at = bytes.writeUInt8(view.lenses.length, at)
  at = bytes.writeUInt16LE(claims, at)
  const { candidates, votes, ballots, clusters } = view.counts
  for (const count of [candidates, votes, ballots, clusters]) at = bytes.writeUInt32LE(count, at)
  return at + bytes.write(view.evidence, at, 'hex')
}

function writeLens(
  bytes: Buffer, start: number, lens: LensView, claims: ReadonlyMap<Hash, Placed>
): number {
  assert(lens.winners.length > 0 && lens.winners.length <= VIEW_WINNERS_MAX, 'a view keeps 1..64 winners')
  let at = bytes.writeUInt8(lens.code, start)
  const runnerUp = lens.runnerUp === undefined ? 0 : flags.runnerUp
  at = bytes.writeUInt8((lens.undecided ? flags.undecided : 0) | runnerUp, at)
  at = bytes.writeUInt16LE(lens.winners.length, at)
  at = bytes.writeUInt32LE(lens.winnersTotal, at)
  for (const { claim, score, share, agents } of standingsOf(lens)) {
    assert(Number.isSafeInteger(score), 'a score is a whole number')
    at = bytes.writeUInt16LE(claims.get(claim.id)?.index ?? 0, at)
    at = bytes.writeUInt32LE(score - Math.floor(score / TWO_32) * TWO_32, at)
    at = bytes.writeInt32LE(Math.floor(score / TWO_32), at)
    at = bytes.writeUInt32LE(share, at)
    at = bytes.writeUInt32LE(agents, at)
  }
  return at
}

function standingsOf(lens: LensView): readonly ViewStanding[] {
  return lens.runnerUp === undefined ? lens.winners : [...lens.winners, lens.runnerUp]
}

/** A claim with its place in the view. */
interface Placed {
  readonly index: number
  readonly claim: Claim
}

function claimsOf(lenses: readonly LensView[]): ReadonlyMap<Hash, Placed> {
  const claims = new Map<Hash, Placed>()
  for (const lens of lenses) {
    for (const { claim } of standingsOf(lens)) {
      if (!claims.has(claim.id)) claims.set(claim.id, { index: claims.size, claim })
    }
  }
  return claims
}

function bytesOfClaim({ epoch, source, objectBytes }: Claim): number {
  const sourceBytes = source === undefined ? 0 : 2 + utf8Length(source)
  return claimBytes + (epoch === undefined ? 0 : 32) + sourceBytes + objectBytes.length
}

/** Where each claim ends, then the claims. */
function writeClaims(bytes: Buffer, start: number, claims: ReadonlyMap<Hash, Placed>): number {
  const first = start + endBytes * claims.size
  let [end, at] = [start, first]
  for (const { claim } of claims.values()) {
    at = writeClaim(bytes, at, claim)
    end = bytes.writeUInt32LE(at - first, end)
  }
  return at
}

function writeClaim(bytes: Buffer, start: number, claim: Claim): number {
  const { id, agentId, timestampMs, epoch, source, objectBytes } = claim
  let at = start + bytes.write(id, start, 'hex')
  at += bytes.write(agentId, at, 'hex')
  at = writeWhole(bytes, timestampMs, at)
  const has = (epoch === undefined ? 0 : flags.epoch) | (source === undefined ? 0 : flags.source)
  at = bytes.writeUInt8(has, at)
  if (epoch !== undefined) at += bytes.write(epoch, at, 'hex')
  if (source !== undefined) {
    const length = bytes.write(source, at + 2, 'utf8')
    at = bytes.writeUInt16LE(length, at) + length
  }
  bytes.set(objectBytes, at)
  return at + objectBytes.length
}

function writeLocal(bytes: Buffer, start: number, local: ViewLocal): void {
  let at = writeWhole(bytes, local.computedAtMs, start)
  at = writeWhole(bytes, local.trustGeneration, at)
  at = bytes.writeUInt8(local.trustFrontier === undefined ? 0 : 1, at)
  if (local.trustFrontier !== undefined) bytes.write(local.trustFrontier, at, 'hex')
}

function writeWhole(bytes: Buffer, value: number, at: number): number {
  return bytes.writeUInt32LE(Math.floor(value / TWO_32), bytes.writeUInt32LE(value % TWO_32, at))
}
