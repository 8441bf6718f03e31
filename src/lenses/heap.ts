// A binary heap of numbers: the least comes out first.

/** Priority queue of numbers. Cost of each call: O(log n). */
export class MinHeap {
  readonly #items: number[] = []

  push(value: number): void {
    const items = this.#items
    let at = items.push(value) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = items[parent] as number
      if (above <= value) break
      items[at] = above
      at = parent
    }
    items[at] = value
  }

  /** Takes the least number out; undefined when there is none. */
  pop(): number | undefined {
    const items = this.#items
    const least = items[0]
    const last = items.pop()
    if (last !== undefined && items.length > 0) this.#sink(last)
    return least
  }

  #sink(value: number): void {
    const items = this.#items
    let at = 0
    for (let child = 1; child < items.length; child = 2 * at + 1) {
      if (child + 1 < items.length && (items[child + 1] as number) < (items[child] as number)) child += 1
      if ((items[child] as number) >= value) break
      items[at] = items[child] as number
      at = child
    }
    items[at] = value
  }
}
