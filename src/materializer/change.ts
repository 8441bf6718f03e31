// Changes of winners: what listeners are told after a view was written.

import { equalBytes, type PublicKey } from '../base/index.js'
import {
  type KeyRecords, type LensView, STANDARD_LENSES, type View, type ViewStanding
} from '../lenses/index.js'
import type { MarkRow } from '../store/index.js'
import { broughtOf, type DirtyKey } from './marks.js'

/** A standard lens answers otherwise than before. */
export interface WinnerChange {
  readonly subject: string
  readonly predicate: string
  /** Name of the lens. */
  readonly lens: string
  /** Absent = there was no answer, or none is left. */
  readonly before?: ViewStanding | undefined
  readonly after?: ViewStanding | undefined
  /** What did it: new records, a new trust snapshot, or new settings. */
  readonly cause: 'records' | 'trust' | 'epochs'
  /** With cause `records`: those that came since the view before, the last 8 of them, and how many. */
  readonly records?: MarkRow | undefined
  /** With cause `trust`: between which snapshots, and who said something about the key. */
  readonly trust?: TrustStep | undefined
}

/** From one trust snapshot to another, by their generations. */
export interface TrustStep {
  readonly from: number
  readonly to: number
  /** Agents whose values the answer reads, the first 4,096. */
  readonly agents: readonly PublicKey[]
}

/** Agents that a change names at most. */
export const CHANGE_AGENTS_MAX = 4_096

/** The lenses whose winning objects differ between two views of a key, that now has these records. */
export function changesBetween(
  key: DirtyKey, before: View | undefined, after: View | undefined, records: KeyRecords
): readonly WinnerChange[] {
  const changes: WinnerChange[] = []
  for (const { name, viewCode } of STANDARD_LENSES) {
    const old = before?.lenses.find((lens) => lens.code === viewCode)
    const now = after?.lenses.find((lens) => lens.code === viewCode)
    if (sameWinners(old, now)) continue
    const cause = causeOf(key, before, after)
    const trust = cause === 'trust' ? trustStep(key, before, after, records) : undefined
    changes.push({
      subject: key.subject, predicate: key.predicate, lens: name,
      before: old?.winners[0], after: now?.winners[0],
      cause, ...(cause === 'records' ? { records: broughtOf(key) } : {}),
      ...(trust === undefined ? {} : { trust })
    })
  }
  return changes
}

function sameWinners(a: LensView | undefined, b: LensView | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  if (a.winners.length !== b.winners.length || a.winnersTotal !== b.winnersTotal) return false
  return a.winners.every((winner, at) => {
    const other = b.winners[at]
    return other !== undefined && equalBytes(winner.claim.objectBytes, other.claim.objectBytes)
  })
}

function causeOf(key: DirtyKey, before: View | undefined, after: View | undefined): WinnerChange['cause'] {
  if (before?.evidence !== after?.evidence) return 'records'
  // A snapshot that came before a sweep has marked the key itself, if that reads what it changed.
  return key.swept && key.trusted === undefined ? 'epochs' : 'trust'
}

function trustStep(
  { trusted }: DirtyKey, before: View | undefined, after: View | undefined, { candidates, votes }: KeyRecords
): TrustStep {
  const agents = new Set<PublicKey>()
  for (const { agentId } of [...candidates, ...votes]) {
    if (agents.size === CHANGE_AGENTS_MAX) break
    agents.add(agentId)
  }
  // No snapshot before the first that marked the key changed anything that the old view had read.
  const from = trusted === undefined ? before?.local.trustGeneration ?? 0 : trusted - 1
  return { from, to: after?.local.trustGeneration ?? 0, agents: [...agents] }
}
