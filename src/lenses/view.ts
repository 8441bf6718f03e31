// Views: the stored answer of the standard lenses for one (subject, predicate).
// Rule: everything but `local` is a function of the set of admitted records. Bytes: docs/formats/view.md.

import type { Hash, PublicKey } from '../base/index.js'

/** Version of the bytes and of the rules that lead to them; part of the state tag. */
export const VIEW_VERSION = 2

/** Winners kept per lens; how many there are is told by `winnersTotal`. */
export const VIEW_WINNERS_MAX = 64

/** An assertion that a view shows. */
export interface Claim {
  readonly id: Hash
  readonly agentId: PublicKey
  readonly timestampMs: number
  readonly epoch?: Hash | undefined
  readonly source?: string | undefined
  readonly objectBytes: Uint8Array
}

/** One answer of a lens as kept. */
export interface ViewStanding {
  readonly claim: Claim
  /** Q16 bits. */
  readonly score: number
  /** Q16. */
  readonly share: number
  readonly agents: number
}

/** The answer of one standard lens. */
export interface LensView {
  readonly code: number
  readonly undecided: boolean
  /** Best first, at least one, at most 64. */
  readonly winners: readonly ViewStanding[]
  readonly winnersTotal: number
  readonly runnerUp?: ViewStanding | undefined
}

/** What stands behind a view. */
export interface ViewCounts {
  /** Effective assertions. */
  readonly candidates: number
  /** Effective votes on them. */
  readonly votes: number
  /** Agents whose ballot has weight. */
  readonly ballots: number
  readonly clusters: number
}

/** What this node alone knows of a view; in no digest. */
export interface ViewLocal {
  readonly computedAtMs: number
  readonly trustGeneration: number
  /** Frontier of the trust snapshot; absent = it holds for any. */
  readonly trustFrontier?: Hash | undefined
}

/** The entry `MV:{subject}{predicate}`. */
export interface View {
  readonly counts: ViewCounts
  /** BLAKE3 over the sorted ids of all effective assertions and votes of the key. */
  readonly evidence: Hash
  /** By rising code. A lens without an answer is left out. */
  readonly lenses: readonly LensView[]
  readonly local: ViewLocal
}

/** One lens of a view, with what all its lenses share. */
export interface ViewPart {
  readonly counts: ViewCounts
  readonly evidence: Hash
  readonly lens: LensView
  readonly local: ViewLocal
}
