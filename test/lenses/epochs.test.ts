import { describe, expect, it } from 'vitest'
import { blake3Hash, utf8Bytes, type Hash } from '../../src/base/index.js'
import { createEpochView, type EpochInput } from '../../src/lenses/index.js'
import type { PredicateSettings } from '../../src/record/index.js'
import { agent, bytesOf } from './make.js'

const governors = new Set([agent('governor'), agent('deputy')])

interface Fields {
  readonly by?: string
  readonly at?: number
  readonly supersedes?: Hash
  readonly settings?: PredicateSettings
}

function epoch(name: string, { by = 'governor', at = 0, supersedes, settings }: Fields = {}): EpochInput {
  return {
    id: blake3Hash(utf8Bytes(`epoch ${name}`)), agentId: agent(by), timestampMs: at, name, supersedes,
    settings: new Map(settings === undefined ? [] : [['predicate', settings]])
  }
}

function currentOf(epochs: readonly EpochInput[], asOfMs?: number): string | undefined {
  return createEpochView(epochs, governors, asOfMs).current?.name
}

describe('the current epoch', () => {
  it('is absent without records, and then every predicate has the defaults', () => {
    expect(currentOf([])).toBeUndefined()
    expect(createEpochView([], governors).judging('any')).toEqual({ cardinality: 'one' })
  })

  it('is the greatest by timestamp, then by id', () => {
    expect(currentOf([epoch('a', { at: 2 }), epoch('b', { at: 1 })])).toBe('a')
    const tied = [epoch('a'), epoch('b')]
    expect(currentOf(tied)).toBe(tied.reduce((a, b) => (a.id > b.id ? a : b)).name)
  })

  it('is never one that another effective epoch record supersedes, however late it is', () => {
    const late = epoch('late', { at: 9 })
    const early = epoch('early', { at: 1, supersedes: late.id, by: 'deputy' })
    expect(currentOf([late, early])).toBe('early')
  })

  it('takes no heed of records by others than governors', () => {
    const true1 = epoch('true', { at: 1 })
    expect(currentOf([true1, epoch('false', { by: 'mallory', at: 9, supersedes: true1.id })])).toBe('true')
  })

  it('is absent when epochs supersede each other in a circle of records', () => {
    const a = epoch('a')
    const b = epoch('b', { supersedes: a.id })
    expect(currentOf([{ ...a, supersedes: b.id }, b])).toBeUndefined()
  })

  it('is judged as of a time by the records until then', () => {
    const first = epoch('first', { at: 1 })
    const second = epoch('second', { at: 5, supersedes: first.id })
    expect(currentOf([first, second], 4)).toBe('first')
    expect(currentOf([first, second], 5)).toBe('second')
  })

  it('settles cardinality, tolerance, half-life and vocabulary', () => {
    const settings: PredicateSettings = {
      cardinality: 'many', tolerance: 2, halfLifeMs: 3, vocabulary: ['yes', { ref: 'no' }, 4]
    }
    const judging = createEpochView([epoch('a', { settings })], governors).judging('predicate')
    expect(judging).toMatchObject({ cardinality: 'many', tolerance: 2, halfLifeMs: 3 })
    expect(['yes', { ref: 'no' }, 4, 'no', 5].map((value) => judging.allows?.(bytesOf(value))))
      .toEqual([true, true, true, false, false])
  })
})
