// The demo's answers held against the gold facts, and one conflict shown.

import { fileURLToPath } from 'node:url'
import type { WorldClaim } from '../../examples/world/index.js'
import { readGold, splitItem, type ClaimValue, type GoldFact } from '../../src/node/index.js'
import type { ProcessNode } from '../cluster/process-node.js'
import { ballotsOf } from '../eval/majority.js'
import { score } from '../eval/score.js'
import type { Story } from './story.js'

const GOLD = fileURLToPath(new URL('../../../examples/world/gold.jsonl', import.meta.url))
const SHOWN = { subject: 'SL', predicate: 'currency' }

/** How the network did on the gold facts. */
export interface Judged {
  readonly gold: number
  readonly right: number
  readonly accuracy: number
  readonly majorityAccuracy: number
}

interface Answer {
  readonly winner?: { readonly object: unknown }
}

/** A gold fact with a value. */
export type Settled = GoldFact & { readonly value: ClaimValue }

/** The gold facts that have a value. */
export async function readSettled(): Promise<readonly Settled[]> {
  const facts: Settled[] = []
  for await (const line of readGold(GOLD)) {
    if ('gold' in line && line.gold.value !== undefined) facts.push({ ...line.gold, value: line.gold.value })
  }
  return facts
}

/** Consensus on the items, by item; each node is asked for a part. */
export async function askAll(
  nodes: readonly ProcessNode[], items: readonly string[]
): Promise<ReadonlyMap<string, unknown>> {
  const answers = new Map<string, unknown>()
  for (const [index, node] of nodes.entries()) {
    const share = items.filter((_, number) => number % nodes.length === index)
    const queries = share.map((item) => ({ ...splitItem(item), lens: 'Consensus' }))
    const { answers: found } = await node.post<{ answers: readonly Answer[] }>('/v1/query', { queries })
    share.forEach((item, position) => answers.set(item, found[position]?.winner?.object))
  }
  return answers
}

/** Scores answers on gold facts beside majority voting. */
export function judge(
  facts: readonly Settled[], answers: ReadonlyMap<string, unknown>, claims: readonly WorldClaim[]
): Judged {
  const given = new Map([...answers].map(([item, value]) => [item, { value }]))
  const { gold, accuracy } = score(facts, ballotsOf(claims), new Map([['consensus', given]]), undefined)
  const { consensus = 0, majority = 0 } = accuracy
  return { gold, right: Math.round(consensus * gold), accuracy: consensus, majorityAccuracy: majority }
}

/** Shows how one contested fact stands. */
export async function printConflict(nodes: readonly ProcessNode[], story: Story): Promise<void> {
  const [node] = nodes
  if (node === undefined) return
  const query = new URLSearchParams({ ...SHOWN, lens: 'Consensus' })
  const answer = await node.get<ConflictAnswer>(`/v1/query?${query}`)
  story.chapter(`One conflict: the ${SHOWN.predicate} of ${SHOWN.subject} (Sierra Leone replaced SLL by SLE in 2022)`)
  story.say(`winner       ${answer.winner.object}  share ${answer.share.toFixed(3)}  ${answer.agents} of ${answer.ballots} agents`)
  const { runner_up: second } = answer
  if (second !== undefined) story.say(`runner-up    ${second.object}  share ${second.share.toFixed(3)}  ${second.agents} agents`)
  story.say(`evidence     ${answer.evidence.digest.slice(0, 16)}… over ${answer.evidence.assertions} assertions`)
  story.say(`stands for   assertion ${answer.winner.assertion_hash.slice(0, 16)}… of agent ` +
    `${answer.winner.agent_id.slice(0, 16)}…, ${new Date(answer.winner.timestamp).toISOString().slice(0, 10)}`)
}

interface ConflictAnswer {
  readonly winner: {
    readonly object: string
    readonly assertion_hash: string
    readonly agent_id: string
    readonly timestamp: number
  }
  readonly share: number
  readonly agents: number
  readonly ballots: number
  readonly runner_up?: { readonly object: string; readonly share: number; readonly agents: number }
  readonly evidence: { readonly digest: string; readonly assertions: number }
}
