// A mutant: a piece of compiled text, and what stands there instead; and the few shapes that most have.

/** One planted bug. */
export interface Mutant extends Change {
  readonly name: string
  /** Below dist/src. */
  readonly file: string
  /** Found within the seeds 1..this. */
  readonly seeds: number
  /** The name of the scene in place of the world of each seed: seeds are its numbers. */
  readonly scene?: string
  /** The seed at which it was found last: tried first. */
  readonly at?: number
  /** Not found yet: how far it was looked for. */
  readonly gap?: string
  /** What goes wrong because of it. */
  readonly why: string
}

/** What becomes of the code. */
export interface Change {
  /** Text that stands exactly once in the compiled file. */
  readonly find: string
  readonly replace: string
}

/** Mutants of one file. */
export function inFile(file: string, ...mutants: readonly Omit<Mutant, 'file'>[]): readonly Mutant[] {
  return mutants.map((mutant) => ({ file, ...mutant }))
}

/** Other text. */
export function change(find: string, replace: string): Change {
  return { find, replace }
}

/** Statements that are left out. */
export function without(find: string): Change {
  return { find, replace: ';' }
}

/** A condition that never holds. */
export function never(condition: string): Change {
  return { find: `if (${condition})`, replace: 'if (false)' }
}

/** A condition that always holds. */
export function always(condition: string): Change {
  return { find: `if (${condition})`, replace: 'if (true)' }
}
