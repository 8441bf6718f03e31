// What agents demand and forbid, and their track records, in a running node.

import { describe, expect, it } from 'vitest'
import type { StemeNode } from '../../src/node/index.js'
import { buildAssertion, buildEpoch, createSigner, seedFromName } from '../../src/record/index.js'
import { alice, boot, createMachine, during, genesis, type Machine, settledState, startMs } from './kit.js'

const NAMES = ['ann', 'bob', 'cid', 'dan'] as const

function claim(by: string, subject: string, predicate: string, object: string): Uint8Array {
  const fields = { timestampMs: startMs - 1_000, subject, predicate, object }
  return buildAssertion(fields, createSigner(seedFromName(by)), genesis.networkId)
}

async function accuracies(machine: Machine, node: StemeNode): Promise<readonly number[]> {
  await settledState(machine, node)
  const { agents } = await during(machine, node.agents(undefined, 100))
  return agents.map(({ accuracy }) => accuracy)
}

describe('constraints and track records', () => {
  it('are nothing to each other until an epoch has settings for the predicate', async () => {
    const machine = await createMachine()
    const node = await boot(machine)
    const facts = NAMES.flatMap((by) =>
      Array.from({ length: 6 }, (_, fact) => claim(by, `fact ${fact}`, 'is', by === 'dan' ? 'no' : 'yes')))
    await during(machine, node.admit(facts))
    const before = await accuracies(machine, node)
    const wishes = NAMES.flatMap((by) =>
      Array.from({ length: 9 }, (_, context) => claim(by, `context ${context}`, 'forbidden', `what ${by} fears`)))
    await during(machine, node.admit(wishes))
    expect(await accuracies(machine, node)).toEqual(before)
    const settings = new Map([['forbidden', { cardinality: 'one' }] as const])
    const fields = { timestampMs: startMs - 500, name: 'rules are facts', settings }
    await during(machine, node.admit([buildEpoch(fields, alice, genesis.networkId)]))
    const ruled = await accuracies(machine, node)
    expect(Math.max(...ruled)).toBeLessThan(Math.max(...before))
    await during(machine, node.stop())
  })
})
