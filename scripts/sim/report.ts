// What the simulator prints: failures as they come, totals at the end.

import type { SimResult } from '../../test/sim/run.js'
import type { Violation } from '../../test/sim/world.js'

/** A result without what cannot travel between processes. */
export interface Summary {
  readonly seed: number
  readonly violation: Violation | undefined
  readonly traceHash: string
  readonly counts: readonly (readonly [string, number])[]
  readonly faults: number
  readonly acknowledged: number
  readonly virtualMs: number
  readonly healedMs: number
  readonly events: number
}

/** Sums over runs. */
export interface Totals {
  passed: number
  failed: number
  faults: number
  acknowledged: number
  virtualMs: number
  healedMsMax: number
  events: number
  readonly counts: Map<string, number>
}

/** Nothing yet. */
export function emptyTotals(): Totals {
  return {
    passed: 0, failed: 0, faults: 0, acknowledged: 0, virtualMs: 0, healedMsMax: 0, events: 0,
    counts: new Map()
  }
}

/** What travels of a result. */
export function summaryOf(seed: number, result: SimResult): Summary {
  const { violation, traceHash, counts, faults, acknowledged, virtualMs, healedMs, events } = result
  return {
    seed, violation, traceHash, counts: [...counts], faults, acknowledged, virtualMs, healedMs, events
  }
}

/** Adds a run to the sums. */
export function addTo(totals: Totals, summary: Summary): void {
  if (summary.violation === undefined) totals.passed += 1
  else totals.failed += 1
  totals.faults += summary.faults
  totals.acknowledged += summary.acknowledged
  totals.virtualMs += summary.virtualMs
  totals.events += summary.events
  totals.healedMsMax = Math.max(totals.healedMsMax, summary.healedMs)
  for (const [what, count] of summary.counts) totals.counts.set(what, (totals.counts.get(what) ?? 0) + count)
}

/** A failure: seed, invariant, and the one command that replays it. */
export function printFailure(seed: number, { invariant, message, atMs }: Violation, command: string): void {
  console.log(`FAILED seed ${seed} after ${(atMs / 1_000).toFixed(1)} s: ${invariant}`)
  console.log(`  ${message}`)
  console.log(`  ${command}`)
}

/** The sums. */
export function printTotals(totals: Totals, seconds: number): void {
  const faults = [...totals.counts].filter(([what]) => what.startsWith('fault: ')).sort(([a], [b]) => (a < b ? -1 : 1))
  const others = [...totals.counts].filter(([what]) => !what.startsWith('fault: ')).sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [what, count] of [...faults, ...others]) console.log(`  ${what.padEnd(48)} ${count}`)
  console.log(`${totals.passed} passed, ${totals.failed} failed`)
  console.log(`${totals.faults} faults planned, ${totals.acknowledged} acknowledged writes, ` +
    `${hoursText(totals.virtualMs)}, ${totals.events} events, ` +
    `equal at the latest ${(totals.healedMsMax / 1_000).toFixed(0)} s after healing, ${seconds.toFixed(1)} s`)
}

/** Virtual time in hours, with two decimals below one hour: a short run is not none. */
export function hoursText(virtualMs: number): string {
  const hours = virtualMs / 3_600_000
  return `${hours.toFixed(hours < 1 ? 2 : 1)} virtual hours`
}
