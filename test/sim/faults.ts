// Faults: an explicit list, each with its time. The list is the replay file and what the minimiser shrinks.
// Rule: a fault says all about itself; taking one away changes no other.

import { drawAims, type Aim } from './aims.js'
import type { IndexFate } from './index-source.js'
import { LIES } from './liar.js'
import type { Moment } from './machine.js'
import type { SimOptions } from './options.js'
import { createPrng, type Prng } from './prng.js'
import type { NetworkFault } from './weather.js'

/** What may go wrong, without its time. */
export type FaultAct =
  | { readonly kind: 'network'; readonly fault: NetworkFault; readonly forMs: number }
  | { readonly kind: 'break-link'; readonly a: number; readonly b: number }
  | {
      readonly kind: 'crash'
      readonly machine: number
      readonly power: boolean
      readonly index: IndexFate
      readonly draw: number
      readonly downMs: number
      /** At once, or in the middle of the next operation of this kind. */
      readonly within: Moment | 'none'
    }
  | { readonly kind: 'stop'; readonly machine: number; readonly downMs: number }
  | { readonly kind: 'stall'; readonly machine: number; readonly forMs: number }
  | { readonly kind: 'disk-error'; readonly machine: number; readonly operation: 'sync' | 'write'; readonly after: number }
  | { readonly kind: 'index-error'; readonly machine: number }
  | { readonly kind: 'short-writes'; readonly machine: number; readonly forMs: number }
  | { readonly kind: 'full-disk'; readonly machine: number; readonly forMs: number; readonly indexOnly: boolean }
  | { readonly kind: 'bit-rot'; readonly machine: number; readonly draw: number; readonly bit: number; readonly downMs: number }
  | { readonly kind: 'row-rot'; readonly machine: number; readonly draw: number; readonly rows: RottenRows }
  | {
      readonly kind: 'restore'
      readonly machine: number
      readonly backMs: number
      readonly downMs: number
      /** A backup on another disk; else the machine is rolled back and cannot tell. */
      readonly copied: boolean
      /** Alone this long after its start. */
      readonly aloneMs: number
      /** Clients that were waiting for it. */
      readonly writes: number
    }
  | { readonly kind: 'clock'; readonly machine: number; readonly offsetMs: number }
  | { readonly kind: 'lie'; readonly liar: number; readonly machine: number; readonly what: string; readonly draw: number }
  | Aim

/** What of a block's rows rots: one row is lost, one record is changed, or all are lost. */
export type RottenRows = 'block' | 'place' | 'holder' | 'record' | 'changed record' | 'all'

/** A fault at its time. */
export type Fault = FaultAct & { readonly atMs: number }

type Make = (prng: Prng, machines: number) => FaultAct

const KINDS: Readonly<Record<string, readonly [weight: number, make: Make]>> = {
  loss: [2, (prng) => lasting({ kind: 'loss', perMille: prng.between(10, 300) }, prng)],
  duplicate: [1, (prng) => lasting({ kind: 'duplicate', perMille: prng.between(10, 300) }, prng)],
  delay: [2, (prng) => lasting({ kind: 'delay', lowMs: prng.between(1, 100), highMs: prng.between(100, 1_000) }, prng)],
  clog: [1, (prng, n) => lasting({ kind: 'clog', ...direction(prng, n), addMs: prng.between(500, 5_000) }, prng)],
  'one-way': [2, (prng, n) => lasting({ kind: 'one-way', ...direction(prng, n) }, prng)],
  partition: [3, (prng, n) => lasting({ kind: 'partition', side: side(prng, n), oneWay: false }, prng)],
  'asymmetric partition': [2, (prng, n) => lasting({ kind: 'partition', side: side(prng, n), oneWay: true }, prng)],
  mute: [3, (prng, n) => lasting({ kind: 'mute', ...direction(prng, n) }, prng)],
  'break-link': [2, (prng, n) => {
    const { from: a, to: b } = direction(prng, n)
    return { kind: 'break-link', a, b }
  }],
  kill: [4, (prng, n) => crash(prng, n, false, 'kept')],
  power: [5, (prng, n) => crash(prng, n, true, 'unsynced-lost')],
  'index damage': [3, (prng, n) =>
    crash(prng, n, prng.chance(0.5), prng.pick(['older', 'hole', 'emptied', 'missing'] as const))],
  stop: [2, (prng, n) => ({ kind: 'stop', machine: prng.integer(n), downMs: prng.between(10, 20_000) })],
  stall: [1, (prng, n) => ({ kind: 'stall', machine: prng.integer(n), forMs: prng.between(100, 20_000) })],
  'disk error': [2, (prng, n) => {
    const operation = prng.pick(['sync', 'write'] as const)
    return { kind: 'disk-error', machine: prng.integer(n), operation, after: prng.integer(4) }
  }],
  'index error': [1, (prng, n) => ({ kind: 'index-error', machine: prng.integer(n) })],
  'short writes': [1, (prng, n) => ({ kind: 'short-writes', machine: prng.integer(n), forMs: prng.between(1_000, 30_000) })],
  'full disk': [2, (prng, n) => ({
    kind: 'full-disk', machine: prng.integer(n), forMs: prng.between(500, 20_000), indexOnly: prng.chance(0.3)
  })],
  'bit rot': [1, (prng, n) => ({
    kind: 'bit-rot', machine: prng.integer(n), draw: prng.real(), bit: prng.integer(8), downMs: prng.between(10, 5_000)
  })],
  restore: [2, (prng, n) => ({
    kind: 'restore', machine: prng.integer(n), backMs: prng.between(500, 30_000), downMs: prng.between(10, 5_000),
    copied: prng.chance(0.3), aloneMs: prng.pick([0, 0, 3_000, 12_000]), writes: prng.pick([0, 2, 8])
  })],
  clock: [2, (prng, n) => ({ kind: 'clock', machine: prng.integer(n), offsetMs: prng.between(-600_000, 600_000) })],
  'clock jump': [1, (prng, n) => ({ kind: 'clock', machine: prng.integer(n), offsetMs: prng.between(-40_000, 40_000) })],
  'row rot': [2, (prng, n) => ({
    kind: 'row-rot', machine: prng.integer(n), draw: prng.real(),
    rows: prng.pick(['block', 'place', 'holder', 'record', 'changed record', 'all'] as const)
  })]
}

/** The faults of a seed: its own mix of kinds, spread over its time. */
export function drawFaults(options: SimOptions): readonly Fault[] {
  const prng = createPrng(`${options.seed}/faults`)
  const density = prng.pick([0.5, 1, 2, 4])
  const kinds = Object.values(KINDS).filter(() => prng.chance(0.5))
  const total = kinds.reduce((sum, [weight]) => sum + weight, 0)
  if (total === 0) return drawAims(options)
  const count = Math.round((options.safetyMs / 10_000) * density)
  const faults = Array.from({ length: count }, (_, index) => {
    const own = prng.fork(String(index))
    let draw = own.integer(total)
    const kind = kinds.find(([weight]) => (draw -= weight) < 0) ?? KINDS['power']
    if (kind === undefined) throw new Error('a kind of fault')
    return { atMs: own.between(1_000, options.safetyMs - 1), ...kind[1](own, options.machines) }
  })
  return [...faults, ...drawLies(options), ...drawAims(options)].sort((a, b) => a.atMs - b.atMs)
}

/** Lies of a seed: each run has its own few kinds. */
function drawLies({ seed, liars, machines, safetyMs }: SimOptions): readonly Fault[] {
  if (liars === 0) return []
  const prng = createPrng(`${seed}/lies`)
  const kinds = LIES.filter(() => prng.chance(0.4))
  if (kinds.length === 0) return []
  return Array.from({ length: Math.round(safetyMs / prng.pick([500, 2_000, 8_000])) }, (_, index) => {
    const own = prng.fork(String(index))
    return {
      atMs: own.between(1_000, safetyMs - 1), kind: 'lie', liar: own.integer(liars), machine: own.integer(machines),
      what: own.pick(kinds), draw: own.integer(1_000_000_000)
    }
  })
}

/** The name under which a fault is counted. */
export function faultName(fault: FaultAct): string {
  if (fault.kind === 'network') return fault.fault.kind
  if (fault.kind === 'crash') return `crash (${fault.power ? 'power' : 'kill'}, index ${fault.index})`
  if (fault.kind === 'row-rot') return `row rot (${fault.rows})`
  if (fault.kind === 'aimed liar') return `liar that aims: ${fault.habit}`
  return fault.kind === 'lie' ? `lie: ${fault.what}` : fault.kind
}

function lasting(fault: NetworkFault, prng: Prng): FaultAct {
  return { kind: 'network', fault, forMs: prng.between(500, 40_000) }
}

function direction(prng: Prng, machines: number): { readonly from: number; readonly to: number } {
  const from = prng.integer(machines)
  return { from, to: (from + 1 + prng.integer(Math.max(1, machines - 1))) % machines }
}

function side(prng: Prng, machines: number): readonly number[] {
  const inside = Array.from({ length: machines }, (_, index) => index).filter(() => prng.chance(0.5))
  return inside.length === 0 || inside.length === machines ? [prng.integer(machines)] : inside
}

function crash(prng: Prng, machines: number, power: boolean, index: IndexFate): FaultAct {
  // Some come back at once, some when the others have long gone on.
  const downMs = prng.chance(0.5) ? prng.between(1, 500) : prng.between(500, 30_000)
  const within = prng.pick(['none', 'none', 'sync', 'sync', 'write', 'rename', 'index'] as const)
  return { kind: 'crash', machine: prng.integer(machines), power, index, draw: prng.real(), downMs, within }
}
