// stemedb get: the resolved answer, with what stands behind it.

import { connect } from '../client.js'
import { facts, plain, timeText } from '../output.js'
import { parseTime } from '../object-text.js'
import type { AddCommand, Shell } from '../shell.js'

interface ClaimAnswer {
  readonly object: unknown
  readonly assertion_hash: string
  readonly agent_id: string
  readonly timestamp: number
  readonly epoch: string | null
  readonly source: string | null
  readonly share: number
}

interface QueryAnswer {
  readonly lens: string
  readonly winner: ClaimAnswer
  readonly winners?: readonly ClaimAnswer[]
  readonly score: number
  readonly share: number
  readonly undecided: boolean
  readonly runner_up?: ClaimAnswer
  readonly candidates: number
  readonly ballots: number
  readonly evidence: {
    readonly digest: string
    readonly assertions: number
    readonly votes: number
    readonly backing?: readonly string[]
  }
  readonly view: { readonly lag_ms: number }
}

interface GetOptions {
  readonly lens?: string
  readonly asOf?: string
  readonly fresh?: true
  readonly explain?: true
}

/** Adds `stemedb get`. */
export const addGet: AddCommand = (program, shell) => {
  program.command('get').alias('query')
    .description('the answer for a subject and predicate; exits 3 when nothing is said of them')
    .argument('<subject>').argument('<predicate>')
    .option('--lens <name>', 'how conflicts are resolved: consensus, recency', 'consensus')
    .option('--as-of <time>', 'only what was said up to then: ms since 1970 or ISO 8601')
    .option('--explain', 'list the records behind the winner')
    .option('--fresh', 'wait until the view holds all that is admitted')
    .action((subject: string, predicate: string, options: GetOptions) =>
      get(shell, subject, predicate, options))
}

async function get(shell: Shell, subject: string, predicate: string, options: GetOptions): Promise<void> {
  const query = new URLSearchParams({
    subject, predicate,
    ...(options.lens === undefined ? {} : { lens: options.lens }),
    ...(options.asOf === undefined ? {} : { asOf: String(parseTime(options.asOf, '--as-of')) }),
    ...(options.fresh === true ? { fresh: 'true' } : {}),
    ...(options.explain === true ? { explain: 'true' } : {})
  })
  const answer = await (await connect(shell)).get<QueryAnswer>(`/v1/query?${query}`)
  shell.output.data(answer, () => answerText(answer))
}

function answerText(answer: QueryAnswer): string {
  const { winner, runner_up, evidence } = answer
  const others = (answer.winners ?? []).slice(1).map((other) => ['also', objectText(other.object)] as const)
  return [plain(objectText(winner.object)), facts([
    ...others,
    ['lens', answer.undecided ? `${answer.lens}, undecided` : answer.lens],
    ['share', `${percent(answer.share)} (score ${answer.score.toFixed(2)})`],
    ['runner-up', runner_up && `${objectText(runner_up.object)} with ${percent(runner_up.share)}`],
    ['behind it', `assertions ${evidence.assertions}, votes ${evidence.votes}, agents with a ballot ${answer.ballots}`],
    ['evidence', evidence.digest],
    ...(evidence.backing ?? []).map((id) => ['backed by', id] as const),
    ['assertion', winner.assertion_hash],
    ['agent', winner.agent_id],
    ['time', timeText(winner.timestamp)],
    ['source', winner.source],
    ['epoch', winner.epoch],
    ['view', answer.view.lag_ms === 0 ? 'up to date' : `${Math.ceil(answer.view.lag_ms)} ms behind`]
  ])].join('\n')
}

function objectText(object: unknown): string {
  return typeof object === 'string' ? object : JSON.stringify(object)
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
