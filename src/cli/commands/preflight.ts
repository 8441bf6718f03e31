// stemedb preflight: whether a plan keeps to what subjects demand and forbid. Ends with 4 when it does not.

import { Option } from 'commander'
import { repeated } from '../arguments.js'
import { connect } from '../client.js'
import { CliError, usageError } from '../errors.js'
import { readJsonFile } from '../input-file.js'
import { OBJECT_TYPES, type ObjectType, parseObject, parseTime } from '../object-text.js'
import { allPages, headOf } from '../pages.js'
import type { AddCommand, Shell } from '../shell.js'
import { type DemandAnswer, demandsTable } from './constraints.js'

interface VerdictAnswer {
  readonly allowed: boolean
  readonly violated: readonly DemandAnswer[]
  readonly missing: readonly DemandAnswer[]
  readonly violated_total: number
  readonly missing_total: number
  readonly cursor?: string
}

interface PreflightOptions {
  readonly use: readonly string[]
  readonly plan?: string
  readonly type: ObjectType
  readonly asOf?: string
}

/** Adds `stemedb preflight`. */
export const addPreflight: AddCommand = (program, shell) => {
  program.command('preflight')
    .summary('whether a plan keeps to what subjects demand and forbid')
    .description('holds a plan, a list of values, against the constraints of subjects; exits 4 when it breaks one')
    .argument('<subject...>')
    .option('--use <value>', 'a value of the plan; repeatable', repeated((text: string) => text), [])
    .addOption(new Option('--type <type>', 'how --use is read').choices(OBJECT_TYPES).default('auto'))
    .option('--plan <file>', 'a file with the plan: a JSON list of values')
    .option('--as-of <time>', 'only what was said up to then: ms since 1970 or ISO 8601')
    .action((subjects: readonly string[], options: PreflightOptions) => preflight(shell, subjects, options))
}

async function preflight(
  shell: Shell, subjects: readonly string[], { use, plan, type, asOf }: PreflightOptions
): Promise<void> {
  const values = [
    ...use.map((text) => parseObject(text, type)), ...(plan === undefined ? [] : await readPlan(plan))
  ]
  const body = {
    subject: subjects, plan: values, limit: 1_000,
    ...(asOf === undefined ? {} : { asOf: parseTime(asOf, '--as-of') })
  }
  const api = await connect(shell)
  const pages = await allPages((cursor) =>
    api.ask<VerdictAnswer>('/v1/preflight', cursor === undefined ? body : { ...body, cursor }))
  const verdict = {
    ...headOf(pages),
    violated: pages.flatMap((page) => page.violated), missing: pages.flatMap((page) => page.missing)
  }
  shell.output.data(verdict, () => verdictText(verdict))
  if (verdict.allowed) return
  const broken = verdict.violated_total + verdict.missing_total
  throw new CliError({ code: 'CLI_VIOLATED', violated: verdict.violated_total, missing: verdict.missing_total },
    `the plan breaks ${broken} ${broken === 1 ? 'constraint' : 'constraints'}`)
}

async function readPlan(path: string): Promise<readonly unknown[]> {
  const plan = await readJsonFile(path)
  if (!Array.isArray(plan)) throw usageError('--plan', `${path} holds no JSON list`)
  return plan
}

function verdictText({ allowed, violated, missing }: VerdictAnswer): string {
  if (allowed) return 'allowed'
  return [
    ...(violated.length === 0 ? [] : [`forbidden, and in the plan:\n${demandsTable(violated)}`]),
    ...(missing.length === 0 ? [] : [`demanded, and not in the plan:\n${demandsTable(missing)}`])
  ].join('\n\n')
}
