// Changes of winners: what listeners are told after a view was written.

import { equalBytes } from '../base/index.js'
import { type LensView, STANDARD_LENSES, type View, type ViewStanding } from '../lenses/index.js'
import type { DirtyKey } from './marks.js'

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
  /** WAL sequences of blocks that brought records of the key, the last few; empty for other causes. */
  readonly sequences: readonly number[]
}

/** The lenses whose winning objects differ between two views of a key. */
export function changesBetween(
  key: DirtyKey, before: View | undefined, after: View | undefined
): readonly WinnerChange[] {
  const changes: WinnerChange[] = []
  for (const { name, viewCode } of STANDARD_LENSES) {
    const old = before?.lenses.find((lens) => lens.code === viewCode)
    const now = after?.lenses.find((lens) => lens.code === viewCode)
    if (sameWinners(old, now)) continue
    const cause = causeOf(before, after)
    changes.push({
      subject: key.subject, predicate: key.predicate, lens: name,
      before: old?.winners[0], after: now?.winners[0],
      cause, sequences: cause === 'records' ? [...key.sequences] : []
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

function causeOf(before: View | undefined, after: View | undefined): WinnerChange['cause'] {
  if (before?.evidence !== after?.evidence) return 'records'
  return before?.local.trustGeneration !== after?.local.trustGeneration ? 'trust' : 'epochs'
}
