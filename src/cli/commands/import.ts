// stemedb import: claims of many sources, or blocks and records of another node.

import { Option } from 'commander'
import { networkOf } from '../agent.js'
import { connect } from '../client.js'
import { CliError } from '../errors.js'
import { importClaims } from '../import-claims.js'
import { firstBytes } from '../input-file.js'
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
An import that was broken off goes on behind the last line that the node had confirmed, one of records from the top;
what is there already is counted as known. A line that is no claim, and whatever the node refuses, is reported and
skipped; the rest is imported, and the import ends 1.`

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
  if (options.format === 'records') await recordsOf(shell, file)
  else await claimsOf(shell, file, options)
}

async function recordsOf(shell: Shell, file: string): Promise<void> {
  const { importRecords } = await import('../import-records.js')
  const api = await connect(shell)
  const result = await importRecords(shell, api, await networkOf(api), file)
  const { blocks, ...counts } = result
  shell.output.data(result, () => facts([
    ...Object.entries(blocks).map(([name, count]) => [`blocks ${name}`, count] as const),
    ...Object.entries(counts).filter(([, count]) => count > 0)
  ]))
  const skipped = blocks.refused + counts.refused
  if (skipped === 0) return
  const refused = [countOf(blocks.refused, 'block'), countOf(counts.refused, 'record')].filter((text) => text !== '')
  throw new CliError({ code: 'CLI_SKIPPED', skipped }, `the node refused ${refused.join(' and ')}; the rest is imported`)
}

function countOf(count: number, what: string): string {
  return count === 0 ? '' : `${count} ${what}${count === 1 ? '' : 's'}`
}

async function claimsOf(shell: Shell, file: string, options: ImportOptions): Promise<void> {
  await refuseCar(file)
  const api = await connect(shell)
  const choices = { strict: options.strict === true, statePath: options.state }
  const result = await importClaims(shell, api, await networkOf(api), file, choices)
  shell.output.data(result, () => facts(Object.entries(result)))
  const { bad, lines } = result
  if (bad === 0) return
  const message = `skipped ${bad} bad ones of ${lines} lines; the others are imported`
  throw new CliError({ code: 'CLI_SKIPPED', skipped: bad }, message)
}

/** Read as lines, a CAR file is nothing but bad ones. @throws CliError CLI_OTHER_FORMAT, CLI_FILE */
async function refuseCar(path: string): Promise<void> {
  const { beginsCar, CAR_START_BYTES } = await import('../car-file.js')
  if (!beginsCar(await firstBytes(path, CAR_START_BYTES))) return
  const message = `${path} is a CAR file: import it with --format records`
  throw new CliError({ code: 'CLI_OTHER_FORMAT', path, format: 'records' }, message)
}
