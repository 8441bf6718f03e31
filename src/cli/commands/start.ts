// stemedb start: runs the node of a data directory until it is asked to stop.
// The server is loaded when the command runs: short commands start without it.

import type { Command } from 'commander'
import { loadConfig, type ConfigFlags } from '../../node/index.js'
import { repeated, wholeNumber } from '../arguments.js'
import { loadLenses } from '../lens-modules.js'
import { directoryOf, type AddCommand, type Shell } from '../shell.js'

/** Options of a running node, as commands parse them. */
export interface NodeOptions {
  readonly apiHost?: string
  readonly apiPort?: number
  readonly apiPublic?: true
  readonly apiAllowHost: readonly string[]
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  readonly bootstrap: readonly string[]
  readonly logLevel?: string
  readonly workers?: number
}

interface StartOptions extends NodeOptions {
  readonly lens: readonly string[]
}

/** Adds `stemedb start`. */
export const addStart: AddCommand = (program, shell) => {
  const command = program.command('start')
    .summary('run the node')
    .description('run the node; prints its addresses once it is up; SIGTERM stops it cleanly within 10 s')
  addNodeOptions(command)
    .option('--lens <file>', 'a module whose default export is a lens of your own; repeatable',
      repeated((path: string) => path), [])
    .action((options: StartOptions) => start(shell, options))
}

/** Adds the options of a running node to a command. */
export function addNodeOptions(command: Command): Command {
  const text = (value: string): string => value
  return command
    .option('--api-host <host>', 'address of the HTTP interface (default: 127.0.0.1)')
    .option('--api-port <port>', 'its port, 0 for any free one', wholeNumber(0, 65_535))
    .option('--api-public', 'allow an address that other machines reach')
    .option('--api-allow-host <name>', 'one more name in the Host header; repeatable', repeated(text), [])
    .option('--listen <multiaddr>', 'address for peers; repeatable', repeated(text), [])
    .option('--announce <multiaddr>', 'address to tell peers; repeatable', repeated(text), [])
    .option('--bootstrap <multiaddr>', 'a peer to dial; repeatable', repeated(text), [])
    .option('--log-level <level>', 'silent, error, warn, info or debug')
    .option('--workers <n>', 'threads that check signatures', wholeNumber(0, 64))
}

/** The configuration's flags of parsed options. */
export function nodeFlags(shell: Shell, options: NodeOptions): ConfigFlags {
  const list = (values: readonly string[]): readonly string[] | undefined =>
    values.length > 0 ? values : undefined
  return {
    dataDir: directoryOf(shell),
    apiHost: options.apiHost, apiPort: options.apiPort, apiPublic: options.apiPublic,
    apiHosts: list(options.apiAllowHost),
    p2pListen: list(options.listen), p2pAnnounce: list(options.announce),
    p2pBootstrap: list(options.bootstrap),
    logLevel: options.logLevel, verifyWorkers: options.workers
  }
}

async function start(shell: Shell, options: StartOptions): Promise<void> {
  const { serve } = await import('../serve.js')
  const config = await loadConfig(nodeFlags(shell, options), shell.env)
  await serve(shell, config, undefined, await loadLenses(options.lens))
}
