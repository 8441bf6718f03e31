// Reads of single records, votes and blocks for the node's face.

import type { Hash } from '../base/index.js'
import { openRecord } from '../record/index.js'
import { decodeVoteRow, keys, parseFeed, parseVote, ranges } from '../store/index.js'
import type { Parts } from './parts.js'
import type { FoundRecord, VoteRow } from './types.js'

/** Where records lie: in blocks, and on their way there. */
export interface RecordSource {
  readonly store: Pick<Parts['store'], 'get'>
  readonly ingest: Pick<Parts['ingest'], 'unsealedBytes'>
}

/** A record, admitted or accepted and not sealed yet; inert ones too. */
export function findRecord(parts: RecordSource, id: Hash): FoundRecord | undefined {
  const bytes = parts.store.get(keys.record(id)) ?? parts.ingest.unsealedBytes(id)
  const opened = bytes === undefined ? undefined : openRecord(bytes)
  if (bytes === undefined || opened === undefined || opened.grade === 'invalid') return undefined
  const { agentId, timestampMs } = opened
  if (opened.grade === 'inert') return { bytes, agentId, timestampMs, inertRule: opened.rule }
  return { bytes, agentId, timestampMs, record: opened.record }
}

/** Votes on an assertion by (agent, timestamp, id): an agent's last one is current. */
export async function votesOn(parts: Parts, assertion: Hash, limit: number): Promise<readonly VoteRow[]> {
  const found = await parts.store.rangeAll({ limit, ...ranges.votes(assertion) })
  const rows = found.flatMap(([key, value]) => {
    const vote = parseVote(key)
    return vote === undefined ? [] : [{ ...vote, weight: decodeVoteRow(value) }]
  })
  return rows.map(({ id, agentId, timestampMs, weight }, index) => ({
    id, agentId, timestampMs, weight, current: rows[index + 1]?.agentId !== agentId
  }))
}

/** Admitted blocks feed by feed, ascending: in this order each one's predecessor comes before it. */
export async function* admittedBlocks(
  parts: Parts
): AsyncGenerator<{ readonly id: Hash; readonly bytes: Uint8Array }> {
  for await (const [key] of parts.store.range({ keysOnly: true, ...ranges.feed() })) {
    const id = parseFeed(key).block
    const bytes = parts.dag.readBlock(id)
    if (bytes !== undefined) yield { id, bytes }
  }
}
