// A node without network over memory: real parts on a disk and an index that can crash.

import { type Hash, type Log } from '../../src/base/index.js'
import { DEFAULTS } from '../../src/ingest/index.js'
import { createNode, type NodeSetup, type StateReport, type StemeNode } from '../../src/node/index.js'
import { createGenesis, peerNameOf, type OpenedGenesis, type PeerNetwork } from '../../src/p2p/index.js'
import { buildAssertion, buildVote, createSigner, seedFromName, type Signer } from '../../src/record/index.js'
import { createManualClock, type ManualClock } from '../fakes/manual-clock.js'
import { createMemoryDisk, type MemoryDisk } from '../fakes/memory-disk.js'
import { type MemoryHub } from '../fakes/memory-network.js'
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
  /** What the node talks over; absent: a node alone. */
  readonly hub?: MemoryHub
}

/** A machine with an empty data directory; those on one hub share its clock. */
export async function createMachine(
  name = 'node', shared: { readonly hub?: MemoryHub, readonly clock?: ManualClock } = {}
): Promise<Machine> {
  const disk = createMemoryDisk(seededRandom(1))
  await disk.makeDirectory('/data')
  await disk.syncDirectory('/')
  const { hub, clock = createManualClock(startMs) } = shared
  const machine = { name, disk, index: createMemoryIndex(), clock, messages: [] }
  return hub === undefined ? machine : { ...machine, hub }
}

/** A node on the machine, not started. */
export function nodeOn(machine: Machine, more: Partial<NodeSetup> = {}): StemeNode {
  const { disk, index, clock, name, hub } = machine
  const note = (fields: object, message: string): void => {
    const { reason } = fields as { readonly reason?: string }
    machine.messages.push(reason === undefined ? message : `${message}: ${reason}`)
  }
  const log: Log = { debug: () => undefined, info: note, warn: note, error: note }
  const setup: NodeSetup = {
    genesis, signer: signerOf(name),
    walDirectory: '/data/wal', markerPath: '/data/wal.marker', incarnationPath: '/data/incarnation',
    dataDirectory: '/data', expectsPeers: false,
    ingest: { ...DEFAULTS, verifyWorkers: 0 }, trust: { workers: 0 }, wal: { segmentBytes: 1_048_576 },
    ...more
  }
  const random = seededRandom([...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7))
  const yieldNow = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  const createNetwork = async (): Promise<PeerNetwork> => {
    if (hub === undefined) throw new Error('a node alone')
    return hub.join(peerNameOf(setup.signer.publicKey))
  }
  const network = hub === undefined ? {} : { createNetwork }
  return createNode(setup, { clock, random, disk, log, level: index, yieldNow, ...network })
}

/** The node key of a machine. */
export function signerOf(name: string): Signer {
  return createSigner(seedFromName(`node ${name}`))
}

/** The address of a machine on its hub. */
export function addressOf(name: string): string {
  return `memory:${peerNameOf(signerOf(name).publicKey)}`
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
