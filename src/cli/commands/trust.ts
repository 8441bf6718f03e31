// stemedb trust: how far agents are believed, and why.

import { connect } from '../client.js'
import { CliError } from '../errors.js'
import { wholeNumber } from '../arguments.js'
import { facts, table } from '../output.js'
import type { AddCommand, Shell } from '../shell.js'
import { percent } from './get.js'

/** An agent as `/v1/agents` answers. */
export interface AgentAnswer {
  readonly agent_id: string
  readonly accuracy: number
  readonly standing: number
  readonly gate: number
  readonly group: string | null
  readonly seed: boolean
  readonly ballots: number | null
  readonly hits: number | null
}

interface TrustAnswer {
  readonly mode: string
  readonly generation: number
  readonly lag_ms: number
  readonly agents: number
  readonly ballots: number
  readonly computed: boolean
}

interface AgentsAnswer {
  readonly trust: TrustAnswer
  readonly agents: readonly AgentAnswer[]
  readonly cursor?: string
}

/** A ballot that moved an agent's accuracy. */
export interface MoverAnswer {
  readonly subject: string
  readonly predicate: string
  readonly share: number
  readonly weight: number
  readonly audited: boolean
}

/** An agent as `/v1/agents/{id}` answers. */
export interface ExplainedAgent extends AgentAnswer {
  readonly published: boolean
  readonly trust: TrustAnswer
  readonly predicates: readonly {
    readonly predicate: string
    readonly accuracy: number
    readonly ballots: number | null
    readonly hits: number | null
  }[]
  readonly predicates_total: number
  readonly reasons: {
    readonly ballots: number
    readonly hits: number
    readonly audited: number
    readonly standing_share?: number
    readonly clones: readonly string[]
    readonly clones_total: number
    readonly lost: readonly MoverAnswer[]
    readonly gained: readonly MoverAnswer[]
  } | null
  readonly past: readonly {
    readonly generation: number
    readonly accuracy: number
    readonly predicates: readonly { readonly predicate: string, readonly accuracy: number }[]
  }[]
}

interface TrustOptions {
  readonly limit: number
  readonly cursor?: string
}

/** Adds `stemedb trust`. */
export const addTrust: AddCommand = (program, shell) => {
  program.command('trust')
    .description('how far agents are believed, and for one agent why; exits 3 when it was never heard of')
    .argument('[agent]', 'public key, 64 hex digits')
    .option('--limit <n>', 'agents in the list', wholeNumber(1, 1_000), 100)
    .option('--cursor <text>', 'go on behind an earlier list')
    .action((agent: string | undefined, options: TrustOptions) =>
      agent === undefined ? list(shell, options) : explain(shell, agent))
}

async function list(shell: Shell, { limit, cursor }: TrustOptions): Promise<void> {
  const query = new URLSearchParams({ limit: String(limit), ...(cursor === undefined ? {} : { cursor }) })
  const answer = await (await connect(shell)).get<AgentsAnswer>(`/v1/agents?${query}`)
  const { agents } = answer
  shell.output.data(answer, () => agents.length === 0 ? 'no agent has a track record' : agentsTable(agents))
  if (answer.cursor !== undefined) shell.output.note(`more with --cursor ${answer.cursor}`)
  shell.output.note(trustText(answer.trust))
}

/** At most 100 columns. */
export function agentsTable(agents: readonly AgentAnswer[]): string {
  return table(['agent', 'accuracy', 'weight holds', 'is'], agents.map((agent) => [
    agent.agent_id, percent(agent.accuracy), recordShort(agent), roleText(agent)
  ]))
}

function recordShort({ ballots, hits }: AgentAnswer): string {
  return ballots === null || hits === null ? '-' : `${Math.round(hits)} of ${Math.round(ballots)}`
}

function roleText({ agent_id, group, seed, standing }: AgentAnswer): string {
  if (seed) return 'a seed'
  if (group !== null) return group === agent_id ? 'copied' : `as …${group.slice(-4)}`
  return standing === 1 ? '' : `at ${(100 * standing).toFixed(0)} %`
}

async function explain(shell: Shell, agent: string): Promise<void> {
  if (!/^[0-9a-f]{64}$/.test(agent)) {
    throw new CliError({ code: 'CLI_USAGE', argument: 'agent' }, 'an agent is 64 lower-case hex digits')
  }
  const answer = await (await connect(shell)).get<ExplainedAgent>(`/v1/agents/${agent}`)
  shell.output.data(answer, () => explanationText(answer))
}

/** What is published of an agent and why, in lines. */
export function explanationText(agent: ExplainedAgent): string {
  const { reasons } = agent
  return facts([
    ['agent', agent.agent_id],
    ['accuracy', agent.published ? percent(agent.accuracy) : `${percent(agent.accuracy)}, as every newcomer`],
    ...agent.predicates.slice(0, PREDICATES_SHOWN).map((one) => ['under', underText(one)] as const),
    ['also under', othersText(agent.predicates_total)],
    ['standing', percent(agent.standing)],
    ['vote budget', agent.gate === 1 ? undefined : `leaves ${percent(agent.gate)} of a ballot's weight`],
    ['seed', agent.seed ? 'trust starts from it: genesis names it' : undefined],
    ['record', reasons === null ? missingText(agent.trust) : recordText(reasons)],
    ['standing flow', reasons?.standing_share === undefined ? undefined : percent(reasons.standing_share)],
    ['copies', copiesText(reasons)],
    ...(reasons?.clones ?? []).slice(0, COPIES_SHOWN).map((clone) => ['copy', clone] as const),
    ...(reasons?.lost ?? []).map((mover) => ['cost it', moverText(mover)] as const),
    ...(reasons?.gained ?? []).map((mover) => ['gained it', moverText(mover)] as const),
    ...agent.past.map((step) => ['before', pastText(step)] as const),
    ['trust', trustText(agent.trust)]
  ])
}

const COPIES_SHOWN = 5
const PREDICATES_SHOWN = 10

function underText({ predicate, accuracy, ballots, hits }: ExplainedAgent['predicates'][number]): string {
  const record = ballots === null || hits === null ? '' : `; ${hits.toFixed(1)} of ${ballots.toFixed(1)} ballots hold`
  return `${predicate}: ${percent(accuracy)}${record}`
}

function othersText(total: number): string | undefined {
  return total <= PREDICATES_SHOWN ? undefined : `${total - PREDICATES_SHOWN} predicates: --json`
}

function pastText({ generation, accuracy, predicates }: ExplainedAgent['past'][number]): string {
  const under = predicates.slice(0, PREDICATES_SHOWN)
    .map((one) => `, ${one.predicate} ${percent(one.accuracy)}`).join('')
  return `${percent(accuracy)}${under} in snapshot ${generation}`
}

function copiesText(reasons: ExplainedAgent['reasons']): string | undefined {
  const others = reasons?.clones_total ?? 0
  return others === 0 ? undefined : `one voice with ${others} others`
}

/** Why there is nothing to explain. */
function missingText({ computed }: TrustAnswer): string {
  return computed ? 'no ballots' : 'not known yet: the node has not read all ballots since it started'
}

function recordText({ ballots, hits, audited }: NonNullable<ExplainedAgent['reasons']>): string {
  const share = ballots === 0 ? '' : `, ${percent(hits / ballots)}`
  const checked = audited === 0 ? '' : `; ${audited} on what seeds have judged`
  return `${hits.toFixed(1)} of ${ballots.toFixed(1)} ballots hold${share}${checked}`
}

function moverText({ subject, predicate, share, audited }: MoverAnswer): string {
  const judged = audited ? ', judged by a seed' : ''
  return `${subject} ${predicate}: its answer holds with ${percent(share)}${judged}`
}

function trustText({ mode, generation, lag_ms, agents, ballots, computed }: TrustAnswer): string {
  if (!computed) return `${mode}, snapshot ${generation}, from before the start; its ballots are still being read`
  const lag = lag_ms === 0 ? 'up to date' : `${Math.ceil(lag_ms)} ms behind`
  return `${mode}, snapshot ${generation} over ${ballots} ballots of ${agents} agents, ${lag}`
}
