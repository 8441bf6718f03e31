// Encoder of views. Bytes: docs/formats/view.md.
// Rule: one view has one hashed part: claims are kept once each, in the order in which lenses name them.

import { assert, type Hash, idBytes, utf8Bytes } from '../base/index.js'
import {
  type Claim, type LensView, type View, VIEW_VERSION, VIEW_WINNERS_MAX, type ViewStanding
} from './view.js'
import { VIEW_LAYOUT } from './view-layout.js'

const { frameBytes, headBytes, lensBytes, standingBytes, endBytes, claimBytes, flags } = VIEW_LAYOUT
const TWO_32 = 2 ** 32

/** The bytes of a view. */
export function encodeView(view: View): Uint8Array {
  const claims = claimsOf(view.lenses)
  const parts = [...claims.values()].map(({ claim }) => encodeClaim(claim))
  const directory = view.lenses.reduce((sum, lens) => sum + entryBytes(lens), 0)
  const claimsBytes = parts.reduce((sum, part) => sum + part.length, 0)
  const hashed = headBytes + directory + endBytes * parts.length + claimsBytes
  const local = encodeLocal(view)
  const bytes = Buffer.allocUnsafe(frameBytes + hashed + local.length)
  let at = bytes.writeUInt32LE(hashed, 0)
  at = writeHead(bytes, at, view, parts.length)
  for (const lens of view.lenses) at = writeLens(bytes, at, lens, claims)
  let end = 0
  for (const part of parts) at = bytes.writeUInt32LE(end += part.length, at)
  for (const part of parts) at += part.copy(bytes, at)
  local.copy(bytes, at)
  return bytes
}

function writeHead(bytes: Buffer, start: number, view: View, claims: number): number {
  let at = bytes.writeUInt8(VIEW_VERSION, start)
  at = bytes.writeUInt8(view.lenses.length, at)
  at = bytes.writeUInt16LE(claims, at)
  const { candidates, votes, ballots, clusters } = view.counts
  for (const count of [candidates, votes, ballots, clusters]) at = bytes.writeUInt32LE(count, at)
  bytes.set(idBytes(view.evidence), at)
  return at + 32
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

function entryBytes(lens: LensView): number {
  return lensBytes + standingBytes * standingsOf(lens).length
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

function encodeClaim(claim: Claim): Buffer {
  const source = claim.source === undefined ? undefined : utf8Bytes(claim.source)
  const epochBytes = claim.epoch === undefined ? 0 : 32
  const sourceBytes = source === undefined ? 0 : 2 + source.length
  const bytes = Buffer.allocUnsafe(claimBytes + epochBytes + sourceBytes + claim.objectBytes.length)
  bytes.set(idBytes(claim.id), 0)
  bytes.set(idBytes(claim.agentId), 32)
  let at = writeWhole(bytes, claim.timestampMs, 64)
  at = bytes.writeUInt8((epochBytes > 0 ? flags.epoch : 0) | (sourceBytes > 0 ? flags.source : 0), at)
  if (claim.epoch !== undefined) bytes.set(idBytes(claim.epoch), at)
  at += epochBytes
  if (source !== undefined) bytes.set(source, bytes.writeUInt16LE(source.length, at))
  bytes.set(claim.objectBytes, at + sourceBytes)
  return bytes
}

function encodeLocal({ local }: View): Buffer {
  const bytes = Buffer.alloc(VIEW_LAYOUT.localBytes + (local.trustFrontier === undefined ? 0 : 32))
  let at = writeWhole(bytes, local.computedAtMs, 0)
  at = writeWhole(bytes, local.trustGeneration, at)
  bytes.writeUInt8(local.trustFrontier === undefined ? 0 : 1, at)
  if (local.trustFrontier !== undefined) bytes.set(idBytes(local.trustFrontier), at + 1)
  return bytes
}

function writeWhole(bytes: Buffer, value: number, at: number): number {
  return bytes.writeUInt32LE(Math.floor(value / TWO_32), bytes.writeUInt32LE(value % TWO_32, at))
}
