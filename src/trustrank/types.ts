// Published trust: what a snapshot says of each agent.
// Rule: published values are steps of 1/1024, rounded down: a small change of ballots then changes few views.

import type { Hash, PublicKey } from '../base/index.js'

/** One in published steps. */
export const STEPS_PER_ONE = 1_024

/** What is published of one agent. */
export interface AgentTrust {
  /** How often its ballots agree with what proved to hold, in steps of 1/1024. */
  readonly accuracy: number
  /** Standing that flows from trust seeds, in steps of 1/1024. */
  readonly standing: number
  /** Share of its weight that its vote budget leaves, in steps of 1/1024. */
  readonly gate: number
  /** Clone group; absent = the agent stands alone. Equal numbers are equal groups within one snapshot. */
  readonly group?: number | undefined
}

/**
 * One published state of trust. Immutable; lenses read it as their `TrustView`.
 * `generation` and `frontierRoot` are local: they are in no digest.
 */
export interface TrustSnapshot {
  /** neutral = every agent is one equal ballot; computed = from track records. */
  readonly mode: 'neutral' | 'computed'
  /** Counts the snapshots that this node has published. */
  readonly generation: number
  /** Frontier that it was computed from; absent = it holds for any. */
  readonly frontierRoot?: Hash | undefined
  /** BLAKE3 of the published values (`encodePublished`): equal on converged peers. */
  readonly digest: Hash
  /** Agents whose values differ from `prior`. */
  readonly agents: ReadonlyMap<PublicKey, AgentTrust>
  /** Values of every agent that is not in `agents`. */
  readonly prior: AgentTrust
  /** Weight of an agent's ballot on an item with that many clusters: Q16 bits, 0..6 * 65,536. */
  weightQ(agent: PublicKey, clusters: number): number
  groupOf(agent: PublicKey): number | undefined
  /** Steps of 1/1024. */
  accuracy(agent: PublicKey): number
  /** Steps of 1/1024. */
  standing(agent: PublicKey): number
}
