// stemedb repair: saves what is left of a damaged ledger.

import { facts } from '../output.js'
import { directoryOf, type AddCommand, type Shell } from '../shell.js'

/** Adds `stemedb repair`. */
export const addRepair: AddCommand = (program, shell) => {
  program.command('repair')
    .summary('save what is left of a damaged ledger, offline')
    .description('save every valid frame of a damaged ledger, and every whole block of the index, into a new one; ' +
      'the damaged ledger is put aside whole. The next start fetches from peers what is missing, and seals into ' +
      'a new feed. Touches nothing when the ledger is sound')
    .action(() => repair(shell))
}

async function repair(shell: Shell): Promise<void> {
  const { repairDirectory } = await import('../repair-directory.js')
  const report = await repairDirectory(shell, directoryOf(shell))
  shell.output.data(report, () => !report.repaired ? 'the ledger is sound: nothing was touched' : facts([
    ['frames', `${report.frames} valid, ${report.missing} missing`],
    ['blocks', `${report.blocks} kept, ${report.blocksOfIndex} of them from the index, ${report.blocksLost} lost`],
    ['records', `${report.records} kept without their block`],
    ['damaged ledger', report.aside]
  ]))
  if (!report.repaired) return
  shell.output.note("next: 'stemedb start' rebuilds the index and fetches from peers what is missing")
  shell.output.note('the damaged ledger may be removed once nothing is missed')
}
