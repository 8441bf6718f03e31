// The mutants: bugs that somebody could have written, each of which the simulator must find within its number
// of seeds, counted from 1. Clean code passes the seeds that found them.

import type { Mutant } from './mutant.js'

/** Planted bugs that the simulator finds. */
export const MUTANTS: readonly Mutant[] = [
  // --- the log
  {
    name: 'ack before fsync', file: 'wal/writer.js', seeds: 30, at: 23,
    why: 'a power loss takes acknowledged records with it',
    find: 'if (!await attempt(writer, group, \'sync\', () => writer.file.sync()))\n        return;',
    replace: 'void writer.file.sync().catch(() => undefined);'
  },
  {
    name: 'no checksum', file: 'wal/frame.js', seeds: 20, at: 15,
    why: 'torn frames and rotten bits are believed',
    find: 'if (bytes.compare(checksum, 0, checksumBytes, at + checksumAt, at + FRAME_HEADER_BYTES) ' +
      '!== 0) {',
    replace: 'if (checksum === undefined) {'
  },
  {
    name: 'short write believed', file: 'wal/segment-files.js', seeds: 10, at: 10,
    why: 'a group is acknowledged of which the disk took a part',
    find: 'done += taken;',
    replace: 'done = bytes.length + 0 * taken;'
  },
  {
    name: 'failed sync tried again', file: 'wal/writer.js', seeds: 60, at: 46,
    why: 'the second sync says yes to pages that the kernel dropped',
    find: '        else\n            failLog(writer, operation, error);\n        return false;',
    replace: '        else\n            return attempt(writer, group, operation, action);\n        return ' +
      'false;'
  },
  {
    name: 'disk error ignored', file: 'wal/writer.js', seeds: 60, at: 46,
    why: 'a group whose sync failed is acknowledged',
    find: '        else\n            failLog(writer, operation, error);\n        return false;',
    replace: '        return operation === \'sync\';'
  },
  // --- ingest
  {
    name: 'record row not written', file: 'ingest/row-writer.js', seeds: 10, at: 8,
    why: 'a block names records that are not there',
    find: 'this.#batch.add(key, opened.bytes, true);',
    replace: 'if (this.#seen.size % 7 !== 3) this.#batch.add(key, opened.bytes, true);'
  },
  {
    name: 'dirty mark of a vote dropped', file: 'ingest/row-writer.js', seeds: 10, at: 8,
    why: 'a vote never reaches its view',
    find: 'const target = this.#targetOf(assertion);\n        if (target !== undefined)',
    replace: 'const target = undefined;\n        if (target !== undefined)'
  },
  {
    name: 'vote before its assertion lost', file: 'ingest/row-writer.js', seeds: 100, at: 72,
    why: 'a vote counts only where its assertion came first',
    find: 'this.#batch.add(keys.vote(assertion, agentId, timestampMs, id), encodeVoteRow(weight), true);',
    replace: 'if (this.#targetOf(assertion) !== undefined) this.#batch.add(keys.vote(assertion, agentId, ' +
      'timestampMs, id), encodeVoteRow(weight), true);'
  },
  {
    name: 'record signatures of blocks not checked', file: 'ingest/block-gate.js', seeds: 20, at: 13,
    why: 'a forged record is admitted with its block',
    find: 'if (verdicts.every((valid) => valid))',
    replace: 'if (verdicts !== null)'
  },
  {
    name: 'record signatures of clients not checked', file: 'ingest/record-gate.js', seeds: 10, at: 8,
    why: 'a forged record of a client is acknowledged',
    find: 'if (!valid)',
    replace: 'if (valid === null)'
  },
  {
    name: 'sealed twice', file: 'ingest/backlog.js', seeds: 100, at: 72,
    why: 'a record that is in a block under way goes into the next one too',
    find: 'for (const entry of entries)\n            this.#dequeue(entry);',
    replace: ';'
  },
  {
    name: 'cursor ahead of rows', file: 'ingest/ingestor.js', seeds: 10, at: 8,
    why: 'the frame behind a step is never applied after a crash',
    find: 'sealStep(step, cursor, stepDeps);',
    replace: 'sealStep(step, cursor + 1, stepDeps);'
  },
  {
    name: 'known record taken again', file: 'ingest/record-gate.js', seeds: 100, at: 72,
    why: 'a client that asks again has its record sealed twice',
    find: 'if (deps.backlog.get(id) !== undefined || deps.store.get(keys.record(id)) !== undefined)',
    replace: 'if (deps.backlog.get(id) !== undefined)'
  },
  {
    name: 'released into nothing', file: 'ingest/quarantine.js', seeds: 10, at: 8,
    why: 'a record whose time has come is in no block',
    find: 'backlog.add(opened, sequence, true);',
    replace: ';'
  },
  {
    name: 'gap is misbehaviour', file: 'ingest/block-gate.js', seeds: 100, at: 72,
    why: 'whoever brings a block before its prev is sent away',
    find: 'return { kind: \'ignore\', why: \'gap\' };',
    replace: 'return { kind: \'reject\', why: \'gap\' };'
  },
  {
    name: 'duplicate counted twice', file: 'ingest/row-writer.js', seeds: 10, at: 10,
    why: 'a record in two blocks is two records',
    find: 'if (!absent && this.#reader.get(key) !== undefined)\n            return;',
    replace: ''
  },
  // --- the block graph
  {
    name: 'header signature not checked', file: 'dag/validity.js', seeds: 20, at: 13,
    why: 'anybody writes in anybody\'s feed',
    find: 'return verify(header.signature, message, idBytes(header.nodeKey)) ? undefined : ' +
      '\'block-signature\';',
    replace: 'verify(header.signature, message, idBytes(header.nodeKey)); return undefined;'
  },
  {
    name: 'prev not checked', file: 'dag/validity.js', seeds: 20, at: 13,
    why: 'a feed skips numbers and runs backwards',
    find: 'if (header.seq !== prev.seq + 1)\n        return \'prev-seq\';\n    if (header.sealedAtMs < ' +
      'prev.sealedAtMs)\n        return \'prev-sealed-at\';',
    replace: ''
  },
  {
    name: 'gap not noticed', file: 'dag/verdicts.js', seeds: 20, at: 15,
    why: 'a block is admitted without its prev',
    find: 'if (below === undefined)\n                return { kind: \'gap\' };',
    replace: 'if (below === undefined)\n                return { kind: \'new\' };'
  },
  {
    name: 'records ahead of their block', file: 'dag/validity.js', seeds: 20, at: 13,
    why: 'a block holds records of a time far behind its own',
    find: '? \'record-ahead\' : undefined',
    replace: '? undefined : undefined'
  },
  {
    name: 'future admitted', file: 'dag/validity.js', seeds: 30, at: 30,
    why: 'a block from the future is admitted at once',
    find: 'return header.sealedAtMs > nowMs + TIME_LIMITS.blockAheadMsMax;',
    replace: 'return header.sealedAtMs > nowMs + 1e15;'
  },
  {
    name: 'parents stay heads', file: 'dag/heads.js', seeds: 10, at: 8,
    why: 'a block that another one names as parent stays a head',
    find: 'for (const id of dependencies(header)) {',
    replace: 'for (const id of header.prev === undefined ? [] : [header.prev]) {'
  },
  {
    name: 'prev stays a tip', file: 'dag/dag.js', seeds: 10, at: 8,
    why: 'every block stays a tip in the rows',
    find: 'batch.delete(keys.tip(feed, prev));',
    replace: ';'
  },
  {
    name: 'fork not noticed', file: 'dag/forks.js', seeds: 20, at: 11,
    why: 'two blocks of one place leave no proof',
    find: 'if (rival === undefined)\n                    continue;',
    replace: 'if (rival !== null)\n                    continue;'
  },
  {
    name: 'gap not repaired', file: 'dag/sync-repair.js', seeds: 20, at: 15,
    why: 'what waits for its prev waits for ever',
    find: 'if (gaps.length === 0)',
    replace: 'if (gaps.length >= 0)'
  },
  {
    name: 'want off by one', file: 'dag/sync-wants.js', seeds: 10, at: 8,
    why: 'the last block of a run is never asked for',
    find: 'return belowDeferred(dag, run, Math.max(run.low, highest + 1), nowMs);',
    replace: 'return run.high === highest + 1 ? undefined : belowDeferred(dag, run, Math.max(run.low, ' +
      'highest + 1), nowMs);'
  },
  {
    name: 'holder row not written', file: 'dag/dag.js', seeds: 10, at: 8,
    why: 'nobody knows which block brought a record',
    find: 'batch.add(keys.holder(recordId, id), EMPTY, true);',
    replace: ';'
  },
  {
    name: 'one tip of a fork', file: 'dag/feeds.js', seeds: 20, at: 11,
    why: 'of a forked feed one branch alone is in the frontier',
    find: 'tips.set(feed, [...(known ?? []).filter((other) => other.id !== id), tip]);',
    replace: 'tips.set(feed, [tip]);'
  },
  {
    name: 'named before it came', file: 'dag/heads.js', seeds: 10, at: 10,
    why: 'a block that comes after one that names it is a head for ever',
    find: 'if (referred)\n                return;',
    replace: ''
  },
  {
    name: 'last block is one too many', file: 'dag/sync-asker.js', seeds: 10, at: 8,
    why: 'who answers in full is sent away',
    find: 'question.left < blocks.length',
    replace: 'question.left <= blocks.length'
  },
  // --- views
  {
    name: 'view kept when it looks alike', file: 'materializer/recompute.js', seeds: 10, at: 8,
    why: 'the first answer of its length stays: arrival decides',
    find: 'if (after !== undefined && sameView(before, after))',
    replace: 'if (after !== undefined && before?.length === after.length)'
  },
  {
    name: 'trust without a sweep', file: 'materializer/publication.js', seeds: 10, at: 8,
    why: 'views stay under the trust of an older generation',
    find: 'noteTrustSweep(batch, to.publication.generation);',
    replace: ''
  },
  {
    name: 'ballots withheld from trust', file: 'materializer/recompute.js', seeds: 10, at: 8,
    why: 'trust knows the ballots of the last start alone',
    find: 'told(await run(trustBallotSteps(records, judgement.epochs.judging(key.predicate)), ' +
      'records, deps));',
    replace: ''
  }
]
