// A machine: what outlives a node (disk, index, keys, clock error) and the node that runs on it at present.
// The node is built from the very parts list of real nodes; only its ports are others.

import type { Clock, Log } from '../../src/base/index.js'
import { issueCertificate, type DagOptions } from '../../src/dag/index.js'
import { DEFAULTS, type IngestOptions } from '../../src/ingest/index.js'
import { createEventLog } from '../../src/node/events.js'
import { createLifecycle, type Lifecycle } from '../../src/node/lifecycle.js'
import { openParts, type Parts } from '../../src/node/parts.js'
import type { NodeParts, NodeSetup } from '../../src/node/index.js'
import { peerNameOf, type OpenedGenesis } from '../../src/p2p/index.js'
import { createSigner, type Signer } from '../../src/record/index.js'
import { createMemoryDisk, type DiskOperation, type MemoryDisk } from '../fakes/memory-disk.js'
import { createSimIndex, type IndexCopy, type IndexFate, type SimIndex } from './index-source.js'
import type { CountingVerifier } from './memo.js'
import type { SimEndpoint, SimHub } from './network.js'
import type { Prng } from './prng.js'
import { createTrustThread } from './trust-thread.js'
import type { Owner, World } from './world.js'

/** Wall clock of a machine without error at the start of a run. */
export const START_MS = 1_800_000_000_000

/** What the log says when gossip was held against its bringer. */
export const REJECTED = 'a message was rejected'

/** How a node is set up. */
export interface MachineOptions {
  readonly index: number
  readonly genesis: OpenedGenesis
  /** Vouches for the machines of a closed federation. */
  readonly governor: Signer
  /** Addresses to dial. */
  readonly dial: readonly string[]
  readonly expectsPeers: boolean
  readonly ingest: Partial<IngestOptions>
  readonly dag: Partial<DagOptions>
  /** Longest sync of the disk. */
  readonly syncMs: number
  /** Longest batch of the index takes twice this. */
  readonly indexMs: number
  /** Longest computation of trust; 0 = inline. */
  readonly trustMs: number
}

/** What a machine stands on. */
export interface MachineDeps {
  readonly world: World
  readonly hub: SimHub
  readonly prng: Prng
  readonly verifier: Pick<CountingVerifier, 'know' | 'verify'>
  readonly onLog: (machine: Machine, level: string, fields: object, message: string) => void
  /** A node publishes a block that it has sealed. */
  readonly onPublish?: (machine: Machine, payload: Uint8Array) => void
}

/** A running node: dead from its crash on. */
export interface Life extends Owner {
  readonly number: number
  lifecycle: Lifecycle | undefined
  readonly parts: Parts | undefined
  readonly started: boolean
  endpoint: SimEndpoint | undefined
  /** Why it could not start. */
  failure: unknown
}

/** How a node dies. */
export interface Death {
  readonly power: boolean
  readonly index: IndexFate
  readonly draw: number
}

/** An operation within which a machine may crash. */
export type Moment = 'sync' | 'write' | 'rename' | 'index'

/** One machine. */
export interface Machine {
  readonly index: number
  readonly name: string
  readonly signer: Signer
  readonly disk: MemoryDisk
  readonly level: SimIndex
  /** Error of its wall clock. */
  readonly offsetMs: number
  /** When that error last changed. */
  readonly clockSetMs: number
  setClock(offsetMs: number): void
  life: Life | undefined
  /** Starts a node; `started` or `failure` of its life tell the end. */
  boot(): Life
  crash(death: Death): void
  /** Does something in the middle of the next such operation, once. */
  arm(moment: Moment, draw: number, action: () => void): void
  disarm(): void
  /** Stops the node in order. */
  stop(): Promise<void>
  /** A new disk under the same key: what an operator does with a disk that is beyond repair. */
  replaceDisk(): Promise<void>
  readonly replaced: number
  /** Times that the machine went back to a copy without a trace. */
  readonly rollbacks: number
  /** Keeps a copy of disk and index as they are. */
  snapshot(): void
  /**
   * Puts the copy in the place of disk and index of a machine that is down.
   * @param copied file by file, as a backup is: inodes are others; else a machine was rolled back
   */
  restore(copied: boolean): boolean
  /** The wall clock was wrong at some time. */
  readonly clockTouched: boolean
}

/** A machine with an empty data directory. */
export async function createMachine(options: MachineOptions, deps: MachineDeps): Promise<Machine> {
  const machine = new SimMachine(options, deps)
  await machine.replaceDisk()
  return machine
}

/** Longest duration of what is not instant, a file's sync aside. */
const DISK_MS: Readonly<Partial<Record<DiskOperation, number>>> = {
  write: 2, read: 1, rename: 1, truncate: 1, syncDirectory: 4
}

class NodeLife implements Life {
  readonly number: number
  alive = true
  heldUntilMs = 0
  lifecycle: Lifecycle | undefined
  endpoint: SimEndpoint | undefined
  failure: unknown

  constructor(number: number) {
    this.number = number
  }

  get parts(): Parts | undefined { return this.lifecycle?.parts }
  get started(): boolean { return this.lifecycle?.running === true }
}

class SimMachine implements Machine {
  readonly index: number
  readonly name: string
  readonly signer: Signer
  readonly level: SimIndex
  disk: MemoryDisk
  offsetMs = 0
  life: Life | undefined
  clockSetMs = 0
  replaced = -1
  rollbacks = 0
  clockTouched = false
  #copy: { readonly disk: MemoryDisk; readonly index: IndexCopy } | undefined
  readonly #options: MachineOptions
  readonly #deps: MachineDeps
  readonly #latencies: Prng
  #boots = 0
  #armed: { readonly moment: Moment; readonly draw: number; readonly action: () => void } | undefined

  constructor(options: MachineOptions, deps: MachineDeps) {
    this.#options = options
    this.#deps = deps
    this.index = options.index
    this.signer = deps.verifier.know(createSigner(deps.prng.fork('key').bytes(32)))
    this.name = peerNameOf(this.signer.publicKey)
    this.#latencies = deps.prng.fork('latency')
    this.level = createSimIndex(() => {
      const { life } = this
      return (label) => this.#takeTime(label, this.#latencies.between(0, options.indexMs), life)
    })
    this.disk = this.#newDisk()
  }

  boot(): Life {
    this.#boots += 1
    const life: Life = new NodeLife(this.#boots)
    this.life = life
    this.#start(life).catch((error: unknown) => {
      life.failure = error
    })
    return life
  }

  crash({ power, index, draw }: Death): void {
    const { life } = this
    this.#armed = undefined
    if (life !== undefined) {
      life.alive = false
      this.#deps.hub.vanish(this.name, !power)
    }
    this.life = undefined
    if (power) this.disk.crash()
    else this.disk.kill()
    this.level.crash(index, draw)
  }

  async stop(): Promise<void> {
    const { life } = this
    if (life === undefined) return
    await life.lifecycle?.stop()
    life.alive = false
    this.#deps.hub.vanish(this.name, true)
    if (this.life === life) this.life = undefined
  }

  async replaceDisk(): Promise<void> {
    this.replaced += 1
    this.disk = this.#newDisk()
    await this.level.destroy()
    await this.disk.makeDirectory('/data')
    await this.disk.syncDirectory('/')
  }

  setClock(offsetMs: number): void {
    if (offsetMs === this.offsetMs) return
    this.offsetMs = offsetMs
    this.clockSetMs = this.#deps.world.nowMs
    this.clockTouched = true
  }

  snapshot(): void {
    this.#copy = { disk: this.disk.copy(this.#deps.prng.fork('copy')), index: this.level.copy() }
  }

  restore(copied: boolean): boolean {
    const copy = this.#copy
    if (copy === undefined) return false
    this.#copy = undefined
    this.replaced += 1
    this.rollbacks += copied ? 0 : 1
    this.disk = copied ? copy.disk.copy(this.#deps.prng.fork('copied'), true) : copy.disk
    // What was in the page cache is not in the copy of a disk.
    this.disk.crash()
    this.level.restore(copy.index)
    return true
  }

  #newDisk(): MemoryDisk {
    const { prng } = this.#deps
    return createMemoryDisk(prng.fork(`disk ${this.replaced}`), {
      pause: (operation) => {
        // No node runs: an operator is at work, and nobody waits for that.
        if (this.life === undefined) return Promise.resolve()
        const highMs = operation === 'sync' ? this.#options.syncMs : DISK_MS[operation] ?? 0
        const waitMs = highMs === 0 ? 0 : this.#latencies.between(0, highMs)
        return this.#takeTime(operation, waitMs, this.life)
      }
    })
  }

  async #start(life: Life): Promise<void> {
    const setup = this.#setup()
    const ports = this.#ports(life)
    const events = createEventLog('1')
    life.lifecycle = createLifecycle((onStale) => openParts(setup, ports, events, onStale), ports.log)
    await life.lifecycle.start()
  }

  #setup(): NodeSetup {
    const { genesis, governor, expectsPeers, ingest, dag } = this.#options
    const { signer } = this
    const { networkId, genesis: { admission } } = genesis
    return {
      genesis, signer, walDirectory: '/data/wal', markerPath: '/data/wal.marker',
      incarnationPath: '/data/incarnation', dataDirectory: '/data', expectsPeers,
      ingest: { ...DEFAULTS, ...ingest, verifyWorkers: 0 }, trust: { workers: 0 },
      wal: { segmentBytes: 1_048_576 }, dag,
      ...(admission === 'open' ? {} : { certificate: issueCertificate(signer.publicKey, governor, networkId) })
    }
  }

  #ports(life: Life): NodeParts {
    const { world, hub, prng, verifier: { verify } } = this.#deps
    const { genesis: { networkId }, dial, trustMs } = this.#options
    const random = prng.fork(`life ${life.number}`)
    return {
      clock: this.#clock(life), random, disk: this.disk, log: this.#log(life), level: this.level, verify,
      yieldNow: () => world.sleep(0, 'yield', life),
      ...(trustMs === 0 ? {} : { openTrustLane: createTrustThread(trustMs, random.fork('trust'), world, life) }),
      createNetwork: () => {
        const { name, index } = this
        const onThrow = (error: unknown): void => {
          world.fail('no input throws', `machine ${index}: ${String(error)}`)
        }
        const onReject = (peer: string, why: string): void => {
          this.#deps.onLog(this, 'debug', { peer, why }, REJECTED)
        }
        const endpoint = hub.join({
          name, index, owner: life, networkId, dial, prng: random.fork('dial'), onThrow, onReject
        })
        life.endpoint = endpoint
        const publish = endpoint.publish.bind(endpoint)
        return Promise.resolve(Object.assign(endpoint, {
          publish: (payload: Uint8Array) => {
            this.#deps.onPublish?.(this, payload)
            return publish(payload)
          }
        }))
      }
    }
  }

  arm(moment: Moment, draw: number, action: () => void): void {
    this.#armed = { moment, draw, action }
  }

  disarm(): void {
    this.#armed = undefined
  }

  #takeTime(operation: string, waitMs: number, life: Life | undefined): Promise<void> {
    const { world } = this.#deps
    const armed = this.#armed
    if (armed?.moment === operation) {
      this.#armed = undefined
      world.plan(armed.draw * waitMs, 'moment', life, armed.action)
    }
    return world.sleep(waitMs, operation, life)
  }

  #clock(life: Life): Clock {
    const { world } = this.#deps
    const bootMs = world.nowMs
    return {
      nowMs: () => START_MS + world.nowMs + this.offsetMs,
      monotonicMs: () => world.nowMs - bootMs,
      setTimer: (delayMs, action) => world.plan(delayMs, 'timer', life, action)
    }
  }

  #log(life: Life): Log {
    const { onLog } = this.#deps
    const at = (level: string) => (fields: object, message: string): void => {
      // Nothing but a restart of the process helps then.
      if (message === 'the node could not be opened anew') life.failure ??= new Error(JSON.stringify(fields))
      onLog(this, level, fields, message)
    }
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  }
}
