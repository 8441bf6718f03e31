// Snapshots: published values with the weights that follow from them.
// Rule: everything a lens reads follows from the published values, so equal digests are equal answers.

import { type Hash, type PublicKey, Q, timesQ, toHex } from '../base/index.js'
import { roundOf } from './budget.js'
import { columnOf, plainColumn, supportOf } from './confusion.js'
import { neutralTrust } from './neutral.js'
import { TRUST_CONSTANTS } from './parameters.js'
import { publishedDigest } from './published.js'
import { baseBits } from './scores.js'
import {
  type AgentTrust, type ClosedTrust, type ClosedWorth, type Published, STEPS_PER_ONE, type TrustSnapshot
} from './types.js'
import { bitsOf } from './weight.js'

/** Q16 units in one published step. */
const Q_PER_STEP = Q / STEPS_PER_ONE

/** Where and when a snapshot was computed: local, in no digest. */
export interface SnapshotPlace {
  readonly generation: number
  readonly frontierRoot?: Hash | undefined
}

/**
 * The snapshot of published values.
 * @param digest of their bytes, where these are at hand: encoding all agents again costs as much as a round
 */
export function snapshotOf(
  published: Published, place: SnapshotPlace, digest: Hash = publishedDigest(published)
): TrustSnapshot {
  if (published.mode === 'neutral') return { ...neutralTrust(place.frontierRoot), generation: place.generation }
  const { mode, agents, prior, roundMs, closed } = published
  // Lenses ask several things of one agent before they ask of the next.
  let [asked, found]: [PublicKey | undefined, AgentTrust] = [undefined, prior]
  const of = (agent: PublicKey): AgentTrust => {
    if (agent !== asked) {
      asked = agent
      found = agents.get(agent) ?? prior
    }
    return found
  }
  const worths = new Map<string, ClosedWorth>()
  const accuracyIn = (agent: PublicKey, predicate?: string): number => {
    const { accuracy, predicates } = of(agent)
    return predicate === undefined ? accuracy : predicates?.get(predicate) ?? accuracy
  }
  for (const each of closed) {
    worths.set(each.predicate, worthOf(each, (agent) => accuracyIn(agent, each.predicate)))
  }
  return {
    mode, agents, prior, roundMs, closed, generation: place.generation, frontierRoot: place.frontierRoot,
    digest,
    weightQ: (agent, clusters, predicate) =>
      bitsOf(accuracyIn(agent, predicate) * Q_PER_STEP, clusters, TRUST_CONSTANTS.bitsMax),
    gateQ(agent, timestampMs) {
      const { gate, rounds } = of(agent)
      return (rounds?.get(roundOf(timestampMs, roundMs)) ?? gate) * Q_PER_STEP
    },
    groupOf: (agent) => of(agent).group,
    accuracy: accuracyIn,
    standing: (agent) => of(agent).standing,
    closedWorth: (predicate) => worths.get(predicate)
  }
}

/** Supports are computed when first asked for and kept: a table is read for many items. */
function worthOf(closed: ClosedTrust, accuracy: (agent: PublicKey) => number): ClosedWorth {
  const classes = closed.values.length
  const classOf = new Map(closed.values.map((value, at) => [value, at]))
  const spread = Uint32Array.from(closed.spread, (steps) => steps * Q_PER_STEP)
  const limits = { bitsMax: TRUST_CONSTANTS.bitsMax, turnedMax: closed.turnedBits * Q }
  const kept = new Map<PublicKey, (Int32Array | undefined)[]>()
  const column = (agent: PublicKey, said: number): Uint32Array => {
    const own = closed.own.get(agent)
    if (own === undefined) return plainColumn(accuracy(agent) * Q_PER_STEP, spread, classes, said)
    return columnOf(own, classes, said).map((steps) => steps * Q_PER_STEP)
  }
  return {
    classOf: (objectBytes) => classOf.get(toHex(objectBytes)) ?? -1,
    baseBits: baseBits(Uint32Array.from(closed.base, (steps) => steps * Q_PER_STEP)),
    support(agent, said) {
      let known = kept.get(agent)
      if (known === undefined) kept.set(agent, known = [])
      const share = (closed.shares.get(agent) ?? STEPS_PER_ONE) * Q_PER_STEP
      return known[said] ??= supportOf(column(agent, said), said, limits)
        .map((bits) => timesQ(bits, share))
    }
  }
}
