// The write side of a node over memory: real log, index, graph and ingest on a disk that can crash.

import { blake3Hash, networkIdOf, utf8Bytes, type Hash, type NetworkId } from '../../src/base/index.js'
import { feedOf, openDag, type AdmissionRules, type BlockHeader, type Dag, type DagOptions } from '../../src/dag/index.js'
import { createIngest, DEFAULTS, type AppliedStep, type Ingest, type IngestOptions } from '../../src/ingest/index.js'
import { buildAssertion, buildVote, createSigner, seedFromName, type Signer, type VerifySignature } from '../../src/record/index.js'
import { openStore, type Store } from '../../src/store/index.js'
import { openWal, type Wal } from '../../src/wal/index.js'
import { idBytes } from '../../src/base/index.js'
import { createManualClock, type ManualClock } from '../fakes/manual-clock.js'
import { createMemoryDisk, type MemoryDisk } from '../fakes/memory-disk.js'
import { createMemoryIndex, type MemoryIndex } from '../fakes/memory-level.js'
import { seededRandom } from '../fakes/seeded-random.js'

export const networkId: NetworkId = networkIdOf(idBytes(blake3Hash(utf8Bytes('ingest tests'))))
export const startMs = 1_800_000_000_000
export const alice: Signer = createSigner(seedFromName('alice'))
export const bob: Signer = createSigner(seedFromName('bob'))

/** What outlives a crash. */
export interface Machine {
  readonly disk: MemoryDisk
  readonly index: MemoryIndex
  readonly clock: ManualClock
  readonly name: string
}

/** One life of the write side. */
export interface Life {
  readonly ingest: Ingest
  readonly wal: Wal
  readonly store: Store
  readonly dag: Dag
  readonly steps: AppliedStep[]
  readonly sealed: { readonly block: Uint8Array; readonly header: BlockHeader }[]
  readonly failures: Error[]
  /** Own blocks that were left out. */
  readonly withheld: BlockHeader[]
  /** Well signed headers of blocks from elsewhere. */
  readonly verified: BlockHeader[]
  /** Blocks that came back after their rows were lost. */
  readonly putBack: Hash[]
  /** How often sealing stopped because the clock stood before the feed's last block. */
  clockBehind(): number
  /** Seals into the feed of this incarnation. */
  seal(incarnation: string): Promise<void>
  stop(): Promise<void>
}

export const silent = {
  debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined
}

export function createMachine(name = 'node', seed = 1): Machine {
  const disk = createMemoryDisk(seededRandom(seed))
  return { name, disk, index: createMemoryIndex(), clock: createManualClock(startMs) }
}

export function rules(): AdmissionRules {
  return { networkId, admission: 'open', governors: new Set([alice.publicKey]), feedWorkBits: 0 }
}

/** Opens the machine's files and starts the write side; with '' as incarnation it seals nothing yet. */
export async function live(
  machine: Machine, options: Partial<IngestOptions> = {}, incarnation = '0102030405060708',
  dagOptions: Partial<DagOptions> = {}, verify?: VerifySignature
): Promise<Life> {
  const { disk, index, clock } = machine
  const random = seededRandom(7)
  await disk.makeDirectory('/data')
  await disk.syncDirectory('/')
  const store = await openStore({ networkId, markerPath: '/data/wal.marker' }, { level: index, disk, log: silent })
  if (store.needsRebuild) await store.dropDerived()
  const wal = await openWal(
    { directory: '/data/wal', networkId, segmentBytes: 1_048_576, provenSequence: store.provenSequence },
    { disk, random, log: silent }
  )
  const dag = await openDag({ store, clock }, dagOptions)
  const steps: AppliedStep[] = []
  const sealed: { block: Uint8Array; header: BlockHeader }[] = []
  const failures: Error[] = []
  const signer = createSigner(seedFromName(machine.name))
  const withheld: BlockHeader[] = []
  const verified: BlockHeader[] = []
  const putBack: Hash[] = []
  let behind = 0
  const ingest = createIngest({ ...DEFAULTS, verifyWorkers: 0, ...options }, {
    wal, store, dag, clock, log: silent, rules: rules(), disk, directory: '/data', self: signer.publicKey,
    ...(verify === undefined ? {} : { verify }),
    onApplied: (step) => steps.push(step),
    onClockBehind: () => {
      behind += 1
    },
    onWithheld: (header) => withheld.push(header),
    onVerified: (header) => verified.push(header),
    onPutBack: (id) => putBack.push(id),
    onSealed: (block, header) => sealed.push({ block, header }),
    mayCheckpoint: () => true,
    onFailed: (error) => failures.push(error)
  })
  await ingest.start()
  const seal = (into: string): Promise<void> =>
    ingest.seal({ signer, incarnation: into, feed: feedOf(signer.publicKey, into) })
  if (incarnation !== '') await seal(incarnation)
  const stop = async (): Promise<void> => {
    await ingest.stop()
    await wal.close()
    await store.close()
  }
  return {
    ingest, wal, store, dag, steps, sealed, failures, withheld, verified, putBack,
    clockBehind: () => behind, seal, stop
  }
}

/** Gives way to the event loop until the condition holds, advancing the clock by 50 ms each time. */
export async function until(machine: Machine, condition: () => boolean): Promise<void> {
  for (let round = 0; !condition(); round += 1) {
    if (round > 2_000) throw new Error('the condition never held')
    machine.clock.advance(10)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

export function says(
  signer: Signer, subject: string, object: string, timestampMs = startMs - 1_000
): Uint8Array {
  return buildAssertion({ timestampMs, subject, predicate: 'is', object }, signer, networkId)
}

export function votes(
  signer: Signer, assertion: Uint8Array, weight: number, timestampMs = startMs - 500
): Uint8Array {
  return buildVote({ timestampMs, assertion: blake3Hash(assertion), weight }, signer, networkId)
}
