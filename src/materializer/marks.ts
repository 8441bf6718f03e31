// Dirty marks: which views must be recomputed.
// Rule: a mark is deleted by the batch that writes the view computed from the state in which the mark was
// seen, and by no other; a mark written meanwhile has another key and stays.

import type { Hash } from '../base/index.js'
import {
  decodeMarkRow, type Entry, MARK_IDS_MAX, type MarkParts, type MarkRow, parseMark, ranges, type Reader,
  totalOfMarkRow
} from '../store/index.js'
import { CAUSES_MAX, MARKS_MAX } from './options.js'

/** A view to recompute, with the marks that ask for it. */
export interface DirtyKey {
  readonly subject: string
  readonly predicate: string
  /** Unique text of the pair. */
  readonly name: string
  readonly marks: Uint8Array[]
  /** Values of the marks that blocks left, ascending by WAL sequence, the last few. */
  readonly brought: Uint8Array[]
  /** Records that all of these blocks brought for the key. */
  broughtTotal: number
  /** A block left a mark. */
  told: boolean
  /** A sweep over all views marked it. */
  swept: boolean
  /** Generation of the first snapshot that marked it; undefined = none did. */
  trusted: number | undefined
}

/** The next keys to recompute and where the scan stopped. */
export interface DirtyKeys {
  readonly keys: readonly DirtyKey[]
  /** Marks of keys that were passed over. */
  readonly passedOver: number
  /** Go on behind this mark; undefined = all marks were seen. */
  readonly next: Uint8Array | undefined
}

/** Unique text of a (subject, predicate). */
export function nameOf(subject: string, predicate: string): string {
  return JSON.stringify([subject, predicate])
}

/** A key without marks. */
export function dirtyKeyOf(subject: string, predicate: string): DirtyKey {
  const name = nameOf(subject, predicate)
  return {
    subject, predicate, name, marks: [], brought: [], broughtTotal: 0, told: false, swept: false,
    trusted: undefined
  }
}

/** Adds a mark to its key. */
export function noteMark(key: DirtyKey, [mark, value]: Entry, parts: MarkParts): void {
  key.marks.push(mark)
  key.swept ||= parts.kind === 'sweep'
  if (parts.kind === 'trust') key.trusted ??= parts.generation
  if (parts.kind !== 'block') return
  key.told = true
  key.broughtTotal += totalOfMarkRow(value)
  key.brought.push(value)
  if (key.brought.length > CAUSES_MAX) key.brought.shift()
}

/**
 * Records that blocks brought for the key: how many, and the last few. Not those votes that came before their
 * assertion.
 */
export function broughtOf({ brought, broughtTotal }: DirtyKey): MarkRow {
  const ids: Hash[] = []
  for (let at = brought.length - 1; at >= 0 && ids.length < MARK_IDS_MAX; at -= 1) {
    ids.unshift(...decodeMarkRow(brought[at] as Uint8Array).ids)
  }
  return { ids: ids.slice(-MARK_IDS_MAX), total: broughtTotal }
}

/**
 * Reads marks from `from` on, in key order.
 * @param passes tells of a key whether it is left for later
 */
export async function readMarks(
  reader: Reader, from: Uint8Array | undefined, keysMax: number, passes: (name: string) => boolean
): Promise<DirtyKeys> {
  const all = ranges.marks()
  const range = from === undefined ? all : { gt: from, ...(all.lt === undefined ? {} : { lt: all.lt }) }
  const found = new Map<string, DirtyKey>()
  let passedOver = 0
  let last = from
  let marks = 0
  for await (const rows of reader.batches(range)) {
    for (const row of rows) {
      const [mark] = row
      const parts = parseMark(mark)
      const name = nameOf(parts.subject, parts.predicate)
      let key = found.get(name)
      if (key === undefined && passes(name)) passedOver += 1
      else {
        const full = marks >= MARKS_MAX || (key === undefined && found.size >= keysMax)
        if (full) return { keys: [...found.values()], passedOver, next: last }
        if (key === undefined) {
          key = dirtyKeyOf(parts.subject, parts.predicate)
          found.set(name, key)
        }
        noteMark(key, row, parts)
        marks += 1
      }
      last = mark
    }
  }
  return { keys: [...found.values()], passedOver, next: undefined }
}
