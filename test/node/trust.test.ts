// Trust in a running node: what is published follows from the records alone.

import { describe, expect, it } from 'vitest'
import type { Random } from '../../src/base/index.js'
import type { NodeSetup, StemeNode } from '../../src/node/index.js'
import {
  buildAssertion, buildVote, createSigner, openRecord, seedFromName, type Signer
} from '../../src/record/index.js'
import { keys } from '../../src/store/index.js'
import { seededRandom, shuffled } from '../fakes/seeded-random.js'
import { boot, createMachine, during, genesis, type Machine, settledState, startMs } from './kit.js'

function agent(name: string): Signer {
  return createSigner(seedFromName(name))
}

function claim(by: string, subject: string, object: string, atMs = startMs - 1_000): Uint8Array {
  const fields = { timestampMs: atMs, subject, predicate: 'is', object }
  return buildAssertion(fields, agent(by), genesis.networkId)
}

function vote(by: string, on: Uint8Array, weight = 1_000_000, atMs = startMs - 500): Uint8Array {
  const opened = openRecord(on)
  if (opened.grade !== 'effective') throw new Error('not effective')
  return buildVote({ timestampMs: atMs, assertion: opened.id, weight }, agent(by), genesis.networkId)
}

/** Six facts on which four agree and one lies, and one contested fact that the liar shares with another. */
function liarsStory(): readonly Uint8Array[] {
  const facts = Array.from({ length: 6 }, (_, fact) => [
    ...['ann', 'bob', 'cid', 'dan'].map((by) => claim(by, `fact ${fact}`, 'true')),
    claim('liar', `fact ${fact}`, `lie ${fact}`)
  ]).flat()
  return [...facts, claim('liar', 'contested', 'a lie'), claim('eve', 'contested', 'a lie'),
    claim('ann', 'contested', 'the truth')]
}

interface Run {
  readonly records: readonly Uint8Array[]
  /** Records that are admitted and settled at once. */
  readonly step: number
  readonly more?: Partial<NodeSetup>
}

/** Trust and view digest of a node that got these records; it goes on if it died before. */
async function answersOf(machine: Machine, { records, step, more = {} }: Run): Promise<string> {
  const node = await boot(machine, more)
  for (let at = 0; at < records.length; at += step) {
    await during(machine, node.admit(records.slice(at, at + step)))
    await during(machine, node.settled())
  }
  const { tag } = await settledState(machine, node)
  await during(machine, node.stop())
  return tag === undefined ? expect.fail('a settled node has a tag') : `${tag.trustDigest} ${tag.viewDigest}`
}

async function winner(machine: Machine, node: StemeNode, subject: string): Promise<unknown> {
  return (await during(machine, node.query({ subject, predicate: 'is', lens: 'Consensus' }))).winner.object
}

/** Random claims and votes of a few agents about a few facts, in that order. */
function randomRecords(random: Random, count: number): readonly Uint8Array[] {
  const claims: Uint8Array[] = []
  const records: Uint8Array[] = []
  for (let at = 0; at < count; at += 1) {
    const by = `agent ${random.integer(9)}`
    const atMs = startMs - 10_000 + random.integer(9_000)
    const on = claims[random.integer(Math.max(1, claims.length))]
    if (on !== undefined && random.integer(3) === 0) {
      records.push(vote(by, on, random.integer(3) * 500_000, atMs))
    } else {
      const said = claim(by, `s${random.integer(12)}`, `v${random.integer(3)}`, atMs)
      claims.push(said)
      records.push(said)
    }
  }
  return records
}

describe('trust in a node', () => {
  it('lets one proven source outweigh a liar and a stranger', async () => {
    const machine = await createMachine()
    const node = await boot(machine)
    await during(machine, node.admit(liarsStory()))
    const state = await settledState(machine, node)
    expect(state.trustGeneration).toBeGreaterThan(0)
    expect(await winner(machine, node, 'contested')).toBe('the truth')
    await during(machine, node.stop())
  })

  it('has one digest of trust and views for 20 orders of arrival, however they are cut into steps', async () => {
    const random = seededRandom(11)
    const records = [...liarsStory(), ...randomRecords(random, 60)]
    const answers = new Set<string>()
    for (let order = 0; order < 20; order += 1) {
      const step = order % 4 === 0 ? records.length : 20 + random.integer(80)
      answers.add(await answersOf(await createMachine(), { records: shuffled(records, random), step }))
    }
    expect([...answers]).toHaveLength(1)
  })

  it('marks what a new snapshot touches: views stay those of a node that computes all at once', async () => {
    const random = seededRandom(12)
    const records = randomRecords(random, 260)
    const atOnce = await answersOf(await createMachine(), { records, step: records.length })
    expect(await answersOf(await createMachine(), { records, step: 10 })).toBe(atOnce)
  })

  it('is current again after a stop, in the same generation', async () => {
    const machine = await createMachine()
    const first = await boot(machine)
    await during(machine, first.admit(liarsStory()))
    const before = await settledState(machine, first)
    await during(machine, first.stop())
    const second = await boot(machine)
    expect(second.stats()['trust_generation_count']).toBe(before.trustGeneration)
    const after = await settledState(machine, second)
    expect(after.trustGeneration).toBe(before.trustGeneration)
    expect(after.tag?.trustDigest).toBe(before.tag?.trustDigest)
    await during(machine, second.stop())
  })

  it('computes all views anew when the snapshot that they were computed under is gone', async () => {
    const run = { records: liarsStory(), step: 20 }
    const half = await answersOf(await createMachine(), { ...run, records: run.records.slice(0, 20) })
    const answers = await answersOf(await createMachine(), run)
    const machine = await createMachine()
    const node = await boot(machine)
    // Trust and views of half of the story, and then the snapshot is lost with the other half to come.
    await during(machine, node.admit(run.records.slice(0, 20)))
    const { trustGeneration } = await settledState(machine, node)
    await during(machine, node.stop())
    const level = await machine.index.open(false)
    const row = keys.trust(trustGeneration.toString(16).padStart(16, '0'))
    expect(level.getSync(row, { keyEncoding: 'buffer', valueEncoding: 'buffer' })).toBeDefined()
    await level.batch([{ type: 'del', key: row }], { sync: true })
    await level.close()
    expect(await answersOf(machine, { records: [], step: 1 })).toBe(half)
    expect(machine.messages.join()).toContain('all views are marked')
    expect(await answersOf(machine, { records: run.records.slice(20), step: 20 })).toBe(answers)
  })

  it('ends in the same answers wherever a power cut tears the index', async () => {
    const run = { records: liarsStory(), step: 20 }
    const whole = await createMachine()
    const answers = await answersOf(whole, run)
    const batches = await batchesOf(run)
    expect(batches).toBeGreaterThan(10)
    for (let kept = 0; kept < batches; kept += 1) {
      const machine = await createMachine()
      const node = await boot(machine)
      for (let at = 0; at < run.records.length; at += run.step) {
        await during(machine, node.admit(run.records.slice(at, at + run.step)))
        await during(machine, node.settled())
      }
      machine.index.crash(kept)
      machine.disk.kill()
      expect(await answersOf(machine, { records: [], step: 1 }), `${kept} of ${batches} batches`).toBe(answers)
    }
  })
})

/** Batches that a run leaves unsynced. */
async function batchesOf({ records, step }: Run): Promise<number> {
  const machine = await createMachine()
  const node = await boot(machine)
  for (let at = 0; at < records.length; at += step) {
    await during(machine, node.admit(records.slice(at, at + step)))
    await during(machine, node.settled())
  }
  const { unsynced } = machine.index
  await during(machine, node.stop())
  return unsynced
}
