// stemedb import: claims of many sources, or blocks and records of another node.

import { Option } from 'commander'
import { networkOf } from '../agent.js'
import { connect } from '../client.js'
import { importClaims } from '../import-claims.js'
import { facts } from '../output.js'
import type { AddCommand, Shell } from '../shell.js'

interface ImportOptions {
  readonly format: 'claims' | 'records'
  readonly strict?: true
  readonly state?: string
}

const help = `
claims: JSON lines {"source", "item", "value", "ts"?}. Item "a|b|p" is predicate "p" of subject "a|b"; without a bar
the predicate is "value". A claim without "ts" gets timestamp 0. Each source speaks as a demo agent whose key is
BLAKE3("stemedb/1/demo-agent\\0" || source): whoever knows the name can sign as that agent.
records: a CAR file as 'stemedb export' writes it.
An interrupted import goes on where it was; what is there already is counted as known.`

/** Adds `stemedb import`. */
export const addImport: AddCommand = (program, shell) => {
  program.command('import')
    .description('import claims or records; a file that ends in .gz is unpacked')
    .argument('<file>')
    .addOption(new Option('--format <format>', 'what the file holds').choices(['claims', 'records']).default('claims'))
    .option('--strict', 'stop at the first bad line instead of skipping it')
    .option('--state <file>', 'where a claims import notes how far it is (default: in the data directory)')
    .addHelpText('after', help)
    .action((file: string, options: ImportOptions) => importFile(shell, file, options))
}

async function importFile(shell: Shell, file: string, options: ImportOptions): Promise<void> {
  const api = await connect(shell)
  if (options.format === 'records') {
    const { importRecords } = await import('../import-records.js')
    const result = await importRecords(shell, api, await networkOf(api), file)
    const { blocks, ...counts } = result
    shell.output.data(result, () => facts([
      ...Object.entries(blocks).map(([name, count]) => [`blocks ${name}`, count] as const),
      ...Object.entries(counts).filter(([, count]) => count > 0)
    ]))
    return
  }
  const choices = { strict: options.strict === true, statePath: options.state }
  const result = await importClaims(shell, api, await networkOf(api), file, choices)
  shell.output.data(result, () => facts(Object.entries(result)))
}
