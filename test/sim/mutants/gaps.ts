// Mutants that no seed has shown yet: each is a gap of the faults or of the invariants.

import { always, change, inFile, without, type Mutant } from './mutant.js'

/** Planted bugs that are not looked for with the others. */
export const GAPS: readonly Mutant[] = [
  ...inFile('dag/sync-wants.js', {
    name: 'possession by seq', seeds: 200,
    gap: 'not found at 4 seeds: the next block of who has the branch names it as a parent',
    why: 'of a forked feed the other branch is never asked for',
    ...change('return belowDeferred(dag, run, run.high, nowMs);', 'return undefined;')
  }),
  ...inFile('dag/sync-listing.js', {
    name: 'one tip a feed is listed', seeds: 200,
    gap: 'not tried yet: a parent names the other branch as well',
    why: 'of a forked feed the other branch is never offered',
    ...change('const admitted = unlisted.slice(0, SYNC_LIMITS.sessionRunsMax);',
      'const admitted = [...new Map(unlisted.map((run) => [run.feed, run])).values()];')
  }),
  ...inFile('dag/sync-listing.js', {
    name: 'contiguous tips only', seeds: 200,
    gap: 'not found at 4 seeds: nothing but bytes is lost, and what is sent twice is not counted',
    why: 'what waits here for its prev is sent again in each session',
    ...change('dag.pending.runs(pendingListedMax)', '[]')
  }),
  ...inFile('dag/claims.js', {
    name: 'slow fetchers keep their places', seeds: 200,
    gap: 'not found at 3 seeds: liars run out of new blocks before anybody misses anything',
    why: 'four peers that drip new blocks keep all others from being asked',
    ...always('slowest === undefined')
  }),
  ...inFile('ingest/ingest.js', {
    name: 'retired feed sealed on', seeds: 200,
    gap: 'not found at 21 seeds: a block must be sealed while the next feed is written down, a few disk operations',
    why: 'what is sealed until the next feed is written down forks an honest one',
    ...without('this.#parts.sealer.halt();')
  })
]
