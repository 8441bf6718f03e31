// Invariants of one node, recomputed from what its index holds.
// Rule: the check believes nothing that the node derived: everything is made again from the rows of blocks
// and the bytes of records. What the bytes of one row say is made out once: a row is replaced, never changed.

import { blake3Hash, idBytes, type Hash, type PublicKey } from '../../src/base/index.js'
import { decodeHeader, frontierRootOf, recordsRoot, type AdmissionRules, type BlockHeader } from '../../src/dag/index.js'
import type { Parts } from '../../src/node/parts.js'
import { openRecord, signedMessage, signingInput, type VerifySignature } from '../../src/record/index.js'
import {
  decodeBlockRow, keys, parseHolder, parseId, parseQuarantined, parseTip, ranges, type Reader
} from '../../src/store/index.js'

/** What a check reports: a broken invariant, by name. */
export type Report = (invariant: string, message: string) => void

/** The admitted blocks of a node. */
export interface Graph {
  readonly headers: ReadonlyMap<Hash, BlockHeader>
  readonly recordIds: ReadonlyMap<Hash, readonly Hash[]>
  /** Of the record ids. */
  readonly roots: ReadonlyMap<Hash, Hash>
  readonly records: ReadonlySet<Hash>
}

/** What the row of a block says. */
interface BlockSaid {
  readonly header: BlockHeader
  readonly recordIds: readonly Hash[]
  readonly root: Hash
}

/** What the row of a record says; no time where the bytes are no record. */
interface RecordSaid {
  readonly id: Hash
  readonly timestampMs: number | undefined
}

const blocksSaid = new WeakMap<Uint8Array, BlockSaid>()
const recordsSaid = new WeakMap<Uint8Array, RecordSaid>()

function blockIn(value: Uint8Array, id: Hash): BlockSaid {
  const known = blocksSaid.get(value)
  if (known !== undefined) return known
  const { header: bytes, recordIds } = decodeBlockRow(value)
  const decoded = decodeHeader(bytes)
  if (decoded.kind !== 'ok') throw new Error(`block ${id} has no header`)
  const said = { header: decoded.header, recordIds, root: recordsRoot(recordIds) }
  blocksSaid.set(value, said)
  return said
}

function recordIn(bytes: Uint8Array): RecordSaid {
  const known = recordsSaid.get(bytes)
  if (known !== undefined) return known
  const opened = openRecord(bytes)
  const said = {
    id: blake3Hash(bytes), timestampMs: opened.grade === 'invalid' ? undefined : opened.timestampMs
  }
  recordsSaid.set(bytes, said)
  return said
}

/** Reads every block row. */
async function readGraph(reader: Reader): Promise<Graph> {
  const headers = new Map<Hash, BlockHeader>()
  const recordIds = new Map<Hash, readonly Hash[]>()
  const roots = new Map<Hash, Hash>()
  const records = new Set<Hash>()
  for (const [key, value] of await reader.rangeAll(ranges.blocks())) {
    const id = parseId('block', key)
    const said = blockIn(value, id)
    headers.set(id, said.header)
    recordIds.set(id, said.recordIds)
    roots.set(id, said.root)
  }
  for (const [key] of await reader.rangeAll({ ...ranges.records(), keysOnly: true })) records.add(parseId('record', key))
  return { headers, recordIds, roots, records }
}

/** Record set, links, tips and heads of one state of an index. @param checked ids with a good signature */
export async function checkRows(
  reader: Reader, rules: AdmissionRules, verify: VerifySignature, checked: Set<Hash>, report: Report
): Promise<Graph> {
  const graph = await readGraph(reader)
  checkRecordSet(graph, report)
  await checkHolders(reader, graph, report)
  checkSignatures(reader, graph, rules, verify, checked, report)
  checkLinks(graph, report)
  checkBodies(reader, graph, report)
  await checkTipsAndHeads(reader, graph, report)
  return graph
}

function checkRecordSet({ recordIds, records }: Graph, report: Report): void {
  const union = new Set([...recordIds.values()].flat())
  for (const id of union) if (!records.has(id)) report('record set = union of blocks', `record ${id} of a block is missing`)
  for (const id of records) if (!union.has(id)) report('record set = union of blocks', `record ${id} is in no block`)
}

async function checkHolders(reader: Reader, { recordIds }: Graph, report: Report): Promise<void> {
  const expected = new Set([...recordIds].flatMap(([block, ids]) => ids.map((id) => `${id} ${block}`)))
  for (const [key] of await reader.rangeAll({ ...ranges.holders(), keysOnly: true })) {
    const { record, block } = parseHolder(key)
    if (!expected.delete(`${record} ${block}`)) report('record set = union of blocks', `holder row of ${record} without a block`)
  }
  for (const pair of expected) report('record set = union of blocks', `no holder row: ${pair}`)
}

/** Where nothing waits for a block, no row says so: before that the sealer may not have dropped it yet. */
async function checkUnsealed(reader: Reader, { records }: Graph, report: Report): Promise<void> {
  for (const [key] of await reader.rangeAll({ ...ranges.unsealed(), keysOnly: true })) {
    const id = parseId('unsealed', key)
    if (records.has(id)) report('what waits for a block is in none', `record ${id} is admitted and waits`)
  }
}

function checkSignatures(
  reader: Reader, { headers, records }: Graph, rules: AdmissionRules, verify: VerifySignature,
  checked: Set<Hash>, report: Report
): void {
  for (const header of headers.values()) {
    if (checked.has(header.id)) continue
    const message = signingInput('block', rules.networkId, header.bytes.subarray(0, -64))
    if (!verify(header.signature, message, idBytes(header.nodeKey))) {
      report('nothing unsigned is admitted', `block ${header.id}: signature`)
    }
    checked.add(header.id)
  }
  for (const id of records) {
    const bytes = reader.get(keys.record(id)) ?? new Uint8Array()
    if (recordIn(bytes).id !== id) {
      report('nothing unsigned is admitted', `record ${id} has the bytes of another`)
      continue
    }
    if (checked.has(id)) continue
    const opened = openRecord(bytes)
    if (opened.grade === 'invalid') {
      report('nothing unsigned is admitted', `record ${id}: ${opened.rule}`)
      continue
    }
    const message = signedMessage(opened.bytes, rules.networkId)
    if (!verify(opened.signature, message, idBytes(opened.agentId))) {
      report('nothing unsigned is admitted', `record ${id}: signature`)
    }
    checked.add(id)
  }
}

function checkLinks({ headers }: Graph, report: Report): void {
  for (const { id, prev, feed, seq, sealedAtMs } of headers.values()) {
    const before = prev === undefined ? undefined : headers.get(prev)
    if (prev === undefined ? seq !== 1 : before === undefined) report('feeds hang together', `block ${id} without its prev`)
    if (before === undefined) continue
    const good = before.feed === feed && before.seq + 1 === seq && before.sealedAtMs <= sealedAtMs
    if (!good) report('feeds hang together', `block ${id} does not continue ${before.id}`)
  }
}

/** A block holds what its header commits to, and no record that was written well after it was sealed. */
function checkBodies(reader: Reader, { headers, recordIds, roots }: Graph, report: Report): void {
  for (const { id, sealedAtMs, recordsRoot: root } of headers.values()) {
    const ids = recordIds.get(id) ?? []
    if (roots.get(id) !== root) report('blocks are valid', `block ${id} has the body of another`)
    for (const record of ids) {
      const { timestampMs = 0 } = recordIn(reader.get(keys.record(record)) ?? new Uint8Array())
      if (timestampMs > sealedAtMs + 300_000) {
        report('blocks are valid', `record ${record} is ahead of block ${id}`)
      }
    }
  }
}

/** Blocks that no block continues, and blocks that no block names. */
export interface Ends {
  readonly tips: ReadonlySet<Hash>
  readonly heads: ReadonlySet<Hash>
}

/** What tips and heads must be. */
export function tipsAndHeads({ headers }: Graph): Ends {
  const tips = new Set(headers.keys())
  const heads = new Set(headers.keys())
  for (const { prev, parents } of headers.values()) {
    if (prev !== undefined) tips.delete(prev)
    for (const id of prev === undefined ? parents : [prev, ...parents]) heads.delete(id)
  }
  return { tips, heads }
}

async function checkTipsAndHeads(reader: Reader, graph: Graph, report: Report): Promise<void> {
  const { tips, heads } = tipsAndHeads(graph)
  const tipRows = await reader.rangeAll({ ...ranges.tips(), keysOnly: true })
  const headRows = await reader.rangeAll({ ...ranges.heads(), keysOnly: true })
  compare('tips = recomputed', tips, tipRows.map(([key]) => parseTip(key).block), report)
  compare('heads = recomputed', heads, headRows.map(([key]) => parseId('head', key)), report)
}

function compare(
  invariant: string, expected: ReadonlySet<Hash>, held: readonly Hash[], report: Report
): void {
  for (const id of held) if (!expected.has(id)) report(invariant, `${id} is none`)
  const kept = new Set(held)
  for (const id of expected) if (!kept.has(id)) report(invariant, `${id} is missing`)
}

/** What a node keeps in memory against its rows; only while nothing is being written. */
export async function checkMemory(parts: Parts, graph: Graph, report: Report): Promise<void> {
  const { dag, store } = parts
  const { tips, heads } = tipsAndHeads(graph)
  const held = dag.frontier().tips()
  compare('tips = recomputed', tips, held.map((tip) => tip.id), report)
  compare('heads = recomputed', heads, dag.heads(), report)
  const root = frontierRootOf(held)
  if (root !== dag.frontier().root) report('tips = recomputed', `frontier root ${dag.frontier().root}, not ${root}`)
  if (dag.counts().blocks !== graph.headers.size) {
    report('tips = recomputed', `${dag.counts().blocks} blocks counted, ${graph.headers.size} held`)
  }
  if (store.totals.recordCount !== graph.records.size) {
    report('record set = union of blocks', `${store.totals.recordCount} records counted, ${graph.records.size} held`)
  }
  checkForks(parts, graph, report)
  await checkUnsealed(store, graph, report)
  const { equal } = await store.verifyDigest()
  if (!equal) report('the digest is that of the rows', 'it is not')
}

/** A feed with two blocks of one seq is known to have forked, and no other. */
function checkForks({ dag }: Parts, { headers }: Graph, report: Report): void {
  const places = new Set<string>()
  const forked = new Set<Hash>()
  for (const { feed, seq } of headers.values()) {
    if (places.has(`${feed} ${seq}`)) forked.add(feed)
    places.add(`${feed} ${seq}`)
  }
  compare('forks = recomputed', forked, dag.forks().map(({ feed }) => feed), report)
}

/** No honest node ever seals two blocks of one feed with the same seq, nor a record twice in one feed. */
export function checkOwnFeeds(
  graphs: readonly Graph[], honest: ReadonlySet<PublicKey>, report: Report
): void {
  const places = new Map<string, Hash>()
  for (const { headers, recordIds } of graphs) {
    const sealed = new Set<string>()
    for (const { nodeKey, feed, seq, id } of headers.values()) {
      if (!honest.has(nodeKey)) continue
      const place = `${feed} ${seq}`
      const other = places.get(place)
      if (other !== undefined && other !== id) report('own feeds never fork', `feed ${feed} seq ${seq}: ${other} and ${id}`)
      places.set(place, id)
      for (const record of recordIds.get(id) ?? []) {
        if (sealed.has(`${feed} ${record}`)) report('a feed holds a record once', `feed ${feed}: ${record}`)
        sealed.add(`${feed} ${record}`)
      }
    }
  }
}

/** Records that wait for their time at a node, with that time. */
export async function quarantinedIds(reader: Reader): Promise<ReadonlyMap<Hash, number>> {
  const rows = await reader.rangeAll({ ...ranges.quarantined(), keysOnly: true })
  return new Map(rows.map(([key]) => parseQuarantined(key)).map(({ id, releaseMs }) => [id, releaseMs]))
}

/** Where a record is at a node. */
export function holdsRecord(parts: Parts, quarantined: ReadonlyMap<Hash, number>, id: Hash): 'admitted' | 'accepted' | 'waiting' | undefined {
  if (parts.store.get(keys.record(id)) !== undefined) return 'admitted'
  if (parts.ingest.unsealedBytes(id) !== undefined) return 'accepted'
  return quarantined.has(id) ? 'waiting' : undefined
}
