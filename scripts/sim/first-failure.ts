// The first of some seeds that fails, in a process of its own, with or without a planted bug.

import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Summary } from './report.js'

/** A seed that takes longer is stuck: that is a finding too. */
const SEED_MS_MAX = 300_000

/**
 * Runs seeds until one fails.
 * @param name of the mutant to plant, empty for none
 * @param scene whose numbers the seeds are; empty: each draws its own world
 * @throws Error when the process ends: a mutant that does not run has not been looked for
 */
export function firstFailure(
  seeds: readonly number[], name: string, scene: string
): Promise<Summary | undefined> {
  const child = startWorker(name, scene)
  const left = [...seeds]
  let said = ''
  let timer: NodeJS.Timeout | undefined
  child.stderr?.on('data', (chunk: Buffer) => (said = (said + chunk.toString('utf8')).slice(-1_000)))
  return new Promise<Summary | undefined>((resolve, reject) => {
    const next = (): void => {
      clearTimeout(timer)
      const seed = left.shift()
      if (seed === undefined) return resolve(undefined)
      child.send(seed)
      timer = setTimeout(() => resolve(stuck(seed)), SEED_MS_MAX)
    }
    child.on('message', (summary: Summary) => (summary.violation === undefined ? next() : resolve(summary)))
    child.on('exit', (code) => reject(new Error(`${name === '' ? 'clean code' : name}: code ${code ?? ''}: ${said}`)))
    next()
  }).finally(() => {
    clearTimeout(timer)
    child.kill()
  })
}

function startWorker(name: string, scene: string): ChildProcess {
  const plant = ['--import', new URL('../../test/sim/mutants/register.js', import.meta.url).href]
  return fork(fileURLToPath(new URL('./worker.js', import.meta.url)), {
    execArgv: name === '' ? [] : plant, silent: true,
    env: { ...process.env, STEMEDB_SIM_MUTANT: name, STEMEDB_SIM_SCENE: scene }
  })
}

function stuck(seed: number): Summary {
  const violation = { invariant: 'the run ends', message: `not after ${SEED_MS_MAX} ms`, atMs: 0 }
  return {
    seed, violation, traceHash: '', counts: [], faults: 0, acknowledged: 0, virtualMs: 0, healedMs: 0, events: 0
  }
}
