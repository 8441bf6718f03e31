// Mutants that no seed has shown yet: each is a gap of the faults or of the invariants.

import { always, change, inFile, never, without, type Mutant } from './mutant.js'

const gap = 'not tried yet'

/** Planted bugs that are not looked for with the others. */
export const GAPS: readonly Mutant[] = [
  ...inFile('wal/recovery.js', {
    name: 'unsynced frames believed', seeds: 200, gap,
    why: 'what the page cache alone held is lost at the next power failure',
    ...change('if (rest.usedTo > end || rewriteFrom < end) {', 'if (rest.usedTo > end) {')
  }),
  ...inFile('store/open.js', {
    name: 'hole in the index believed', seeds: 100, gap,
    why: 'an index that nothing vouches for is read without counting its rows',
    ...never('!sameRows(counted, totals)')
  }),
  ...inFile('ingest/step.js', {
    name: 'unsealed row not written', seeds: 100, gap,
    why: 'after a restart an acknowledged record is forgotten',
    ...without('step.batch.put(keys.unsealed(id), encodeNumberRow(sequence));')
  }),
  ...inFile('ingest/quarantine.js', {
    name: 'quarantine looked at once', seeds: 60, gap,
    why: 'what is in quarantine at a start, or behind another record, waits for ever',
    ...without('if (nextMs !== undefined)\n            this.#arm(nextMs - clock.nowMs());')
  }, {
    name: 'release given up', seeds: 200, gap,
    why: 'a release that failed is not tried again',
    ...without('this.#arm(RETRY_MS);')
  }),
  ...inFile('ingest/sealer.js', {
    name: 'own clock not corrected', seeds: 100, gap,
    why: 'a node whose clock was set back goes on with a feed from its future',
    ...change('return nowMs < tipSealedAtMs - TIME_LIMITS.behindTipMsMax;', 'return false;')
  }),
  ...inFile('dag/sync-wants.js', {
    name: 'possession by seq', seeds: 200, gap,
    why: 'of a forked feed the other branch is never asked for',
    ...change('return belowDeferred(dag, run, run.high, nowMs);', 'return undefined;')
  }),
  ...inFile('dag/sync-listing.js', {
    name: 'one tip a feed is listed', seeds: 200, gap,
    why: 'of a forked feed the other branch is never offered',
    ...change('const admitted = unlisted.slice(0, SYNC_LIMITS.sessionRunsMax);',
      'const admitted = [...new Map(unlisted.map((run) => [run.feed, run])).values()];')
  }),
  ...inFile('p2p/sync-schedule.js', {
    name: 'no sync by the clock', seeds: 200, gap,
    why: 'what gossip lost in silence stays lost',
    ...never('peer !== undefined')
  }),
  ...inFile('materializer/publication.js', {
    name: 'trust sweep lost at a crash', seeds: 200, gap,
    why: 'a sweep that a crash cut off never goes on',
    ...always('now === undefined && isTrustSwept(store)')
  }),
  ...inFile('node/own-feed.js', {
    name: 'incarnation kept after a rollback', seeds: 200, gap,
    why: 'a restored node goes on with a feed whose end is elsewhere',
    ...change('this.#doubt ??= why;', ';')
  }),
  ...inFile('node/audit.js', {
    name: 'views left after a repair', seeds: 200, gap,
    why: 'views that were computed while records were missing stay so',
    ...never('await rescan(signal) && !signal.aborted')
  })
]
