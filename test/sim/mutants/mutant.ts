// A mutant: a piece of compiled text, and what stands there instead.

/** One planted bug. */
export interface Mutant {
  readonly name: string
  /** Below dist/src. */
  readonly file: string
  /** Text that stands exactly once in the compiled file. */
  readonly find: string
  readonly replace: string
  /** Found within the seeds 1..this. */
  readonly seeds: number
  /** The seed at which it was found last: tried first. */
  readonly at?: number
  /** Not found yet: how far it was looked for. */
  readonly gap?: string
  /** What goes wrong because of it. */
  readonly why: string
}
