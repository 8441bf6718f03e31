// One chain of a feed, ascending, from the rows that hold all its branches.
// Rule: which branch is decided by hash. A seq with one block needs no look; at a seq with several, the
// block above names its prev. Cost: one pass over the keys, a second one and a header for each branching seq
// if the feed forked, unless its place was asked for lately.

import { assert, type Hash } from '../base/index.js'
import { behind, parseFeed, ranges, type Reader } from '../store/index.js'
import { type BlockPlace } from './block-rows.js'

/** What a chain is read from. */
export interface ChainSource {
  readonly reader: Reader
  place(id: Hash): BlockPlace | undefined
  isForked(feed: Hash): boolean
}

const pageRows = 512

/**
 * Ids of the blocks `low`..`high` that lead to `top`, ascending, in pages.
 * @param top an admitted block; nothing above it is given
 */
export async function* chainIds(
  source: ChainSource, top: BlockPlace, low: number, high: number
): AsyncIterable<readonly Hash[]> {
  const last = Math.min(high, top.seq)
  const choices = source.isForked(top.feed) ? await branchChoices(source, top, low) : new Map<number, Hash>()
  // Each page is read on its own: whoever takes them slowly must not hold a cursor open.
  let range = ranges.feed(top.feed, low, last)
  for (;;) {
    const rows = await source.reader.rangeAll({ keysOnly: true, limit: pageRows, ...range })
    const page: Hash[] = []
    for (const [key] of rows) {
      const { seq, block } = parseFeed(key)
      if ((choices.get(seq) ?? block) === block) page.push(block)
    }
    if (page.length > 0) yield page
    const end = rows.at(-1)
    if (end === undefined || rows.length < pageRows) return
    range = behind(range, end[0])
  }
}

/** For each seq of the chain at which the feed has several blocks: the one that leads to `top`. */
async function branchChoices(source: ChainSource, top: BlockPlace, low: number): Promise<Map<number, Hash>> {
  const choices = new Map<number, Hash>([[top.seq, top.id]])
  const range = { keysOnly: true, reverse: true, ...ranges.feed(top.feed, low, top.seq) }
  let above: Hash | undefined
  let at: { readonly seq: number, readonly ids: Hash[] } = { seq: top.seq, ids: [] }
  for await (const batch of source.reader.batches(range)) {
    for (const [key] of batch) {
      const { seq, block } = parseFeed(key)
      if (seq !== at.seq) {
        above = choose(source, at, above, choices)
        at = { seq, ids: [] }
      }
      at.ids.push(block)
    }
  }
  choose(source, at, above, choices)
  return choices
}

/** Picks the chain's block at one seq and notes it when there were others. */
function choose(
  source: ChainSource, at: { readonly seq: number, readonly ids: readonly Hash[] }, above: Hash | undefined,
  choices: Map<number, Hash>
): Hash | undefined {
  const given = choices.get(at.seq)
  if (given !== undefined) return given
  if (at.ids.length === 1) return at.ids[0]
  const prev = above === undefined ? undefined : source.place(above)?.prev
  assert(prev !== undefined, 'an admitted block has its prev admitted')
  choices.set(at.seq, prev)
  return prev
}
