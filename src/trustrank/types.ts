// Published trust: what a snapshot says of each agent.
// Rule: published values are steps of 1/1024, rounded down: a small change of ballots then changes few views.

import type { Hash, PublicKey } from '../base/index.js'

/** One in published steps. */
export const STEPS_PER_ONE = 1_024

/** What is published of one agent. */
export interface AgentTrust {
  /** How often its ballots agree with what proved to hold, in steps of 1/1024. */
  readonly accuracy: number
  /** Standing that flows from trust seeds, in steps of 1/1024: one at the mean of those who have any. */
  readonly standing: number
  /** Share of its weight its vote budget leaves in rounds that `rounds` does not name: the least; steps. */
  readonly gate: number
  /** Clone group; absent = the agent stands alone. Equal numbers are equal groups within one snapshot. */
  readonly group?: number | undefined
  /** Rounds with another gate, by number of the round; absent = none. */
  readonly rounds?: ReadonlyMap<number, number> | undefined
  /** Accuracy under a predicate where it is not `accuracy`, in steps, by rising predicate; absent = none. */
  readonly predicates?: ReadonlyMap<string, number> | undefined
}

/** Confusion of a closed predicate as published. Cells are steps of 1/1024, row `truth * classes + said`. */
export interface ClosedTrust {
  readonly predicate: string
  /** Bits by which a ballot may speak for another value more than for its own. */
  readonly turnedBits: number
  /** Canonical object bytes as hex, ascending; an index is a class. */
  readonly values: readonly string[]
  /** By class: how often it is the truth, at least 1. */
  readonly base: Uint16Array
  /** How the errors of all agents spread: each row sums to at most one, its diagonal is 0. */
  readonly spread: Uint16Array
  /** Cells of agents with ballots enough; the others have those that follow from accuracy and spread. */
  readonly own: ReadonlyMap<PublicKey, Uint16Array>
  /** Steps of a full voice that agents keep who depend on others; those that are not named keep it all. */
  readonly shares: ReadonlyMap<PublicKey, number>
}

/** All published values: the part of a snapshot that converged peers share. */
export interface Published {
  /** neutral = every agent is one equal ballot; computed = from track records. */
  readonly mode: 'neutral' | 'computed'
  /** Agents whose values differ from `prior`. */
  readonly agents: ReadonlyMap<PublicKey, AgentTrust>
  /** Values of every agent that is not in `agents`. */
  readonly prior: AgentTrust
  /** Length of a round in ms; 0 = no agent has rounds. */
  readonly roundMs: number
  /** By rising predicate. */
  readonly closed: readonly ClosedTrust[]
}

/** What ballots for the values of a closed predicate are worth. */
export interface ClosedWorth {
  /** Class of a value, -1 = none. */
  classOf(objectBytes: Uint8Array): number
  /** Q16 bits by class that its base rate gives it; the rarest has 0. */
  readonly baseBits: Int32Array
  /** Q16 bits by class that a ballot of the agent for class `said` gives it; share included, gate not. */
  support(agent: PublicKey, said: number): Int32Array
}

/**
 * One published state of trust. Immutable; lenses read it as their `TrustView`.
 * `generation` and `frontierRoot` are local: they are in no digest.
 */
export interface TrustSnapshot extends Published {
  /** Counts the snapshots that this node has published. */
  readonly generation: number
  /** Frontier that it was computed from; absent = it holds for any. */
  readonly frontierRoot?: Hash | undefined
  /** BLAKE3 of the published values (`encodePublished`): equal on converged peers. */
  readonly digest: Hash
  /** Weight of an agent's ballot on an item with that many clusters: Q16 bits, 0..6 * 65,536. */
  weightQ(agent: PublicKey, clusters: number, predicate?: string): number
  /** Q16: share of its weight that an agent's ballot of that time keeps. */
  gateQ(agent: PublicKey, timestampMs: number): number
  groupOf(agent: PublicKey): number | undefined
  /** Steps of 1/1024; under a predicate, or over all. */
  accuracy(agent: PublicKey, predicate?: string): number
  /** Steps of 1/1024. */
  standing(agent: PublicKey): number
  /** Undefined where answers are weighed by accuracy alone. */
  closedWorth(predicate: string): ClosedWorth | undefined
}
