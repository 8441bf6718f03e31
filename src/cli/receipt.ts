// What became of a record that was sent.

import { checkAck } from './ack.js'
import type { Receipt } from './agent.js'
import { facts, plain, timeText } from './output.js'
import type { Shell } from './shell.js'

/** Shows a receipt on stdout. @throws CliError CLI_ACK_SHORT when fewer nodes than wanted hold the record */
export function showReceipt(shell: Shell, receipt: Receipt): void {
  if (receipt.hint !== undefined) shell.output.note(`note: ${plain(receipt.hint.detail)}`)
  const { ack } = receipt
  shell.output.data(receipt, () => facts([
    ['result', receipt.result],
    ['id', receipt.id],
    ['released', receipt.release_time === undefined ? undefined : timeText(receipt.release_time)],
    ['held by', ack === undefined ? undefined : `${ack.acknowledged_by} of ${ack.wanted} other nodes`]
  ]))
  checkAck(receipt)
}
