// Validity of a block: what it, its records and its prev say, and nothing else.
// Rule: pure. Equal bytes get the same verdict on every peer, in every order, at every time; local time only
// defers (see deferred.ts). Parents are never checked further.

import {
  BLOCK_LIMITS, fromHex, idBytes, TIME_LIMITS, type Hash, type NetworkId, type PublicKey
} from '../base/index.js'
import {
  openRecord, signedMessage, signingInput, verifySignature, type Effective, type Inert, type InvalidRule
} from '../record/index.js'
import { type Block } from './block.js'
import { verifyCertificate } from './certificate.js'
import { headerPayload, type BlockHeader } from './header.js'

/** What a network's genesis says about blocks. */
export interface AdmissionRules {
  readonly networkId: NetworkId
  /** `closed`: a feed starts with a governor's certificate for its node key. */
  readonly admission: 'open' | 'closed'
  readonly governors: ReadonlySet<PublicKey>
  /** Zero bits that a feed id ends in, 0..256. */
  readonly feedWorkBits: number
}

/** Checks a STRICT Ed25519 signature: signature, message, public key. */
export type Verify = (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array) => boolean

/** The rule of validity that a block breaks. */
export type ValidityRule =
  | 'block-signature' | 'certificate' | 'work' | 'prev-feed' | 'prev-seq' | 'prev-sealed-at' | 'prev-invalid'
  | 'record-ahead' | 'record-signature' | Exclude<InvalidRule, 'signature'>

/** A record of a block whose envelope has the right form. */
export type OpenedRecord = Effective | Inert

/** The records of a body, opened. Their signatures are not checked. */
export type OpenedBody =
  | { readonly kind: 'ok', readonly records: readonly OpenedRecord[] }
  | { readonly kind: 'invalid', readonly rule: ValidityRule }

/**
 * Checks a header alone: work, certificate, signature, the cheapest first.
 * @returns the rule it breaks, or undefined when it is good
 */
export function verifyHeader(
  header: BlockHeader, rules: AdmissionRules, verify: Verify = verifySignature
): ValidityRule | undefined {
  if (trailingZeroBits(header.feed) < rules.feedWorkBits) return 'work'
  if (!certified(header, rules)) return 'certificate'
  const message = signingInput('block', rules.networkId, headerPayload(header))
  return verify(header.signature, message, idBytes(header.nodeKey)) ? undefined : 'block-signature'
}

/** A certificate stands at seq 1 of a closed federation and nowhere else. */
function certified(header: BlockHeader, rules: AdmissionRules): boolean {
  const { certificate, nodeKey } = header
  if (header.seq > 1) return true
  if (rules.admission === 'open') return certificate === undefined
  if (certificate === undefined) return false
  return verifyCertificate(certificate, nodeKey, rules.networkId, rules.governors)
}

/** Zero bits at the end of a feed id, read as one big-endian number: the work that went into it. */
export function trailingZeroBits(feed: Hash): number {
  const bytes = fromHex(feed) ?? new Uint8Array(0)
  let bits = 0
  for (let i = bytes.length - 1; i >= 0; i--) {
    const byte = bytes[i] ?? 0
    if (byte !== 0) return bits + (31 - Math.clz32(byte & -byte))
    bits += 8
  }
  return bits
}

/** Checks a block against its prev, once that is here. Undefined when it is good. */
export function verifyLink(header: BlockHeader, prev: BlockHeader): ValidityRule | undefined {
  if (header.feed !== prev.feed) return 'prev-feed'
  if (header.seq !== prev.seq + 1) return 'prev-seq'
  if (header.sealedAtMs < prev.sealedAtMs) return 'prev-sealed-at'
  return undefined
}

/**
 * Opens the records of a block: envelopes and timestamps, not signatures. A block that fails here is invalid
 * for ever: its header commits to these very records.
 */
export function openBody(block: Block): OpenedBody {
  const records: OpenedRecord[] = []
  for (const bytes of block.records) {
    const opened = openRecord(bytes)
    if (opened.grade === 'invalid') return { kind: 'invalid', rule: ruleOf(opened.rule) }
    records.push(opened)
  }
  const rule = verifyTimes(block.header, records)
  return rule === undefined ? { kind: 'ok', records } : { kind: 'invalid', rule }
}

/** Checks the records' times against the seal. Undefined when they are good. */
export function verifyTimes(
  { sealedAtMs }: BlockHeader, records: readonly OpenedRecord[]
): ValidityRule | undefined {
  const latestMs = sealedAtMs + BLOCK_LIMITS.recordAheadMsMax
  return records.some((record) => record.timestampMs > latestMs) ? 'record-ahead' : undefined
}

function ruleOf(rule: InvalidRule): ValidityRule {
  return rule === 'signature' ? 'record-signature' : rule
}

/**
 * Opens the records of a block and checks their signatures, one after another: the sealer's check of its own
 * block, and the reference for a pool of workers.
 */
export function verifyBody(block: Block, networkId: NetworkId, verify: Verify = verifySignature): OpenedBody {
  const opened = openBody(block)
  if (opened.kind === 'invalid') return opened
  for (const record of opened.records) {
    const message = signedMessage(record.bytes, networkId)
    if (!verify(record.signature, message, idBytes(record.agentId))) return { kind: 'invalid', rule: 'record-signature' }
  }
  return opened
}

/** True when a block is sealed so far ahead of the local clock that it waits. */
export function isAhead(header: Pick<BlockHeader, 'sealedAtMs'>, nowMs: number): boolean {
  return header.sealedAtMs > nowMs + TIME_LIMITS.blockAheadMsMax
}
