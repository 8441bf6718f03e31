// Segment map: which segment holds a sequence number, and offsets to start looking from.
// Rule: one mark for every 64 KiB of frames, kept for the segments used last; marks are hints that any walk
// makes anew.

/** One segment file and what is known of it. */
export interface SegmentEntry {
  readonly index: number
  readonly firstSequence: number
  readonly sizeBytes: number
  /** Pairs of sequence and offset, ascending. */
  marks: number[]
}

/** All segments of a log in order. */
export interface SegmentMap {
  readonly entries: readonly SegmentEntry[]
  add(entry: SegmentEntry): void
  /** The segment whose range holds the sequence; undefined before the first. */
  find(sequence: number): SegmentEntry | undefined
  /** Last sequence that the segment may hold; infinite for the newest. */
  lastSequenceOf(entry: SegmentEntry): number
  /** Bytes of all files. */
  sizeBytes(): number
}

/** A place to start looking from. */
export interface Mark {
  readonly sequence: number
  readonly offset: number
}

const markEachBytes = 64 * 1024
const markedSegmentsMax = 64

/** An empty map. */
export function createSegmentMap(): SegmentMap {
  const entries: SegmentEntry[] = []
  return {
    entries,
    add: (entry) => void entries.push(entry),
    find(sequence) {
      return entries[lastAtMost(entries.length, (at) => entries[at]?.firstSequence ?? 0, sequence)]
    },
    lastSequenceOf: (entry) => (entries[entry.index + 1]?.firstSequence ?? Infinity) - 1,
    sizeBytes: () => entries.reduce((sum, entry) => sum + entry.sizeBytes, 0)
  }
}

/** Notes where a frame begins, unless a mark is near. */
export function mark(entry: SegmentEntry, sequence: number, offset: number): void {
  const { marks } = entry
  const last = marks.length
  if (last > 0 && offset < (marks[last - 1] ?? 0) + markEachBytes) return
  marks.push(sequence, offset)
}

/** The greatest mark at or before a sequence; undefined when the segment must be walked from its start. */
export function nearestMark(entry: SegmentEntry, sequence: number): Mark | undefined {
  const { marks } = entry
  const at = lastAtMost(marks.length / 2, (position) => marks[position * 2] ?? 0, sequence)
  const [found, offset] = [marks[at * 2], marks[at * 2 + 1]]
  return at < 0 || found === undefined || offset === undefined ? undefined : { sequence: found, offset }
}

/** Forgets the marks of the segments that were not used lately; returns a function that notes a use. */
export function createMarkKeeper(): (entry: SegmentEntry) => void {
  const used = new Set<SegmentEntry>()
  return (entry) => {
    used.delete(entry)
    used.add(entry)
    if (used.size <= markedSegmentsMax) return
    const [oldest] = used
    if (oldest === undefined) return
    used.delete(oldest)
    oldest.marks = []
  }
}

/** Greatest position below `count` whose value is at most `limit`, -1 if none; values ascend. */
function lastAtMost(count: number, valueAt: (position: number) => number, limit: number): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (valueAt(middle) <= limit) low = middle + 1
    else high = middle
  }
  return low - 1
}
