import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BLOCK_LIMITS, blake3, concatBytes, hashOf, idBytes, networkIdOf, toHex, type Hash } from '../../src/base/index.js'
import {
  decodeAnnouncement, decodeBlock, decodeHeader, encodeAnnouncement, encodeBlock, feedOf, issueCertificate,
  recordsRoot, sealBlock, sealHeader, trailingZeroBits, verifyHeader, verifyLink,
  type BlockHeader, type HeaderFields
} from '../../src/dag/index.js'
import { createSigner, seedFromName } from '../../src/record/index.js'
import { bytesOf, createWriter, networkId, record, rules, startMs } from './kit.js'

const signer = createSigner(seedFromName('node'))
const governor = createSigner(seedFromName('governor'))

function id(text: string): Hash {
  return record(text).id
}

function fields(change: Partial<HeaderFields> = {}): HeaderFields {
  return {
    incarnation: '00112233aabbccdd', seq: 1, parents: [], recordCount: 1, recordsRoot: recordsRoot([id('r')]),
    bodyBytes: 1, sealedAtMs: startMs, ...change
  }
}

/** Bytes of a header with one part replaced. */
function patched(header: BlockHeader, at: number, bytes: Uint8Array): Uint8Array {
  const copy = Buffer.from(header.bytes)
  copy.set(bytes, at)
  return copy
}

function ruleOf(bytes: Uint8Array): string {
  const decoded = decodeHeader(bytes)
  return decoded.kind === 'invalid' ? decoded.rule : decoded.kind
}

describe('records root', () => {
  it('has the tree shape of RFC 9162 for every number of leaves up to 40', () => {
    const reference = (ids: readonly Hash[]): Uint8Array => {
      const [only] = ids
      if (ids.length === 1 && only !== undefined) return blake3(Uint8Array.of(0), idBytes(only))
      let k = 1
      while (2 * k < ids.length) k *= 2
      return blake3(Uint8Array.of(1), reference(ids.slice(0, k)), reference(ids.slice(k)))
    }
    for (let count = 1; count <= 40; count++) {
      const ids = Array.from({ length: count }, (_, i) => id(String(i))).sort()
      expect(recordsRoot(ids)).toBe(hashOf(reference(ids)))
    }
  })
})

describe('block header', () => {
  it('keeps its own bytes alone, read or sealed: thousands are kept', () => {
    const sealed = sealHeader(fields({ ext: Uint8Array.of(1, 2) }), signer, networkId)
    const frame = Buffer.concat([Buffer.alloc(10_000), sealed.bytes])
    const decoded = decodeHeader(frame.subarray(10_000))
    if (decoded.kind !== 'ok') throw new Error(decoded.kind)
    for (const { bytes, ext, signature } of [sealed, decoded.header]) {
      const held = [bytes, ext, signature].map(({ buffer }) => buffer.byteLength)
      expect(Math.max(...held)).toBe(bytes.length)
    }
  })

  it('comes back from its bytes with every field', () => {
    const parents = [id('p'), id('q')].sort()
    const ext = Uint8Array.of(1, 2)
    const sealed = sealHeader(fields({ seq: 9, prev: id('prev'), parents, ext }), signer, networkId)
    const decoded = decodeHeader(sealed.bytes)
    expect(decoded).toMatchObject({
      kind: 'ok',
      header: {
        nodeKey: signer.publicKey, incarnation: '00112233aabbccdd', feed: feedOf(signer.publicKey, '00112233aabbccdd'),
        seq: 9, prev: id('prev'), parents, recordCount: 1, bodyBytes: 1, sealedAtMs: startMs, id: sealed.id
      }
    })
    expect(verifyHeader(sealed, rules())).toBeUndefined()
  })

  it('is worthless under another key, network or byte', () => {
    const header = sealHeader(fields(), signer, networkId)
    const other = rules({ networkId: networkIdOf(Buffer.alloc(32, 9)) })
    expect(verifyHeader(header, other)).toBe('block-signature')
    for (let at = 1; at < header.bytes.length; at += 7) {
      const decoded = decodeHeader(patched(header, at, Uint8Array.of((header.bytes[at] ?? 0) ^ 1)))
      if (decoded.kind === 'ok') expect(verifyHeader(decoded.header, rules())).toBeDefined()
    }
  })

  it('of an unknown version is a newer peer, of version 0 invalid', () => {
    const { bytes } = sealHeader(fields(), signer, networkId)
    expect(decodeHeader(concatBytes(Uint8Array.of(2), bytes.subarray(1)))).toEqual({ kind: 'newer', version: 2 })
    expect(ruleOf(concatBytes(Uint8Array.of(0), bytes.subarray(1)))).toBe('header-version')
  })

  it('takes seq 1 and 2^53-1 and refuses 0 and 2^53', () => {
    const last = sealHeader(fields({ seq: Number.MAX_SAFE_INTEGER, prev: id('prev') }), signer, networkId)
    expect(ruleOf(last.bytes)).toBe('ok')
    expect(ruleOf(patched(last, 41, Buffer.from('0020000000000000', 'hex')))).toBe('seq')
    expect(ruleOf(patched(last, 41, Buffer.alloc(8)))).toBe('seq')
    expect(() => sealHeader(fields({ seq: 0 }), signer, networkId)).toThrow(RangeError)
  })

  it('has a prev exactly when it is not the first', () => {
    const first = sealHeader(fields(), signer, networkId)
    expect(ruleOf(patched(first, 49, idBytes(id('prev'))))).toBe('prev')
    const second = sealHeader(fields({ seq: 2, prev: id('prev') }), signer, networkId)
    expect(ruleOf(patched(second, 49, Buffer.alloc(32)))).toBe('prev')
  })

  it('takes 8 parents and refuses 9, disorder, doubles, prev and zero', () => {
    const ids = Array.from({ length: 9 }, (_, i) => id(`parent ${i}`)).sort()
    const full = sealHeader(fields({ seq: 2, prev: id('prev'), parents: ids.slice(0, 8) }), signer, networkId)
    expect(ruleOf(full.bytes)).toBe('ok')
    expect(ruleOf(patched(full, 127, Uint8Array.of(9)))).toBe('parents')
    expect(() => sealHeader(fields({ parents: ids }), signer, networkId)).toThrow('parents')
    const two = sealHeader(fields({ seq: 2, prev: id('prev'), parents: ids.slice(0, 2) }), signer, networkId)
    expect(ruleOf(patched(two, 128, idBytes(ids[1] ?? id(''))))).toBe('parents')
    expect(ruleOf(patched(two, 128, Buffer.alloc(32)))).toBe('parents')
    const own = sealHeader(fields({ seq: 2, prev: id('prev'), parents: [id('x')] }), signer, networkId)
    expect(ruleOf(patched(own, 128, idBytes(id('prev'))))).toBe('parents')
  })

  it('counts 1 to 1,024 records and 1 to 262,144 bytes', () => {
    const full = fields({ recordCount: BLOCK_LIMITS.recordsMax, bodyBytes: BLOCK_LIMITS.bodyBytesMax })
    const header = sealHeader(full, signer, networkId)
    expect(ruleOf(header.bytes)).toBe('ok')
    expect(ruleOf(patched(header, 81, Uint8Array.of(4, 1)))).toBe('record-count')
    expect(ruleOf(patched(header, 81, Uint8Array.of(0, 0)))).toBe('record-count')
    expect(ruleOf(patched(header, 83, Uint8Array.of(0, 4, 0, 1)))).toBe('body-bytes')
    expect(ruleOf(patched(header, 83, Uint8Array.of(0, 0, 0, 0)))).toBe('body-bytes')
  })

  it('refuses a time beyond 2^53-1', () => {
    const header = sealHeader(fields({ sealedAtMs: Number.MAX_SAFE_INTEGER }), signer, networkId)
    expect(ruleOf(header.bytes)).toBe('ok')
    expect(ruleOf(patched(header, 87, Buffer.from('0020000000000000', 'hex')))).toBe('sealed-at')
  })

  it('carries 256 opaque bytes and not 257, and they are signed', () => {
    const header = sealHeader(fields({ ext: Buffer.alloc(256, 5) }), signer, networkId)
    expect(verifyHeader(header, rules())).toBeUndefined()
    expect(() => sealHeader(fields({ ext: Buffer.alloc(257) }), signer, networkId)).toThrow('ext')
    const [start, ext] = [header.bytes.subarray(0, 129), Buffer.alloc(257)]
    expect(ruleOf(concatBytes(start, Uint8Array.of(1, 1), ext, header.signature))).toBe('ext')
    expect(verifyHeader(okHeader(patched(header, 140, Uint8Array.of(6))), rules())).toBe('block-signature')
  })

  it('refuses trailing and missing bytes', () => {
    const { bytes } = sealHeader(fields(), signer, networkId)
    expect(ruleOf(concatBytes(bytes, Uint8Array.of(0)))).toBe('header-length')
    for (let length = 1; length < bytes.length; length++) expect(ruleOf(bytes.subarray(0, length))).not.toBe('ok')
  })

  it('starts a feed of a closed federation with a certificate of a governor for its very key', () => {
    const closed = rules({ admission: 'closed', governors: new Set([governor.publicKey]) })
    const certificate = issueCertificate(signer.publicKey, governor, networkId)
    const good = sealHeader(fields({ certificate }), signer, networkId)
    expect(okHeader(good.bytes).certificate?.governor).toBe(governor.publicKey)
    expect(verifyHeader(good, closed)).toBeUndefined()
    expect(verifyHeader(good, rules())).toBe('certificate')
    expect(verifyHeader(sealHeader(fields(), signer, networkId), closed)).toBe('certificate')
    const self = issueCertificate(signer.publicKey, signer, networkId)
    expect(verifyHeader(sealHeader(fields({ certificate: self }), signer, networkId), closed)).toBe('certificate')
    const others = issueCertificate(governor.publicKey, governor, networkId)
    expect(verifyHeader(sealHeader(fields({ certificate: others }), signer, networkId), closed)).toBe('certificate')
    const later = fields({ seq: 2, prev: id('prev') })
    expect(verifyHeader(sealHeader(later, signer, networkId), closed)).toBeUndefined()
    expect(() => sealHeader({ ...later, certificate }, signer, networkId)).toThrow('certificate-form')
  })

  it('needs the zero bits of work that the genesis asks for', () => {
    const header = sealHeader(fields(), signer, networkId)
    const bits = trailingZeroBits(header.feed)
    expect(verifyHeader(header, rules({ feedWorkBits: bits }))).toBeUndefined()
    expect(verifyHeader(header, rules({ feedWorkBits: bits + 1 }))).toBe('work')
    expect(trailingZeroBits(hashOf(Buffer.alloc(32)))).toBe(256)
    expect(trailingZeroBits(hashOf(Buffer.from('01'.repeat(30) + '0100', 'hex')))).toBe(8)
  })

  it('follows its prev in feed, seq and time', () => {
    const writer = createWriter('a')
    const one = writer.next().header
    const two = writer.next([], { sealedAtMs: one.sealedAtMs }).header
    expect(verifyLink(two, one)).toBeUndefined()
    expect(verifyLink({ ...two, feed: id('f') }, one)).toBe('prev-feed')
    expect(verifyLink({ ...two, seq: 3 }, one)).toBe('prev-seq')
    expect(verifyLink({ ...two, sealedAtMs: one.sealedAtMs - 1 }, one)).toBe('prev-sealed-at')
  })

  it('never throws on any bytes, and reads back what it accepts', () => {
    const sample = sealHeader(fields({ seq: 2, prev: id('prev'), parents: [id('a')] }), signer, networkId).bytes
    const mutated = fc.tuple(fc.nat(sample.length - 1), fc.nat(255)).map(([at, value]) => {
      const copy = Buffer.from(sample)
      copy[at] = value
      return copy
    })
    fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 900 }), mutated), (bytes) => {
      const decoded = decodeHeader(bytes)
      if (decoded.kind === 'ok') expect(toHex(decoded.header.bytes)).toBe(toHex(bytes))
    }))
  })
})

describe('encoded block', () => {
  const block = sealBlock(
    { incarnation: '0000000000000001', seq: 1, parents: [], sealedAtMs: startMs },
    ['one', 'two', 'three'].map(record), signer, networkId
  )

  it('comes back with its records in the order of their ids', () => {
    const decoded = decodeBlock(bytesOf(block))
    const { id } = block.header
    expect(decoded).toMatchObject({ kind: 'ok', block: { ids: [...block.ids].sort(), header: { id } } })
  })

  it('says which rule its body breaks', () => {
    const rule = (bytes: Uint8Array): string => {
      const decoded = decodeBlock(bytes)
      return decoded.kind === 'invalid' ? decoded.rule : decoded.kind
    }
    const bytes = bytesOf(block)
    const reordered = encodeBlock(block.header, [...block.records].reverse())
    const forged = Buffer.from(bytes)
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1
    expect(rule(reordered)).toBe('record-order')
    expect(['records-root', 'record-order']).toContain(rule(forged))
    expect(rule(concatBytes(bytes, Uint8Array.of(0)))).toBe('body-sum')
    expect(rule(bytes.subarray(0, bytes.length - 1))).toBe('body-sum')
    expect(rule(bytes.subarray(0, 2))).toBe('block-length')
    expect(rule(Buffer.concat([Uint8Array.of(9), bytes.subarray(1)]))).toBe('newer')
    expect(rule(new Uint8Array(300_000))).toBe('block-length')
  })

  it('is told apart from an announcement', () => {
    const announcement = encodeAnnouncement(block.header)
    expect(decodeAnnouncement(announcement)).toMatchObject({ kind: 'ok', header: { id: block.header.id } })
    expect(decodeAnnouncement(bytesOf(block))).toEqual({ kind: 'block' })
    expect(decodeBlock(announcement)).toEqual({ kind: 'invalid', rule: 'block-encoding' })
  })

  it('never throws on any bytes', () => {
    const sample = bytesOf(block)
    const changes = fc.tuple(fc.nat(sample.length - 1), fc.nat(255), fc.nat(sample.length))
    const mutated = changes.map(([at, value, end]) => {
      const copy = Buffer.from(sample)
      copy[at] = value
      return copy.subarray(0, end)
    })
    fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 900 }), mutated), (bytes) => {
      decodeBlock(bytes)
      decodeAnnouncement(bytes)
    }))
  })
})

function okHeader(bytes: Uint8Array): BlockHeader {
  const decoded = decodeHeader(bytes)
  if (decoded.kind !== 'ok') throw new Error(`not a header: ${decoded.kind}`)
  return decoded.header
}
