// stemedb assert: says "subject predicate object", signed here by the agent's key.

import { Option } from 'commander'
import type { Hash } from '../../base/index.js'
import { ackQueryOf, addAckOptions, type AckOptions } from '../ack.js'
import { agentSigner, networkOf, sendRecord, signFields } from '../agent.js'
import { hashArgument, repeated, shareArgument } from '../arguments.js'
import { connect } from '../client.js'
import { OBJECT_TYPES, parseObject, parseTime, type ObjectType } from '../object-text.js'
import { showReceipt } from '../receipt.js'
import type { AddCommand, Shell } from '../shell.js'

interface AssertOptions extends AckOptions {
  readonly type: ObjectType
  readonly confidence?: string
  readonly source?: string
  readonly epoch?: Hash
  readonly lineage: readonly Hash[]
  readonly at?: string
  readonly key?: string
}

/** Adds `stemedb assert`. */
export const addAssert: AddCommand = (program, shell) => {
  addAckOptions(program.command('assert'))
    .description('assert that a subject has an object for a predicate')
    .argument('<subject>').argument('<predicate>').argument('<object>')
    .addOption(new Option('--type <type>', 'how the object is read; auto takes numbers, true, false and JSON as such')
      .choices(OBJECT_TYPES).default('auto'))
    .option('--confidence <share>', 'from 0 to 1, at most 6 places', shareArgument)
    .option('--source <text>', 'where the claim comes from')
    .option('--epoch <hash>', 'the epoch it belongs to', hashArgument)
    .option('--lineage <hash>', 'an assertion it was derived from; repeatable', repeated(hashArgument), [])
    .option('--at <time>', 'timestamp: ms since 1970 or ISO 8601; now when absent')
    .option('--key <file>', 'key file of the agent; agent.key of the data directory when absent')
    .action((subject: string, predicate: string, object: string, options: AssertOptions) =>
      assertion(shell, subject, predicate, object, options))
}

async function assertion(
  shell: Shell, subject: string, predicate: string, object: string, options: AssertOptions
): Promise<void> {
  const { confidence, source, epoch, lineage, at } = options
  const fields = {
    subject, predicate, object: parseObject(object, options.type), lineage,
    timestamp: at === undefined ? shell.clock.nowMs() : parseTime(at, '--at'),
    ...(confidence === undefined ? {} : { confidence }),
    ...(source === undefined ? {} : { source }),
    ...(epoch === undefined ? {} : { epoch })
  }
  const query = ackQueryOf(options)
  const signer = await agentSigner(shell, options.key)
  const api = await connect(shell)
  const record = signFields('assertion', fields, signer, await networkOf(api))
  showReceipt(shell, await sendRecord(api, record, query))
}
