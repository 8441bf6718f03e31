// Liars that aim: which worlds have them, and what each is after. A fifth of all seeds draws them, from forks
// of their own, so that the others go as they would without.

import type { SimOptions } from './options.js'
import { createPrng } from './prng.js'

/** What a liar is after. */
export type Habit =
  /** Answers questions with a block every so often: new, known, or of the future. */
  | 'drip'
  /** Opens all streams that it may, and says next to nothing on them; leaves questions without an answer. */
  | 'hold'
  /** Asks for what is there, again and again, and names what it knows as waiting here. */
  | 'ask'
  /** Says that it knows a later block of the machine's own feed. */
  | 'retire'
  /** Sends frames over the limit. */
  | 'large'

/** One of them, as an entry of the list of faults. */
export interface Aim {
  readonly kind: 'aimed liar'
  /** Its place among them: its keys and its network address. */
  readonly number: number
  readonly habit: Habit
  /** Pause between two of its acts. */
  readonly everyMs: number
}

/** What a seed says of them. */
export interface Siege {
  /** How many there are; 0 in most worlds. */
  readonly aimed: number
  /** They stay when all else is healed, and gossip dies between all machines. */
  readonly siege: boolean
}

const HABITS: readonly Habit[] = ['drip', 'drip', 'hold', 'hold', 'ask', 'retire', 'large']

/** The worlds of liars that aim. */
export function drawSiege(seed: number): Siege {
  const prng = createPrng(`${seed}/conspirators`)
  if (!prng.chance(0.2)) return { aimed: 0, siege: false }
  return { aimed: prng.pick([1, 2, 4, 9]), siege: prng.chance(0.7) }
}

/** The liars of a seed; most come early. */
export function drawAims(
  { seed, aimed, safetyMs }: SimOptions
): readonly (Aim & { readonly atMs: number })[] {
  const world = createPrng(`${seed}/aims`)
  // In some worlds all are after the same.
  const shared = world.chance(0.4) ? world.pick(HABITS) : undefined
  return Array.from({ length: aimed }, (_, number) => {
    const own = world.fork(String(number))
    const atMs = own.chance(0.7) ? own.between(500, 5_000) : own.between(5_000, safetyMs - 1)
    const habit = shared ?? own.pick(HABITS)
    return { atMs, kind: 'aimed liar', number, habit, everyMs: own.pick([500, 2_000, 5_000]) }
  })
}
