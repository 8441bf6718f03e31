// Sends many signed records in batches, a few batches at once, and tells up to which line all are
// acknowledged. A batch that the node is too busy for is sent again: the same bytes give the same id, however
// often.

import { concatBytes, wait } from '../base/index.js'
import type { Receipt } from './agent.js'
import type { ApiClient } from './client.js'
import { CliError } from './errors.js'
import type { Shell } from './shell.js'

/** What became of the records sent. */
export interface SendCounts {
  readonly admitted: number
  readonly known: number
  readonly quarantined: number
  readonly refused: number
}

/** Sends records; `line` numbers ascend. */
export interface RecordSender {
  /** Queues a record; resolves when there is room for the next. @throws CliError of the transport */
  push(line: number, record: Uint8Array): Promise<void>
  /** Sends what is left and waits for all receipts. */
  finish(): Promise<SendCounts>
  /** Every record up to this line has its receipt. */
  readonly acknowledged: number
}

/** How a sender tells what it has done. */
export interface SenderHooks {
  readonly onRefused: (line: number, receipt: Receipt) => void
  readonly onProgress: (sent: number, acknowledgedLine: number) => Promise<void>
}

const batchRecords = 500
const batchBytes = 4_194_304
/** One batch is signed while two are under way. */
const openBatches = 2
const busyWaitMs = 250
const busyTries = 240

interface Batch {
  readonly lines: readonly number[]
  readonly records: readonly Uint8Array[]
  done: boolean
}

/** Makes a sender over one node. */
export function createRecordSender(shell: Shell, api: ApiClient, hooks: SenderHooks): RecordSender {
  const counts = { admitted: 0, known: 0, quarantined: 0, refused: 0 }
  const open: { readonly batch: Batch; readonly sent: Promise<void> }[] = []
  let lines: number[] = []
  let records: Uint8Array[] = []
  let bytes = 0
  let acknowledged = 0

  const note = async (batch: Batch, receipts: readonly Receipt[]): Promise<void> => {
    receipts.forEach((receipt, i) => {
      counts[receipt.result] += 1
      if (receipt.result === 'refused') hooks.onRefused(batch.lines[i] ?? 0, receipt)
    })
    batch.done = true
    for (let first = open[0]; first?.batch.done === true; first = open[0]) {
      acknowledged = first.batch.lines.at(-1) ?? acknowledged
      open.shift()
    }
    const { admitted, known, quarantined, refused } = counts
    await hooks.onProgress(admitted + known + quarantined + refused, acknowledged)
  }
  const flush = async (): Promise<void> => {
    if (records.length === 0) return
    while (open.length >= openBatches) await open[0]?.sent
    const batch: Batch = { lines, records, done: false }
    lines = []
    records = []
    bytes = 0
    const sent = sendBatch(shell, api, batch.records).then((receipts) => note(batch, receipts))
    // Whoever waits for the batch meets its failure; until then it must not count as unhandled.
    sent.catch(() => undefined)
    open.push({ batch, sent })
  }
  return {
    get acknowledged() {
      return acknowledged
    },
    async push(line, record) {
      lines.push(line)
      records.push(record)
      bytes += record.length
      if (records.length >= batchRecords || bytes >= batchBytes) await flush()
    },
    async finish() {
      await flush()
      await Promise.all(open.map(({ sent }) => sent))
      return counts
    }
  }
}

/** Receipts in the order of the records; those the node was too busy for are sent again. */
async function sendBatch(
  shell: Shell, api: ApiClient, records: readonly Uint8Array[]
): Promise<readonly Receipt[]> {
  const receipts: Receipt[] = []
  let left = records.map((record, at) => ({ record, at }))
  for (let tries = 0; tries < busyTries; tries += 1) {
    const results = await post(api, left.map(({ record }) => record))
    left.forEach(({ at }, i) => {
      const result = results?.[i]
      if (result !== undefined) receipts[at] = result
    })
    left = left.filter((_, i) => results === undefined || results[i]?.code === 'INGEST_BUSY')
    if (left.length === 0) return receipts
    await wait(shell.clock, busyWaitMs, shell.signal)
  }
  throw new CliError({ code: 'CLI_REFUSED', problem: 'INGEST_BUSY', status: 503 }, 'the node stays busy')
}

/** Undefined when the node was too busy for the whole batch. */
async function post(api: ApiClient, records: readonly Uint8Array[]): Promise<readonly Receipt[] | undefined> {
  try {
    const body = concatBytes(...records)
    const answer = await api.post<{ readonly results: readonly Receipt[] }>('/v1/records', body, 'application/cbor-seq')
    return answer.results
  } catch (error) {
    if (error instanceof CliError && error.detail.code === 'CLI_REFUSED' && error.detail.problem === 'INGEST_BUSY') {
      return undefined
    }
    throw error
  }
}
