// Words of a script's command line: help on stdout, a usage error in one line, never a stack trace.

import { parseArgs, type ParseArgsConfig } from 'node:util'
import { CodedError } from '../src/base/index.js'

/** An error of whoever wrote the command line. */
export class UsageError extends Error {}

/** Any other failure that is to be expected: its text says all there is to say. */
export class ScriptError extends Error {}

type Options = NonNullable<ParseArgsConfig['options']>
type Values<T extends Options> = ReturnType<typeof parseArgs<{ options: T }>>['values']

/**
 * Runs a script with its options. `--help` prints the usage and ends 0; unknown options and a UsageError of
 * the script end 2 with the usage, a ScriptError or a coded failure ends 1 with its text. Anything else is a
 * bug and is thrown.
 * @param named how many words beside the options it takes at most
 */
export async function runScript<T extends Options>(
  usage: string, options: T, run: (values: Values<T>, names: readonly string[]) => Promise<void>,
  words: readonly string[] = process.argv.slice(2), named: number = 0
): Promise<void> {
  if (words.includes('--help') || words.includes('-h')) {
    console.log(usage)
    return
  }
  try {
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: named > 0 })
    if (positionals.length > named) throw new UsageError(`one word too many: ${positionals[named]}`)
    await run(values, positionals)
  } catch (error) {
    const byUser = error instanceof UsageError || isParseError(error)
    if (!byUser && !(error instanceof ScriptError) && !(error instanceof CodedError)) throw error
    console.error(`${error instanceof Error ? error.message : String(error)}${byUser ? `\n${usage}` : ''}`)
    process.exitCode = byUser ? 2 : 1
  }
}

/** A report on stdout: one JSON object a line for programs, else a name and a value a line for people. */
export function printReport(report: object, asJson: boolean): void {
  if (asJson) {
    console.log(JSON.stringify(report))
    return
  }
  const width = Math.max(...Object.keys(report).map((name) => name.length))
  for (const [name, value] of Object.entries(report)) {
    console.log(`${name.padEnd(width)}  ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
  }
}

function isParseError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
}
