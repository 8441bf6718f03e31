// Records for benchmarks: signed claims of about 300 bytes by a few agents, made before the clock starts.

import { readFile } from 'node:fs/promises'
import { createSigner, seedFromName, buildAssertion } from '../../src/record/index.js'
import type { NetworkId } from '../../src/base/index.js'

const AGENTS = 16
const OBJECT_CHARACTERS = 90

/** `count` distinct records on `keys` (subject, predicate) pairs. */
export function makeRecords(networkId: NetworkId, count: number, keys: number): readonly Uint8Array[] {
  const agents = Array.from({ length: AGENTS }, (_, index) => createSigner(seedFromName(`bench ${index}`)))
  return Array.from({ length: count }, (_, index) => {
    const fields = {
      timestampMs: 1_700_000_000_000 + index,
      subject: `subject ${index % keys}`,
      predicate: 'value',
      object: `${index} `.padEnd(OBJECT_CHARACTERS, 'x'),
      source: 'bench'
    }
    const signer = agents[index % AGENTS] ?? createSigner(seedFromName('bench'))
    return buildAssertion(fields, signer, networkId)
  })
}

/** The value at a share of the sorted list, 0..1. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
}

/** Resident memory of this process in MiB. */
export function residentMib(): number {
  return Math.round(process.memoryUsage().rss / 1_048_576)
}

/** Three significant digits. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3))
}

const TICK_MS = 10

/** CPU time that the main thread has spent, in ms; NaN where the system does not tell it by thread. */
export async function mainThreadMs(): Promise<number> {
  const stat = await readFile(`/proc/self/task/${process.pid}/stat`, 'latin1').catch(() => '')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}
