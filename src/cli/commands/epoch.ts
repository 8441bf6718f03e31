// stemedb epoch: a new paradigm, that is, how predicates are judged. Counts from governors alone.

import type { Hash } from '../../base/index.js'
import { ackQueryOf, addAckOptions, type AckOptions } from '../ack.js'
import { agentSigner, networkOf, sendRecord, signFields } from '../agent.js'
import { hashArgument } from '../arguments.js'
import { connect } from '../client.js'
import { readJsonFile } from '../input-file.js'
import { parseTime } from '../object-text.js'
import { showReceipt } from '../receipt.js'
import type { AddCommand, Shell } from '../shell.js'

interface EpochOptions extends AckOptions {
  readonly predicates?: string
  readonly supersedes?: Hash
  readonly at?: string
  readonly key?: string
}

/** Adds `stemedb epoch`. */
export const addEpoch: AddCommand = (program, shell) => {
  addAckOptions(program.command('epoch'))
    .description('issue an epoch: settings of predicates; it counts from a governor of the network')
    .argument('<name>')
    .option('--predicates <file>', 'JSON: {"<predicate>": {"cardinality": "one"|"many", "tolerance": n, ' +
      '"vocabulary": […], "halfLife": ms}, …}')
    .option('--supersedes <hash>', 'the epoch that it replaces', hashArgument)
    .option('--at <time>', 'timestamp: ms since 1970 or ISO 8601; now when absent')
    .option('--key <file>', 'key file of the agent; agent.key of the data directory when absent')
    .action((name: string, options: EpochOptions) => epoch(shell, name, options))
}

async function epoch(shell: Shell, name: string, options: EpochOptions): Promise<void> {
  const { predicates, supersedes, at } = options
  const fields = {
    name,
    timestamp: at === undefined ? shell.clock.nowMs() : parseTime(at, '--at'),
    ...(predicates === undefined ? {} : { predicates: await readJsonFile(predicates) }),
    ...(supersedes === undefined ? {} : { supersedes })
  }
  const query = ackQueryOf(options)
  const signer = await agentSigner(shell, options.key)
  const api = await connect(shell)
  const record = signFields('epoch', fields, signer, await networkOf(api))
  showReceipt(shell, await sendRecord(api, record, query))
}
