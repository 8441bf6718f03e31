// Answers of a network in which trust was never computed: what genesis says of its seeds holds.

import { describe, expect, it } from 'vitest'
import type { StemeNode } from '../../src/node/index.js'
import { createGenesis } from '../../src/p2p/index.js'
import { buildAssertion, createSigner, seedFromName, type Signer } from '../../src/record/index.js'
import { alice, bob, boot, createMachine, during, type Machine, startMs } from './kit.js'

const founder = createSigner(seedFromName('a founder'))
const genesis = createGenesis({
  name: 'founded', created: startMs - 1, governors: [alice.publicKey], seeds: [founder.publicKey]
})

function claim(by: Signer, object: string): Uint8Array {
  return buildAssertion({ timestampMs: startMs - 1_000, subject: 's', predicate: 'is', object }, by, genesis.networkId)
}

async function firstAnswer(machine: Machine, node: StemeNode): Promise<unknown> {
  const question = { subject: 's', predicate: 'is', lens: 'Consensus', fresh: 'records' } as const
  const { winner, undecided, view } = await during(machine, node.query(question))
  return [winner.object, winner.score, undecided, view.trustGeneration]
}

describe('the first answers of a network', () => {
  // Pauses of a minute: no trust is computed beside the one that the index begins with.
  const never = { genesis, trust: { workers: 0, waitMsMin: 60_000 } } as const

  it('know the founder before trust is computed', async () => {
    const machine = await createMachine()
    const node = await boot(machine, never)
    await during(machine, node.admit([claim(founder, 'so')]))
    expect(await firstAnswer(machine, node)).toEqual(['so', 6 * 65_536, false, 0])
    await during(machine, node.admit([claim(alice, 'not so'), claim(bob, 'not so')]))
    expect(await firstAnswer(machine, node)).toEqual(['so', 6 * 65_536, false, 0])
    await during(machine, node.stop())
  })

  it('are undecided where strangers alone have spoken', async () => {
    const machine = await createMachine()
    const node = await boot(machine, never)
    await during(machine, node.admit([claim(alice, 'so')]))
    expect(await firstAnswer(machine, node)).toEqual(['so', 0, true, 0])
    await during(machine, node.stop())
  })
})
