// EpochAware over a real chain of epochs: paradigms that follow each other, a fork, words of no epoch.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Hash } from '../../src/base/index.js'
import { buildEpoch } from '../../src/record/index.js'
import { genesis, settledState } from '../node/kit.js'
import { agentOf, epochRecord, idOf, saidMs, startReal, states, type RealNode } from './real-node.js'

const key = { subject: 'ether', predicate: 'exists' }
let real: RealNode

function holds(by: string, object: string, epoch: Hash | undefined, at: number): Uint8Array {
  return states(by, object, { ...key, timestampMs: saidMs + at, ...(epoch === undefined ? {} : { epoch }) })
}

async function answer(more: Readonly<Record<string, string>> = {}): Promise<{
  readonly winner: unknown
  readonly superseded: readonly Hash[]
}> {
  const { json } = await real.get('/query', { ...key, lens: 'EpochAware', explain: 'true', ...more })
  return { winner: json.winner?.object, superseded: json.evidence?.superseded }
}

beforeEach(async () => {
  real = await startReal()
})
afterEach(() => real.stop())

describe('EpochAware over a chain of epochs', () => {
  it('hears the current epoch and the timeless, and lists what superseded ones said as such', async () => {
    const newton = epochRecord({ name: 'newton', timestampMs: saidMs })
    const einstein = epochRecord({ name: 'einstein', timestampMs: saidMs + 10, supersedes: idOf(newton) })
    const old = ['ann', 'bob', 'cid'].map((by, at) => holds(by, 'yes', idOf(newton), 1 + at))
    await real.admit(newton, ...old)
    expect(await answer()).toEqual({ winner: 'yes', superseded: [] })
    const current = [holds('dot', 'no', idOf(einstein), 11), holds('eve', 'no', undefined, 12)]
    await real.admit(einstein, ...current)
    // Three against two: Consensus hears all of them, EpochAware those of the present paradigm.
    expect((await real.get('/query', { ...key, lens: 'Consensus' })).json.winner.object).toBe('yes')
    expect(await answer()).toEqual({ winner: 'no', superseded: old.map(idOf).sort() })
    const fast = (await real.get('/query', { ...key, lens: 'EpochAware' })).json
    expect([fast.winner.object, fast.agents]).toEqual(['no', 2])
    // Taken back to a time before the second epoch, the first one is the present.
    expect(await answer({ asOf: String(saidMs + 9) })).toEqual({ winner: 'yes', superseded: [] })
    const explained = (await real.get('/explain', { ...key, lens: 'epochaware' })).json
    expect(explained.epoch).toEqual({ id: idOf(einstein), name: 'einstein' })
    expect(explained.answer.evidence.superseded).toEqual(old.map(idOf).sort())
    expect(explained.clusters.map(({ object }: { readonly object: string }) => object)).toEqual(['no'])
  })

  it('follows one branch where the chain forks, and the other when that is superseded', async () => {
    const root = epochRecord({ name: 'root', timestampMs: saidMs })
    const left = epochRecord({ name: 'left', timestampMs: saidMs + 1, supersedes: idOf(root) })
    const right = epochRecord({ name: 'right', timestampMs: saidMs + 2, supersedes: idOf(root) })
    const said = [holds('ann', 'left', idOf(left), 3), holds('bob', 'right', idOf(right), 4), holds('cid', 'root', idOf(root), 5)]
    await real.admit(root, left, right, ...said)
    // Two that nobody supersedes: the later one is current, the other one is no paradigm of the past.
    expect(await answer()).toEqual({ winner: 'right', superseded: [idOf(said[2] as Uint8Array)] })
    const back = epochRecord({ name: 'back', timestampMs: saidMs + 6, supersedes: idOf(right) })
    await real.admit(back)
    // Nobody has said anything under it, and nothing timeless: no answer, not that of another epoch.
    const none = await real.get('/query', { ...key, lens: 'EpochAware' })
    expect([none.status, none.json.code]).toEqual([404, 'LENS_NO_CANDIDATES'])
    await real.admit(holds('dot', 'timeless', undefined, 7))
    expect(await answer()).toEqual({ winner: 'timeless', superseded: [said[1], said[2]].map((one) => idOf(one as Uint8Array)).sort() })
  })

  it('counts epochs of governors alone, whatever others issue', async () => {
    const newton = epochRecord({ name: 'newton', timestampMs: saidMs })
    const fields = { timestampMs: saidMs + 1, name: 'mine', settings: new Map(), supersedes: idOf(newton) }
    const usurper = buildEpoch(fields, agentOf('mallory'), genesis.networkId)
    await real.admit(newton, usurper, holds('ann', 'yes', idOf(newton), 2), holds('mallory', 'no', idOf(usurper), 3))
    expect(await answer()).toEqual({ winner: 'yes', superseded: [] })
  })

  it('answers the same after a restart', async () => {
    const newton = epochRecord({ name: 'newton', timestampMs: saidMs })
    const einstein = epochRecord({ name: 'einstein', timestampMs: saidMs + 10, supersedes: idOf(newton) })
    await real.admit(newton, einstein, holds('ann', 'yes', idOf(newton), 1), holds('bob', 'no', idOf(einstein), 2))
    const before = [await answer(), (await settledState(real.machine, real.node)).tag?.viewDigest]
    await real.stop()
    real = await startReal({}, real.machine)
    const { tag } = await settledState(real.machine, real.node)
    expect([await answer(), tag?.viewDigest]).toEqual(before)
    expect(tag).toBeDefined()
  })
})
