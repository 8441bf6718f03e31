// stemedb verify: checks a data directory offline, byte by byte.

import { CliError } from '../errors.js'
import { facts } from '../output.js'
import { directoryOf, type AddCommand, type Shell } from '../shell.js'

/** Adds `stemedb verify`. */
export const addVerify: AddCommand = (program, shell) => {
  program.command('verify')
    .summary('check a data directory offline')
    .description('check a data directory while no node runs on it: ledger frames, hashes, signatures, and the ' +
      'index against the blocks; exits 1 when anything is wrong; a block of this node that lies ahead of the ' +
      'clock is counted as left out until its time')
    .action(() => verify(shell))
}

async function verify(shell: Shell): Promise<void> {
  const { verifyDirectory } = await import('../verify-directory.js')
  const report = await verifyDirectory(shell, directoryOf(shell))
  const { faults, leftOut, ...counts } = report
  const late: readonly [string, string][] = leftOut > 0 ? [['left out', `${leftOut}, until their time`]] : []
  const sound = faults.length === 0
  for (const fault of faults) shell.output.note(fault)
  shell.output.data({ sound, ...report }, () =>
    facts([['sound', sound ? 'yes' : `no, ${faults.length} faults`], ...Object.entries<number>(counts), ...late]))
  if (!sound) throw new CliError({ code: 'CLI_UNSOUND', faults: faults.length }, 'the directory is not sound')
}
