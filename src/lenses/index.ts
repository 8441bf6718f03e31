// Lenses: pure functions from records, ballots and trust to answers, and the views that keep the answers.

export { authority, DEFAULT_AUTHORITY } from './authority.js'
export { type Backer } from './backers.js'
export { type BallotFilter, type Statement, type Statements, stateSteps, weightOf } from './ballots.js'
export { type Change, type Withdrawal, WITHDRAWALS_MAX } from './change.js'
export { type Cluster, type Clusters, clusterSteps, type Distinct } from './clusters.js'
export { consensus } from './consensus.js'
export {
  type Constraint, CONSTRAINT_PREDICATES, constraintKind, type ConstraintKind, constraintSteps, preflight,
  type PreflightVerdict
} from './constraints.js'
export { type Density, densitySteps } from './density.js'
export { epochAware } from './epoch-aware.js'
export {
  createEpochView, type Dated, type EpochInput, type EpochView, isLater, type Judging, NO_EPOCHS
} from './epochs.js'
export { LensError, type LensErrorDetail } from './errors.js'
export { EXPLAINED_SIDES_MAX, explainSteps, type Explanation } from './explain.js'
export { type History, HISTORY_POINTS_MAX, type HistoryPoint, historySteps } from './history.js'
export { createLensInput } from './input.js'
export { type TrustBallots, trustBallotSteps } from './key-ballots.js'
export type { Lens, LensFunction, LensInput, LensResult, Standing } from './lens.js'
export { scalarBytes, valueBytes } from './object.js'
export { BACKING_MAX, compareIds, rankSteps } from './ranking.js'
export { recency } from './recency.js'
export { createLensRegistry, type LensRegistry, lensSteps, STANDARD_LENSES } from './registry.js'
export { evidenceSteps, settleSteps } from './settle.js'
export {
  BACKERS_MAX, type Dispute, type DisputedCluster, type DisputePart, skepticSteps
} from './skeptic.js'
export { createPace, type Pace, runSteps, runStepsAt, sortSteps, type Steps } from './steps.js'
export type {
  AuthorityThresholds, Candidate, ClosedView, Judgement, KeyRecords, TrustView, VoteInput
} from './types.js'
export {
  type Claim, type LensView, type View, VIEW_VERSION, VIEW_WINNERS_MAX, type ViewCounts, type ViewLocal,
  type ViewPart, type ViewStanding
} from './view.js'
export { createViewDigest, VIEW_DIGEST_ALGORITHM, type ViewDigest } from './view-digest.js'
export { decodeView, hashedPart, readViewPart, trustGenerationOf } from './view-reader.js'
export { encodeView } from './view-writer.js'
export { type Point, type Window, windowSteps } from './windows.js'
