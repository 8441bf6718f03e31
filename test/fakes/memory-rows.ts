// A database in memory: sorted rows in leaves that are never changed once a version that names them is read.
// Rule: the same answers as memory-level (a test holds the two side by side), at a fraction of its cost: a
// simulation does little else. A snapshot is the list of leaves of its moment.

import type {
  LevelDatabase, LevelIterator, LevelIteratorOptions, LevelOperation, LevelReadOptions, LevelSnapshot
} from '../../src/store/index.js'

type Row = [key: Uint8Array, value: Uint8Array]

/** Rows with their keys as Latin-1 text, whose order is that of the bytes. Neither array is empty. */
interface Leaf {
  readonly names: readonly string[]
  readonly rows: readonly Row[]
}

interface Draft {
  readonly names: string[]
  readonly rows: Row[]
}

type Leaves = readonly Leaf[]

/** Rows of a leaf at most: a change copies one. */
const LEAF_ROWS_MAX = 64

/** Reads and writes; opening and losing them is the affair of whoever holds them. */
export type MemoryRows = Pick<LevelDatabase, 'getSync' | 'getMany' | 'iterator' | 'snapshot'> & {
  /** Takes effect at once. The bytes must not change afterwards. */
  write(operations: readonly LevelOperation[]): void
}

/** A database without rows. */
export function createMemoryRows(): MemoryRows {
  return new SortedRows()
}

class Frozen implements LevelSnapshot {
  readonly leaves: Leaves

  constructor(leaves: Leaves) {
    this.leaves = leaves
  }

  async close(): Promise<void> {}
}

class SortedRows implements MemoryRows {
  #leaves: Leaves = []

  getSync(key: Uint8Array, options: LevelReadOptions): Uint8Array | undefined {
    return valueOf(this.#seen(options), nameOf(key))
  }

  async getMany(keys: Uint8Array[], options: LevelReadOptions): Promise<(Uint8Array | undefined)[]> {
    const leaves = this.#seen(options)
    return keys.map((key) => valueOf(leaves, nameOf(key)))
  }

  iterator(options: LevelIteratorOptions): LevelIterator {
    return new Cursor(this.#seen(options), options)
  }

  snapshot(): LevelSnapshot {
    return new Frozen(this.#leaves)
  }

  write(operations: readonly LevelOperation[]): void {
    const leaves = [...this.#leaves]
    // Those made by this write may be changed by it.
    const drafts = new Set<Leaf>()
    for (const operation of operations) change(leaves, drafts, operation)
    this.#leaves = leaves
  }

  #seen({ snapshot }: LevelReadOptions): Leaves {
    return snapshot instanceof Frozen ? snapshot.leaves : this.#leaves
  }
}

function nameOf(key: Uint8Array): string {
  const bytes = Buffer.isBuffer(key) ? key : Buffer.from(key.buffer, key.byteOffset, key.byteLength)
  return bytes.toString('latin1')
}

function change(leaves: Leaf[], drafts: Set<Leaf>, operation: LevelOperation): void {
  const name = nameOf(operation.key)
  const index = leafOf(leaves, name)
  const leaf = leaves[index]
  const at = leaf === undefined ? 0 : firstAtOrAfter(leaf.names, name)
  const found = leaf?.names[at] === name
  if (operation.type === 'del' && !found) return
  const draft = draftOf(leaves, drafts, index)
  if (operation.type === 'del') {
    draft.names.splice(at, 1)
    draft.rows.splice(at, 1)
    if (draft.names.length === 0) leaves.splice(index, 1)
    return
  }
  const row: Row = [operation.key, operation.value]
  if (found) draft.rows[at] = row
  else {
    draft.names.splice(at, 0, name)
    draft.rows.splice(at, 0, row)
    if (draft.names.length > LEAF_ROWS_MAX) split(leaves, drafts, index, draft)
  }
}

/** The leaf at a place, as one that this write may change. */
function draftOf(leaves: Leaf[], drafts: Set<Leaf>, index: number): Draft {
  const leaf = leaves[index]
  if (leaf !== undefined && drafts.has(leaf)) return leaf as Draft
  const draft = { names: [...leaf?.names ?? []], rows: [...leaf?.rows ?? []] }
  leaves[index] = draft
  drafts.add(draft)
  return draft
}

function split(leaves: Leaf[], drafts: Set<Leaf>, index: number, { names, rows }: Draft): void {
  const half = names.length >> 1
  const upper = { names: names.splice(half), rows: rows.splice(half) }
  leaves.splice(index + 1, 0, upper)
  drafts.add(upper)
}

function valueOf(leaves: Leaves, name: string): Uint8Array | undefined {
  const leaf = leaves[leafOf(leaves, name)]
  if (leaf === undefined) return undefined
  const at = firstAtOrAfter(leaf.names, name)
  return leaf.names[at] === name ? leaf.rows[at]?.[1] : undefined
}

/** The last leaf that begins at or before a name, else the first. */
function leafOf(leaves: Leaves, name: string): number {
  let low = 0
  let high = leaves.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((leaves[middle]?.names[0] ?? '') <= name) low = middle + 1
    else high = middle
  }
  return Math.max(0, low - 1)
}

function firstAtOrAfter(names: readonly string[], name: string): number {
  let low = 0
  let high = names.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((names[middle] ?? '') < name) low = middle + 1
    else high = middle
  }
  return low
}

/** A place between rows: before row `at` of leaf `leaf`. */
interface Place {
  leaf: number
  at: number
}

class Cursor implements LevelIterator {
  readonly #leaves: Leaves
  readonly #from: string | undefined
  readonly #without: boolean
  readonly #to: string | undefined
  readonly #reverse: boolean
  #left: number
  readonly #place: Place

  constructor(leaves: Leaves, { gte, gt, lt, reverse, limit }: LevelIteratorOptions) {
    this.#leaves = leaves
    const from = gt ?? gte
    this.#from = from === undefined ? undefined : nameOf(from)
    this.#without = gt !== undefined
    this.#to = lt === undefined ? undefined : nameOf(lt)
    this.#reverse = reverse === true
    this.#left = limit === undefined || limit < 0 ? Infinity : limit
    const begin = this.#reverse ? this.#to : this.#from
    this.#place = begin === undefined ? this.#edge() : placeOf(leaves, begin)
    if (!this.#reverse && this.#without) this.#skip()
  }

  async nextv(count: number): Promise<Row[]> {
    const rows: Row[] = []
    const wanted = Math.min(count, this.#left)
    while (rows.length < wanted) {
      const row = this.#reverse ? this.#back() : this.#on()
      if (row === undefined) break
      rows.push(row)
    }
    this.#left -= rows.length
    return rows
  }

  /** Forwards only: nothing asks for more. As with memory-level a target outside the range is its end. */
  seek(target: Uint8Array): void {
    if (this.#reverse) throw new Error('a reverse iterator is not moved')
    const name = nameOf(target)
    const outside = this.#from !== undefined && (this.#without ? name <= this.#from : name < this.#from)
    Object.assign(this.#place, outside ? { leaf: this.#leaves.length, at: 0 } : placeOf(this.#leaves, name))
  }

  async close(): Promise<void> {}

  #edge(): Place {
    return { leaf: this.#reverse ? this.#leaves.length : 0, at: 0 }
  }

  /** Past the row that a range begins behind. */
  #skip(): void {
    const { leaf, at } = this.#place
    if (this.#leaves[leaf]?.names[at] === this.#from) this.#place.at += 1
  }

  #on(): Row | undefined {
    const place = this.#place
    let leaf = this.#leaves[place.leaf]
    while (leaf !== undefined && place.at >= leaf.names.length) {
      place.leaf += 1
      place.at = 0
      leaf = this.#leaves[place.leaf]
    }
    const name = leaf?.names[place.at]
    if (name === undefined || (this.#to !== undefined && name >= this.#to)) return undefined
    const row = leaf?.rows[place.at]
    place.at += 1
    return row
  }

  #back(): Row | undefined {
    const place = this.#place
    while (place.at === 0 && place.leaf > 0) {
      place.leaf -= 1
      place.at = this.#leaves[place.leaf]?.names.length ?? 0
    }
    const leaf = this.#leaves[place.leaf]
    const name = leaf?.names[place.at - 1]
    const outside = name === undefined || (this.#from !== undefined &&
      (this.#without ? name <= this.#from : name < this.#from))
    if (outside) return undefined
    place.at -= 1
    return leaf?.rows[place.at]
  }
}

function placeOf(leaves: Leaves, name: string): Place {
  const leaf = leafOf(leaves, name)
  return { leaf, at: firstAtOrAfter(leaves[leaf]?.names ?? [], name) }
}
