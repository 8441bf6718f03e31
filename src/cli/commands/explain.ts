// stemedb explain: why an answer won, with the ballots behind each side, and what would change it.

import { shareArgument } from '../arguments.js'
import { connect } from '../client.js'
import { parseTime } from '../object-text.js'
import { facts, plain } from '../output.js'
import type { AddCommand, Shell } from '../shell.js'
import { type ClaimAnswer, headsText, LENS_HELP, objectText, percent } from './get.js'
import { type SideAnswer, sideText } from './skeptic.js'

interface ExplainAnswer {
  readonly answer: {
    readonly lens: string
    readonly winner: ClaimAnswer
    readonly winners_total?: number
    readonly score: number
    readonly share: number
    readonly undecided: boolean
    readonly agents: number
    readonly ballots: number
    readonly runner_up?: ClaimAnswer & { readonly score: number, readonly agents: number }
    readonly clusters: number
    readonly evidence: { readonly superseded?: readonly string[] }
  }
  readonly epoch: { readonly id: string; readonly name: string } | null
  readonly cardinality: string
  readonly tolerance?: number
  readonly hears?: { readonly standing: number; readonly accuracy: number }
  readonly clusters: readonly SideAnswer[]
  readonly clone_groups: readonly { readonly group: number; readonly agents: readonly string[] }[]
  readonly what_would_change_it: {
    readonly runner_up_lacks?: number
    readonly newcomers?: number
    readonly withdrawals: readonly {
      readonly agent_id: string
      readonly assertions: readonly string[]
      readonly winner: ClaimAnswer | null
    }[]
    readonly withdrawals_complete: boolean
    readonly later_than?: number
  }
  readonly view: { readonly trust_generation: number; readonly trust_frontier: string | null }
}

interface ExplainOptions {
  readonly lens: string
  readonly asOf?: string
  readonly minStanding?: string
  readonly minAccuracy?: string
}

/** Adds `stemedb explain`. */
export const addExplain: AddCommand = (program, shell) => {
  program.command('explain')
    .summary('why an answer won, and what would change it')
    .description('why an answer won: the ballots of each side with their weights, the runner-up, clone groups, ' +
      'and what would change it; exits 3 when nothing is said')
    .argument('<subject>').argument('<predicate>')
    .option('--lens <name>', LENS_HELP, 'consensus')
    .option('--as-of <time>', 'only what was said up to then: ms since 1970 or ISO 8601')
    .option('--min-standing <share>', 'with authority: hear only agents of that standing, 0 to 1', shareArgument)
    .option('--min-accuracy <share>', 'with authority: hear only agents of that accuracy, 0 to 1', shareArgument)
    .action((subject: string, predicate: string, options: ExplainOptions) =>
      explain(shell, subject, predicate, options))
}

async function explain(
  shell: Shell, subject: string, predicate: string,
  { lens, asOf, minStanding, minAccuracy }: ExplainOptions
): Promise<void> {
  const query = new URLSearchParams({
    subject, predicate, lens,
    ...(asOf === undefined ? {} : { asOf: String(parseTime(asOf, '--as-of')) }),
    ...(minStanding === undefined ? {} : { minStanding }),
    ...(minAccuracy === undefined ? {} : { minAccuracy })
  })
  const found = await (await connect(shell)).get<ExplainAnswer>(`/v1/explain?${query}`)
  shell.output.data(found, () => explainText(found))
}

const BACKERS_SHOWN = 5

function explainText(found: ExplainAnswer): string {
  const { answer, epoch, hears, clusters } = found
  const { winner, runner_up } = answer
  const more = answer.clusters - clusters.length
  return [
    plain(objectText(winner.object)),
    facts([
      ['lens', answer.undecided ? `${answer.lens}, undecided: no ballot has weight` : answer.lens],
      ['hears', hears && `standing from ${hears.standing}, accuracy from ${hears.accuracy}`],
      ['share', supportText(answer, found)],
      ['winners', answer.winners_total],
      ['runner-up', runner_up && `${objectText(runner_up.object)}, ${supportText(runner_up, found)}`],
      ['settings', `cardinality ${found.cardinality}` +
        (found.tolerance === undefined ? '' : `, tolerance ${found.tolerance}`) +
        (epoch === null ? '' : `, of epoch ${epoch.name} (${epoch.id})`)],
      ['trust', `snapshot ${found.view.trust_generation}` +
        (found.view.trust_frontier === null ? '' : ` of ${found.view.trust_frontier}`)],
      ...found.clone_groups.map(({ group, agents }) =>
        [`clones ${group}`, `${agents.length} agents, one voice: ${agents.map(short).join(' ')}`] as const),
      ...(answer.evidence.superseded ?? []).map((id) => ['superseded', id] as const)
    ]),
    ...clusters.map((side) => sideText(side, BACKERS_SHOWN)),
    ...(more > 0 ? [`${more} more answers: stemedb skeptic`] : []),
    changeText(found)
  ].join('\n\n')
}

function supportText(
  side: { readonly share: number, readonly score: number, readonly agents: number }, { answer }: ExplainAnswer
): string {
  return answer.undecided ? headsText(side, answer) : `${percent(side.share)} (score ${side.score.toFixed(2)} bits)`
}

function changeText({ answer, what_would_change_it: change }: ExplainAnswer): string {
  const other = answer.runner_up === undefined ? '' : objectText(answer.runner_up.object)
  const { runner_up_lacks, newcomers, withdrawals, later_than } = change
  return `what would change it:\n${facts([
    ['a later word', later_than === undefined ? undefined : 'any later assertion of another value'],
    ['weight', runner_up_lacks === undefined ? undefined : `${hundredthsUp(runner_up_lacks)} more bits for ${other}`],
    ['newcomers', newcomers === undefined ? undefined : `votes of ${newcomers} unknown agents for ${other}`],
    ...withdrawals.map(({ agent_id, assertions, winner }) => [
      'withdrawal', `${short(agent_id)} votes 0 on ${assertions.map(short).join(' ')}: ` +
        (winner === null ? 'no answer is left' : objectText(winner.object))
    ] as const),
    ['others', change.withdrawals_complete ? 'no other agent alone' : 'not every agent was tried']
  ])}`
}

/** Rounded up, so that as much is enough. */
function hundredthsUp(bits: number): string {
  return (Math.ceil(bits * 100) / 100).toFixed(2)
}

function short(hex: string): string {
  return `${hex.slice(0, 12)}…`
}
