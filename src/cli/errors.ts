// Failures of the command line, each with its exit code.

import { CodedError } from '../base/index.js'

/** Exit codes, as `stemedb --help` documents them. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  notFound: 3,
  violated: 4,
  unreachable: 6,
  interrupted: 130
} as const

/** What a command can fail with, beside the failures of the folders it uses. */
export type CliErrorDetail =
  | { readonly code: 'CLI_USAGE'; readonly argument: string }
  | { readonly code: 'CLI_UNREACHABLE'; readonly url: string }
  | { readonly code: 'CLI_REFUSED'; readonly problem: string; readonly status: number }
  | { readonly code: 'CLI_ANSWER'; readonly url: string }
  | { readonly code: 'CLI_INTERRUPTED' }
  | { readonly code: 'CLI_DECLINED' }
  | { readonly code: 'CLI_BAD_LINE'; readonly line: number }
  /** Parts of a file (lines, records, blocks) were of no use or refused; the others are imported. */
  | { readonly code: 'CLI_SKIPPED'; readonly skipped: number }
  | { readonly code: 'CLI_BAD_CAR'; readonly path: string }
  /** The file is of another format than the option says, or than is taken without it. */
  | { readonly code: 'CLI_OTHER_FORMAT'; readonly path: string; readonly format: string }
  | { readonly code: 'CLI_OTHER_NETWORK'; readonly path: string; readonly found?: string; readonly expected: string }
  | { readonly code: 'CLI_FILE'; readonly path: string }
  | { readonly code: 'CLI_LENS_FILE'; readonly path: string }
  | { readonly code: 'CLI_UNSOUND'; readonly faults: number }
  | { readonly code: 'CLI_VIOLATED'; readonly violated: number; readonly missing: number }
  | { readonly code: 'CLI_NO_PEER' }
  | { readonly code: 'CLI_ACK_SHORT'; readonly wanted: number; readonly reached: number }

/** A failure of the command line. */
export class CliError extends CodedError<CliErrorDetail> {}

/** The exit code of a failure. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof CliError)) return EXIT.failure
  switch (error.detail.code) {
    case 'CLI_USAGE':
    case 'CLI_OTHER_FORMAT': return EXIT.usage
    case 'CLI_VIOLATED': return EXIT.violated
    case 'CLI_UNREACHABLE': return EXIT.unreachable
    case 'CLI_INTERRUPTED': return EXIT.interrupted
    case 'CLI_REFUSED': return exitCodeOfProblem(error.detail.problem, error.detail.status)
    default: return EXIT.failure
  }
}

/** Codes by which a node refuses words as such: a lens, a field, a cursor. */
const WORD_PROBLEMS: ReadonlySet<string> = new Set([
  'LENS_UNKNOWN', 'INPUT_INVALID', 'QUERY_RANGE', 'QUERY_CURSOR', 'NODE_CURSOR'
])

/** What the node says of the words of the command line is a usage error like what is found here. */
function exitCodeOfProblem(problem: string, status: number): number {
  if (WORD_PROBLEMS.has(problem)) return EXIT.usage
  return status === 404 ? EXIT.notFound : EXIT.failure
}

/** A usage error that names the argument. */
export function usageError(argument: string, message: string): CliError {
  return new CliError({ code: 'CLI_USAGE', argument }, message)
}
