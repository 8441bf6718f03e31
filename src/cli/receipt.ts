// What became of a record that was sent.

import { checkAck } from './ack.js'
import type { Receipt } from './agent.js'
import { facts, plain, timeText } from './output.js'
import type { Shell } from './shell.js'

/** Shows a receipt on stdout. @throws CliError CLI_ACK_SHORT when fewer nodes than wanted hold the record */
export function showReceipt(shell: Shell, receipt: Receipt): void {
  const { ack, hint } = receipt
  // With --json the receipt holds it.
  if (hint !== undefined && shell.options.json !== true) shell.output.note(`note: ${plain(hint.detail)}`)
  shell.output.data(receipt, () => facts([
    ['result', receipt.result],
    ['id', receipt.id],
    ['released', receipt.release_time === undefined ? undefined : timeText(receipt.release_time)],
    ['held by', ack === undefined ? undefined : `${ack.acknowledged_by} of ${ack.wanted} other nodes`]
  ]))
  checkAck(receipt)
}
