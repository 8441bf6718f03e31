// What a Byzantine node publishes: blocks that break one rule each, blocks that break none and still do harm,
// and bytes that are no block at all.

import { blake3Hash, hashOf, type Hash, type NetworkId, type PublicKey } from '../../src/base/index.js'
import {
  decodeBlock, encodeAnnouncement, encodeBlock, sealBlock, type Block, type BlockHeader, type Certificate,
  type SealFields
} from '../../src/dag/index.js'
import { NETWORK_LIMITS } from '../../src/p2p/index.js'
import { buildAssertion, buildVote, type Signer } from '../../src/record/index.js'
import type { Prng } from './prng.js'

/** What a liar knows. */
export interface LiarMind {
  readonly networkId: NetworkId
  /** Node key and agent key of the liar. */
  readonly signer: Signer
  readonly agent: Signer
  readonly certificate: Certificate | undefined
  /** Wall clock, without error. */
  nowMs(): number
  /** Payloads that came in. */
  readonly overheard: readonly Uint8Array[]
  /** The last block of the liar's one honest-looking feed. */
  tip: BlockHeader | undefined
  readonly incarnation: string
  readonly victims: readonly PublicKey[]
}

/** Payloads for the target and for everybody else. */
export interface Lie {
  readonly target: readonly Uint8Array[]
  readonly others: readonly Uint8Array[]
}

type Make = (mind: LiarMind, prng: Prng) => Lie

const DAY_MS = 86_400_000

/** Lies that travel by gossip. */
export const GOSSIP_LIES: Readonly<Record<string, Make>> = {
  'garbage': (_, prng) => one(garbage(prng)),
  'mutated': (mind, prng) => one(mutate(overheard(mind, prng) ?? garbage(prng), prng)),
  'oversized': (_, prng) => one(prng.bytes(NETWORK_LIMITS.payloadBytesMax + prng.between(1, 100))),
  'replay': (mind, prng) => all(...[0, 1, 2].flatMap(() => overheard(mind, prng) ?? [])),
  'forged header': (mind, prng) => {
    // Another one's key in a header that the liar signed.
    const bytes = encode(next(mind, prng, [say(mind, prng)]))
    const victim = prng.pick(mind.victims)
    bytes.set(Buffer.from(victim, 'hex'), 4)
    return one(bytes)
  },
  'malleable signature': (mind, prng) => one(addGroupOrder(encode(next(mind, prng, [say(mind, prng)])))),
  'forged record': (mind, prng) => {
    const record = Uint8Array.from(say(mind, prng))
    record[record.length - 1] = (record.at(-1) ?? 0) ^ 1
    return one(encode(next(mind, prng, [record, say(mind, prng)])))
  },
  'broken record': (mind, prng) => one(encode(next(mind, prng, [prng.bytes(prng.between(1, 200))]))),
  'record ahead': (mind, prng) => one(encode(next(mind, prng, [say(mind, prng, 300_001 + prng.integer(DAY_MS))]))),
  'valid': (mind, prng) => {
    const block = next(mind, prng, [say(mind, prng)])
    mind.tip = block.header
    return all(encode(block))
  },
  'stolen records': (mind, prng) => {
    const records = stolen(mind, prng)
    const block = next(mind, prng, records.length === 0 ? [say(mind, prng)] : records)
    mind.tip = block.header
    return all(encode(block))
  },
  'fork': (mind, prng) => {
    const [a, b] = [next(mind, prng, [say(mind, prng)]), next(mind, prng, [say(mind, prng)])]
    mind.tip = a.header
    return { target: [encode(a)], others: [encode(b)] }
  },
  'withheld prev': (mind, prng) => {
    const hidden = next(mind, prng, [say(mind, prng)])
    const shown = seal(mind, [say(mind, prng)], after(hidden.header, mind))
    const later = seal(mind, [say(mind, prng)], after(shown.header, mind))
    return all(encode(later), encode(shown))
  },
  'withheld body': (mind, prng) => {
    const hidden = next(mind, prng, [say(mind, prng)])
    return all(encodeAnnouncement(hidden.header))
  },
  'bogus parents': (mind, prng) => {
    const parents = Array.from({ length: 8 }, () => anyHash(prng)).sort()
    const block = next(mind, prng, [say(mind, prng)], { parents })
    mind.tip = block.header
    return all(encode(block))
  },
  'endless heads': (mind, prng) => all(...Array.from({ length: 12 }, () => {
    const incarnation = Buffer.from(prng.bytes(8)).toString('hex')
    return encode(seal(mind, [say(mind, prng)], first(mind, incarnation)))
  })),
  'endless pending': (mind, prng) => all(...Array.from({ length: 12 }, (_, index) => {
    const incarnation = Buffer.from(prng.bytes(8)).toString('hex')
    const fields = { incarnation, seq: 2 + index, prev: anyHash(prng), parents: [], sealedAtMs: mind.nowMs() }
    return encode(seal(mind, [say(mind, prng)], fields))
  })),
  'future block': (mind, prng) => {
    const ahead = prng.pick([300_500, 400_000, 3_600_000, 3_650 * DAY_MS])
    const incarnation = Buffer.from(prng.bytes(8)).toString('hex')
    const sealedAtMs = mind.nowMs() + ahead
    return all(encode(seal(mind, [say(mind, prng)], { ...first(mind, incarnation), sealedAtMs })))
  },
  'past block': (mind, prng) => {
    const { tip } = mind
    if (tip === undefined) return one()
    return all(encode(seal(mind, [say(mind, prng)], { ...after(tip, mind), sealedAtMs: tip.sealedAtMs - 1 })))
  },
  'wrong seq': (mind, prng) => {
    const { tip } = mind
    if (tip === undefined) return one()
    return all(encode(seal(mind, [say(mind, prng)], { ...after(tip, mind), seq: tip.seq + 2 })))
  },
  'bad body': (mind, prng) => {
    // A true header over a record of the same length that it does not commit to.
    const block = next(mind, prng, [claim(mind, prng)])
    if (prng.chance(0.5)) return one(encode({ ...block, records: [claim(mind, prng)] }))
    const bytes = encode(block)
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
    return one(bytes)
  }
}

function one(...target: readonly Uint8Array[]): Lie {
  return { target, others: [] }
}

function all(...payloads: readonly Uint8Array[]): Lie {
  return { target: payloads, others: payloads }
}

/** A record of the liar's own agent, properly signed. */
function say(mind: LiarMind, prng: Prng, aheadMs: number = 0): Uint8Array {
  const timestampMs = mind.nowMs() + aheadMs - (aheadMs === 0 ? prng.integer(10_000) : 0)
  if (prng.chance(0.3)) {
    return buildVote({ timestampMs, assertion: anyHash(prng), weight: 1_000_000 }, mind.agent, mind.networkId)
  }
  return claim(mind, prng, timestampMs)
}

/** An assertion; all are of one length. */
function claim(mind: LiarMind, prng: Prng, timestampMs: number = mind.nowMs()): Uint8Array {
  const object = `lie ${String(prng.integer(1_000_000_000)).padStart(9, '0')}`
  const fields = { timestampMs, subject: `s${prng.integer(6)}`, predicate: `p${prng.integer(3)}`, object }
  return buildAssertion(fields, mind.agent, mind.networkId)
}

function stolen(mind: LiarMind, prng: Prng): readonly Uint8Array[] {
  const payload = overheard(mind, prng)
  const decoded = payload === undefined ? undefined : decodeBlock(payload)
  return decoded?.kind === 'ok' ? decoded.block.records.map((record) => Uint8Array.from(record)) : []
}

function first({ certificate }: LiarMind, incarnation: string): Fields {
  return { incarnation, seq: 1, parents: [], ...(certificate === undefined ? {} : { certificate }) }
}

function after(header: BlockHeader, { nowMs }: LiarMind): Fields {
  const { incarnation, seq, id: prev, sealedAtMs } = header
  return { incarnation, seq: seq + 1, prev, parents: [], sealedAtMs: Math.max(nowMs(), sealedAtMs) }
}

type Fields = Omit<SealFields, 'sealedAtMs'> & { readonly sealedAtMs?: number }

function next(
  mind: LiarMind, prng: Prng, records: readonly Uint8Array[], more: Partial<SealFields> = {}
): Block {
  const { tip, incarnation } = mind
  // Timestamps differ, so two blocks of one place differ.
  const fields = tip === undefined ? first(mind, incarnation) : after(tip, mind)
  return seal(mind, records, { ...fields, ...more, ext: prng.bytes(4) })
}

function seal(mind: LiarMind, records: readonly Uint8Array[], fields: Fields): Block {
  const opened = records.map((bytes) => ({ id: idOf(bytes), bytes }))
  const distinct = [...new Map(opened.map((record) => [record.id, record])).values()]
  return sealBlock({ sealedAtMs: mind.nowMs(), ...fields }, distinct, mind.signer, mind.networkId)
}

function idOf(bytes: Uint8Array): Hash {
  return blake3Hash(bytes)
}

function encode(block: Block): Uint8Array {
  return Uint8Array.from(encodeBlock(block.header, block.records))
}

function overheard(mind: LiarMind, prng: Prng): Uint8Array | undefined {
  return mind.overheard.length === 0 ? undefined : prng.pick(mind.overheard)
}

/** Bytes that may begin like a block. */
export function garbage(prng: Prng): Uint8Array {
  const bytes = prng.bytes(prng.between(0, 2_000))
  if (bytes.length > 0 && prng.chance(0.7)) bytes[0] = prng.integer(4)
  return bytes
}

/** A copy that differs in a bit, or in its length. */
export function mutate(bytes: Uint8Array, prng: Prng): Uint8Array {
  if (prng.chance(0.2)) return bytes.slice(0, prng.integer(bytes.length + 1))
  if (prng.chance(0.1)) return Buffer.concat([bytes, prng.bytes(prng.between(1, 40))])
  const copy = Uint8Array.from(bytes)
  const at = prng.integer(Math.max(1, copy.length))
  copy[at] = (copy[at] ?? 0) ^ (1 << prng.integer(8))
  return copy
}

/** Some hash. */
export function anyHash(prng: Prng): Hash {
  return hashOf(prng.bytes(32))
}

/** S + L in place of S in a header's signature: the same point, another form. */
function addGroupOrder(block: Uint8Array): Uint8Array {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n
  const headerEnd = 3 + (block[1] ?? 0) * 256 + (block[2] ?? 0)
  let sum = order
  for (let i = 31; i >= 0; i -= 1) sum += BigInt(block[headerEnd - 32 + i] ?? 0) << BigInt(8 * i)
  for (let i = 0; i < 32; i += 1) block[headerEnd - 32 + i] = Number((sum >> BigInt(8 * i)) & 0xffn)
  return block
}
