// The audit of the demo: the network's founder, the agent that trust starts from, checks some facts. What it
// finds tells on the sources, and so on facts that nobody voted on.

import { blake3Hash, type NetworkId } from '../../src/base/index.js'
import { contestedItems, type WorldClaim, worldSettings } from '../../examples/world/index.js'
import { createClaimSigner, directoryPaths, readKeyFile } from '../../src/node/index.js'
import { buildEpoch, buildVote, createSigner, seedFromName, type Signer } from '../../src/record/index.js'
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

/** What the founder's acts turned. */
export interface AuditOutcome {
  /** On gold facts that the auditor did not see, as all others. */
  readonly before: Judged
  readonly audited: Judged
  /** After the founder also said how facts age. */
  readonly after: Judged
  /** Contested facts whose answer the audit changed though nobody voted on them. */
  readonly flipped: number
}

/** Whom it happens to. */
export interface AuditCast {
  readonly nodes: readonly ProcessNode[]
  readonly networkId: NetworkId
  readonly claims: readonly WorldClaim[]
  /** For each time that the nodes have to agree. */
  readonly limitMs: number
}

/** What is asked at each stage, and how it is scored. */
interface Questions {
  readonly items: readonly string[]
  readonly unseen: readonly Settled[]
}

interface Agents {
  readonly agents: readonly { readonly agent_id: string; readonly accuracy: number }[]
}

/** Lets the founder vote on drawn facts, then say how facts age, and compares the answers. */
export async function playAudit(cast: AuditCast, story: Story): Promise<AuditOutcome> {
  const { nodes, claims } = cast
  const settled = await readSettled()
  const { judged, votes } = drawAudit(claims, settled, AUDITED, 0)
  const contested = contestedItems(claims)
  const asked = new Set([...contested, ...settled.map(({ item }) => item)])
  const questions = {
    items: [...asked].filter((item) => !judged.has(item)),
    unseen: settled.filter(({ item }) => !judged.has(item))
  }
  story.chapter(`Before anybody checked: ${contested.length} contested facts`)
  const first = await askAll(nodes, questions.items)
  const before = tell(first, questions, claims, story)
  const trusted = await accuracies(nodes[0], claims)

  story.chapter(`The founder, whom trust starts from, checks ${votes.length} facts drawn by lot, and votes`)
  for (const { claim } of votes.slice(0, SHOWN)) story.say(`${claim.item.padEnd(NAME_WIDTH)} ${claim.value}`)
  if (votes.length > SHOWN) story.say(`… and ${votes.length - SHOWN} more`)
  await sendAndSettle(cast, await votesAsRecords(cast, votes))
  showAccuracies(trusted, await accuracies(nodes[0], claims), story)
  story.chapter('After the audit, on the facts that the founder did not look at')
  const second = await askAll(nodes, questions.items)
  const audited = tell(second, questions, claims, story)
  const flipped = showFlips(first, second, questions, story)

  story.chapter('The founder issues an epoch: a ballot counts half when it is a year older than the newest')
  await sendAndSettle(cast, [await settingsAsRecord(cast)])
  const third = await askAll(nodes, questions.items)
  const after = tell(third, questions, claims, story)
  showFlips(second, third, questions, story)
  return { before, audited, after, flipped }
}

async function sendAndSettle({ nodes, limitMs }: AuditCast, records: readonly Uint8Array[]): Promise<void> {
  const [node] = nodes
  const { records: had } = await node?.state() ?? { records: 0 }
  await node?.send(records)
  await waitForEqualTags(nodes, limitMs, had + records.length)
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

/** Shows what changed: first where it is known who is right, texts before numbers. Gives how many. */
function showFlips(
  before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>, { items, unseen }: Questions,
  story: Story
): number {
  const truths = new Map(unseen.map(({ item, value }) => [item, value]))
  const flips = items.filter((item) => !isSame(before.get(item), after.get(item)))
  const rank = (item: string): number =>
    (truths.has(item) ? 0 : 2) + (typeof after.get(item) === 'number' ? 1 : 0)
  story.say(`${flips.length} answers changed though nobody voted on them:`)
  for (const item of [...flips].sort((a, b) => rank(a) - rank(b)).slice(0, SHOWN)) {
    const truth = truths.get(item)
    const mark = truth === undefined ? '' : isSame(after.get(item), truth) ? '  right' : `  wrong: ${truth}`
    story.say(`${item.padEnd(NAME_WIDTH)} ${String(before.get(item))} -> ${String(after.get(item))}${mark}`)
  }
  return flips.length
}

function tell(
  answers: ReadonlyMap<string, unknown>, { unseen }: Questions, claims: readonly WorldClaim[], story: Story
): Judged {
  const verdict = judge(unseen, answers, claims)
  const { right, gold, accuracy, majorityAccuracy } = verdict
  story.say(`Consensus is right on ${right} of ${gold} gold facts (${percent(accuracy)}), ` +
    `plain majority voting on ${percent(majorityAccuracy)}.`)
  return verdict
}

/** The founder's votes, signed with the key in the first node's directory. */
async function votesAsRecords(
  cast: AuditCast, votes: ReturnType<typeof drawAudit>['votes']
): Promise<readonly Uint8Array[]> {
  const signer = await founderOf(cast)
  const sign = createClaimSigner(cast.networkId)
  return votes.flatMap(({ claim }) => {
    const record = sign(claim)
    if (record.kind !== 'record') return []
    const assertion = blake3Hash(record.bytes)
    return [buildVote({ timestampMs: claim.ts ?? 0, assertion, weight: FULL_WEIGHT }, signer, cast.networkId)]
  })
}

async function settingsAsRecord(cast: AuditCast): Promise<Uint8Array> {
  const fields = { timestampMs: 0, name: 'world', settings: worldSettings() }
  return buildEpoch(fields, await founderOf(cast), cast.networkId)
}

async function founderOf({ nodes: [node] }: AuditCast): Promise<Signer> {
  if (node === undefined) throw new Error('the demo has no node')
  return (await readKeyFile(directoryPaths(node.directory).agentKey)).signer
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** A share as people read it. */
function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
