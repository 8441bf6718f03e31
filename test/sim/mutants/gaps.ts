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
    name: 'u/ row not deleted', seeds: 60, gap,
    why: 'a sealed record still waits for a block',
    ...without('step.batch.delete(keys.unsealed(record.id));')
  }, {
    name: 'unsealed row not written', seeds: 100, gap,
    why: 'after a restart an acknowledged record is forgotten',
    ...without('step.batch.put(keys.unsealed(id), encodeNumberRow(sequence));')
  }),
  ...inFile('ingest/row-writer.js', {
    name: 'mark deleted that was not seen', seeds: 100, gap,
    why: 'a mark written while its view is computed is deleted with the one that was seen',
    ...change('keys.blockMark(target.subject, target.predicate, sequence)',
      'keys.blockMark(target.subject, target.predicate, 0)')
  }),
  ...inFile('ingest/quarantine.js', {
    name: 'quarantine released early', seeds: 60, gap,
    why: 'records are admitted before their time',
    ...change('STEP_ROWS, clock.nowMs());', 'STEP_ROWS, clock.nowMs() + 60_000);')
  }, {
    name: 'quarantine never released', seeds: 10, gap,
    why: 'acknowledged records wait for ever',
    ...change('STEP_ROWS, clock.nowMs());', 'STEP_ROWS, 0);')
  }, {
    name: 'release given up', seeds: 200, gap,
    why: 'a release that failed is not tried again',
    ...without('this.#arm(RETRY_MS);')
  }),
  ...inFile('ingest/block-gate.js', {
    name: 'future is misbehaviour', seeds: 100, gap,
    why: 'whose clock runs ahead is sent away',
    ...change('kind: \'ignore\', why: \'sealed in the future\'', 'kind: \'reject\', why: \'sealed in the future\'')
  }),
  ...inFile('ingest/sealer.js', {
    name: 'own clock not corrected', seeds: 100, gap,
    why: 'a node whose clock was set back goes on with a feed from its future',
    ...change('return nowMs < tipSealedAtMs - TIME_LIMITS.behindTipMsMax;', 'return false;')
  }),
  ...inFile('dag/block.js', {
    name: 'records root not checked', seeds: 60, gap,
    why: 'a true header is admitted with another body',
    ...never('recordsRoot(ids) !== header.recordsRoot')
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
  ...inFile('dag/pending.js', {
    name: 'pending unbounded', seeds: 200, gap,
    why: 'strangers fill the memory with blocks that wait',
    ...change('return room.bytes > limits.totalBytesMax ?', 'return false ?')
  }),
  ...inFile('dag/deferred.js', {
    name: 'deferred unbounded', seeds: 100, gap,
    why: 'strangers fill the memory with headers of the future',
    ...always('waiting.size <= headersMax')
  }),
  ...inFile('dag/wanted.js', {
    name: 'wanted unbounded', seeds: 100, gap,
    why: 'strangers fill the memory with parents that nobody has',
    ...always('ids.size <= idsMax')
  }),
  ...inFile('p2p/sync-schedule.js', {
    name: 'no sync by the clock', seeds: 200, gap,
    why: 'what gossip lost in silence stays lost',
    ...never('peer !== undefined')
  }),
  ...inFile('materializer/recompute.js', {
    name: 'first winner stays at a tie', seeds: 60, gap,
    why: 'what was computed before decides what is computed now',
    ...change('await run(settleSteps(records, deps.judgement,',
      'await run(settleSteps({ ...records, candidates: records.candidates.length === 2 && ' +
      'deps.reader.get(keys.view(key.subject, key.predicate)) !== undefined ? ' +
      'records.candidates.slice(0, 1) : records.candidates }, deps.judgement,')
  }),
  ...inFile('materializer/publication.js', {
    name: 'trust sweep lost at a crash', seeds: 200, gap,
    why: 'a sweep that a crash cut off never goes on',
    ...always('now === undefined && isTrustSwept(store)')
  }),
  ...inFile('materializer/sweep.js', {
    name: 'epoch without a sweep', seeds: 60, gap,
    why: 'views stay under the settings of an older epoch',
    ...never('!done')
  }),
  ...inFile('node/parts.js', {
    name: 'tag while marks are left', seeds: 100, gap,
    why: 'a tag of a state that is no state',
    ...change('quiet: () => trust.quiet && materializer.lag().marks === 0', 'quiet: () => true || marks === 0')
  }),
  ...inFile('node/own-feed.js', {
    name: 'incarnation kept after a rollback', seeds: 200, gap,
    why: 'a restored node goes on with a feed whose end is elsewhere',
    ...change('this.#doubt ??= why;', ';')
  }, {
    name: 'old feed unconfirmed', seeds: 200, gap,
    why: 'a restored node seals before anybody could tell it what it has forgotten',
    ...change('await wait(this.#clock, CONFIRM_MS_MAX, this.#word.signal);', 'return undefined;')
  }, {
    name: 'a word overhears the doubt', seeds: 200, gap,
    why: 'the peer that shows a restored node its lost blocks confirms the feed as well',
    ...change('this.#doubt ??= doubt;', 'this.#doubt = doubt;')
  }, {
    name: 'own blocks of the future stay', seeds: 200, gap,
    why: 'a node whose clock was set back keeps blocks that nobody takes',
    ...never('hasOwnAhead(this.#deps.dag, this.#setup, this.#clock)')
  }),
  ...inFile('node/incarnation.js', {
    name: 'incarnation kept in memory', seeds: 200, gap,
    why: 'after a restart a node goes on with a feed it had retired',
    ...change('await writeMark(path, directory,', 'if (await readMark(path, deps.disk) === undefined)\n' +
      '        await writeMark(path, directory,')
  }, {
    name: 'copied directory believed', seeds: 200, gap,
    why: 'a copy goes on with the feed of the node that it was made of',
    ...change('mark.device === device && mark.inode === inode', 'true')
  }),
  ...inFile('node/audit.js', {
    name: 'audit repairs nothing', seeds: 60, gap,
    why: 'rows that rotted stay rotten',
    ...change('const repaired = this.#deps.repair(id, block)', 'const repaired = Promise.resolve(\'unknown\')')
  }, {
    name: 'views left after a repair', seeds: 200, gap,
    why: 'views that were computed while records were missing stay so',
    ...never('await rescan(signal) && !signal.aborted')
  })
]
