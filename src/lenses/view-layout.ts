// Lengths and flags of a view's bytes. All numbers are little-endian. Specified in docs/formats/view.md.

/** Layout of version 1. */
export const VIEW_LAYOUT = Object.freeze({
  /** Length of the hashed part. */
  frameBytes: 4,
  /** Version 1, lenses 1, claims 2, four counts of 4, evidence 32. */
  headBytes: 52,
  /** Code 1, flags 1, winners kept 2, winners in all 4. */
  lensBytes: 8,
  /** Claim 2, score 8, share 4, agents 4. */
  standingBytes: 18,
  /** End of a claim, counted from the start of the first. */
  endBytes: 4,
  /** Id 32, agent 32, timestamp 8, flags 1. */
  claimBytes: 73,
  /** Time of computation 8, trust generation 8, frontier present 1. */
  localBytes: 17,
  flags: Object.freeze({ undecided: 1, runnerUp: 2, epoch: 1, source: 2 })
}) as {
  readonly frameBytes: 4
  readonly headBytes: 52
  readonly lensBytes: 8
  readonly standingBytes: 18
  readonly endBytes: 4
  readonly claimBytes: 73
  readonly localBytes: 17
  readonly flags: { readonly undecided: 1; readonly runnerUp: 2; readonly epoch: 1; readonly source: 2 }
}
