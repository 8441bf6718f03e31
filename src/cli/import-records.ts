// Import of signed records: a CAR file of blocks and records, or a CBOR sequence of records.
// Blocks come in as they were sealed, so that a node which had none ends with the exporter's frontier.

import { concatBytes, type NetworkId } from '../base/index.js'
import { encodeCanonical } from '../record/index.js'
import { readCar } from './car-file.js'
import type { ApiClient } from './client.js'
import { CliError } from './errors.js'
import { readBytes } from './input-file.js'
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
const refusalsShown = 10

/**
 * Sends the blocks and records of a CAR file.
 * @throws CliError CLI_BAD_CAR, CLI_FILE, CLI_OTHER_NETWORK, of the transport
 */
export async function importRecords(
  shell: Shell, api: ApiClient, networkId: NetworkId, file: string
): Promise<RecordsResult> {
  const startedMs = shell.clock.monotonicMs()
  const progress = startProgress(shell.output, shell.clock, 'importing', 'records')
  const refusals = createRefusals(shell)
  const loose = createRecordSender(shell, api, {
    onRefused: (line, { code, rule }) =>
      refusals.note(`record ${line} was refused: ${code} (${rule})`, code === 'RECORD_SIGNATURE'),
    onProgress: async () => undefined
  })
  let seen = 0
  const sender = createBlockSender(api, (rule) =>
    refusals.note(`a block was refused: ${rule}`, rule === 'block-signature'))
  for await (const part of readCar(file, readBytes(file))) {
    checkInterrupt(shell)
    if (part.kind === 'genesis') {
      if (part.networkId !== networkId) throw otherNetwork(file, networkId, part.networkId)
      continue
    }
    seen += part.kind === 'record' ? 1 : part.records
    if (part.kind === 'record') await loose.push(seen, part.bytes)
    else if (await sender.push(part.bytes)) progress.at(seen)
  }
  await sender.flush()
  const blocks = sender.counts
  const counts = await loose.finish()
  progress.end()
  refusals.end()
  const { accepted, known, waiting } = blocks
  const taken = accepted + known + waiting + counts.admitted + counts.known + counts.quarantined
  // A file of others' making may lack the genesis. Its hashes are right, so its bytes are those signed.
  if (taken === 0 && refusals.void > 0) throw otherNetwork(file, networkId)
  return { ...counts, blocks, seconds: Math.round(shell.clock.monotonicMs() - startedMs) / 1_000 }
}

function otherNetwork(path: string, expected: NetworkId, found?: NetworkId): CliError {
  const detail = { code: 'CLI_OTHER_NETWORK', path, expected } as const
  const of = found === undefined ? 'another network: no signature in it holds here' : `network ${found}`
  const message = `${path} is of ${of}; the node belongs to network ${expected}, where its records are void`
  return new CliError(found === undefined ? detail : { ...detail, found }, message)
}

/** What was refused: the first lines are shown, the rest counted. */
interface Refusals {
  /** Signatures that do not hold in this network. */
  readonly void: number
  note(text: string, isVoid: boolean): void
  end(): void
}

function createRefusals(shell: Shell): Refusals {
  let [count, voids] = [0, 0]
  return {
    get void() { return voids },
    note(text, isVoid) {
      count += 1
      if (isVoid) voids += 1
      if (count <= refusalsShown) shell.output.note(text)
    },
    end() {
      if (count > refusalsShown) shell.output.note(`and ${count - refusalsShown} more were refused`)
    }
  }
}

/** Sends blocks in batches, in their order. */
interface BlockSender {
  readonly counts: BlockCounts
  /** True when it sent a batch. */
  push(block: Uint8Array): Promise<boolean>
  flush(): Promise<void>
}

function createBlockSender(api: ApiClient, onRefused: (rule: string | undefined) => void): BlockSender {
  const counts = { accepted: 0, known: 0, waiting: 0, refused: 0 }
  let batch: Uint8Array[] = []
  let bytes = 0
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return
    for (const { result, rule } of await postBlocks(api, batch)) {
      counts[result] += 1
      if (result === 'refused') onRefused(rule)
    }
    batch = []
    bytes = 0
  }
  return {
    counts, flush,
    async push(block) {
      batch.push(block)
      bytes += block.length
      if (batch.length < batchBlocks && bytes < batchBytes) return false
      await flush()
      return true
    }
  }
}

async function postBlocks(api: ApiClient, batch: readonly Uint8Array[]): Promise<readonly BlockVerdict[]> {
  const body = concatBytes(...batch.map(encodeCanonical))
  const answer = await api.post<{ readonly results: readonly BlockVerdict[] }>('/v1/blocks', body, 'application/cbor-seq')
  return answer.results
}
