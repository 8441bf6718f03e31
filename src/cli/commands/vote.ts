// stemedb vote: backs an assertion, or withdraws a vote with weight 0.

import type { Hash } from '../../base/index.js'
import { ackQueryOf, addAckOptions, type AckOptions } from '../ack.js'
import { agentSigner, networkOf, sendRecord, signFields } from '../agent.js'
import { hashArgument, shareArgument } from '../arguments.js'
import { connect } from '../client.js'
import { parseTime } from '../object-text.js'
import { showReceipt } from '../receipt.js'
import type { AddCommand, Shell } from '../shell.js'

interface VoteOptions extends AckOptions {
  readonly weight: string
  readonly at?: string
  readonly key?: string
}

/** Adds `stemedb vote`. */
export const addVote: AddCommand = (program, shell) => {
  addAckOptions(program.command('vote'))
    .description('vote on an assertion; the latest vote of an agent counts')
    .argument('<hash>', 'hash of the assertion', hashArgument)
    .option('--weight <share>', 'from 0, which withdraws, to 1; at most 6 places', shareArgument, '1')
    .option('--at <time>', 'timestamp: ms since 1970 or ISO 8601; now when absent')
    .option('--key <file>', 'key file of the agent; agent.key of the data directory when absent')
    .action((hash: Hash, options: VoteOptions) => vote(shell, hash, options))
}

async function vote(shell: Shell, hash: Hash, options: VoteOptions): Promise<void> {
  const fields = {
    assertion_hash: hash, weight: options.weight,
    timestamp: options.at === undefined ? shell.clock.nowMs() : parseTime(options.at, '--at')
  }
  const query = ackQueryOf(options)
  const signer = await agentSigner(shell, options.key)
  const api = await connect(shell)
  const record = signFields('vote', fields, signer, await networkOf(api))
  showReceipt(shell, await sendRecord(api, record, query))
}
