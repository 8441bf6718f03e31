// What clients do: a list of calls, each drawn from its own fork of the seed, so that what one node does
// moves no call of another. Records depend on the call alone, so a vote may come before its assertion.

import { blake3Hash, type Hash, type NetworkId, TIME_LIMITS } from '../../src/base/index.js'
import type { AdmitResult } from '../../src/ingest/index.js'
import { buildAssertion, buildEpoch, buildVote, createSigner, openRecord, type Signer } from '../../src/record/index.js'
import { START_MS, type Machine } from './machine.js'
import type { SimOptions } from './options.js'
import type { CountingVerifier } from './memo.js'
import { createPrng, type Prng } from './prng.js'
import type { World } from './world.js'

/** A write that a node said is durable. */
export interface Acknowledged {
  readonly id: Hash
  readonly machine: number
  /** Which disk of the machine holds it. */
  readonly disk: number
  /** When its time comes, by a right clock. */
  readonly releaseMs: number
}

/** The clients, and what they remember. */
export interface Workload {
  /** Agents that may write. */
  readonly agents: readonly Signer[]
  readonly governor: Signer
  /** Every record that was ever made, valid or not, by id. */
  readonly made: ReadonlyMap<Hash, { readonly valid: boolean }>
  readonly acknowledged: ReadonlyMap<Hash, Acknowledged>
  /** Those of them whose time has not come, by a right clock. */
  waiting(): readonly Acknowledged[]
  /** Lays all calls into the heap. */
  plan(machines: readonly Machine[]): void
  /** A write outside the list, as of a client that comes back. @param label names it in the seed */
  write(machine: Machine, label: string): void
  /** A record of these clients that somebody else made valid: liars sign too. */
  note(bytes: Uint8Array): void
}

/** The founder and the agents of a seed. */
export interface Keys {
  readonly governor: Signer
  readonly agents: readonly Signer[]
}

/** Those of the run under way: making a key pair costs more than a signature. */
let madeLast: { readonly name: string; readonly keys: Keys } | undefined

/** The keys of a seed. */
export function keysOf(seed: number, count: number): Keys {
  const name = `${seed} ${count}`
  if (madeLast?.name !== name) madeLast = { name, keys: makeKeys(seed, count) }
  return madeLast.keys
}

function makeKeys(seed: number, count: number): Keys {
  const key = (name: string): Signer => createSigner(createPrng(`${seed}/agent ${name}`).bytes(32))
  return { governor: key('governor'), agents: Array.from({ length: count }, (_, index) => key(String(index))) }
}

/** Clients of a run. */
export function createWorkload(
  options: SimOptions, networkId: NetworkId, world: World, verifier: Pick<CountingVerifier, 'know'>
): Workload {
  return new Clients(options, networkId, world, verifier)
}

class Clients implements Workload {
  readonly agents: readonly Signer[]
  readonly governor: Signer
  readonly made = new Map<Hash, { readonly valid: boolean }>()
  readonly acknowledged = new Map<Hash, Acknowledged>()
  readonly #options: SimOptions
  readonly #networkId: NetworkId
  readonly #world: World
  readonly #records = new Map<number, Uint8Array>()
  #waiting: readonly Acknowledged[] = []

  constructor(
    options: SimOptions, networkId: NetworkId, world: World, verifier: Pick<CountingVerifier, 'know'>
  ) {
    this.#options = options
    this.#networkId = networkId
    this.#world = world
    const keys = keysOf(options.seed, options.agents)
    this.governor = verifier.know(keys.governor)
    this.agents = keys.agents.map((agent) => verifier.know(agent))
  }

  plan(machines: readonly Machine[]): void {
    for (let call = 0; call < this.#options.calls; call += 1) {
      this.#world.plan(this.#timeOf(call), 'call', undefined, () => this.#call(call, machines))
    }
  }

  waiting(): readonly Acknowledged[] {
    const nowMs = START_MS + this.#world.nowMs
    if (this.#waiting.length > 0) this.#waiting = this.#waiting.filter(({ releaseMs }) => releaseMs > nowMs)
    return this.#waiting
  }

  write(machine: Machine, label: string): void {
    const prng = createPrng(`${this.#options.seed}/${label}`)
    const timestampMs = START_MS + this.#world.nowMs - prng.integer(1_000)
    const bytes = this.#assertion(timestampMs, prng.pick(this.agents), prng)
    this.note(bytes)
    void this.#write(machine, [bytes])
  }

  note(bytes: Uint8Array): void {
    this.made.set(blake3Hash(bytes), { valid: true })
  }

  #prng(call: number): Prng {
    return createPrng(`${this.#options.seed}/call ${call}`)
  }

  #timeOf(call: number): number {
    const { calls, safetyMs } = this.#options
    return Math.floor(((call + 0.5) / calls) * safetyMs)
  }

  #call(call: number, machines: readonly Machine[]): void {
    const prng = this.#prng(call).fork('how')
    const first = prng.pick(machines)
    if (prng.chance(0.1)) void this.#ask(first, prng)
    const parts = prng.chance(0.2) ? Array.from({ length: prng.between(2, 6) }, (_, part) => part)
      : [prng.integer(2)]
    const records = parts.map((part) => this.#record(call, part))
    if (prng.chance(0.06)) records.push(this.#forged(call))
    // Now and then an old record again, or the same one at two nodes at once.
    if (call > 0 && prng.chance(0.1)) records.push(this.#record(prng.integer(call), 0))
    void this.#write(first, records)
    if (prng.chance(0.08)) void this.#write(prng.pick(machines), records)
  }

  /** The record of a part of a call: the same whenever it is asked for. */
  #record(call: number, part: number): Uint8Array {
    const key = call * 16 + part
    const known = this.#records.get(key)
    if (known !== undefined) return known
    const bytes = this.#make(call, part, this.#prng(call).fork(`record ${part}`))
    this.#records.set(key, bytes)
    this.made.set(blake3Hash(bytes), { valid: true })
    return bytes
  }

  /** The first record of a call is an assertion that others vote on, whether it is ever written or not. */
  #make(call: number, part: number, prng: Prng): Uint8Array {
    const signer = prng.pick(this.agents)
    // Equal times are common: many clocks are coarse.
    const exactMs = START_MS + this.#timeOf(call) - prng.integer(20_000)
    const timestampMs = prng.chance(0.4) ? exactMs - (exactMs % 10_000) : exactMs
    const draw = part === 0 ? 1 : prng.real()
    if (draw < 0.6) {
      // One in four is on an assertion that is yet to come.
      const later = Math.min(this.#options.calls - 1, call + prng.between(1, 8))
      const target = prng.chance(0.25) ? later : prng.integer(call + 1)
      const weight = prng.pick([0, 250_000, 1_000_000])
      const fields = { timestampMs, assertion: blake3Hash(this.#record(target, 0)), weight }
      return buildVote(fields, signer, this.#networkId)
    }
    if (draw < 0.65) return this.#epoch(call, timestampMs, prng)
    // Some are ahead of time: by a little, or so far that they wait in quarantine.
    const { aheadShare } = this.#options
    const ahead = prng.chance(aheadShare) ? prng.pick([10_000, 29_000, 31_000, 60_000, 90_000]) : 0
    return this.#assertion(timestampMs + ahead, signer, prng)
  }

  #assertion(timestampMs: number, signer: Signer, prng: Prng): Uint8Array {
    const topic = prng.integer(this.#options.topics)
    const object = this.#options.large && prng.chance(0.3)
      ? prng.pick(['x', 'y']).repeat(prng.between(4_000, 16_000))
      : prng.pick(['red', 'green', 'blue', 7, 7.5, true])
    const confidence = prng.pick([1_000_000, 1_000_000, 500_000, 0])
    const fields = { timestampMs, subject: `s${topic}`, predicate: `p${topic % 3}`, object, confidence }
    return buildAssertion(fields, signer, this.#networkId)
  }

  #epoch(call: number, timestampMs: number, prng: Prng): Uint8Array {
    const settings = new Map([[
      `p${prng.integer(3)}`,
      prng.chance(0.5) ? { cardinality: 'many' as const } : { cardinality: 'one' as const, tolerance: 1 }
    ]])
    return buildEpoch({ timestampMs, name: `epoch ${call}`, settings }, this.governor, this.#networkId)
  }

  /** A record whose signature is another one's: nobody may take it. */
  #forged(call: number): Uint8Array {
    const prng = this.#prng(call).fork('forged')
    const signer = prng.pick(this.agents)
    const bytes = Uint8Array.from(this.#assertion(START_MS + this.#timeOf(call), signer, prng))
    const at = bytes.length - 1 - prng.integer(60)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << prng.integer(8))
    const id = blake3Hash(bytes)
    if (!this.made.has(id)) this.made.set(id, { valid: false })
    return bytes
  }

  async #write(machine: Machine, records: readonly Uint8Array[]): Promise<void> {
    const { life } = machine
    const world = this.#world
    if (life?.parts === undefined || !life.started) return world.count('calls to a node that is down')
    try {
      const results = await life.parts.ingest.admitRecords(records)
      for (const [index, result] of results.entries()) this.#answered(machine, records[index], result)
    } catch (error) {
      world.fail('no input throws', `machine ${machine.index} failed to answer a write: ${String(error)}`)
    }
  }

  #answered(machine: Machine, bytes: Uint8Array | undefined, result: AdmitResult): void {
    const world = this.#world
    if (result.kind === 'refused') return world.count(`refused ${result.code}`)
    world.count(`answered ${result.kind}`)
    const isThis = bytes !== undefined && blake3Hash(bytes) === result.id
    if (!isThis || this.made.get(result.id)?.valid !== true) {
      const message = `machine ${machine.index} acknowledged ${result.id}`
      return world.fail('nothing unsigned is admitted', message)
    }
    if (this.acknowledged.has(result.id)) return
    const isHeld = result.kind === 'quarantined'
    const releaseMs = isHeld ? result.releaseMs : this.#aheadUntil(bytes)
    const { index, replaced } = machine
    const written = { id: result.id, machine: index, disk: replaced, releaseMs }
    this.acknowledged.set(result.id, written)
    if (isHeld) this.#waiting = [...this.#waiting, written]
  }

  /** What a clock that ran ahead let in is in quarantine once the clock is right; 0 = its time has come. */
  #aheadUntil(bytes: Uint8Array): number {
    const opened = openRecord(bytes)
    const releaseMs = opened.grade === 'invalid' ? 0 : opened.timestampMs - TIME_LIMITS.gatewayAheadMsMax
    return releaseMs > START_MS + this.#world.nowMs ? releaseMs : 0
  }

  async #ask({ index, life }: Machine, prng: Prng): Promise<void> {
    if (life?.parts === undefined || !life.started) return
    const topic = prng.integer(this.#options.topics)
    const lens = prng.pick(['Consensus', 'Recency'])
    try {
      await life.parts.query.get({ subject: `s${topic}`, predicate: `p${topic % 3}`, lens })
      this.#world.count('queries answered')
    } catch (error) {
      const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
      if (typeof code !== 'string') this.#world.fail('no input throws', `machine ${index}, query: ${String(error)}`)
      this.#world.count(`queries: ${String(code)}`)
    }
  }
}
