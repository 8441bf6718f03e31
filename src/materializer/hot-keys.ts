// Hot keys: those that were just written to, or that somebody waits for. They come first while a walk over
// many marks goes on, so that a change of trust that touches many views delays none of them.
// Rule: a hint, nothing more. What is forgotten is found by the walk.

import { parseMark, ranges, type Reader } from '../store/index.js'
import { type DirtyKey, dirtyKeyOf, nameOf, noteMark } from './marks.js'
import { HOT_KEYS_MAX, MARKS_MAX } from './options.js'

/** A key by its parts. */
export interface HotKey {
  readonly subject: string
  readonly predicate: string
}

/** Keys that come first. */
export interface HotKeys {
  add(key: HotKey): void
  /** Up to `count` keys with the marks they have, none that `waits` tells of. They are hot no longer. */
  take(reader: Reader, count: number, waits: (name: string) => boolean): Promise<readonly DirtyKey[]>
  /** A walk over all marks begins: it gives the number that `walked` takes at its end. */
  begin(): number
  walked(walk: number): void
  readonly size: number
}

/** No hot keys. */
export function createHotKeys(): HotKeys {
  const hot = new Map<string, HotKey & { readonly walk: number }>()
  let walks = 0
  return {
    add({ subject, predicate }) {
      const name = nameOf(subject, predicate)
      if (hot.size < HOT_KEYS_MAX || hot.has(name)) hot.set(name, { subject, predicate, walk: walks })
    },
    async take(reader, count, waits) {
      const taken: HotKey[] = []
      for (const [name, key] of hot) {
        if (taken.length === count) break
        hot.delete(name)
        if (!waits(name)) taken.push(key)
      }
      const found = await Promise.all(taken.map((key) => marksOf(reader, key)))
      return found.filter(({ marks }) => marks.length > 0)
    },
    begin: () => walks += 1,
    walked(walk) {
      for (const [name, key] of hot) if (key.walk < walk) hot.delete(name)
    },
    get size() { return hot.size }
  }
}

async function marksOf(reader: Reader, { subject, predicate }: HotKey): Promise<DirtyKey> {
  const key = dirtyKeyOf(subject, predicate)
  const range = { limit: MARKS_MAX, ...ranges.marks(subject, predicate) }
  for (const row of await reader.rangeAll(range)) noteMark(key, row, parseMark(row[0]))
  return key
}
