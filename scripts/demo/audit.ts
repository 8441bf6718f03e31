// The audit of the demo: the network's founder, the agent that trust starts from, checks some facts. What it
// finds tells on the sources, and so on facts that nobody voted on.

import { blake3Hash, type NetworkId } from '../../src/base/index.js'
import { contestedItems, type WorldClaim } from '../../examples/world/index.js'
import { createClaimSigner, directoryPaths, readKeyFile } from '../../src/node/index.js'
import { buildVote, createSigner, seedFromName } from '../../src/record/index.js'
import { type ProcessNode, waitForEqualTags } from '../cluster/process-node.js'
import { drawAudit } from '../eval/audit.js'
import { askAll, judge, type Judged, readSettled, type Settled } from './judge.js'
import type { Story } from './story.js'

/** Facts that the founder checks. */
const AUDITED = 20
const SHOWN = 5
const SHOWN_SOURCES = 3
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

interface Agents {
  readonly agents: readonly { readonly agent_id: string; readonly accuracy: number }[]
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
  const trustedBefore = await accuracies(nodes[0], claims)
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

  showAccuracies(trustedBefore, await accuracies(nodes[0], claims), story)
  const after = await askAll(nodes, asked)
  const flips = asked.filter((item) => !judged.has(item) && !isSame(before.get(item), after.get(item)))
    .map((item): Flip => ({ item, from: before.get(item), to: after.get(item) }))
  story.chapter('After the audit, on the facts that the founder did not look at')
  const judgedAfter = judge(unseen, after, claims)
  tell(judgedAfter, story)
  story.say(`${flips.length} answers changed though nobody voted on them:`)
  showFlips(flips, unseen, story)
  return { before: judgedBefore, after: judgedAfter, flipped: flips.length }
}

/** How often each source is right, as far as the network knows; by name. */
async function accuracies(
  node: ProcessNode | undefined, claims: readonly WorldClaim[]
): Promise<ReadonlyMap<string, number>> {
  const found = await node?.get<Agents>('/v1/agents?limit=1000')
  const byKey = new Map(found?.agents.map(({ agent_id: key, accuracy }) => [key, accuracy]))
  const names = [...new Set(claims.map(({ source }) => source))]
  return new Map(names.map((name) => [name, byKey.get(createSigner(seedFromName(name)).publicKey) ?? 0]))
}

function showAccuracies(
  before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>, story: Story
): void {
  story.chapter('What that says of the sources: how far each is believed, before and after')
  const moved = [...after].sort(([a, now], [b, then]) =>
    now - (before.get(a) ?? 0) - (then - (before.get(b) ?? 0)))
  const most = moved.length > 2 * SHOWN_SOURCES
    ? [...moved.slice(-SHOWN_SOURCES).reverse(), ...moved.slice(0, SHOWN_SOURCES).reverse()] : moved
  for (const [name, accuracy] of most) {
    story.say(`${name.padEnd(NAME_WIDTH)} ${percent(before.get(name) ?? 0)} -> ${percent(accuracy)}`)
  }
}

/** Those first of which it is known who is right, texts before numbers. */
function showFlips(flips: readonly Flip[], gold: readonly Settled[], story: Story): void {
  const truths = new Map(gold.map(({ item, value }) => [item, value]))
  const rank = ({ item, to }: Flip): number => (truths.has(item) ? 0 : 2) + (typeof to === 'number' ? 1 : 0)
  for (const { item, from, to } of [...flips].sort((a, b) => rank(a) - rank(b)).slice(0, SHOWN)) {
    const truth = truths.get(item)
    const mark = truth === undefined ? '' : isSame(to, truth) ? '  right' : `  wrong: ${truth}`
    story.say(`${item.padEnd(NAME_WIDTH)} ${String(from)} -> ${String(to)}${mark}`)
  }
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
