// What a stopped node has stored, read key by key: the records that lenses judge and the ballots that trust
// is computed from, in one pass over the index.

import type { Log, NetworkId } from '../../src/base/index.js'
import { type EpochView, type KeyRecords, runSteps, trustBallotSteps } from '../../src/lenses/index.js'
import { directoryPaths } from '../../src/node/index.js'
import { gatherKey, openLevel, openStore, parseCandidate, ranges, type Store } from '../../src/store/index.js'
import {
  type BallotBook, createBallotBook, type KeyBallots, type TrustPolicy
} from '../../src/trustrank/index.js'
import { createFileDisk } from '../../src/wal/index.js'

/** Records by subject and predicate, and their ballots. */
export interface Stored {
  readonly records: ReadonlyMap<string, KeyRecords>
  readonly ballots: readonly KeyBallots[]
}

interface Key {
  readonly subject: string
  readonly predicate: string
}

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} }

/** Names a key within one evaluation. */
export function keyName(subject: string, predicate: string): string {
  return `${predicate}\u0000${subject}`
}

/** Reads the index in the directory of a node that has stopped. */
export async function readStored(
  directory: string, networkId: NetworkId, epochs: EpochView
): Promise<Stored> {
  const paths = directoryPaths(directory)
  const store = await openStore({ networkId, markerPath: paths.marker }, {
    level: openLevel({ directory: paths.index }), disk: createFileDisk(), log: silent
  })
  try {
    const records = new Map<string, KeyRecords>()
    const ballots: KeyBallots[] = []
    for (const { subject, predicate } of await keysOf(store)) {
      const key = await gatherKey(store, subject, predicate)
      records.set(keyName(subject, predicate), key)
      ballots.push(runSteps(trustBallotSteps(key, epochs.judging(predicate))))
    }
    return { records, ballots }
  } finally {
    await store.close({ clean: true })
  }
}

/** A book of the ballots that `counts` lets through. */
export function bookOf(
  ballots: readonly KeyBallots[], { roundMs, seeds }: TrustPolicy,
  counts: (agent: string) => boolean = () => true
): BallotBook {
  const book = createBallotBook(roundMs, seeds)
  for (const key of ballots) {
    const rows = key.rows.filter(({ agent }) => counts(agent))
    const endorsements = key.endorsements.filter(({ voter, author }) => counts(voter) && counts(author))
    if (rows.length > 0) book.put({ ...key, rows, endorsements })
  }
  return book
}

async function keysOf(store: Store): Promise<readonly Key[]> {
  const keys = new Map<string, Key>()
  for await (const rows of store.batches({ ...ranges.candidates(), keysOnly: true })) {
    for (const [key] of rows) {
      const { subject, predicate } = parseCandidate(key)
      keys.set(keyName(subject, predicate), { subject, predicate })
    }
  }
  return [...keys.values()]
}
