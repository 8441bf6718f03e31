// What a writer may want to know of a record that was taken: it is durable, but has no effect yet.

import { Type, type TSchema } from 'typebox'
import type { StemeNode } from '../node/index.js'
import { openRecord } from '../record/index.js'

/** A hint: `code` is stable, `detail` is for people. */
export const hintSchema: TSchema = Type.Object({
  code: Type.Literal('ASSERTION_UNKNOWN'), detail: Type.String()
}, { description: 'the record is durable, but has no effect yet' })

/** The hint on one record that was admitted; nothing for most. */
export async function hintOf(node: Pick<StemeNode, 'record'>, bytes: Uint8Array): Promise<object> {
  const opened = openRecord(bytes)
  if (opened.grade !== 'effective' || opened.record.kind !== 'vote') return {}
  const { assertion } = opened.record
  const target = await node.record(assertion)
  if (target?.record?.kind === 'assertion') return {}
  const detail = target === undefined
    ? `no assertion ${assertion} is here yet; the vote is kept and counts once it arrives`
    : `${assertion} is no assertion; the vote has no effect`
  return { hint: { code: 'ASSERTION_UNKNOWN', detail } }
}
