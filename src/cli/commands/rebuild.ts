// stemedb rebuild: drops the index with all that is derived, and builds it from the ledger.

import { loadConfig } from '../../node/index.js'
import { facts } from '../output.js'
import { directoryOf, type AddCommand, type Shell } from '../shell.js'

/** Adds `stemedb rebuild`. */
export const addRebuild: AddCommand = (program, shell) => {
  program.command('rebuild')
    .summary('rebuild the index from the ledger, offline')
    .description('drop the index (records by hash, votes, views, all that is looked up) and build it from the ' +
      'ledger, while no node runs on the directory; refused when the ledger is damaged')
    .option('--log-level <level>', 'silent, error, warn, info or debug', 'error')
    .action((options: { readonly logLevel: string }) => rebuild(shell, options.logLevel))
}

async function rebuild(shell: Shell, logLevel: string): Promise<void> {
  const { rebuildDirectory } = await import('../rebuild-directory.js')
  // What the ledger holds was checked when it was admitted: there are no signatures to check.
  const config = await loadConfig({ dataDir: directoryOf(shell), logLevel, verifyWorkers: 0 }, shell.env)
  const report = await rebuildDirectory(shell, config)
  shell.output.data(report, () => facts([
    ['records', report.records],
    ['rows digest', report.rows_digest],
    ['view digest', report.view_digest],
    ['same as before', sameText(report.same)],
    ['seconds', report.seconds]
  ]))
}

function sameText(same: boolean | null): string {
  if (same === null) return 'cannot be told: the index before was not whole'
  return same ? 'yes' : 'no'
}
