// The audit of the demo: the network's founder, the agent that trust starts from, checks some facts. What it
// finds tells on the sources, and so on facts that nobody voted on.

import { blake3Hash, type NetworkId } from '../../src/base/index.js'
import { contestedItems, type WorldClaim } from '../../examples/world/index.js'
import { createClaimSigner, directoryPaths, readKeyFile } from '../../src/node/index.js'
import { buildVote } from '../../src/record/index.js'
import { type ProcessNode, waitForEqualTags } from '../cluster/process-node.js'
import { drawAudit } from '../eval/audit.js'
import { askAll, judge, type Judged, readSettled } from './judge.js'
import type { Story } from './story.js'

/** Facts that the founder checks. */
const AUDITED = 20
const SHOWN = 5
const FULL_WEIGHT = 1_000_000
const NAME_WIDTH = 24

/** What an audit turned. */
export interface AuditOutcome {
  /** On gold facts that the auditor did not see. */
  readonly before: Judged
  readonly after: Judged
  /** Contested facts whose answer changed though nobody voted on them. */
  readonly flipped: number
}

interface Flip {
  readonly item: string
  readonly from: unknown
  readonly to: unknown
}

/** Lets the founder of the network vote on drawn facts, and compares the answers before and after. */
export async function playAudit(
  nodes: readonly ProcessNode[], networkId: NetworkId, claims: readonly WorldClaim[], limitMs: number,
  story: Story
): Promise<AuditOutcome> {
  const settled = await readSettled()
  const { judged, votes } = drawAudit(claims, settled, AUDITED, 0)
  const unseen = settled.filter(({ item }) => !judged.has(item))
  const contested = contestedItems(claims)
  const asked = [...new Set([...contested, ...settled.map(({ item }) => item)])]
  const before = await askAll(nodes, asked)
  story.chapter(`Before anybody checked: ${contested.length} contested facts`)
  const judgedBefore = judge(unseen, before, claims)
  tell(judgedBefore, story)

  story.chapter(`The founder checks ${votes.length} facts, drawn by lot, and votes`)
  const records = await votesAsRecords(nodes[0], votes, networkId)
  const { records: had = 0 } = await nodes[0]?.state() ?? {}
  await nodes[0]?.send(records)
  await waitForEqualTags(nodes, limitMs, had + records.length)
  for (const { claim } of votes.slice(0, SHOWN)) story.say(`${claim.item.padEnd(NAME_WIDTH)} ${claim.value}`)
  if (votes.length > SHOWN) story.say(`… and ${votes.length - SHOWN} more`)

  const after = await askAll(nodes, asked)
  const flips = asked.filter((item) => !judged.has(item) && !isSame(before.get(item), after.get(item)))
    .map((item): Flip => ({ item, from: before.get(item), to: after.get(item) }))
  story.chapter('After the audit, on the facts that the founder did not look at')
  const judgedAfter = judge(unseen, after, claims)
  tell(judgedAfter, story)
  story.say(`${flips.length} answers changed though nobody voted on them:`)
  for (const { item, from, to } of flips.slice(0, SHOWN)) {
    story.say(`${item.padEnd(NAME_WIDTH)} ${String(from)} -> ${String(to)}`)
  }
  return { before: judgedBefore, after: judgedAfter, flipped: flips.length }
}

function tell({ right, gold, accuracy, majorityAccuracy }: Judged, story: Story): void {
  story.say(`Consensus is right on ${right} of ${gold} gold facts (${percent(accuracy)}), ` +
    `plain majority voting on ${percent(majorityAccuracy)}.`)
}

/** The founder's votes, signed with the key in the first node's directory. */
async function votesAsRecords(
  node: ProcessNode | undefined, votes: ReturnType<typeof drawAudit>['votes'], networkId: NetworkId
): Promise<readonly Uint8Array[]> {
  if (node === undefined) return []
  const { signer } = await readKeyFile(directoryPaths(node.directory).agentKey)
  const sign = createClaimSigner(networkId)
  return votes.flatMap(({ claim }) => {
    const record = sign(claim)
    if (record.kind !== 'record') return []
    const assertion = blake3Hash(record.bytes)
    return [buildVote({ timestampMs: claim.ts ?? 0, assertion, weight: FULL_WEIGHT }, signer, networkId)]
  })
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** A share as people read it. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
