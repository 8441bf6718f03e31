// stemedb get: the resolved answer, with what stands behind it.

import { Option } from 'commander'
import { shareArgument } from '../arguments.js'
import { connect } from '../client.js'
import { facts, plain, timeText } from '../output.js'
import { parseTime } from '../object-text.js'
import type { AddCommand, Shell } from '../shell.js'

/** An answer that holds, or nearly did. */
export interface ClaimAnswer {
  readonly object: unknown
  readonly assertion_hash: string
  readonly agent_id: string
  readonly timestamp: number
  readonly epoch: string | null
  readonly source: string | null
  readonly share: number
}

/** What `--lens` takes, for the help. */
export const LENS_HELP =
  'how conflicts are resolved: consensus, authority, recency, epochaware, or a lens of the node\'s own'

interface QueryAnswer {
  readonly lens: string
  readonly winner: ClaimAnswer
  readonly winners?: readonly ClaimAnswer[]
  readonly score: number
  readonly share: number
  readonly undecided: boolean
  readonly agents: number
  readonly runner_up?: ClaimAnswer & { readonly agents: number }
  readonly candidates: number
  readonly ballots: number
  readonly evidence: {
    readonly digest: string
    readonly assertions: number
    readonly votes: number
    readonly backing?: readonly string[]
    readonly superseded?: readonly string[]
  }
  readonly view: {
    readonly lag_ms: number
    readonly trust_lag_ms: number
    readonly trust_generation: number
  }
}

interface GetOptions {
  readonly lens?: string
  readonly asOf?: string
  readonly fresh?: true
  readonly freshRecords?: true
  readonly explain?: true
  readonly minStanding?: string
  readonly minAccuracy?: string
}

/** Adds `stemedb get`. */
export const addGet: AddCommand = (program, shell) => {
  program.command('get').alias('query')
    .description('the answer for a subject and predicate; exits 3 when nothing is said of them')
    .argument('<subject>').argument('<predicate>')
    .option('--lens <name>', LENS_HELP, 'consensus')
    .option('--as-of <time>', 'only what was said up to then: ms since 1970 or ISO 8601')
    .option('--min-standing <share>', 'with authority: hear only agents of that standing, 0 to 1', shareArgument)
    .option('--min-accuracy <share>', 'with authority: hear only agents of that accuracy, 0 to 1', shareArgument)
    .option('--explain', 'list the records behind the winner')
    .option('--fresh', 'wait until the answer follows from all that is admitted, trust included')
    .addOption(new Option('--fresh-records', 'wait for the records of this key alone, not for trust')
      .conflicts('fresh'))
    .action((subject: string, predicate: string, options: GetOptions) =>
      get(shell, subject, predicate, options))
}

async function get(shell: Shell, subject: string, predicate: string, options: GetOptions): Promise<void> {
  const query = new URLSearchParams({
    subject, predicate,
    ...(options.lens === undefined ? {} : { lens: options.lens }),
    ...(options.asOf === undefined ? {} : { asOf: String(parseTime(options.asOf, '--as-of')) }),
    ...(options.minStanding === undefined ? {} : { minStanding: options.minStanding }),
    ...(options.minAccuracy === undefined ? {} : { minAccuracy: options.minAccuracy }),
    ...(options.fresh === true ? { fresh: 'true' } : {}),
    ...(options.freshRecords === true ? { fresh: 'records' } : {}),
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
    ['lens', `${answer.lens}${doubtText(answer)}`],
    ['share', answer.undecided
      ? headsText(answer, answer)
      : `${percent(answer.share)} (score ${answer.score.toFixed(2)} bits)`],
    ['runner-up', runner_up && `${objectText(runner_up.object)} with ` +
      (answer.undecided ? headsText(runner_up, answer) : percent(runner_up.share))],
    ['behind it', `assertions ${evidence.assertions}, votes ${evidence.votes}, agents with a ballot ${answer.ballots}`],
    ['evidence', evidence.digest],
    ...(evidence.backing ?? []).map((id) => ['backed by', id] as const),
    ...(evidence.superseded ?? []).map((id) => ['superseded', id] as const),
    ['assertion', winner.assertion_hash],
    ['agent', winner.agent_id],
    ['time', timeText(winner.timestamp)],
    ['source', winner.source],
    ['epoch', winner.epoch],
    ['view', viewText(answer.view)]
  ])].join('\n')
}

/** An undecided answer has no share of weight to show, but the plurality of agents. */
export function headsText({ agents }: { readonly agents: number }, of: { readonly ballots: number }): string {
  return `${agents} of ${of.ballots} agents${of.ballots === 0 ? '' : `, ${percent(agents / of.ballots)}`}`
}

/** Lenses that decide by weight, and between equal weights by the hash of the object. */
const WEIGHING: ReadonlySet<string> = new Set(['Consensus', 'Authority', 'EpochAware'])

function doubtText({ lens, undecided, score, share, winner, runner_up }: QueryAnswer): string {
  if (undecided) return ', undecided: no ballot has weight'
  if (lens === 'Recency') {
    return runner_up?.timestamp === winner.timestamp ? ', equally late: the greater assertion hash is shown' : ''
  }
  const even = runner_up?.share === share && score > 0
  return even && WEIGHING.has(lens) ? ', a tie: the smaller hash is shown' : ''
}

function viewText({ lag_ms, trust_lag_ms }: QueryAnswer['view']): string {
  if (lag_ms > 0) return `${Math.ceil(lag_ms)} ms behind`
  return trust_lag_ms === 0 ? 'up to date' : `up to date, trust ${Math.ceil(trust_lag_ms)} ms behind`
}

/** An object as one line: a text as it is, anything else as JSON. */
export function objectText(object: unknown): string {
  return typeof object === 'string' ? object : JSON.stringify(object)
}

/** A share of one in per cent; neither nothing nor all unless it is. */
export function percent(share: number): string {
  if (share > 0 && share < 0.0005) return '< 0.1 %'
  if (share >= 0.9995 && share < 1) return '> 99.9 %'
  return `${(100 * share).toFixed(1)} %`
}
