// stemedb quarantine: records held back until their time has come.

import { wholeNumber } from '../arguments.js'
import { connect } from '../client.js'
import { table, timeText } from '../output.js'
import type { AddCommand, Shell } from '../shell.js'

interface QuarantinedRecord {
  readonly id: string
  readonly agent_id: string
  readonly release_time: number
}

/** Adds `stemedb quarantine`. */
export const addQuarantine: AddCommand = (program, shell) => {
  program.command('quarantine')
    .description('records of the future, held durably until their time has come')
    .option('--limit <n>', 'rows', wholeNumber(1, 1_000), 100)
    .action((options: { readonly limit: number }) => quarantine(shell, options.limit))
}

async function quarantine(shell: Shell, limit: number): Promise<void> {
  const answer = await (await connect(shell)).get<{ readonly records: readonly QuarantinedRecord[] }>(
    `/v1/quarantine?limit=${limit}`
  )
  const rows = answer.records.map((row) => [timeText(row.release_time), row.id, row.agent_id])
  shell.output.data(answer, () => rows.length === 0 ? 'nothing' : table(['released', 'record', 'agent'], rows))
}
