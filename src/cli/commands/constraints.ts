// stemedb constraints: what subjects demand and forbid.

import { Option } from 'commander'
import { connect } from '../client.js'
import { parseTime } from '../object-text.js'
import { table } from '../output.js'
import { allPages, headOf } from '../pages.js'
import type { AddCommand, Shell } from '../shell.js'
import { type ClaimAnswer, objectText } from './get.js'

/** One value that a subject demands or forbids, as the node shows it. */
export interface DemandAnswer extends ClaimAnswer {
  readonly subject: string
  readonly predicate: 'must_use' | 'forbidden'
  readonly score: number
  readonly agents: number
  readonly backing: readonly string[]
}

interface ConstraintsAnswer {
  readonly constraints: readonly DemandAnswer[]
  readonly cursor?: string
}

interface ConstraintsOptions {
  readonly only?: string
  readonly asOf?: string
}

/** Adds `stemedb constraints`. */
export const addConstraints: AddCommand = (program, shell) => {
  program.command('constraints')
    .description('what subjects demand (must_use) and forbid (forbidden): all that anybody stands by')
    .argument('<subject...>')
    .addOption(new Option('--only <predicate>', 'one kind alone').choices(['must_use', 'forbidden']))
    .option('--as-of <time>', 'only what was said up to then: ms since 1970 or ISO 8601')
    .action((subjects: readonly string[], options: ConstraintsOptions) =>
      constraints(shell, subjects, options))
}

async function constraints(
  shell: Shell, subjects: readonly string[], { only, asOf }: ConstraintsOptions
): Promise<void> {
  const words = [
    ...subjects.map((subject): [string, string] => ['subject', subject]), ['limit', '1000'] as [string, string]
  ]
  const query = new URLSearchParams(words)
  if (only !== undefined) query.set('predicate', only)
  if (asOf !== undefined) query.set('asOf', String(parseTime(asOf, '--as-of')))
  const api = await connect(shell)
  const pages = await allPages((cursor) => {
    if (cursor === undefined) query.delete('cursor')
    else query.set('cursor', cursor)
    return api.get<ConstraintsAnswer>(`/v1/constraints?${query}`)
  })
  const answer = { ...headOf(pages), constraints: pages.flatMap((page) => page.constraints) }
  const { length } = answer.constraints
  shell.output.data(answer, () => length === 0 ? 'no constraints' : demandsTable(answer.constraints))
}

/** Constraints in columns. */
export function demandsTable(demands: readonly DemandAnswer[]): string {
  const rows = demands.map(({ subject, predicate, object, agents, score, assertion_hash }) =>
    [subject, predicate, objectText(object), agents, Number(score.toFixed(2)), assertion_hash])
  return table(['subject', 'predicate', 'value', 'agents', 'score', 'assertion'], rows)
}
