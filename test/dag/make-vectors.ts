// What test/vectors/blocks.json holds: bytes made with fixed keys, and what must be said of them.

import { blake3Hash, hashOf, toHex, type Hash } from '../../src/base/index.js'
import {
  encodeAnnouncement, encodeBlock, frontierRootOf, issueCertificate, recordsRoot, sealBlock, sealHeader,
  signTag, viewDigestAlgorithm, type BlockHeader, type SealFields
} from '../../src/dag/index.js'
import { encodeFrame } from '../../src/dag/sync-encode.js'
import { type Run, type SyncFrame } from '../../src/dag/sync-frames.js'
import { buildAssertion, createSigner, seedFromName } from '../../src/record/index.js'
import { record, rules, startMs, networkId } from './kit.js'

const node = createSigner(seedFromName('node'))
const governor = createSigner(seedFromName('governor'))
const agent = createSigner(seedFromName('agent'))

/** The rules that the vectors are judged by: open, and closed with one governor. */
export const vectorRules = {
  open: rules(), closed: rules({ admission: 'closed', governors: new Set([governor.publicKey]) })
}

/** One header and what is said of it: `ok`, `newer`, or the rule that it breaks. */
export interface HeaderVector {
  readonly name: string
  readonly rules: 'open' | 'closed'
  readonly result: string
  readonly bytes: string
  readonly id?: Hash
  readonly feed?: Hash
}

/** One encoded block. */
export interface BlockVector {
  readonly name: string
  readonly result: string
  readonly bytes: string
  readonly records?: readonly Hash[]
}

/** All vectors. */
export interface BlockVectors {
  readonly about: string
  readonly network_id: string
  readonly governor: string
  readonly roots: readonly { readonly ids: readonly Hash[], readonly root: Hash }[]
  readonly headers: readonly HeaderVector[]
  readonly blocks: readonly BlockVector[]
  readonly frontiers: readonly { readonly tips: readonly object[], readonly root: Hash }[]
  readonly tags: readonly { readonly name: string, readonly result: string, readonly bytes: string }[]
  readonly frames: readonly { readonly name: string, readonly bytes: string }[]
}

function id(text: string): Hash {
  return record(text).id
}

const fields: SealFields = { incarnation: '00112233aabbccdd', seq: 1, parents: [], sealedAtMs: startMs }

function records(count: number, timestampMs = startMs): readonly ReturnType<typeof record>[] {
  return Array.from({ length: count }, (_, i) => {
    const assertion = { timestampMs, subject: `s${i}`, predicate: 'p', object: i }
    const bytes = buildAssertion(assertion, agent, networkId)
    return { id: blake3Hash(bytes), bytes }
  })
}

function patched(bytes: Uint8Array, at: number, part: string): Uint8Array {
  const copy = Buffer.from(bytes)
  copy.set(Buffer.from(part, 'hex'), at)
  return copy
}

/** Makes all vectors anew. */
export function makeVectors(): BlockVectors {
  return {
    about: 'Blocks, frontiers, state tags and sync frames; hex. Meaning: docs/formats/block.md, docs/formats/sync.md',
    network_id: networkId, governor: governor.publicKey,
    roots: [1, 2, 3, 4, 5, 7, 8, 9].map((count) => {
      const ids = Array.from({ length: count }, (_, i) => id(`leaf ${i}`)).sort()
      return { ids, root: recordsRoot(ids) }
    }),
    headers: makeHeaders(), blocks: makeBlocks(), frontiers: makeFrontiers(), tags: makeTags(),
    frames: makeFrames()
  }
}

function makeHeaders(): readonly HeaderVector[] {
  const body = { recordCount: 1, recordsRoot: recordsRoot([id('r')]), bodyBytes: 1 }
  const first = sealHeader({ ...fields, ...body }, node, networkId)
  const parents = Array.from({ length: 8 }, (_, i) => id(`parent ${i}`)).sort()
  const later = { ...fields, ...body, seq: 2, prev: id('prev'), parents }
  const full = sealHeader({ ...later, ext: Buffer.alloc(256, 1) }, node, networkId)
  const certificate = issueCertificate(node.publicKey, governor, networkId)
  const certified = sealHeader({ ...fields, ...body, certificate }, node, networkId)
  const self = issueCertificate(node.publicKey, node, networkId)
  const ok = (name: string, header: BlockHeader, by: 'open' | 'closed' = 'open', result = 'ok'): HeaderVector => (
    { name, rules: by, result, bytes: toHex(header.bytes), id: header.id, feed: header.feed }
  )
  const bad = (name: string, result: string, bytes: Uint8Array): HeaderVector => (
    { name, rules: 'open', result, bytes: toHex(bytes) }
  )
  return [
    ok('first of a feed', first), ok('all parents, 256 bytes of ext', full), ok('certified', certified, 'closed'),
    ok('certified where none is due', certified, 'open', 'certificate'),
    ok('uncertified where one is due', first, 'closed', 'certificate'),
    ok('certified by itself', sealHeader({ ...fields, ...body, certificate: self }, node, networkId), 'closed', 'certificate'),
    bad('version 2', 'newer', patched(first.bytes, 0, '02')), bad('version 0', 'header-version', patched(first.bytes, 0, '00')),
    bad('seq 0', 'seq', patched(first.bytes, 41, '0000000000000000')),
    bad('seq 2^53', 'seq', patched(full.bytes, 41, '0020000000000000')),
    bad('prev at seq 1', 'prev', patched(first.bytes, 49, id('prev'))),
    bad('no prev at seq 2', 'prev', patched(full.bytes, 49, '00'.repeat(32))),
    bad('no record', 'record-count', patched(first.bytes, 81, '0000')),
    bad('1,025 records', 'record-count', patched(first.bytes, 81, '0401')),
    bad('body of 262,145 bytes', 'body-bytes', patched(first.bytes, 83, '00040001')),
    bad('sealed at 2^53', 'sealed-at', patched(first.bytes, 87, '0020000000000000')),
    bad('9 parents', 'parents', patched(full.bytes, 127, '09')),
    bad('parents in disorder', 'parents', patched(full.bytes, 128, 'ff'.repeat(32))),
    bad('prev among the parents', 'parents', patched(full.bytes, 49, toHex(full.bytes.subarray(128, 160)))),
    bad('two certificates', 'certificate-form', patched(first.bytes, 128, '02')),
    bad('one byte short', 'header-length', first.bytes.subarray(0, first.bytes.length - 1)),
    bad('one byte long', 'header-length', Buffer.concat([first.bytes, Uint8Array.of(0)])),
    bad('changed time', 'block-signature', patched(first.bytes, 94, '01')),
    bad('changed ext', 'block-signature', patched(full.bytes, full.bytes.length - 70, '02'))
  ]
}

function makeBlocks(): readonly BlockVector[] {
  const block = sealBlock(fields, records(5), node, networkId)
  const bytes = encodeBlock(block.header, block.records)
  const late = sealBlock(fields, records(1, startMs + 300_000), node, networkId)
  const tooLate = sealBlock(fields, records(1, startMs + 300_001), node, networkId)
  const noise = sealBlock(fields, [record('no record')], node, networkId)
  const bad = (name: string, result: string, changed: Uint8Array): BlockVector => (
    { name, result, bytes: toHex(changed) }
  )
  const swapped = [...block.records].reverse()
  return [
    { name: 'five records', result: 'ok', bytes: toHex(bytes), records: block.ids },
    { name: 'a record 300 s ahead', result: 'ok', bytes: toHex(encodeBlock(late.header, late.records)), records: late.ids },
    bad('a record 300.001 s ahead', 'record-ahead', encodeBlock(tooLate.header, tooLate.records)),
    bad('no record at all', 'record-map', encodeBlock(noise.header, noise.records)),
    bad('header alone', 'block-encoding', encodeAnnouncement(block.header)),
    bad('unknown encoding', 'newer', patched(bytes, 0, '02')),
    bad('records in disorder', 'record-order', encodeBlock(block.header, swapped)),
    bad('last byte cut', 'body-sum', bytes.subarray(0, bytes.length - 1)),
    bad('a byte more', 'body-sum', Buffer.concat([bytes, Uint8Array.of(0)]))
  ]
}

function makeFrontiers(): BlockVectors['frontiers'] {
  const tip = (feed: string, seq: number): { feed: Hash, seq: number, id: Hash } => (
    { feed: id(feed), seq, id: id(`${feed} ${seq}`) }
  )
  const forked = [tip('a', 1), tip('b', 300), { ...tip('b', 300), id: id('branch') }, tip('c', 2 ** 40)]
  return [[], [tip('a', 1)], forked].map((tips) => ({ tips, root: frontierRootOf(tips) }))
}

function makeTags(): BlockVectors['tags'] {
  const tag = signTag({
    algorithm: viewDigestAlgorithm, frontierRoot: id('root'), recordCount: 123_456, schemaVersion: 1, viewVersion: 1,
    trustDigest: id('trust'), viewDigest: id('views')
  }, node, networkId)
  return [
    { name: 'a tag', result: 'ok', bytes: toHex(tag.bytes) },
    { name: 'another count', result: 'tag-signature', bytes: toHex(patched(tag.bytes, 41, '01')) },
    { name: 'version 2', result: 'newer', bytes: toHex(patched(tag.bytes, 0, '02')) },
    { name: 'a byte short', result: 'invalid', bytes: toHex(tag.bytes.subarray(1)) }
  ]
}

function makeFrames(): BlockVectors['frames'] {
  const run = (name: string, low: number, high: number): Run => (
    { feed: id(`feed ${name}`).slice(0, 32), low, high, top: id(`top ${name}`).slice(0, 32) }
  )
  const block = sealBlock(fields, records(1), node, networkId)
  const frames: readonly SyncFrame[] = [
    {
      kind: 'status', versions: [1, 1], networkId, frontierRoot: id('root'), tipCount: 300, recordCount: 1_000_000,
      tipsFollow: false, heads: [id('h1'), id('h2')], ownFeed: id('own'),
      yourTip: { feed: id('yours'), seq: 700, id: id('your top') }, stateTag: Buffer.from(makeTags()[0]?.bytes ?? '', 'hex')
    },
    { kind: 'buckets', hashes: Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(32, '0')) },
    { kind: 'tips', more: false, admitted: [run('a', 1, 5), run('b', 1, 70_000)], pending: [run('c', 9, 12)] },
    { kind: 'tips', more: true, buckets: new Set([0, 9, 255]), admitted: [run('a', 1, 5)], pending: [] },
    { kind: 'want', ranges: [{ top: run('a', 1, 5).top, low: 2, high: 5 }, { top: id('missing'), low: 16, high: 19 }] },
    { kind: 'blocks', blocks: [encodeBlock(block.header, block.records)] },
    { kind: 'miss', ranges: [1] }, { kind: 'done' }, { kind: 'stop' }, { kind: 'credit', bytes: 262_144 },
    { kind: 'end', frontierRoot: hashOf(Buffer.alloc(32, 171)) },
    { kind: 'have', ids: [id('first'), id('second')] }
  ]
  return frames.map((frame) => ({ name: frame.kind, bytes: toHex(encodeFrame(frame)) }))
}
