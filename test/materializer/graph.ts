// A store with records in it, written as the ingestor writes them, and a materializer on top.

import type { Clock, PublicKey } from '../../src/base/index.js'
import { createMaterializer, type Materializer, type MaterializerOptions } from '../../src/materializer/index.js'
import {
  type AssertionFields, buildAssertion, buildEpoch, buildVote, createSigner, type EpochFields, openRecord,
  seedFromName, type Signer, type StemeRecord, type VoteFields
} from '../../src/record/index.js'
import { neutralTrust, type TrustSnapshot } from '../../src/trustrank/index.js'
import { openStore, type Store } from '../../src/store/index.js'
import { createRowWriter } from '../../src/ingest/row-writer.js'
import { createTargetCache } from '../../src/ingest/target-cache.js'
import { networkId, silent } from '../contract/store.js'
import { createMemoryIndex } from '../fakes/memory-level.js'
import { createMemoryDisk } from '../fakes/memory-disk.js'
import { seededRandom } from '../fakes/seeded-random.js'
import { createManualClock } from '../fakes/manual-clock.js'

const signers = new Map<string, Signer>()

export function signer(name: string): Signer {
  const known = signers.get(name) ?? createSigner(seedFromName(name))
  signers.set(name, known)
  return known
}

export const governors: ReadonlySet<PublicKey> = new Set([signer('governor').publicKey])

export type Fields<T> = Partial<T> & { readonly by: string }

/** An assertion about (s, p). */
export function assertion(fields: Fields<AssertionFields>): Uint8Array {
  const { by, ...rest } = fields
  const all = { timestampMs: 0, subject: 's', predicate: 'p', object: 'x', ...rest }
  return buildAssertion(all, signer(by), networkId)
}

export function voteOn(target: Uint8Array, by: string, weight: number, timestampMs = 0): Uint8Array {
  const fields: VoteFields = { timestampMs, assertion: recordOf(target).id, weight }
  return buildVote(fields, signer(by), networkId)
}

export function epoch(fields: Fields<EpochFields>): Uint8Array {
  const { by, ...rest } = fields
  return buildEpoch({ timestampMs: 0, name: 'epoch', settings: new Map(), ...rest }, signer(by), networkId)
}

export function recordOf(bytes: Uint8Array): StemeRecord {
  const opened = openRecord(bytes)
  if (opened.grade !== 'effective') throw new Error(`not effective: ${opened.grade}`)
  return opened.record
}

export interface Graph {
  readonly store: Store
  readonly clock: Clock
  readonly materializer: Materializer
  /** Writes records as one block, without waking the materializer. */
  admit(...records: readonly Uint8Array[]): Promise<void>
  /** Writes records as one block and waits for their views. */
  settle(...records: readonly Uint8Array[]): Promise<void>
  /** A second materializer on the same store. */
  createMaterializer(options?: MaterializerOptions, trust?: () => TrustSnapshot): Materializer
}

export interface GraphOptions {
  readonly governors?: ReadonlySet<PublicKey>
  readonly clock?: Clock
  readonly options?: MaterializerOptions
  readonly trust?: () => TrustSnapshot
  readonly index?: ReturnType<typeof createMemoryIndex>
  readonly yieldNow?: () => Promise<void>
  readonly busy?: () => boolean
}

/** Lets the event loop turn. */
export function yieldNow(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

export async function createGraph(given: GraphOptions = {}): Promise<Graph> {
  const { clock = createManualClock(), options = {}, trust = neutralTrust } = given
  const ruling = given.governors ?? governors
  const pause = given.yieldNow ?? yieldNow
  const disk = createMemoryDisk(seededRandom(1))
  const level = given.index ?? createMemoryIndex()
  const store = await openStore({ networkId }, { level, disk, log: silent })
  const targets = createTargetCache(1_000)
  let sequence = 0
  const create = (settings: MaterializerOptions = options, source = trust): Materializer =>
    createMaterializer(settings, {
      store, trust: () => source(), governors: ruling, clock, yieldNow: pause, log: silent,
      ...(given.busy === undefined ? {} : { busy: given.busy })
    })
  const materializer = create()
  const admit = async (...records: readonly Uint8Array[]): Promise<void> => {
    const batch = store.batch()
    const writer = createRowWriter({ reader: store, batch, targets, governors: ruling })
    sequence += 1
    for (const bytes of records) {
      const opened = openRecord(bytes)
      if (opened.grade === 'invalid') throw new Error(opened.rule)
      writer.write(opened, sequence)
    }
    writer.end()
    await store.write(batch)
  }
  return {
    store, clock, materializer, admit,
    async settle(...records) {
      await admit(...records)
      await materializer.idle()
    },
    createMaterializer: create
  }
}
