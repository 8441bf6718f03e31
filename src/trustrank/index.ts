// TrustRank: what agents have earned, published in snapshots that lenses read.

export { type BallotBook, type BookKey, createBallotBook } from './book.js'
export { changeBetween, type TrustChange } from './change.js'
export { type BallotColumns, type ClosedPredicate, type Endorsements, itemCount } from './columns.js'
export { type ComputedTrust, computeTrust } from './compute.js'
export {
  type AgentReasons, CLONES_NAMED_MAX, createTrustDesk, type NamedMover, type TrackRecord, type TrustAnswers,
  type TrustDesk, type TrustFinding, type TrustRequest
} from './desk.js'
export { type Explanation, type Mover, MOVERS_MAX, type PredicateRecord } from './explain.js'
export type { BallotCluster, BallotRow, Endorsement, KeyBallots } from './key-ballots.js'
export { neutralTrust } from './neutral.js'
export { OPEN_POLICY, TRUST_CONSTANTS, type TrustConstants, type TrustPolicy } from './parameters.js'
export { decodePublished, encodePublished, publishedDigest } from './published.js'
export { type SnapshotPlace, snapshotOf } from './snapshot.js'
export {
  type AgentTrust, type ClosedTrust, type ClosedWorth, type Published, STEPS_PER_ONE, type TrustSnapshot
} from './types.js'
