// A node without network over memory: real parts on a disk and an index that can crash.

import type { Hash, Log } from '../../src/base/index.js'
import { DEFAULTS } from '../../src/ingest/index.js'
import { createNode, type NodeSetup, type StateReport, type StemeNode } from '../../src/node/index.js'
import { createGenesis, type OpenedGenesis } from '../../src/p2p/index.js'
import { buildAssertion, buildVote, createSigner, seedFromName, type Signer } from '../../src/record/index.js'
import { createManualClock, type ManualClock } from '../fakes/manual-clock.js'
import { createMemoryDisk, type MemoryDisk } from '../fakes/memory-disk.js'
import { createMemoryIndex, type MemoryIndex } from '../fakes/memory-level.js'
import { seededRandom } from '../fakes/seeded-random.js'

export const startMs = 1_800_000_000_000
export const alice: Signer = createSigner(seedFromName('alice'))
export const bob: Signer = createSigner(seedFromName('bob'))
export const genesis: OpenedGenesis = createGenesis({
  name: 'nodes', created: startMs - 1, governors: [alice.publicKey]
})
export const otherGenesis: OpenedGenesis = createGenesis({
  name: 'other', created: startMs - 1, governors: [alice.publicKey]
})

/** What outlives a node. */
export interface Machine {
  readonly name: string
  readonly disk: MemoryDisk
  readonly index: MemoryIndex
  readonly clock: ManualClock
  /** Messages of the log, with the reason or error that came with them. */
  readonly messages: string[]
}

/** A machine with an empty data directory. */
export async function createMachine(name = 'node'): Promise<Machine> {
  const disk = createMemoryDisk(seededRandom(1))
  await disk.makeDirectory('/data')
  await disk.syncDirectory('/')
  return { name, disk, index: createMemoryIndex(), clock: createManualClock(startMs), messages: [] }
}

/** A node on the machine, not started. */
export function nodeOn(machine: Machine, more: Partial<NodeSetup> = {}): StemeNode {
  const { disk, index, clock, name } = machine
  const note = (fields: object, message: string): void => {
    const { reason } = fields as { readonly reason?: string }
    machine.messages.push(reason === undefined ? message : `${message}: ${reason}`)
  }
  const log: Log = { debug: () => undefined, info: note, warn: note, error: note }
  const setup: NodeSetup = {
    genesis, signer: createSigner(seedFromName(`node ${name}`)),
    walDirectory: '/data/wal', markerPath: '/data/wal.marker', incarnationPath: '/data/incarnation',
    dataDirectory: '/data', expectsPeers: false,
    ingest: { ...DEFAULTS, verifyWorkers: 0 }, wal: { segmentBytes: 1_048_576 }, ...more
  }
  const random = seededRandom([...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7))
  const yieldNow = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  return createNode(setup, { clock, random, disk, log, level: index, yieldNow })
}

/** A started node. */
export async function boot(machine: Machine, more: Partial<NodeSetup> = {}): Promise<StemeNode> {
  const node = nodeOn(machine, more)
  await node.start()
  return node
}

/** Moves the machine's clock until the promise settles. */
export async function during<T>(machine: Machine, promise: Promise<T>): Promise<T> {
  let settled = false
  const end = (): void => void (settled = true)
  promise.then(end, end)
  await until(machine, () => settled)
  return promise
}

/** Moves the machine's clock, turn by turn, until the condition holds. */
export async function until(machine: Machine, holds: () => boolean): Promise<void> {
  for (let round = 0; !holds(); round += 1) {
    if (round > 5_000) throw new Error(`the condition never held; log: ${machine.messages.join('; ')}`)
    machine.clock.advance(10)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** The state once nothing is on its way any more. */
export async function settledState(machine: Machine, node: StemeNode): Promise<StateReport> {
  await during(machine, node.settled())
  return node.state()
}

export function says(
  signer: Signer, subject: string, object: string, timestampMs = startMs - 1_000
): Uint8Array {
  return buildAssertion({ timestampMs, subject, predicate: 'is', object }, signer, genesis.networkId)
}

export function votes(
  signer: Signer, assertion: Hash, weight: number, timestampMs = startMs - 500
): Uint8Array {
  return buildVote({ timestampMs, assertion, weight }, signer, genesis.networkId)
}
