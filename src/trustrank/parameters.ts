// Parameters of trust: what genesis fixes for a network, and the constants of the algorithm.
// Rule: a constant here is part of the published result; changing one is a new version of trust.

import type { PublicKey } from '../base/index.js'

/** What genesis says of trust. */
export interface TrustPolicy {
  /** Agents that trust starts from. */
  readonly seeds: readonly PublicKey[]
  /** `off`: all agents stand alike; `votes`: standing flows from the seeds along votes. */
  readonly standing: 'off' | 'votes'
  /** Age in ms at which a track record counts half; 0 = it never ages. */
  readonly halfLifeMs: number
  /** Ballots that all agents together may cast in a round at full weight; 0 = no budget. */
  readonly voteBudget: number
  /** Length of a round in ms. */
  readonly roundMs: number
}

/** A network without seeds: all agents stand alike. */
export const OPEN_POLICY: TrustPolicy = Object.freeze({
  seeds: [], standing: 'off', halfLifeMs: 0, voteBudget: 0, roundMs: 86_400_000
})

/** Constants of the algorithm. */
export interface TrustConstants {
  /** Most rounds of each phase of the fixed point. Data sets settle in 5 to 12. */
  readonly roundsMax: number
  /** Rounds before a phase may end, so that tables and accuracies have met. */
  readonly roundsMin: number
  /** Ballots that the prior of an accuracy is worth. */
  readonly priorBallots: number
  /** Q16: bounds of the prior's mean. Who errs more often than not has no majority to learn from. */
  readonly priorMin: number
  readonly priorMax: number
  /** Q16: bounds of an accuracy, so that no ballot is ever worth more than 6.6 bits. */
  readonly accuracyMin: number
  readonly accuracyMax: number
  /**
   * Ballots on items that a seed has judged that all an agent's others together are worth: what the crowd
   * confirms of itself is a prior, however much of it there is.
   */
  readonly auditPriorBallots: number
  /** A seed's prior: Q16 mean and ballots it is worth. */
  readonly seedPrior: number
  readonly seedPriorBallots: number
  /** Q16 bits: most that one ballot can weigh. */
  readonly bitsMax: number
  /** Bits: most by which a confusion table lets a ballot speak for another value more than for its own. */
  readonly turnedBitsMax: number
  /** Most values of a closed predicate. */
  readonly classesMax: number
  /** Ballots in a closed predicate from which an agent has a confusion table of its own. */
  readonly tableBallotsMin: number
  /** Ballots that the prior of each row of a confusion table is worth: 15 to 40 do alike, 6 is too few. */
  readonly tablePriorBallots: number
  /** Ballots on items that a seed has judged that a row of all an agent's others is worth in its table. */
  readonly auditTablePriorBallots: number
  /** Least contested items that two agents have in common before their agreement says anything. */
  readonly pairItemsMin: number
  /** Agents of an item, highest standing first, that are looked at for pairs. */
  readonly pairAgentsPerItem: number
  /** Agents looked at for pairs in all: their pairs stay below 2^22. */
  readonly pairAgentsMax: number
  /** Thousandths of them on which they agree at least. */
  readonly cloneAgreement: number
  /** Q16: share on which clones agree, what noise leaves of 1. */
  readonly cloneShare: number
  /** Q16: bounds of the share on which agents are expected to agree without being clones. */
  readonly strangersMin: number
  readonly strangersMax: number
  /** Bits by which being clones must explain two agents better than that expectation: 1 in 10^6 pairs. */
  readonly cloneBits: number
  /**
   * Square of the standard deviations by which two agents agree too much to be independent. At five of them
   * chance alone joins one of the 2^22 pairs.
   */
  readonly dependenceMin: number
}

/** Constants of this version. Each figure: docs/trust.md. */
export const TRUST_CONSTANTS: TrustConstants = Object.freeze({
  roundsMax: 20,
  roundsMin: 4,
  priorBallots: 4,
  priorMin: 32_768,
  priorMax: 62_259,
  accuracyMin: 655,
  accuracyMax: 64_880,
  auditPriorBallots: 4,
  seedPrior: 64_880,
  seedPriorBallots: 1,
  bitsMax: 393_216,
  turnedBitsMax: 2,
  classesMax: 30,
  tableBallotsMin: 8,
  tablePriorBallots: 20,
  auditTablePriorBallots: 8,
  pairItemsMin: 20,
  pairAgentsPerItem: 64,
  pairAgentsMax: 2_896,
  cloneAgreement: 985,
  cloneShare: 64_880,
  strangersMin: 32_768,
  strangersMax: 64_225,
  cloneBits: 20,
  dependenceMin: 25
})
