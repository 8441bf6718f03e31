// The learning loop: who lied early is outvoted later, loses its standing as a witness, and an answer that
// nobody voted on again turns. The events say why.

import { describe, expect, it } from 'vitest'
import type { Hash } from '../../src/base/index.js'
import type { NodeEvent, StemeNode } from '../../src/node/index.js'
import {
  buildAssertion, buildVote, createSigner, openRecord, seedFromName, type Signer
} from '../../src/record/index.js'
import { boot, createMachine, during, genesis, type Machine, settledState, startMs } from './kit.js'

const FACTS = 8
const agentOf = (name: string): Signer => createSigner(seedFromName(name))

function claim(by: string, subject: string, object: string): Uint8Array {
  const fields = { timestampMs: startMs - 10_000, subject, predicate: 'is', object }
  return buildAssertion(fields, agentOf(by), genesis.networkId)
}

function vote(by: string, on: Uint8Array): Uint8Array {
  const fields = { timestampMs: startMs - 1_000, assertion: idOf(on), weight: 1_000_000 }
  return buildVote(fields, agentOf(by), genesis.networkId)
}

function idOf(record: Uint8Array): Hash {
  const opened = openRecord(record)
  if (opened.grade === 'invalid') throw new Error(opened.rule)
  return opened.id
}

interface Scene {
  readonly machine: Machine
  readonly node: StemeNode
  readonly events: NodeEvent[]
}

async function open(): Promise<Scene> {
  const machine = await createMachine()
  const node = await boot(machine)
  const events: NodeEvent[] = []
  node.onEvent((_, event) => events.push(event))
  return { machine, node, events }
}

async function say({ machine, node }: Scene, records: readonly Uint8Array[]): Promise<void> {
  await during(machine, node.admit(records))
  await settledState(machine, node)
}

async function answer({ machine, node }: Scene, subject: string): Promise<unknown> {
  return (await during(machine, node.query({ subject, predicate: 'is', lens: 'Consensus' }))).winner.object
}

// The gossip and its echo say one thing, the archive another; on the old question nobody else says anything.
const honest = Array.from({ length: FACTS }, (_, fact) => claim('archive', `fact ${fact}`, 'true'))
const lies = ['gossip', 'echo'].flatMap((by, liar) => Array.from({ length: FACTS }, (_, fact) =>
  claim(by, `fact ${fact}`, `lie ${liar === 0 || fact % 2 === 0 ? 'a' : 'b'}`)))
const old = {
  lies: ['gossip', 'echo'].map((by) => claim(by, 'old question', 'a lie')),
  truth: claim('archive', 'old question', 'the truth')
}

describe('the learning loop', () => {
  it('turns an old answer that nobody voted on again, and the events say which agents it was', async () => {
    const scene = await open()
    await say(scene, [...honest, ...lies, ...old.lies, old.truth])
    expect(await answer(scene, 'old question')).toBe('a lie')
    const before = await during(scene.machine, scene.node.agent(agentOf('gossip').publicKey))
    scene.events.length = 0

    // Auditors come and vote on the facts, not on the old question.
    await say(scene, honest.flatMap((fact) => ['ann', 'bob', 'cid'].map((by) => vote(by, fact))))
    for (let fact = 0; fact < FACTS; fact += 1) expect(await answer(scene, `fact ${fact}`)).toBe('true')
    expect(await answer(scene, 'old question')).toBe('the truth')

    const after = await during(scene.machine, scene.node.agent(agentOf('gossip').publicKey))
    expect(after?.accuracy).toBeLessThan((before?.accuracy ?? 0) / 2)
    expect(after?.reasons?.lost.length).toBeGreaterThan(FACTS / 2)
    expect(after?.past.map(({ accuracy }) => accuracy)).toContain(before?.accuracy)

    const turned = scene.events.flatMap((event) =>
      event.kind === 'winner' && event.subject === 'old question' && event.lens === 'Consensus' ? [event] : [])
    expect(turned).toHaveLength(1)
    expect(turned[0]).toMatchObject({
      cause: 'trust', after: idOf(old.truth), trust: { to: after?.trust.generation }
    })
    expect(turned[0]?.records).toBeUndefined()
    expect(old.lies.map(idOf)).toContain(turned[0]?.before)
    const named = new Map(turned[0]?.trust?.agents.map((agent) => [agent.agent, agent]))
    expect([...named.keys()].sort()).toEqual(['gossip', 'echo', 'archive'].map((name) => agentOf(name).publicKey).sort())
    expect(named.get(agentOf('gossip').publicKey)).toMatchObject({
      accuracyBefore: before?.accuracy, accuracyAfter: after?.accuracy
    })
    await during(scene.machine, scene.node.stop())
  })

  it('names records as the cause where records turned the answer', async () => {
    const scene = await open()
    const green = claim('ann', 'sky', 'green')
    await say(scene, [green])
    const blue = ['bob', 'cid', 'dan'].map((by) => claim(by, 'sky', 'blue'))
    await say(scene, [...blue, claim('eve', 'sea', 'wet')])
    const turned = scene.events.flatMap((event) =>
      event.kind === 'winner' && event.lens === 'Consensus' && event.subject === 'sky' ? [event] : [])
    expect(turned.map(({ cause, trust }) => [cause, trust])).toEqual([['records', undefined], ['records', undefined]])
    expect(turned[0]).toMatchObject({ after: idOf(green), records: { ids: [idOf(green)], total: 1 } })
    expect(turned[1]).toMatchObject({ before: idOf(green), records: { total: 3 } })
    expect([...turned[1]?.records?.ids ?? []].sort()).toEqual(blue.map(idOf).sort())
    await during(scene.machine, scene.node.stop())
  })
})
