// The current epoch: the signed settings under which conflicts are judged.
// Rule: among epoch records of governors that no other one supersedes, the greatest (timestamp, id) is
// current.

import { type Hash, type PublicKey, toHex } from '../base/index.js'
import type { PredicateSettings, Scalar } from '../record/index.js'
import { bytesKey } from './bytes-key.js'
import { scalarBytes } from './object.js'

/** An effective epoch record as lenses see it; an `EpochRecord` is one. */
export interface EpochInput {
  readonly id: Hash
  readonly agentId: PublicKey
  readonly timestampMs: number
  readonly name: string
  readonly settings: ReadonlyMap<string, PredicateSettings>
  readonly supersedes?: Hash | undefined
}

/** How one predicate is judged. */
export interface Judging {
  /** True when the current epoch has settings for the predicate. */
  readonly ruled?: boolean | undefined
  readonly cardinality: 'one' | 'many'
  readonly tolerance?: number | undefined
  readonly halfLifeMs?: number | undefined
  /** Closed predicate: tells whether a value is one of the allowed ones. */
  readonly allows?: ((objectBytes: Uint8Array) => boolean) | undefined
  /** The allowed values, as hex of their canonical bytes. */
  readonly vocabulary?: readonly string[] | undefined
}

/** The epochs as of one time. */
export interface EpochView {
  /** Absent = there is none, and every predicate has the defaults. */
  readonly current?: EpochInput | undefined
  /** Ids that an effective epoch record of a governor supersedes. */
  readonly superseded: ReadonlySet<Hash>
  judging(predicate: string): Judging
}

/** What has a place in the order of time. */
export interface Dated {
  readonly id: Hash
  readonly timestampMs: number
}

const DEFAULT_JUDGING: Judging = Object.freeze({ cardinality: 'one' })

/** The view without any epoch record. */
export const NO_EPOCHS: EpochView = createEpochView([], new Set())

/**
 * The current epoch and its settings.
 * @param epochs    effective by form, any order, any author; those of others than governors count nothing
 * @param asOfMs    only epoch records up to this time count; absent = all
 */
export function createEpochView(
  epochs: readonly EpochInput[], governors: ReadonlySet<PublicKey>, asOfMs?: number
): EpochView {
  const counted = epochs.filter((epoch) =>
    governors.has(epoch.agentId) && (asOfMs === undefined || epoch.timestampMs <= asOfMs))
  const superseded = new Set<Hash>()
  for (const epoch of counted) {
    if (epoch.supersedes !== undefined && epoch.supersedes !== epoch.id) superseded.add(epoch.supersedes)
  }
  let current: EpochInput | undefined
  for (const epoch of counted) {
    if (!superseded.has(epoch.id) && (current === undefined || isLater(epoch, current))) current = epoch
  }
  const judgings = new Map<string, Judging>()
  for (const [predicate, settings] of current?.settings ?? []) judgings.set(predicate, judgingOf(settings))
  return { current, superseded, judging: (predicate) => judgings.get(predicate) ?? DEFAULT_JUDGING }
}

/** True when a comes after b in the order (timestamp, id). */
export function isLater(a: Dated, b: Dated): boolean {
  return a.timestampMs === b.timestampMs ? a.id > b.id : a.timestampMs > b.timestampMs
}

function judgingOf(settings: PredicateSettings): Judging {
  return {
    ruled: true, cardinality: settings.cardinality, tolerance: settings.tolerance,
    halfLifeMs: settings.halfLifeMs,
    allows: settings.vocabulary === undefined ? undefined : allowsOf(settings.vocabulary),
    vocabulary: settings.vocabulary?.map((value) => toHex(scalarBytes(value)))
  }
}

function allowsOf(vocabulary: readonly Scalar[]): (objectBytes: Uint8Array) => boolean {
  const allowed = new Set(vocabulary.map((value) => bytesKey(scalarBytes(value))))
  return (objectBytes) => allowed.has(bytesKey(objectBytes))
}
