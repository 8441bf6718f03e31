// `--ack peers:n` of the commands that write: the query of the request, and what came of it.

import { InvalidArgumentError, type Command } from 'commander'
import type { Receipt } from './agent.js'
import { CliError, usageError } from './errors.js'

/** Options of a command that may wait for peers. */
export interface AckOptions {
  readonly ack?: string
  readonly timeout?: string
}

/** Adds `--ack` and `--timeout` to a command. */
export function addAckOptions(command: Command): Command {
  return command
    .option('--ack <peers:n>', 'wait until n other nodes hold the record durably, n from 1 to 64', peersArgument)
    .option('--timeout <time>', 'how long to wait for them, 1ms to 20s; 5s when absent', durationArgument)
}

/** The query string of a write, empty without `--ack`. @throws CliError CLI_USAGE */
export function ackQueryOf({ ack, timeout }: AckOptions): string {
  if (ack === undefined) {
    if (timeout !== undefined) throw usageError('--timeout', '--timeout is how long --ack waits')
    return ''
  }
  return `?ack=${ack}${timeout === undefined ? '' : `&timeout=${timeout}`}`
}

/** @throws CliError CLI_ACK_SHORT when fewer nodes than wanted hold the record */
export function checkAck({ ack }: Receipt): void {
  if (ack?.code === undefined) return
  const { wanted, acknowledged_by: reached, code } = ack
  const why = code === 'ACK_QUARANTINED' ? ': it is sealed when its time has come' : ' in time'
  throw new CliError(
    { code: 'CLI_ACK_SHORT', wanted, reached },
    `the record is durable here; ${reached} of ${wanted} other nodes hold it${why}`
  )
}

function peersArgument(text: string): string {
  if (!/^peers:([1-9]|[1-5][0-9]|6[0-4])$/.test(text)) throw new InvalidArgumentError('peers:n, n from 1 to 64')
  return text
}

function durationArgument(text: string): string {
  const [, digits, unit] = /^([1-9][0-9]{0,4})(ms|s)$/.exec(text) ?? []
  const ms = Number(digits) * (unit === 's' ? 1_000 : 1)
  if (!(ms <= timeoutMsMax)) throw new InvalidArgumentError('a time such as 500ms or 5s, at most 20s')
  return text
}

/** The limit of the HTTP interface. */
const timeoutMsMax = 20_000
