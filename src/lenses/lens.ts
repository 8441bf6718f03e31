// What a lens is: what it is handed and what it answers.
// Rule: whole numbers only; scores and shares are Q16 (65,536 = one).

import type { Hash } from '../base/index.js'
import type { Density } from './density.js'
import type { NumberedKey } from './numbers.js'
import type { Steps } from './steps.js'
import type { Candidate, Judgement } from './types.js'

/** All that a lens may read. Made by `createLensInput`. */
export interface LensInput extends NumberedKey, Judgement {
  /** Ballots, clusters and scores over all agents; computed once, however many lenses ask. */
  density(): Steps<Density>
  /** Who wins by a density; by the one over all agents, computed once as well. */
  rank(density: Density, explain: boolean | undefined): Steps<LensResult | undefined>
}

/** One answer with the support it has. */
export interface Standing {
  /** The assertion that stands for the answer. */
  readonly candidate: Candidate
  /** Trust-weighted ballots in Q16 bits. */
  readonly score: number
  /** Probability in Q16: against all other clusters, or against "not this" where many answers hold. */
  readonly share: number
  /** Distinct agents with weight for it. */
  readonly agents: number
}

/** What a lens answers. */
export interface LensResult {
  /** At least one; more than one only with cardinality many. Best first. */
  readonly winners: readonly Standing[]
  /** The best answer that did not win. */
  readonly runnerUp?: Standing | undefined
  /** True when no trust has reached the item: the winner is the plurality of distinct agents. */
  readonly undecided: boolean
  readonly clusters: number
  /** Agents whose ballot has weight. */
  readonly ballots: number
  /** Ids of the assertions and votes that back the first winner, ascending; only when asked to explain. */
  readonly backing?: readonly Hash[] | undefined
  /** EpochAware, only when asked to explain: assertions of superseded epochs, ascending, the first 1,000. */
  readonly superseded?: readonly Hash[] | undefined
}

/** A pure function from records and trust to an answer, or to `undefined` for no candidates. */
export type LensFunction = (input: LensInput) => LensResult | undefined | Steps<LensResult | undefined>

/** A lens with its name. */
export interface Lens {
  /** 1..64 letters, digits, `-`, `_`, a letter first; compared without regard to case. */
  readonly name: string
  /** Standard lenses: the number of the lens in views. */
  readonly viewCode?: number | undefined
  readonly resolve: LensFunction
  /**
   * The ballots that decide, for explanations: `nothing` = time alone does. Absent = all ballots are shown,
   * and what would change the answer is found by trying.
   */
  readonly weighs?: 'nothing' | ((input: LensInput) => Steps<Density | undefined>) | undefined
}
