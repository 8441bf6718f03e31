// Mutants that no seed has shown yet: each is a gap of the faults or of the invariants, or is harmless.

import type { Mutant } from './mutant.js'

/** Planted bugs that are not looked for with the others. */
export const GAPS: readonly Mutant[] = [
  // --- the log
  {
    name: 'torn end left in place', file: 'wal/recovery.js', seeds: 100,
    gap: 'not found at 13 seeds',
    why: 'what lies behind the torn end comes back as frames of the past',
    find: 'await writeZeros(file, end, rest.usedTo);',
    replace: ''
  },
  // --- the index
  {
    name: 'emptied index believed', file: 'store/open.js', seeds: 100,
    gap: 'not found at 4 seeds',
    why: 'a database without rows is taken for a new one',
    find: 'if (marker !== undefined && isBehind(NO_TOTALS, marker.totals)) {',
    replace: 'if (marker === null) {'
  },
  // --- ingest
  {
    name: 'u/ row not deleted', file: 'ingest/step.js', seeds: 60,
    gap: 'not found at 4 seeds',
    why: 'after a restart a sealed record is sealed again',
    find: 'step.batch.delete(keys.unsealed(record.id));',
    replace: ';'
  },
  {
    name: 'mark deleted that was not seen', file: 'ingest/row-writer.js', seeds: 60,
    gap: 'not found at 4 seeds',
    why: 'a mark written while its view is computed is deleted with the one that was seen',
    find: 'this.#batch.put(keys.blockMark(target.subject, target.predicate, sequence), EMPTY);',
    replace: 'this.#batch.put(keys.blockMark(target.subject, target.predicate, 0), EMPTY);'
  },
  {
    name: 'quarantine released early', file: 'ingest/quarantine.js', seeds: 60,
    gap: 'not tried yet',
    why: 'records are admitted before their time',
    find: 'const due = await loadRows(this.#deps, STEP_ROWS, clock.nowMs());',
    replace: 'const due = await loadRows(this.#deps, STEP_ROWS, clock.nowMs() + 60_000);'
  },
  {
    name: 'quarantine never released', file: 'ingest/quarantine.js', seeds: 10,
    gap: 'not tried yet',
    why: 'acknowledged records wait for ever',
    find: 'const due = await loadRows(this.#deps, STEP_ROWS, clock.nowMs());',
    replace: 'const due = await loadRows(this.#deps, STEP_ROWS, 0);'
  },
  {
    name: 'step written in two batches', file: 'ingest/ingestor.js', seeds: 100,
    gap: 'not found at 4 seeds',
    why: 'a crash between the cursor and its rows loses the rows',
    find: 'sealStep(step, cursor, stepDeps);\n    await commit(state, step.batch);',
    replace: 'const early = state.deps.store.batch(); early.setCursor(cursor); await write(state, ' +
      'early);\n    sealStep(step, cursor, stepDeps); await commit(state, step.batch);'
  },
  {
    name: 'unsealed row not written', file: 'ingest/step.js', seeds: 60,
    gap: 'not found at 4 seeds',
    why: 'after a restart an acknowledged record is forgotten',
    find: 'step.batch.put(keys.unsealed(id), encodeNumberRow(sequence));',
    replace: ';'
  },
  {
    name: 'release given up', file: 'ingest/quarantine.js', seeds: 200,
    gap: 'not tried yet',
    why: 'a release that failed is not tried again',
    find: 'this.#arm(RETRY_MS);',
    replace: ';'
  },
  {
    name: 'future is misbehaviour', file: 'ingest/block-gate.js', seeds: 60,
    gap: 'not found at 4 seeds',
    why: 'whose clock runs ahead is sent away',
    find: 'return { kind: \'ignore\', why: \'sealed in the future\' };',
    replace: 'return { kind: \'reject\', why: \'sealed in the future\' };'
  },
  // --- the block graph
  {
    name: 'records root not checked', file: 'dag/block.js', seeds: 60,
    gap: 'not found at 5 seeds',
    why: 'a true header is admitted with another body',
    find: 'if (recordsRoot(ids) !== header.recordsRoot)\n        return invalid(\'records-root\');',
    replace: ''
  },
  {
    name: 'possession by seq', file: 'dag/sync-wants.js', seeds: 200,
    gap: 'not tried yet',
    why: 'of a forked feed the other branch is never asked for',
    find: 'for (const feed of feeds)\n        if (await dag.holdsLike(feed, run.high, run.top))\n       ' +
      '     return undefined;\n    return belowDeferred(dag, run, run.high, nowMs);',
    replace: 'return undefined;'
  },
  {
    name: 'one tip a feed is listed', file: 'dag/sync-listing.js', seeds: 200,
    gap: 'not tried yet',
    why: 'of a forked feed the other branch is never offered',
    find: 'const admitted = unlisted.slice(0, SYNC_LIMITS.sessionRunsMax);',
    replace: 'const admitted = [...new Map(unlisted.map((run) => [run.feed, run])).values()];'
  },
  {
    name: 'pending unbounded', file: 'dag/pending.js', seeds: 60,
    gap: 'not tried yet',
    why: 'strangers fill the memory with blocks that wait',
    find: 'return room.bytes > limits.totalBytesMax ? ' +
      'evictFrom(room.largestShelf(room.largestPeer())) : undefined;',
    replace: 'return undefined;'
  },
  {
    name: 'deferred unbounded', file: 'dag/deferred.js', seeds: 60,
    gap: 'not tried yet',
    why: 'strangers fill the memory with headers of the future',
    find: 'if (waiting.size <= headersMax)',
    replace: 'if (waiting.size >= 0)'
  },
  // --- the network
  {
    name: 'no sync by the clock', file: 'p2p/sync-schedule.js', seeds: 30,
    gap: 'not found at 4 seeds',
    why: 'what gossip lost in silence stays lost',
    find: 'if (peer !== undefined)',
    replace: 'if (peer === null)'
  },
  // --- views
  {
    name: 'first winner stays at a tie', file: 'materializer/recompute.js', seeds: 60,
    gap: 'not tried yet',
    why: 'what was computed before decides what is computed now',
    find: 'await run(settleSteps(records, deps.judgement,',
    replace: 'await run(settleSteps({ ...records, candidates: records.candidates.length === 2 && ' +
      'deps.reader.get(keys.view(key.subject, key.predicate)) !== undefined ? ' +
      'records.candidates.slice(0, 1) : records.candidates }, deps.judgement,'
  },
  {
    name: 'trust sweep lost at a crash', file: 'materializer/publication.js', seeds: 200,
    gap: 'not tried yet',
    why: 'a sweep that a crash cut off never goes on',
    find: 'if (now === undefined && isTrustSwept(store))',
    replace: 'if (now === undefined)'
  },
  {
    name: 'epoch without a sweep', file: 'materializer/sweep.js', seeds: 60,
    gap: 'not found at 4 seeds',
    why: 'views stay under the settings of an older epoch',
    find: 'if (!done)',
    replace: 'if (done)'
  },
  // --- the node
  {
    name: 'tag while marks are left', file: 'node/parts.js', seeds: 60,
    gap: 'not tried yet',
    why: 'a tag of a state that is no state',
    find: 'quiet: () => trust.quiet && materializer.lag().marks === 0 && ingest.counts().behind === 0 ' +
      '&& !audit.mending,',
    replace: 'quiet: () => true,'
  },
  {
    name: 'incarnation kept after a rollback', file: 'node/own-feed.js', seeds: 200,
    gap: 'not tried yet',
    why: 'a restored node goes on with a feed whose end is elsewhere',
    find: 'this.#doubt ??= why;\n        this.#word.abort();',
    replace: 'this.#word.abort();'
  },
  {
    name: 'old feed unconfirmed', file: 'node/own-feed.js', seeds: 200,
    gap: 'not tried yet',
    why: 'a restored node seals before anybody could tell it what it has forgotten',
    find: 'await wait(this.#clock, CONFIRM_MS_MAX, this.#word.signal);\n        return this.#confirmed ' +
      '? undefined : this.#doubt ?? \'no peer has confirmed its last block\';',
    replace: 'return undefined;'
  },
  {
    name: 'own clock not corrected', file: 'node/own-feed.js', seeds: 200,
    gap: 'not found at 4 seeds',
    why: 'a node whose clock was set back goes on with a feed from its future',
    find: 'if (isBehindTip(this.#clock.nowMs(),',
    replace: 'if (false && isBehindTip(this.#clock.nowMs(),'
  },
  {
    name: 'own blocks of the future stay', file: 'node/own-feed.js', seeds: 200,
    gap: 'not tried yet',
    why: 'a node whose clock was set back keeps blocks that nobody takes',
    find: 'if (hasOwnAhead(this.#deps.dag, this.#setup, this.#clock))',
    replace: 'if (false)'
  },
  {
    name: 'audit repairs nothing', file: 'node/audit.js', seeds: 60,
    gap: 'not found at 4 seeds',
    why: 'rows that rotted stay rotten',
    find: 'const repaired = this.#deps.repair(id, block)',
    replace: 'const repaired = Promise.resolve(\'unknown\')'
  },
  {
    name: 'views left after a repair', file: 'node/audit.js', seeds: 200,
    gap: 'not tried yet',
    why: 'records that a repair put back are in no view',
    find: 'if (await rescan(signal) && !signal.aborted)',
    replace: 'if (false)'
  },
  {
    name: 'incarnation kept in memory', file: 'node/incarnation.js', seeds: 200,
    gap: 'not tried yet',
    why: 'after a restart a node goes on with a feed it had retired',
    find: 'await writeMark(path, directory, { incarnation, device: String(device), inode: ' +
      'String(inode) }, deps.disk);',
    replace: 'if (await readMark(path, deps.disk) === undefined) await writeMark(path, directory, { ' +
      'incarnation, device: String(device), inode: String(inode) }, deps.disk);'
  }
]
