import { describe, expect, it } from 'vitest'
import { blake3Hash, type Hash, utf8Bytes } from '../../src/base/index.js'
import { createEpochView, epochAware, type EpochInput, type EpochView } from '../../src/lenses/index.js'
import { agent, ask, key, said } from './make.js'

const id = (name: string): Hash => blake3Hash(utf8Bytes(name))
const governor = agent('governor')

function epoch(name: string, timestampMs: number, supersedes?: string): EpochInput {
  const base = { id: id(name), agentId: governor, timestampMs, name, settings: new Map() }
  return supersedes === undefined ? base : { ...base, supersedes: id(supersedes) }
}

function chain(...epochs: readonly EpochInput[]): EpochView {
  return createEpochView(epochs, new Set([governor]))
}

describe('EpochAware', () => {
  const old = ['ann', 'bob', 'cid'].map((name) => said(name, 'flat', { epoch: id('first') }))
  const now = said('dot', 'round', { epoch: id('second') })
  const timeless = said('eve', 'round')

  it('hears the current epoch and timeless assertions, however many spoke under the old one', () => {
    const epochs = chain(epoch('first', 1), epoch('second', 2, 'first'))
    const result = ask(epochAware, key([...old, now, timeless]), { epochs })
    expect(result).toMatchObject({ clusters: 1, ballots: 2, winners: [{ candidate: { object: 'round' } }] })
    expect(result?.superseded).toBeUndefined()
  })

  it('lists assertions of superseded epochs when asked to explain', () => {
    const epochs = chain(epoch('first', 1), epoch('second', 2, 'first'))
    const result = ask(epochAware, key([...old, now]), { epochs, explain: true })
    expect(result?.superseded).toEqual(old.map((candidate) => candidate.id).sort())
  })

  it('takes the later branch of a chain that forks, and hears the other branch no more', () => {
    const epochs = chain(epoch('first', 1), epoch('second', 2, 'first'), epoch('rival', 3, 'first'))
    const rival = said('fay', 'hollow', { epoch: id('rival') })
    const result = ask(epochAware, key([...old, now, rival]), { epochs, explain: true })
    expect(result?.winners[0]?.candidate).toBe(rival)
    expect(result?.superseded).not.toContain(now.id)
  })

  it('has no answer where nothing was said under the current epoch', () => {
    const epochs = chain(epoch('first', 1), epoch('second', 2, 'first'))
    expect(ask(epochAware, key(old), { epochs })).toBeUndefined()
  })

  it('is Consensus over timeless assertions where there is no epoch', () => {
    const result = ask(epochAware, key([...old, timeless]))
    expect(result?.winners[0]?.candidate).toBe(timeless)
  })
})
