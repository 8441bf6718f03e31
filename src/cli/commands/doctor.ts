// stemedb doctor: looks at what a node stands on, and says what to do about it.

import type { DoctorFinding } from '../doctor-findings.js'
import { CliError } from '../errors.js'
import { table } from '../output.js'
import { directoryOf, type AddCommand, type Shell } from '../shell.js'

/** Adds `stemedb doctor`. */
export const addDoctor: AddCommand = (program, shell) => {
  program.command('doctor')
    .summary('check what the node stands on')
    .description('check versions, files and their modes, configuration, disk space, ports, clock, and the index ' +
      'against the ledger, whether a node runs or not; exits 1 when something keeps it from working')
    .action(() => doctor(shell))
}

async function doctor(shell: Shell): Promise<void> {
  const { examine } = await import('../doctor-checks.js')
  const findings = await examine(shell, directoryOf(shell))
  const failed = findings.filter(({ verdict }) => verdict === 'bad').length
  shell.output.data({ healthy: failed === 0, findings }, () => table(['', 'what', 'finding'], findings.map(rowOf)))
  if (failed > 0) throw new CliError({ code: 'CLI_UNSOUND', faults: failed }, `${failed} of ${findings.length} checks failed`)
}

const SIGNS = { good: 'ok', doubtful: 'note', bad: 'BAD' } as const

function rowOf({ what, verdict, text }: DoctorFinding): readonly string[] {
  return [SIGNS[verdict], what, text]
}
