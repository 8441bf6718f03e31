// The mutants: bugs that somebody could have written, each of which the simulator must find within its number
// of seeds, counted from 1. Clean code passes the seeds that found them.

import { always, change, inFile, never, without, type Mutant } from './mutant.js'

const OF_THE_LOG: readonly Mutant[] = [
  ...inFile('wal/writer.js', {
    name: 'ack before fsync', seeds: 30, at: 23,
    why: 'a power loss takes acknowledged records with it',
    ...change(
      'if (!await attempt(writer, group, \'sync\', () => writer.file.sync()))\n        return;',
      'void writer.file.sync().catch(() => undefined);'
    )
  }, {
    name: 'failed sync tried again', seeds: 60, at: 46,
    why: 'the second sync says yes to pages that the kernel dropped',
    ...change(
      'else\n            failLog(writer, operation, error);',
      'else\n            return attempt(writer, group, operation, action);'
    )
  }, {
    name: 'disk error ignored', seeds: 60, at: 46,
    why: 'a group whose sync failed is acknowledged',
    ...change('else\n            failLog(writer, operation, error);', 'return operation === \'sync\';')
  }),
  ...inFile('wal/frame.js', {
    name: 'no checksum', seeds: 20, at: 15,
    why: 'torn frames and rotten bits are believed',
    ...never('bytes.compare(checksum, 0, checksumBytes, at + checksumAt, at + FRAME_HEADER_BYTES) !== 0')
  }),
  ...inFile('wal/segment-files.js', {
    name: 'short write believed', seeds: 10, at: 10,
    why: 'a group is acknowledged of which the disk took a part',
    ...change('done += taken;', 'done = bytes.length + 0 * taken;')
  }),
  ...inFile('wal/recovery.js', {
    name: 'unsynced frames believed', seeds: 60, at: 46,
    why: 'what the page cache alone held is lost at the next power failure',
    ...change('if (rest.usedTo > end || rewriteFrom < end) {', 'if (rest.usedTo > end) {')
  }),
  ...inFile('store/open.js', {
    name: 'hole in the index believed', seeds: 60, at: 40,
    why: 'an index that nothing vouches for is read without counting its rows',
    ...never('!sameRows(counted, totals)')
  })
]

const OF_INGEST: readonly Mutant[] = [
  ...inFile('ingest/row-writer.js', {
    name: 'record row not written', seeds: 10, at: 8,
    why: 'a block names records that are not there',
    ...change(
      'this.#batch.add(key, opened.bytes, true);',
      'if (this.#seen.size % 7 !== 3) this.#batch.add(key, opened.bytes, true);'
    )
  }, {
    name: 'dirty mark of a vote dropped', seeds: 10, at: 8,
    why: 'a vote never reaches its view',
    ...change(
      'const target = this.#targetOf(assertion);\n        if (target !== undefined)',
      'const target = undefined;\n        if (target !== undefined)'
    )
  }, {
    name: 'vote before its assertion lost', seeds: 100, at: 72,
    why: 'a vote counts only where its assertion came first',
    ...change(
      'this.#batch.add(keys.vote(assertion, agentId, timestampMs, id)',
      'if (this.#targetOf(assertion) !== undefined)\n            ' +
        'this.#batch.add(keys.vote(assertion, agentId, timestampMs, id)'
    )
  }, {
    name: 'duplicate counted twice', seeds: 20, at: 13,
    why: 'a record in two blocks is two records',
    ...without('if (!absent && this.#reader.get(key) !== undefined)\n            return;')
  }, {
    name: 'mark deleted that was not seen', seeds: 200, at: 9,
    why: 'a mark written while its view is computed is deleted with the one that was seen',
    ...change('keys.blockMark(target.subject, target.predicate, sequence)',
      'keys.blockMark(target.subject, target.predicate, 0)')
  }),
  ...inFile('ingest/block-gate.js', {
    name: 'record signatures of blocks not checked', seeds: 20, at: 13,
    why: 'a forged record is admitted with its block',
    ...always('verdicts.every((valid) => valid)')
  }, {
    name: 'gap is misbehaviour', seeds: 100, at: 72,
    why: 'whoever brings a block before its prev is sent away',
    ...change('kind: \'ignore\', why: \'gap\'', 'kind: \'reject\', why: \'gap\'')
  }, {
    name: 'future is misbehaviour', seeds: 60, at: 38,
    why: 'whose clock runs ahead is sent away',
    ...change('kind: \'ignore\', why: \'sealed in the future\'', 'kind: \'reject\', why: \'sealed in the future\'')
  }, {
    name: 'lost block admitted anew', seeds: 300, at: 260,
    why: 'rows of a block are counted twice, and a feed that never forked has a second tip',
    ...change('await wasHere(header, gate.deps)', 'false')
  }),
  ...inFile('ingest/record-gate.js', {
    name: 'record signatures of clients not checked', seeds: 10, at: 8,
    why: 'a forged record of a client is acknowledged',
    ...never('!valid')
  }, {
    name: 'known record taken again', seeds: 100, at: 72,
    why: 'a client that asks again has its record sealed twice',
    ...change('!== undefined || deps.store.get(keys.record(id)) !== undefined', '!== undefined')
  }),
  ...inFile('ingest/backlog.js', {
    name: 'sealed twice', seeds: 100, at: 72,
    why: 'a record that is in a block under way goes into the next one too',
    ...without('for (const entry of entries)\n            this.#dequeue(entry);')
  }),
  ...inFile('ingest/ingestor.js', {
    name: 'cursor ahead of rows', seeds: 10, at: 8,
    why: 'the frame behind a step is never applied after a crash',
    ...change('sealStep(step, cursor, stepDeps);', 'sealStep(step, cursor + 1, stepDeps);')
  }),
  ...inFile('ingest/quarantine.js', {
    name: 'released into nothing', seeds: 10, at: 8,
    why: 'a record whose time has come is in no block',
    ...without('backlog.add(opened, sequence, true);')
  }, {
    name: 'quarantine released early', seeds: 20, at: 12,
    why: 'records are admitted before their time',
    ...change('STEP_ROWS, clock.nowMs());', 'STEP_ROWS, clock.nowMs() + 60_000);')
  }, {
    name: 'quarantine looked at once', seeds: 10, at: 3,
    why: 'what is in quarantine at a start, or behind another record, waits for ever',
    ...without('if (nextMs !== undefined)\n            this.#arm(nextMs - clock.nowMs());')
  }, {
    name: 'release given up', scene: 'the index is full', seeds: 100, at: 70,
    why: 'a release that failed is not tried again',
    ...without('this.#arm(RETRY_MS);')
  }),
  ...inFile('ingest/step.js', {
    name: 'unsealed row not written', seeds: 60, at: 46,
    why: 'after a restart an acknowledged record is forgotten',
    ...without('step.batch.add(keys.unsealed(id), encodeNumberRow(sequence));')
  }, {
    name: 'own blocks that came back stay', seeds: 2_000, at: 1_978,
    why: 'a node whose clock was set back makes its index anew again and again',
    ...change('header.nodeKey === deps.self', 'false')
  }, {
    name: 'u/ row not deleted', seeds: 10, at: 8,
    why: 'a sealed record still waits for a block',
    ...without('step.batch.remove(keys.unsealed(record.id));')
  }),
  ...inFile('ingest/sealer.js', {
    name: 'own clock not corrected', seeds: 60, at: 56,
    why: 'a node whose clock was set back goes on with a feed from its future',
    ...change('return nowMs < tipSealedAtMs - TIME_LIMITS.behindTipMsMax;', 'return false;')
  })
]

const OF_THE_GRAPH: readonly Mutant[] = [
  ...inFile('dag/validity.js', {
    name: 'header signature not checked', seeds: 20, at: 13,
    why: 'anybody writes in anybody\'s feed',
    ...change(
      'return verify(header.signature, message, idBytes(header.nodeKey)) ?',
      'return verify(header.signature, message, idBytes(header.nodeKey)) !== null ?'
    )
  }, {
    name: 'prev not checked', seeds: 20, at: 13,
    why: 'a feed skips numbers and runs backwards',
    ...without(
      'if (header.seq !== prev.seq + 1)\n        return \'prev-seq\';\n' +
        '    if (header.sealedAtMs < prev.sealedAtMs)\n        return \'prev-sealed-at\';'
    )
  }, {
    name: 'records ahead of their block', seeds: 20, at: 13,
    why: 'a block holds records of a time far behind its own',
    ...change('? \'record-ahead\' : undefined', '? undefined : undefined')
  }, {
    name: 'future admitted', seeds: 30, at: 30,
    why: 'a block from the future is admitted at once',
    ...change('nowMs + TIME_LIMITS.blockAheadMsMax;', 'nowMs + 1e15;')
  }),
  ...inFile('dag/verdicts.js', {
    name: 'gap not noticed', seeds: 20, at: 15,
    why: 'a block is admitted without its prev',
    ...change('{ kind: \'gap\' }', '{ kind: \'new\' }')
  }),
  ...inFile('dag/heads.js', {
    name: 'parents stay heads', seeds: 10, at: 8,
    why: 'a block that another one names as parent stays a head',
    ...change(
      'for (const id of dependencies(header)) {',
      'for (const id of header.prev === undefined ? [] : [header.prev]) {'
    )
  }, {
    name: 'named before it came', seeds: 60, at: 3,
    why: 'a block that comes after one that names it is a head for ever',
    ...without('if (referred)\n                return;')
  }),
  ...inFile('dag/dag.js', {
    name: 'prev stays a tip', seeds: 10, at: 8,
    why: 'every block stays a tip in the rows',
    ...without('batch.delete(keys.tip(feed, prev));')
  }, {
    name: 'holder row not written', seeds: 10, at: 8,
    why: 'nobody knows which block brought a record',
    ...without('batch.add(keys.holder(recordId, id), EMPTY, true);')
  }),
  ...inFile('dag/feeds.js', {
    name: 'one tip of a fork', seeds: 20, at: 11,
    why: 'of a forked feed one branch alone is in the frontier',
    ...change('tips.set(feed, [...(known ?? []).filter((other) => other.id !== id), tip]);', 'tips.set(feed, [tip]);')
  }),
  ...inFile('dag/forks.js', {
    name: 'fork not noticed', seeds: 20, at: 11,
    why: 'two blocks of one place leave no proof',
    ...always('rival === undefined')
  }),
  ...inFile('dag/sync-repair.js', {
    name: 'gap not repaired', seeds: 20, at: 15,
    why: 'what waits for its prev waits for ever',
    ...always('gaps.length === 0')
  }),
  ...inFile('dag/sync-wants.js', {
    name: 'want off by one', seeds: 10, at: 8,
    why: 'the last block of a run is never asked for',
    ...change(
      'return belowDeferred(dag, run, Math.max(run.low, highest + 1), nowMs);',
      'return run.high === highest + 1 ? undefined : ' +
        'belowDeferred(dag, run, Math.max(run.low, highest + 1), nowMs);'
    )
  }),
  ...inFile('dag/sync-asker.js', {
    name: 'last block is one too many', seeds: 10, at: 8,
    why: 'who answers in full is sent away',
    ...change('question.left < arrivals.length', 'question.left <= arrivals.length')
  }),
  ...inFile('dag/block.js', {
    name: 'records root not checked', seeds: 60, at: 41,
    why: 'a true header is admitted with another body',
    ...never('recordsRoot(ids) !== header.recordsRoot')
  }),
  ...inFile('dag/pending.js', {
    name: 'pending unbounded', seeds: 100, at: 77,
    why: 'strangers fill the memory with blocks that wait',
    ...change('return room.bytes > limits.totalBytesMax ?', 'return false ?')
  }),
  ...inFile('dag/deferred.js', {
    name: 'deferred unbounded', seeds: 200, at: 22,
    why: 'strangers fill the memory with headers of the future',
    ...always('waiting.size <= headersMax')
  }),
  ...inFile('dag/wanted.js', {
    name: 'wanted unbounded', seeds: 100, at: 81,
    why: 'strangers fill the memory with parents that nobody has',
    ...always('ids.size <= idsMax')
  })
]

const OF_SESSIONS: readonly Mutant[] = [
  ...inFile('dag/sync-session.js', {
    name: 'no length check', seeds: 60, at: 48,
    why: 'a frame of any size is read',
    ...never('bytes.length > syncFrameBytesMax')
  }),
  ...inFile('dag/sync-novelty.js', {
    name: 'known blocks are progress', seeds: 60, at: 47,
    why: 'who sends one block again and again keeps a session for ever',
    ...change('return id !== undefined && isHere(id) ? block.length : 0;', 'return block.length;')
  }),
  ...inFile('dag/sync-serve.js', {
    name: 'a chain served for each of its blocks', seeds: 10, at: 4,
    why: 'a question that names many tops of a chain costs the chain as often',
    ...change('forked ? top.id : top.feed', 'top.id')
  }),
  ...inFile('p2p/sync-schedule.js', {
    name: 'no sync by the clock', seeds: 10, at: 4,
    why: 'what gossip lost in silence stays lost',
    ...never('peer !== undefined')
  }),
  ...inFile('p2p/sync-sessions.js', {
    name: 'one pool of places', seeds: 300, at: 254,
    why: 'peers that hold what they are served keep a node from asking',
    ...change('this.#served = placesOf(options.servedMax);',
      'const pool = this.#opened;\n        this.#opened = this.#served = {\n' +
        '            hasRoom: () => pool.taken < options.sessionsMax, take: (...place) => pool.take(...place),\n' +
        '            leave: (run) => pool.leave(run), get taken() { return pool.taken / 2; }\n        };')
  })
]

const OF_VIEWS: readonly Mutant[] = [
  ...inFile('materializer/recompute.js', {
    name: 'view kept when it looks alike', seeds: 10, at: 8,
    why: 'the first answer of its length stays: arrival decides',
    ...change('undefined && sameView(before, after)', 'undefined && before?.length === after.length')
  }, {
    name: 'ballots withheld from trust', seeds: 10, at: 8,
    why: 'trust knows the ballots of the last start alone',
    ...without('told(await run(tellingSteps(input), input, options, own));')
  }),
  ...inFile('materializer/publication.js', {
    name: 'trust without a sweep', seeds: 10, at: 8,
    why: 'views stay under the trust of an older generation',
    ...without('noteTrustSweep(batch, to.publication.generation);')
  }, {
    name: 'trust sweep lost at a crash', scene: 'trust is swept', seeds: 150, at: 95,
    why: 'a sweep that a crash cut off never goes on',
    ...change('now === undefined && isTrustSwept(store)', 'now === undefined')
  }),
  ...inFile('materializer/sweep.js', {
    name: 'epoch without a sweep', seeds: 100, at: 65,
    why: 'views stay under the settings of an older epoch',
    ...never('!done')
  })
]

const OF_THE_NODE: readonly Mutant[] = [
  ...inFile('node/parts.js', {
    name: 'tag while marks are left', seeds: 100, at: 62,
    why: 'a tag of a state that is no state',
    ...change('quiet: () => trust.quiet && materializer.lag().marks === 0', 'quiet: () => true || marks === 0')
  }),
  ...inFile('node/own-feed.js', {
    name: 'old feed unconfirmed', seeds: 100, at: 70,
    why: 'a restored node seals before anybody could tell it what it has forgotten',
    ...change('await wait(this.#clock, CONFIRM_MS_MAX, this.#word.signal);', 'return undefined;')
  }, {
    name: 'own blocks of the future stay', seeds: 200, at: 111,
    why: 'a node whose clock was set back keeps blocks that nobody takes',
    ...never('hasOwnAhead(this.#deps.dag, this.#setup, this.#clock)')
  }),
  ...inFile('node/incarnation.js', {
    name: 'incarnation kept in memory', seeds: 100, at: 70,
    why: 'after a restart a node goes on with a feed it had retired',
    ...change('await writeMark(path, directory,', 'if (await readMark(path, deps.disk) === undefined)\n' +
      '        await writeMark(path, directory,')
  }, {
    name: 'copied directory believed', seeds: 200, at: 144,
    why: 'a copy goes on with the feed of the node that it was made of',
    ...change('mark.device === device && mark.inode === inode', 'true')
  }),
  ...inFile('node/audit.js', {
    name: 'audit repairs nothing', seeds: 30, at: 25,
    why: 'rows that rotted stay rotten',
    ...change('const repaired = this.#deps.repair(id, block)', 'const repaired = Promise.resolve(\'unknown\')')
  }, {
    name: 'views left after a repair', seeds: 200, at: 183,
    why: 'views that were computed while records were missing stay so',
    ...never('await rescan(signal) && !signal.aborted')
  })
]

/** Planted bugs that the simulator finds. */
export const MUTANTS: readonly Mutant[] = [
  ...OF_THE_LOG, ...OF_INGEST, ...OF_THE_GRAPH, ...OF_SESSIONS, ...OF_VIEWS, ...OF_THE_NODE
]
