import { describe, expect, it } from 'vitest'
import { consensus, createLensRegistry, type Lens, LensError } from '../../src/lenses/index.js'
import { ask, key, said } from './make.js'

/** The first assertion by id, as a plain function. */
const first: Lens = {
  name: 'First',
  resolve: ({ candidates }) => {
    const [candidate] = [...candidates].sort((a, b) => (a.id < b.id ? -1 : 1))
    if (candidate === undefined) return undefined
    const winner = { candidate, score: 0, share: 0, agents: 0 }
    return { winners: [winner], undecided: false, clusters: candidates.length, ballots: 0 }
  }
}

describe('the registry of lenses', () => {
  it('finds lenses by name in any case', () => {
    const registry = createLensRegistry()
    expect(registry.names).toEqual(['Consensus', 'Authority', 'Recency', 'EpochAware'])
    for (const name of ['consensus', 'CONSENSUS', 'Consensus']) expect(registry.find(name)).toBe(consensus)
  })

  it('refuses an unknown name and lists those there are', () => {
    expect(() => createLensRegistry().find('Oracle')).toThrow(LensError)
    try {
      createLensRegistry().find('Oracle')
    } catch (error) {
      expect((error as LensError).detail)
        .toEqual({ code: 'LENS_UNKNOWN', lens: 'Oracle', known: ['Consensus', 'Authority', 'Recency', 'EpochAware'] })
    }
  })

  it('takes a pure function by name as a lens', () => {
    const lens = createLensRegistry([first]).find('first')
    expect(ask(lens, key([said('ann', 'x')]))?.winners[0]?.candidate.object).toBe('x')
    expect(ask(lens, key([]))).toBeUndefined()
  })

  it('hands a lens an input whose parts may be taken out, and that may be wrapped', () => {
    const wraps: Lens = {
      name: 'Wraps',
      * resolve({ density, rank, ...input }) {
        const own = yield* density()
        const { ballots } = (yield* rank(own, false)) ?? { ballots: 0 }
        const resolved = consensus.resolve({ ...input, density, rank, explain: true })
        if (resolved === undefined || !(Symbol.iterator in resolved)) throw new Error('no steps')
        const result = yield* resolved
        return result === undefined ? undefined : { ...result, ballots: ballots + 1 }
      }
    }
    const asked = key([said('ann', 'x'), said('bob', 'x'), said('cid', 'y')])
    const [plain, wrapped] = [ask(consensus, asked), ask(wraps, asked)]
    expect(wrapped).toMatchObject({ winners: [{ score: plain?.winners[0]?.score }], ballots: 4 })
    expect(plain?.backing).toBeUndefined()
    expect(wrapped?.backing).toHaveLength(2)
  })

  it.each(['consensus', '', '1st', 'a b', 'é', 'x'.repeat(65)])('refuses the name %j', (name) => {
    expect(() => createLensRegistry([{ ...first, name }])).toThrow(LensError)
  })

  it('takes a name of 64 characters', () => {
    expect(createLensRegistry([{ ...first, name: 'x'.repeat(64) }]).names).toHaveLength(5)
  })
})
