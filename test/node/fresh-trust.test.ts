// Fresh answers follow from all that is admitted, trust included.

import { describe, expect, it } from 'vitest'
import type { StemeNode } from '../../src/node/index.js'
import type { Answer } from '../../src/query/index.js'
import { createSigner, seedFromName } from '../../src/record/index.js'
import { boot, createMachine, during, type Machine, says } from './kit.js'

/** Facts on which four agree and one lies, and one that the liar and a stranger say and ann denies. */
function liarsStory(): readonly Uint8Array[] {
  const by = (name: string, subject: string, object: string): Uint8Array =>
    says(createSigner(seedFromName(name)), subject, object)
  const facts = Array.from({ length: 6 }, (_, fact) => [
    ...['ann', 'bob', 'cid', 'dan'].map((name) => by(name, `fact ${fact}`, 'true')),
    by('liar', `fact ${fact}`, `lie ${fact}`)
  ]).flat()
  return [by('liar', 'contested', 'a lie'), by('eve', 'contested', 'a lie'), by('ann', 'contested', 'the truth'),
    ...facts]
}

function contested(machine: Machine, node: StemeNode, fresh: true | 'records'): Promise<Answer> {
  return during(machine, node.query({ subject: 'contested', predicate: 'is', lens: 'Consensus', fresh }))
}

describe('a fresh answer of a node', () => {
  // Nobody who does not ask gets trust within a minute.
  const slow = { trust: { workers: 0, waitMsMin: 60_000, waitFactor: 1_000 } } as const

  it('follows from trust that was due later, and says how far trust is behind when it need not', async () => {
    const machine = await createMachine()
    const node = await boot(machine, slow)
    await during(machine, node.admit(liarsStory()))
    const early = await contested(machine, node, 'records')
    expect([early.ballots, early.view.trustGeneration]).toEqual([3, 0])
    expect(early.view.trustLagMs).toBeGreaterThan(0)
    const late = await contested(machine, node, true)
    expect(late.winner.object).toBe('the truth')
    expect(late.view).toMatchObject({ lagMs: 0, trustLagMs: 0 })
    expect(late.view.trustGeneration).toBeGreaterThan(0)
    const digest = (await during(machine, node.agents(undefined, 1))).trust.digest
    await during(machine, node.settled())
    expect((await during(machine, node.agents(undefined, 1))).trust.digest).toBe(digest)
    await during(machine, node.stop())
  })

  it('on the slow path names the trust that covers all, too', async () => {
    const machine = await createMachine()
    const node = await boot(machine, slow)
    await during(machine, node.admit(liarsStory()))
    const question = { subject: 'contested', predicate: 'is', lens: 'Consensus', explain: true }
    const early = await during(machine, node.query(question))
    expect(early.view.lagMs).toBe(0)
    expect(early.view.trustLagMs).toBeGreaterThan(0)
    const late = await during(machine, node.query({ ...question, fresh: true }))
    expect([late.winner.object, late.view.trustLagMs]).toEqual(['the truth', 0])
    await during(machine, node.stop())
  })
})
