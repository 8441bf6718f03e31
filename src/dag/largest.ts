// The heaviest of many things whose weight changes: a heap that is mended when it is read.
// Cost: O(log n) a change, amortised; at most as many stale entries as there are live ones.

/** A thing with a weight; 0 means gone. */
export interface Weighed {
  readonly key: string
  readonly bytes: number
}

/** Finds the heaviest; among equals the greatest key. */
export interface Largest<T extends Weighed> {
  /** Notes that the thing has the weight it has. */
  set(thing: T): void
  largest(): T | undefined
}

interface Entry<T> {
  readonly thing: T
  readonly bytes: number
}

/** An empty set. */
export function createLargest<T extends Weighed>(): Largest<T> {
  const live = new Map<string, T>()
  let heap: Entry<T>[] = []

  const rebuild = (): void => {
    heap = [...live.values()].map((thing) => ({ thing, bytes: thing.bytes }))
    for (let i = (heap.length >>> 1) - 1; i >= 0; i--) sink(heap, i)
  }
  return {
    set(thing) {
      if (thing.bytes === 0) live.delete(thing.key)
      else live.set(thing.key, thing)
      if (heap.length > 2 * live.size + 16) return rebuild()
      if (thing.bytes > 0) push(heap, { thing, bytes: thing.bytes })
    },
    largest() {
      for (;;) {
        const top = heap[0]
        if (top === undefined) return undefined
        if (live.get(top.thing.key) === top.thing && top.thing.bytes === top.bytes) return top.thing
        pop(heap)
      }
    }
  }
}

function heavier<T extends Weighed>(a: Entry<T> | undefined, b: Entry<T> | undefined): boolean {
  if (a === undefined || b === undefined) return a !== undefined
  return a.bytes === b.bytes ? a.thing.key > b.thing.key : a.bytes > b.bytes
}

function push<T extends Weighed>(heap: Entry<T>[], entry: Entry<T>): void {
  let at = heap.push(entry) - 1
  while (at > 0) {
    const above = (at - 1) >>> 1
    const parent = heap[above]
    if (parent === undefined || !heavier(entry, parent)) break
    heap[at] = parent
    at = above
  }
  heap[at] = entry
}

function pop<T extends Weighed>(heap: Entry<T>[]): void {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  heap[0] = last
  sink(heap, 0)
}

function sink<T extends Weighed>(heap: Entry<T>[], start: number): void {
  let at = start
  const entry = heap[at]
  if (entry === undefined) return
  for (;;) {
    const left = 2 * at + 1
    const child = heavier(heap[left + 1], heap[left]) ? left + 1 : left
    const below = heap[child]
    if (below === undefined || !heavier(below, entry)) break
    heap[at] = below
    at = child
  }
  heap[at] = entry
}
