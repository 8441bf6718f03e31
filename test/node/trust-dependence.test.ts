// Copiers and a loose bloc in a running node: what is published of them, and of the answers that follow,
// depends on no order of arrival and on no history of the index.

import { expect, it } from 'vitest'
import type { PublicKey, Random } from '../../src/base/index.js'
import type { StemeNode } from '../../src/node/index.js'
import {
  buildAssertion, buildVote, createSigner, openRecord, seedFromName, type Signer
} from '../../src/record/index.js'
import { keys } from '../../src/store/index.js'
import { decodePublished, type Published, STEPS_PER_ONE } from '../../src/trustrank/index.js'
import { createMemoryIndex } from '../fakes/memory-level.js'
import { seededRandom, shuffled } from '../fakes/seeded-random.js'
import { boot, createMachine, during, genesis, type Machine, settledState, startMs } from './kit.js'

const SEED = 21
const OPEN_FACTS = 60
const CLOSED_FACTS = 140
/** Records of one call at most. */
const STEP_MAX = 1_000
const FULL = 1_000_000

const COPIES = ['copy 0', 'copy 1', 'copy 2']
const HONEST = ['good 0', 'good 1', 'plain']
const BLOC = [0, 1, 2, 3].map((member) => `bloc ${member}`)
const OWN = Array.from({ length: 9 }, (_, own) => `own ${own}`)

const signers = new Map([...COPIES, ...HONEST, ...BLOC, ...OWN].map((name) =>
  [name, createSigner(seedFromName(name))] as const))

function signer(name: string): Signer {
  return signers.get(name) ?? expect.fail(name)
}

function key(name: string): PublicKey {
  return signer(name).publicKey
}

/** Collects records; who says what another has said votes for that. */
class Facts {
  readonly records: Uint8Array[] = []
  #timeMs = startMs - 1_000_000

  say(subject: string, predicate: string, answers: readonly (readonly [by: string, object: string])[]): void {
    const said = new Map<string, Uint8Array>()
    for (const [by, object] of answers) {
      const before = said.get(object)
      const timestampMs = this.#timeMs += 7
      const bytes = before === undefined
        ? buildAssertion({ timestampMs, subject, predicate, object }, signer(by), genesis.networkId)
        : buildVote({ timestampMs, assertion: idOf(before), weight: FULL }, signer(by), genesis.networkId)
      if (before === undefined) said.set(object, bytes)
      this.records.push(bytes)
    }
  }
}

function idOf(bytes: Uint8Array): Parameters<StemeNode['votes']>[0] {
  const opened = openRecord(bytes)
  return opened.grade === 'effective' ? opened.id : expect.fail('not effective')
}

/**
 * Facts with any answer, on which two repeat what a third says, who is right on six of ten; and yes-or-no
 * facts, on which four of a bloc say, nine times in ten, what one of them does.
 */
function story(random: Random): readonly Uint8Array[] {
  const facts = new Facts()
  for (let at = 0; at < OPEN_FACTS; at += 1) {
    const wrong = (): string => `w${at} ${random.integer(3)}`
    const say = (percent: number): string => (random.integer(100) < percent ? `v${at}` : wrong())
    const copied = say(60)
    facts.say(`open ${at}`, 'is', [
      ...COPIES.map((name) => [name, copied] as const),
      ['good 0', say(96)], ['good 1', say(96)], ['plain', say(75)]
    ])
  }
  for (let at = 0; at < CLOSED_FACTS; at += 1) {
    const [right, wrong] = random.integer(2) === 0 ? ['yes', 'no'] : ['no', 'yes']
    const say = (percent: number): string => (random.integer(100) < percent ? right : wrong)
    const led = say(65)
    facts.say(`closed ${at}`, 'holds', [
      ...OWN.map((name) => [name, say(75)] as const),
      ...BLOC.map((name, member) => [name, member === 0 || random.integer(100) < 90 ? led : say(75)] as const)
    ])
  }
  return facts.records
}

interface Outcome {
  readonly trust: string
  readonly views: string
  readonly winners: readonly unknown[]
}

async function outcome(machine: Machine, node: StemeNode): Promise<Outcome> {
  const { tag } = await settledState(machine, node)
  const winners: unknown[] = []
  const ask = async (subject: string, predicate: string): Promise<void> => {
    const { winner } = await during(machine, node.query({ subject, predicate, lens: 'Consensus' }))
    winners.push([subject, winner.object, winner.score])
  }
  for (let at = 0; at < OPEN_FACTS; at += 1) await ask(`open ${at}`, 'is')
  for (let at = 0; at < CLOSED_FACTS; at += 1) await ask(`closed ${at}`, 'holds')
  return tag === undefined ? expect.fail('a settled node has a tag')
    : { trust: tag.trustDigest, views: tag.viewDigest, winners }
}

async function admit(
  machine: Machine, node: StemeNode, records: readonly Uint8Array[], step: number
): Promise<void> {
  for (let at = 0; at < records.length; at += step) {
    const results = await during(machine, node.admit(records.slice(at, at + step)))
    expect(results.every(({ kind }) => kind === 'admitted')).toBe(true)
    await during(machine, node.settled())
  }
}

/** What the stopped node on this machine has published last. */
async function publishedOn(machine: Machine, generation: number): Promise<Published> {
  const level = await machine.index.open(false)
  const row = keys.trust(generation.toString(16).padStart(16, '0'))
  const bytes = level.getSync(row, { keyEncoding: 'buffer', valueEncoding: 'buffer' })
  await level.close()
  return decodePublished(bytes ?? expect.fail('no snapshot')) ?? expect.fail('no published trust')
}

it('copiers are one voice and a bloc has a part of its voices, in any order of arrival and after a rebuild', async () => {
  const random = seededRandom(SEED)
  const records = story(random)
  const machine = await createMachine()
  const node = await boot(machine)
  await admit(machine, node, records, STEP_MAX)
  const first = await outcome(machine, node)
  const { trustGeneration } = await node.state()

  // Where the copies err, two of the three backers of the error give nothing.
  const dispute = await during(machine, node.dispute({ subject: 'open 0', predicate: 'is', limit: 10 }))
  expect(dispute.groups.map(({ agents }) => agents)).toEqual([COPIES.map(key).sort()])
  const copies = dispute.clusters.flatMap(({ backers }) => backers)
    .filter(({ agentId }) => COPIES.map(key).includes(agentId))
  expect(copies.filter(({ bits }) => bits === 0)).toHaveLength(2)
  await during(machine, node.stop())

  const published = await publishedOn(machine, trustGeneration)
  const groupOf = (name: string): number | undefined => published.agents.get(key(name))?.group
  expect(new Set(COPIES.map(groupOf)).size).toBe(1)
  expect(groupOf('copy 0')).toBeDefined()
  expect([...HONEST, ...OWN, ...BLOC].map(groupOf)).toEqual(new Array(16).fill(undefined))
  const shareOf = (name: string): number => published.closed[0]?.shares.get(key(name)) ?? STEPS_PER_ONE
  expect(published.closed.map(({ predicate, values }) => [predicate, values.length])).toEqual([['holds', 2]])
  for (const name of BLOC) expect(shareOf(name)).toBeLessThan(STEPS_PER_ONE / 2)
  expect(OWN.map(shareOf)).toEqual(OWN.map(() => STEPS_PER_ONE))

  for (const step of [STEP_MAX, 700, 350]) {
    const other = await createMachine()
    const later = await boot(other)
    await admit(other, later, shuffled(records, random), step)
    expect(await outcome(other, later), `seed ${SEED}, ${step} a step`).toEqual(first)
    await during(other, later.stop())
  }

  const emptied = { ...machine, index: createMemoryIndex() }
  const rebuilt = await boot(emptied)
  expect(machine.messages.some((message) => message.startsWith('the index is not whole'))).toBe(true)
  expect(await outcome(emptied, rebuilt)).toEqual(first)
  await during(emptied, rebuilt.stop())
}, 600_000)
