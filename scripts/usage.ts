// Words of a script's command line: help on stdout, a usage error in one line, never a stack trace.

import { parseArgs, type ParseArgsConfig } from 'node:util'

/** An error of whoever wrote the command line. */
export class UsageError extends Error {}

type Options = NonNullable<ParseArgsConfig['options']>
type Values<T extends Options> = ReturnType<typeof parseArgs<{ options: T }>>['values']

/**
 * Runs a script with its options. `--help` prints the usage and ends 0; unknown options and a UsageError of
 * the script end 2 with the usage, any other failure ends 1.
 */
export async function runScript<T extends Options>(
  usage: string, options: T, run: (values: Values<T>) => Promise<void>,
  words: readonly string[] = process.argv.slice(2)
): Promise<void> {
  if (words.includes('--help') || words.includes('-h')) {
    console.log(usage)
    return
  }
  try {
    await run(parseArgs({ args: [...words], options }).values)
  } catch (error) {
    const byUser = error instanceof UsageError || isParseError(error)
    if (!byUser) throw error
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
    process.exitCode = 2
  }
}

function isParseError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
}
