// One run in this process, from a seed or a replay file: traced, logged, minimised.

import { drawFaults } from '../../test/sim/faults.js'
import { minimise } from '../../test/sim/minimise.js'
import { drawOptions } from '../../test/sim/options.js'
import { readReplay, writeReplay, type Replay } from '../../test/sim/replay.js'
import { runSim, textOf, type RunWatch, type SimResult } from '../../test/sim/run.js'
import { addTo, emptyTotals, printFailure, printTotals, summaryOf } from './report.js'

/** A run by seed or by file. */
export type RunSource = { readonly seed: number } | { readonly path: string }

/** How to run it. */
export interface RunFlags {
  readonly traced: boolean
  readonly minimised: boolean
  readonly logged: boolean
}

/** Runs and prints. @returns the exit code */
export async function runOne(source: RunSource, flags: RunFlags): Promise<number> {
  const replay = load(source)
  const startedMs = performance.now()
  const result = await runSim(replay.options, replay.faults, flags.logged ? printingWatch() : {})
  const totals = emptyTotals()
  const command = 'seed' in source ? `npm run sim -- --seed ${source.seed}` : `npm run sim -- --replay ${source.path}`
  addTo(totals, summaryOf(replay.options.seed, result))
  if (flags.traced) {
    const again = await runSim(replay.options, replay.faults)
    console.log(result.traceHash)
    console.log(again.traceHash)
    if (again.traceHash !== result.traceHash) {
      console.error('the same seed took two ways')
      return 1
    }
  }
  if (result.violation !== undefined) printFailure(replay.options.seed, result.violation, command)
  if (result.violation !== undefined && flags.minimised) await shrink(replay, result)
  printTotals(totals, (performance.now() - startedMs) / 1_000)
  return result.violation === undefined ? 0 : 1
}

function load(source: RunSource): Replay {
  if ('path' in source) return readReplay(source.path)
  const options = drawOptions(source.seed)
  return { options, faults: drawFaults(options) }
}

function printingWatch(): RunWatch {
  return {
    onLog(timeMs, machine, level, fields, message) {
      console.log(`${String(timeMs).padStart(8)} ${machine} ${level.padEnd(5)} ${message} ${textOf(fields).slice(0, 400)}`)
    }
  }
}

async function shrink({ options, faults }: Replay, { violation }: SimResult): Promise<void> {
  if (violation === undefined) return
  const { invariant } = violation
  const minimal = await minimise(options, faults, invariant)
  const path = `dist/sim-${options.seed}.json`
  writeReplay(path, { options, faults: minimal.faults, invariant })
  console.log(`${faults.length} faults, ${minimal.faults.length} of them needed (${minimal.runs} runs):`)
  for (const fault of minimal.faults) console.log(`  ${JSON.stringify(fault)}`)
  console.log(`replay: npm run sim -- --replay ${path}`)
}
