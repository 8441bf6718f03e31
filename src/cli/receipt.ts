// What became of a record that was sent.

import type { Receipt } from './agent.js'
import { facts, plain, timeText } from './output.js'
import type { Shell } from './shell.js'

/** Shows a receipt on stdout. */
export function showReceipt(shell: Shell, receipt: Receipt): void {
  if (receipt.hint !== undefined) shell.output.note(`note: ${plain(receipt.hint.detail)}`)
  shell.output.data(receipt, () => facts([
    ['result', receipt.result],
    ['id', receipt.id],
    ['released', receipt.release_time === undefined ? undefined : timeText(receipt.release_time)]
  ]))
}
