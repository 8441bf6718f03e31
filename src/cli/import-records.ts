// Import of signed records: a CAR file of blocks and records, or a CBOR sequence of records.
// Blocks come in as they were sealed, so that a node which had none ends with the exporter's frontier.

import { createReadStream } from 'node:fs'
import { pipeline, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { concatBytes } from '../base/index.js'
import { encodeCanonical } from '../record/index.js'
import { readCar } from './car-file.js'
import type { ApiClient } from './client.js'
import { CliError } from './errors.js'
import { startProgress } from './progress.js'
import { createRecordSender, type SendCounts } from './record-sender.js'
import { checkInterrupt, type Shell } from './shell.js'

/** Blocks by what became of them. */
export interface BlockCounts {
  readonly accepted: number
  readonly known: number
  readonly waiting: number
  readonly refused: number
}

/** What an import of records did. */
export interface RecordsResult extends SendCounts {
  readonly blocks: BlockCounts
  readonly seconds: number
}

interface BlockVerdict {
  readonly result: keyof BlockCounts
  readonly rule?: string
}

const batchBytes = 4_194_304
const batchBlocks = 100

/** Sends the blocks and records of a CAR file. @throws CliError CLI_BAD_CAR, CLI_FILE, of the transport */
export async function importRecords(shell: Shell, api: ApiClient, file: string): Promise<RecordsResult> {
  const startedMs = shell.clock.monotonicMs()
  const progress = startProgress(shell.output, shell.clock, 'importing', 'records')
  const blocks = { accepted: 0, known: 0, waiting: 0, refused: 0 }
  const loose = createRecordSender(shell, api, {
    onRefused: (line, receipt) => shell.output.note(`record ${line}: refused: ${receipt.code} (${receipt.rule})`),
    onProgress: async () => undefined
  })
  let batch: Uint8Array[] = []
  let bytes = 0
  let seen = 0
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return
    for (const { result, rule } of await postBlocks(api, batch)) {
      blocks[result] += 1
      if (result === 'refused') shell.output.note(`a block was refused: ${rule}`)
    }
    batch = []
    bytes = 0
    progress.at(seen)
  }
  for await (const part of readCar(file, readBytes(file))) {
    checkInterrupt(shell)
    if (part.kind === 'record') {
      seen += 1
      await loose.push(seen, part.bytes)
      continue
    }
    seen += part.records
    batch.push(part.bytes)
    bytes += part.bytes.length
    if (batch.length >= batchBlocks || bytes >= batchBytes) await flush()
  }
  await flush()
  const counts = await loose.finish()
  progress.end()
  return { ...counts, blocks, seconds: Math.round(shell.clock.monotonicMs() - startedMs) / 1_000 }
}

async function postBlocks(api: ApiClient, batch: readonly Uint8Array[]): Promise<readonly BlockVerdict[]> {
  const body = concatBytes(...batch.map(encodeCanonical))
  const answer = await api.post<{ readonly results: readonly BlockVerdict[] }>('/v1/blocks', body, 'application/cbor-seq')
  return answer.results
}

async function* readBytes(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  const file = createReadStream(path)
  const source: Readable = path.endsWith('.gz') ? pipeline(file, createGunzip(), () => undefined) : file
  try {
    yield* source as AsyncIterable<Uint8Array>
  } catch (cause) {
    throw new CliError({ code: 'CLI_FILE', path }, `cannot read ${path}`, { cause })
  }
}
