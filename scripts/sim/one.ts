// One run in this process, from a seed or a replay file: traced, logged, minimised.

import { minimise } from '../../test/sim/minimise.js'
import { readReplay, writeReplay, type Replay } from '../../test/sim/replay.js'
import { runSim, textOf, type RunWatch, type SimResult } from '../../test/sim/run.js'
import { worldOf } from '../../test/sim/scenes.js'
import { addTo, emptyTotals, printFailure, printTotals, summaryOf } from './report.js'

/** A run by seed, its own world or a scene's, or by file. */
export type RunSource = { readonly seed: number; readonly scene?: string } | { readonly path: string }

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
  const seed = 'seed' in source ? source.seed : replay.options.seed
  addTo(totals, summaryOf(seed, result))
  if (flags.traced) {
    const again = await runSim(replay.options, replay.faults)
    console.log(result.traceHash)
    console.log(again.traceHash)
    if (again.traceHash !== result.traceHash) {
      console.error('the same seed took two ways')
      return 1
    }
  }
  if (result.violation !== undefined) printFailure(seed, result.violation, commandOf(source))
  if (result.violation !== undefined && flags.minimised) await shrink(replay, result, fileOf(source, seed))
  printTotals(totals, (performance.now() - startedMs) / 1_000)
  return result.violation === undefined ? 0 : 1
}

function load(source: RunSource): Replay {
  return 'path' in source ? readReplay(source.path) : worldOf(source.seed, source.scene)
}

/** The one command that runs it again. */
export function commandOf(source: RunSource): string {
  if ('path' in source) return `npm run sim -- --replay ${source.path}`
  const scene = source.scene === undefined ? '' : `--scene '${source.scene}' `
  return `npm run sim -- ${scene}--seed ${source.seed}`
}

/** Where its replay goes: the numbers of a scene are no seeds. */
function fileOf(source: RunSource, seed: number): string {
  const scene = 'scene' in source && source.scene !== undefined ? `${source.scene.replaceAll(' ', '-')}-` : ''
  return `dist/sim-${scene}${seed}.json`
}

function printingWatch(): RunWatch {
  return {
    onLog(timeMs, machine, level, fields, message) {
      console.log(`${String(timeMs).padStart(8)} ${machine} ${level.padEnd(5)} ${message} ${textOf(fields).slice(0, 400)}`)
    }
  }
}

async function shrink({ options, faults }: Replay, { violation }: SimResult, path: string): Promise<void> {
  if (violation === undefined) return
  const { invariant } = violation
  const minimal = await minimise(options, faults, invariant)
  writeReplay(path, { options, faults: minimal.faults, invariant })
  console.log(`${faults.length} faults, ${minimal.faults.length} of them needed (${minimal.runs} runs):`)
  for (const fault of minimal.faults) console.log(`  ${JSON.stringify(fault)}`)
  console.log(`replay: npm run sim -- --replay ${path}`)
}
