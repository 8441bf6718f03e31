// The mutants: bugs that somebody could have written, each of which the simulator must find within its number
// of seeds, counted from 1. Clean code passes the same seeds.

/** One planted bug. */
export interface Mutant {
  readonly name: string
  /** Below dist/src. */
  readonly file: string
  /** Text that stands exactly once in the compiled file. */
  readonly find: string
  readonly replace: string
  /** Found within the seeds 1..this. */
  readonly seeds: number
  /** The seed at which it was found last: tried first. */
  readonly at?: number
  /** Not found yet, and why: not looked for, and reported apart. */
  readonly gap?: string
  /** What goes wrong because of it. */
  readonly why: string
}

/** All mutants. */
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
  // --- the block graph
  {
    name: 'header signature not checked', file: 'dag/validity.js', seeds: 20, at: 13,
    why: 'anybody writes in anybody\'s feed',
    find: 'return verify(header.signature, message, idBytes(header.nodeKey)) ? undefined : ' +
      '\'block-signature\';',
    replace: 'verify(header.signature, message, idBytes(header.nodeKey)); return undefined;'
  },
  {
    name: 'gap not noticed', file: 'dag/verdicts.js', seeds: 20, at: 15,
    why: 'a block is admitted without its prev',
    find: 'if (below === undefined)\n                return { kind: \'gap\' };',
    replace: 'if (below === undefined)\n                return { kind: \'new\' };'
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
  }
]
