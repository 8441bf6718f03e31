// Views that grew record by record, through epochs, kills and restarts, are those of a fresh materialization.

import { expect, it } from 'vitest'
import type { Hash, Random } from '../../src/base/index.js'
import type { StemeNode } from '../../src/node/index.js'
import {
  buildAssertion, buildEpoch, buildVote, createSigner, openRecord, type PredicateSettings, seedFromName,
  type Signer, type Value
} from '../../src/record/index.js'
import { createMemoryIndex } from '../fakes/memory-level.js'
import { seededRandom } from '../fakes/seeded-random.js'
import { alice, boot, createMachine, during, genesis, type Machine, settledState, startMs } from './kit.js'

const OPERATIONS = 10_000
const BATCH = 50
const SEED = 11

const agents = Array.from({ length: 20 }, (_, at) => createSigner(seedFromName(`digest agent ${at}`)))
const predicates = ['name', 'size', 'seen', 'must_use', 'forbidden']
const kinds: readonly PredicateSettings[] = [
  { cardinality: 'one' }, { cardinality: 'many' }, { cardinality: 'one', tolerance: 2 },
  { cardinality: 'one', halfLifeMs: 40_000 }, { cardinality: 'one', vocabulary: ['a', 'b', 1, 2, 3] },
  { cardinality: 'many', tolerance: 1 }
]

interface Said {
  readonly id: Hash
  readonly by: Signer
}

/** What was said so far, so that later operations refer to it. */
class Story {
  readonly said: Said[] = []
  readonly epochs: Hash[] = []
  #timeMs = startMs - 10_000_000
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  next(): Uint8Array {
    const roll = this.#random.integer(1_000)
    if (roll < 3) return this.#epoch()
    if (roll < 600 || this.said.length === 0) return this.#assertion()
    const { id, by } = this.#one(this.said)
    // Withdrawals are mostly the author's own; votes of the past lose against later ones.
    const [voter, weight] = roll < 850 ? [this.#one(agents), 1 + this.#random.integer(1_000_000)]
      : [roll < 950 ? by : this.#one(agents), 0]
    const timestampMs = this.#time() - this.#random.integer(5_000)
    return buildVote({ timestampMs, assertion: id, weight }, voter, genesis.networkId)
  }

  #assertion(): Uint8Array {
    const by = this.#one(agents)
    const epoch = this.epochs.length > 0 && this.#random.integer(3) === 0 ? this.#one(this.epochs) : undefined
    const bytes = buildAssertion({
      timestampMs: this.#time(), subject: `subject ${this.#random.integer(30)}`,
      predicate: this.#one(predicates), object: this.#value(), confidence: this.#random.integer(1_000_001),
      ...(epoch === undefined ? {} : { epoch })
    }, by, genesis.networkId)
    this.said.push({ id: idOf(bytes), by })
    return bytes
  }

  #epoch(): Uint8Array {
    const settings = new Map(predicates.filter(() => this.#random.integer(2) === 0)
      .map((predicate) => [predicate, this.#one(kinds)] as const))
    const before = this.epochs.length > 0 && this.#random.integer(4) > 0 ? this.#one(this.epochs) : undefined
    const supersedes = before === undefined ? {} : { supersedes: before }
    const fields = { timestampMs: this.#time(), name: `epoch ${this.epochs.length}`, settings, ...supersedes }
    const bytes = buildEpoch(fields, alice, genesis.networkId)
    this.epochs.push(idOf(bytes))
    return bytes
  }

  #value(): Value {
    return [this.#random.integer(6), this.#random.integer(60) / 10, { time: this.#random.integer(5) },
      'abc'.charAt(this.#random.integer(3)), ['a', this.#random.integer(2)]][this.#random.integer(5)] ?? 'a'
  }

  #time(): number {
    return this.#timeMs += this.#random.integer(2_000)
  }

  #one<T>(list: readonly T[]): T {
    return list[this.#random.integer(list.length)] as T
  }
}

function idOf(bytes: Uint8Array): Hash {
  const opened = openRecord(bytes)
  if (opened.grade !== 'effective') throw new Error(`not effective: ${opened.grade}`)
  return opened.id
}

/** Stops the node, or kills it with whatever it had in hand, and starts it again. */
async function restart(machine: Machine, node: StemeNode, random: Random): Promise<StemeNode> {
  if (random.integer(2) === 0) {
    await during(machine, node.stop())
  } else {
    machine.disk.kill()
    machine.index.crash(random.integer(machine.index.unsynced + 1))
  }
  return during(machine, boot(machine))
}

async function digests(machine: Machine, node: StemeNode): Promise<object> {
  const { tag, records } = await settledState(machine, node)
  if (tag === undefined) throw new Error('no state tag')
  return { records, views: tag.viewDigest, trust: tag.trustDigest, frontier: tag.frontierRoot }
}

it('the view digest after 10,000 random operations is that of a rebuilt index and of a fresh node', async () => {
  const told = `seed ${SEED}`
  const random = seededRandom(SEED)
  const story = new Story(random)
  const machine = await createMachine()
  let node = await during(machine, boot(machine))
  for (let at = 0; at < OPERATIONS; at += BATCH) {
    const results = await during(machine, node.admit(Array.from({ length: BATCH }, () => story.next())))
    expect(results.every(({ kind }) => kind === 'admitted' || kind === 'known'), told).toBe(true)
    if (random.integer(10) === 0) await during(machine, node.settled())
    if (random.integer(15) === 0) node = await restart(machine, node, random)
  }
  const grown = await digests(machine, node)
  expect(story.epochs.length, told).toBeGreaterThan(10)

  const other = await createMachine('other')
  const fresh = await during(other, boot(other))
  for await (const { bytes } of node.blocks()) {
    expect(await during(other, fresh.admitBlock(bytes)), told).toBe('accepted')
  }
  expect(await digests(other, fresh), told).toEqual(grown)
  await during(other, fresh.stop())

  await during(machine, node.stop())
  const emptied = { ...machine, index: createMemoryIndex() }
  const rebuilt = await during(emptied, boot(emptied))
  expect(machine.messages.some((message) => message.startsWith('the index is not whole')), told).toBe(true)
  expect(await digests(emptied, rebuilt), told).toEqual(grown)
  await during(emptied, rebuilt.stop())
}, 600_000)
