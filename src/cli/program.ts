// The command line: global options, commands, help, and what becomes of errors.

import { Command, CommanderError } from 'commander'
import { CodedError, systemCode, systemText } from '../base/index.js'
import { addAssert } from './commands/assert.js'
import { addCompletion } from './commands/completion.js'
import { addConstraints } from './commands/constraints.js'
import { addDoctor } from './commands/doctor.js'
import { addEpoch } from './commands/epoch.js'
import { addExplain } from './commands/explain.js'
import { addExport } from './commands/export.js'
import { addGet } from './commands/get.js'
import { addImport } from './commands/import.js'
import { addInit } from './commands/init.js'
import { addInvite } from './commands/invite.js'
import { addJoin } from './commands/join.js'
import { addKey } from './commands/key.js'
import { addPeers } from './commands/peers.js'
import { addPreflight } from './commands/preflight.js'
import { addQuarantine } from './commands/quarantine.js'
import { addRebuild } from './commands/rebuild.js'
import { addRepair } from './commands/repair.js'
import { addSkeptic } from './commands/skeptic.js'
import { addStart } from './commands/start.js'
import { addState } from './commands/state.js'
import { addStatus } from './commands/status.js'
import { addTrust } from './commands/trust.js'
import { addVerify } from './commands/verify.js'
import { addVote } from './commands/vote.js'
import { CliError, EXIT, exitCodeOf } from './errors.js'
import { plain } from './output.js'
import type { AddCommand, GlobalOptions, Shell } from './shell.js'

const commands: readonly AddCommand[] = [
  addInit, addStart, addInvite, addJoin, addStatus, addPeers, addAssert, addVote, addEpoch, addGet,
  addExplain, addSkeptic, addConstraints, addPreflight, addState, addTrust,
  addQuarantine, addImport, addExport, addVerify, addRepair, addRebuild, addDoctor,
  addKey, addCompletion
]

const helpEnd = `
Data goes to stdout, everything else to stderr. With --json each line of either is one object; remarks on stderr are
{"note": …}, what ended the command is {"error": …}. Usage errors are text.

Settings: options, then the environment (STEMEDB_DATA_DIR, STEMEDB_API, STEMEDB_TOKEN, STEMEDB_API_PORT, …), then
stemedb.toml in the data directory, then defaults. NO_COLOR turns colours off.

Exit codes: 0 ok, 1 failure, 2 usage, 3 not found, 4 constraint violated, 6 node unreachable, 130 interrupted.`

/**
 * Runs one command line.
 * @param words  arguments without the program's own name
 * @returns the exit code
 */
export async function runProgram(words: readonly string[], version: string, shell: Shell): Promise<number> {
  const program = createProgram(version, shell)
  try {
    await program.parseAsync([...words], { from: 'user' })
    return EXIT.ok
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    if (shell.signal.aborted) return EXIT.interrupted
    report(shell, error)
    return exitCodeOf(error)
  }
}

function createProgram(version: string, shell: Shell): Command {
  const program = new Command('stemedb')
    .description('A replicated, content-addressed knowledge graph that agents of many owners write together.')
    .version(version)
    .option('--json', 'JSON on stdout, one object a line')
    .option('--data-dir <directory>', 'data directory (default: ~/.stemedb)')
    .option('--api <url>', 'base URL of the node (default: the one of the data directory)')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', helpEnd)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void shell.stdout.write(text), writeErr: (text) => shell.output.note(text.trimEnd())
    })
    .showHelpAfterError("('stemedb <command> --help' tells more)")
    .hook('preAction', (_program, command) => {
      shell.options = command.optsWithGlobals<GlobalOptions>()
    })
  for (const add of commands) add(program, shell)
  return program
}

/** Tells of a failure on stderr; with `--json` as one object. */
function report(shell: Shell, error: unknown): void {
  const code = codeOf(error)
  const text = textOf(error)
  const human = `stemedb: ${plain(text)}${code === 'INTERNAL' ? '' : ` (${code})`}`
  shell.output.failure({ error: { code, message: text } }, human)
  if (code === 'INTERNAL' && error instanceof Error) shell.output.note(error.stack ?? '')
}

/** The code of a failure; of what a node refused, the node's own. */
function codeOf(error: unknown): string {
  if (error instanceof CliError && error.detail.code === 'CLI_REFUSED') return error.detail.problem
  if (error instanceof CodedError) return error.code
  // What the system refuses (ENOENT, EACCES …) is no fault of ours.
  return systemCode(error) ?? 'INTERNAL'
}

/** What is shown of a failure: of what the system refused, the path and the reason in words. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error instanceof CodedError || systemCode(error) === undefined) return error.message
  const path: unknown = Reflect.get(error, 'path')
  return typeof path === 'string' ? `${path}: ${systemText(error)}` : systemText(error)
}
