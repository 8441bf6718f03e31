// Many seeds over worker processes, so that every core is used and a crash costs one seed.

import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { addTo, emptyTotals, printFailure, printTotals, type Summary, type Totals } from './report.js'

/**
 * Every core has a run: what the engine does in threads of its own takes their time. None of these flags
 * changes a run. Measured with code that has run for a while: what spares compiling (less inlining,
 * optimizing later) gains a tenth on the first forty seeds of a process and loses it after them.
 */
const WORKER_FLAGS = [
  // A simulation runs a lot of code a few times each: interpreted, that took a fourteenth of the time.
  '--always-sparkplug',
  // Threads that collect garbage together wait for one another.
  '--single-threaded-gc',
  // Room for what a few events leave behind: less of it is alive when it is collected.
  '--min-semi-space-size=16', '--max-semi-space-size=32',
  // What one seed does not run the next one does: code that was thrown away is compiled again.
  '--no-flush-bytecode'
]

/** Runs all seeds of a range and prints failures and sums. @returns the exit code */
export async function runSeeds(from: number, to: number, jobs: number): Promise<number> {
  const startedMs = performance.now()
  const totals = emptyTotals()
  const queue = Array.from({ length: to - from + 1 }, (_, index) => from + index)
  const total = queue.length
  await Promise.all(Array.from({ length: Math.min(jobs, total) }, () => work(queue, (summary) => {
    note(totals, summary)
    const done = totals.passed + totals.failed
    if (done % 100 === 0 && done < total) console.log(`${done} of ${total} seeds, ${totals.failed} failed`)
  })))
  printTotals(totals, (performance.now() - startedMs) / 1_000)
  return totals.failed === 0 ? 0 : 1
}

function note(totals: Totals, summary: Summary): void {
  addTo(totals, summary)
  const { seed, violation } = summary
  if (violation !== undefined) printFailure(seed, violation, `npm run sim -- --seed ${seed}`)
}

/** One worker after another until the queue is empty; normally one. */
async function work(queue: number[], onSummary: (summary: Summary) => void): Promise<void> {
  while (queue.length > 0) await useWorker(queue, onSummary)
}

function useWorker(queue: number[], onSummary: (summary: Summary) => void): Promise<void> {
  const path = fileURLToPath(new URL('./worker.js', import.meta.url))
  const child: ChildProcess = fork(path, { execArgv: [...process.execArgv, ...WORKER_FLAGS] })
  let seed: number | undefined
  const next = (): void => {
    seed = queue.shift()
    if (seed === undefined) child.disconnect()
    else child.send(seed)
  }
  return new Promise((resolve) => {
    child.on('message', (summary: Summary) => {
      onSummary(summary)
      next()
    })
    child.on('exit', (code) => {
      if (seed !== undefined) onSummary(crashed(seed, code))
      resolve()
    })
    next()
  })
}

function crashed(seed: number, code: number | null): Summary {
  const violation = { invariant: 'no crash', message: `the process ended with code ${code}`, atMs: 0 }
  return { seed, violation, traceHash: '', counts: [], faults: 0, acknowledged: 0, virtualMs: 0, healedMs: 0, events: 0 }
}
