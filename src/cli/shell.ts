// What every command gets: its outputs, the global options, time, randomness and the signal to stop.

import type { Command } from 'commander'
import { systemClock, systemRandom, type Clock, type Random } from '../base/index.js'
import { dataDirectory, environment, type Environment } from '../node/index.js'
import { CliError } from './errors.js'
import { createOutput, type Output, type TextSink } from './output.js'

/** Options that every command takes. */
export interface GlobalOptions {
  readonly json?: boolean
  readonly dataDir?: string
  readonly api?: string
}

/** Surroundings of the commands of one process. */
export interface Shell {
  readonly output: Output
  readonly stdout: TextSink
  readonly env: Environment
  readonly clock: Clock
  readonly random: Random
  /** Aborts on SIGINT and SIGTERM, its reason being the name. */
  readonly signal: AbortSignal
  /** Asks on the terminal; false when there is none. */
  readonly confirm: (question: string) => Promise<boolean>
  options: GlobalOptions
}

/** Makes the surroundings of a process. */
export function createShell(
  parts: Pick<Shell, 'signal' | 'confirm'> & { readonly stdout: TextSink; readonly stderr: TextSink }
): Shell {
  const shell: Shell = {
    output: createOutput(parts.stdout, parts.stderr, () => shell.options.json === true),
    stdout: parts.stdout, env: environment(), clock: systemClock, random: systemRandom,
    signal: parts.signal, confirm: parts.confirm, options: {}
  }
  return shell
}

/** The data directory in use. */
export function directoryOf(shell: Shell): string {
  return dataDirectory({ dataDir: shell.options.dataDir }, shell.env)
}

/** True when an option or the environment names the data directory. */
export function namesDirectory(shell: Shell): boolean {
  return (shell.options.dataDir ?? shell.env['STEMEDB_DATA_DIR']) !== undefined
}

/** @throws CliError CLI_INTERRUPTED once the process was asked to stop */
export function checkInterrupt(shell: Shell): void {
  if (shell.signal.aborted) throw new CliError({ code: 'CLI_INTERRUPTED' }, 'interrupted')
}

/** Registers one command; each command file exports one of these. */
export type AddCommand = (program: Command, shell: Shell) => void
