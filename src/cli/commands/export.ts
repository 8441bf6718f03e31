// stemedb export: every block and record of a node as one CAR file.

import { open, rename } from 'node:fs/promises'
import { blake3Hash } from '../../base/index.js'
import { genesisBytes, type Genesis } from '../../p2p/index.js'
import { readByteStrings } from '../block-stream.js'
import { connect, type ApiClient } from '../client.js'
import { CliError } from '../errors.js'
import { facts } from '../output.js'
import { startProgress } from '../progress.js'
import { checkInterrupt, type AddCommand, type Shell } from '../shell.js'
import type { StateAnswer } from './state.js'

/** Adds `stemedb export`. */
export const addExport: AddCommand = (program, shell) => {
  program.command('export')
    .summary('write all blocks and records as a CAR file')
    .description("write all blocks and records as a CAR file; 'stemedb import --format records' reads it")
    .argument('<file>', 'the CAR file; - is stdout')
    .action((file: string) => exportFile(shell, file))
}

async function exportFile(shell: Shell, file: string): Promise<void> {
  const { rootsOf, writeCar } = await import('../car-file.js')
  const api = await connect(shell)
  const genesis = await genesisOf(api)
  const { heads, records: total } = await api.get<StateAnswer>('/v1/state')
  const progress = startProgress(shell.output, shell.clock, 'exporting', 'records')
  const count = { blocks: 0, records: 0, bytes: 0 }
  const blocks = readByteStrings(api.url, await api.stream('/v1/blocks', 'application/cbor-seq'))
  const car = writeCar({ genesis, roots: rootsOf(heads), blocks }, (records) => {
    count.blocks += 1
    count.records += records
    progress.at(count.records, total)
  })
  const write = async (sink: (chunk: Uint8Array) => Promise<unknown>): Promise<void> => {
    for await (const chunk of car) {
      checkInterrupt(shell)
      count.bytes += chunk.length
      await sink(chunk)
    }
  }
  if (file === '-') {
    await write((chunk) => new Promise((resolve) => shell.stdout.write(chunk, resolve)))
    progress.end()
    return
  }
  await writeWhole(file, write)
  progress.end()
  const value = { file, heads: heads.length, ...count }
  shell.output.data(value, () => facts(Object.entries(value)))
}

/** The bytes whose hash is the network id. */
async function genesisOf(api: ApiClient): Promise<Uint8Array> {
  const answer = await api.get<{ readonly network_id: string; readonly genesis: Genesis }>('/v1/network')
  const bytes = genesisBytes(answer.genesis)
  if (blake3Hash(bytes) !== answer.network_id) {
    throw new CliError({ code: 'CLI_ANSWER', url: api.url }, `${api.url} gives a genesis that is not its network's`)
  }
  return bytes
}

/** Writes a file under another name until it is whole. */
async function writeWhole(
  path: string, write: (sink: (chunk: Uint8Array) => Promise<unknown>) => Promise<void>
): Promise<void> {
  const file = await open(`${path}.part`, 'w')
  try {
    await write((chunk) => file.write(chunk))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.part`, path)
}
