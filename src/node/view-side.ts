// Views and trust of a node: each is handed what the other makes.

import { Q } from '../base/index.js'
import type { AdmissionRules, Dag } from '../dag/index.js'
import type { AuthorityThresholds } from '../lenses/index.js'
import { createMaterializer, type Materializer } from '../materializer/index.js'
import type { Store } from '../store/index.js'
import { STEPS_PER_ONE } from '../trustrank/index.js'
import type { NodeParts, NodeSetup } from './setup.js'
import { createTrustKeeper, type TrustKeeper } from './trust-keeper.js'

/** The two. */
export interface ViewSide {
  readonly materializer: Materializer
  readonly trust: TrustKeeper
}

/** What they stand on. */
export interface ViewDeps {
  readonly store: Store
  readonly dag: Dag
  readonly rules: AdmissionRules
  /** Views can no longer follow the index. */
  readonly onFailed: (error: unknown) => void
  /** True while writes keep the node busy. */
  readonly isBusy: () => boolean
}

/** Views and trust, not started. */
export function createViewSide(
  setup: NodeSetup, ports: NodeParts, { store, dag, rules, isBusy, onFailed }: ViewDeps
): ViewSide {
  const { clock, log, yieldNow, openTrustLane: openLane } = ports
  const { seeds, trust: policy } = setup.genesis.genesis
  const trust: TrustKeeper = createTrustKeeper({ seeds, ...policy }, setup.trust ?? {}, {
    store, clock, log, yieldNow, openLane,
    frontierRoot: () => dag.frontier().root,
    epochs: () => materializer.epochs(),
    materializer: { publish: (publication) => materializer.publish(publication) }
  })
  const materializer = createMaterializer({}, {
    store, clock, log, yieldNow, trust: () => trust.snapshot(), ballots: trust.sink,
    governors: rules.governors, authority: authorityOf(setup), busy: isBusy, onFailed
  })
  return { trust, materializer }
}

/** Resolves when trust follows from all that was admitted before, and all views from that. */
export async function viewsSettled({ materializer, trust }: ViewSide): Promise<void> {
  await materializer.idle()
  await trust.settled()
  await materializer.idle()
}

/**
 * Resolves when trust follows from all that was applied before, but for keys so busy that they wait for their
 * turn, and the views that it changes are marked. Resolves early, without meaning, when the signal aborts.
 */
export async function trustSettled({ materializer, trust }: ViewSide, signal: AbortSignal): Promise<void> {
  if (materializer.lag().marks > 0) await materializer.walked(signal)
  await trust.answered(signal)
}

/** Ms at most since the oldest ballot that published trust does not cover; 0 = it covers all. */
export function trustLagMs({ materializer, trust }: ViewSide): number {
  return Math.max(trust.lagMs, materializer.lag().oldestMs)
}

/** Thresholds of the genesis in published steps, none of them lowered. */
export function authorityOf({ genesis }: NodeSetup): AuthorityThresholds {
  const { authorityAccuracy, authorityStanding } = genesis.genesis.trust
  const steps = (q16: number): number => Math.ceil((q16 * STEPS_PER_ONE) / Q)
  return { accuracy: steps(authorityAccuracy), standing: steps(authorityStanding) }
}

