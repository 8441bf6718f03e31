// stemedb skeptic: the whole dispute about a subject and predicate: who backs what, how it came about.

import { hashArgument } from '../arguments.js'
import { connect, type ApiClient } from '../client.js'
import { parseTime } from '../object-text.js'
import { facts, plain, table, timeText } from '../output.js'
import { allPages, headOf, type Pages } from '../pages.js'
import type { AddCommand, Shell } from '../shell.js'
import { type ClaimAnswer, objectText, percent } from './get.js'

/** An agent behind an answer, as the node shows it. */
export interface BackerAnswer {
  readonly agent_id: string
  readonly record: string
  readonly ballot: number
  readonly weight: number
  readonly gate: number
  readonly trust: number
  readonly bits: number
  readonly group?: number
}

/** One answer of a dispute with what stands behind it. */
export interface SideAnswer extends ClaimAnswer {
  readonly score: number
  readonly agents: number
  readonly assertions: number
  readonly backers: readonly BackerAnswer[]
}

interface DisputeAnswer {
  readonly cardinality: string
  readonly conflict: number
  readonly entropy?: number
  readonly variance?: number
  readonly undecided: boolean
  readonly clusters: readonly SideAnswer[]
  readonly clusters_total: number
  readonly clone_groups: readonly { readonly group: number; readonly agents: readonly string[] }[]
  readonly history?: {
    readonly complete: boolean
    readonly moments: readonly {
      readonly as_of: number
      readonly winner: ClaimAnswer
      readonly clusters: number
      readonly ballots: number
      readonly records: number
    }[]
  }
  readonly ballots: number
  readonly evidence: { readonly digest: string; readonly assertions: number; readonly votes: number }
  readonly cursor?: string
}

interface SkepticOptions {
  readonly asOf?: string
  readonly assertion?: string
  readonly all?: true
}

/** Adds `stemedb skeptic`. */
export const addSkeptic: AddCommand = (program, shell) => {
  program.command('skeptic')
    .summary('the whole dispute about a subject and predicate')
    .description('every answer with its support, who backs it, how far apart they are, and how it came about; ' +
      'exits 3 when nothing is said')
    .argument('<subject>').argument('<predicate>')
    .option('--as-of <time>', 'only what was said up to then: ms since 1970 or ISO 8601')
    .option('--assertion <hash>', 'all backers of the answer that this assertion gives', hashArgument)
    .option('--all', 'every answer, not the first 100')
    .action((subject: string, predicate: string, options: SkepticOptions) =>
      skeptic(shell, subject, predicate, options))
}

async function skeptic(
  shell: Shell, subject: string, predicate: string, options: SkepticOptions
): Promise<void> {
  const { asOf, assertion } = options
  const words = {
    subject, predicate,
    ...(asOf === undefined ? {} : { asOf: String(parseTime(asOf, '--as-of')) }),
    ...(assertion === undefined ? {} : { assertion })
  }
  const api = await connect(shell)
  const whole = options.all === true || assertion !== undefined
  const answer = whole ? joined(await allPages((cursor) => page(api, words, '1000', cursor)), assertion !== undefined)
    : await page(api, words, '100', undefined)
  shell.output.data(answer, () => disputeText(answer, assertion === undefined ? BACKERS_SHOWN : Infinity))
}

function page(
  api: ApiClient, words: Readonly<Record<string, string>>, limit: string, cursor: string | undefined
): Promise<DisputeAnswer> {
  const query = new URLSearchParams({ ...words, limit, ...(cursor === undefined ? {} : { cursor }) })
  return api.get<DisputeAnswer>(`/v1/skeptic?${query}`)
}

/** The pages as one: their sides, or the backers of the one side that all of them show. */
function joined(pages: Pages<DisputeAnswer>, single: boolean): DisputeAnswer {
  const whole = headOf(pages)
  if (!single) return { ...whole, clusters: pages.flatMap(({ clusters }) => clusters) }
  const backers = pages.flatMap(({ clusters }) => clusters[0]?.backers ?? [])
  return { ...whole, clusters: whole.clusters.map((side) => ({ ...side, backers })) }
}

const BACKERS_SHOWN = 5

function disputeText(answer: DisputeAnswer, backersMax: number): string {
  const { entropy, variance, evidence, clusters, clusters_total, history } = answer
  const shown = clusters.length
  return [
    facts([
      ['answers', `${clusters_total}${answer.cardinality === 'many' ? ', of which many may hold' : ''}` +
        (answer.undecided ? ', undecided' : '')],
      ['conflict', percent(answer.conflict)],
      ['entropy', entropy === undefined ? undefined : `${entropy.toFixed(2)} bits`],
      ['variance', variance],
      ['behind it', `assertions ${evidence.assertions}, votes ${evidence.votes}, agents with a ballot ${answer.ballots}`],
      ...answer.clone_groups.map(({ group, agents }) => [`clones ${group}`, agents.map(short).join(' ')] as const)
    ]),
    ...clusters.map((side) => sideText(side, backersMax)),
    ...(shown < clusters_total && backersMax === BACKERS_SHOWN ? [`${clusters_total - shown} more: --all`] : []),
    ...(history === undefined ? [] : [historyText(history)])
  ].join('\n\n')
}

/** An answer with its support and the first of its backers. */
export function sideText(side: SideAnswer, backersMax: number): string {
  const rows = side.backers.slice(0, backersMax).map((backer) => [
    short(backer.agent_id), backer.ballot.toFixed(2), backer.gate.toFixed(2), backer.trust.toFixed(2),
    backer.bits.toFixed(2), backer.group === undefined ? '' : String(backer.group), short(backer.record)
  ])
  const more = side.agents - rows.length
  return [
    `${plain(objectText(side.object))}: ${percent(side.share)}, score ${side.score.toFixed(2)}, agents ${side.agents}, ` +
      `assertions ${side.assertions}, ${side.assertion_hash}`,
    ...(rows.length === 0 ? [] : [table(['backer', 'ballot', 'gate', 'trust', 'bits', 'group', 'record'], rows)]),
    ...(more > 0 ? [`${more} more backers: skeptic --assertion ${short(side.assertion_hash)}`] : [])
  ].join('\n')
}

function historyText({ complete, moments }: NonNullable<DisputeAnswer['history']>): string {
  const rows = moments.map(({ as_of, winner, clusters, ballots, records }) => [
    timeText(as_of), objectText(winner.object).slice(0, 40), percent(winner.share), clusters, ballots, records
  ])
  const head = ['said up to', 'answer under present trust', 'share', 'answers', 'ballots', 'records']
  return `${table(head, rows)}${complete ? '' : '\n(some of the moments)'}`
}

function short(hex: string): string {
  return `${hex.slice(0, 12)}…`
}
