// Replay files: the frame of a run and its faults, all that is needed to run it again.

import { readFileSync, writeFileSync } from 'node:fs'
import type { Fault } from './faults.js'
import type { SimOptions } from './options.js'

/** What a replay file holds. */
export interface Replay {
  readonly options: SimOptions
  readonly faults: readonly Fault[]
  /** What broke when it was written. */
  readonly invariant?: string
}

/** Reads a file that `writeReplay` wrote. */
export function readReplay(path: string): Replay {
  return JSON.parse(readFileSync(path, 'utf8')) as Replay
}

/** Writes a replay file, one fault a line. */
export function writeReplay(path: string, { options, faults, invariant }: Replay): void {
  const lines = faults.map((fault) => `    ${JSON.stringify(fault)}`).join(',\n')
  const head = [
    `  "options": ${JSON.stringify(options)}`,
    ...(invariant === undefined ? [] : [`  "invariant": ${JSON.stringify(invariant)}`])
  ]
  writeFileSync(path, `{\n${head.join(',\n')},\n  "faults": [\n${lines}\n  ]\n}\n`)
}
