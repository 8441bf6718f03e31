import { describe, expect, it } from 'vitest'
import { blake3Hash, toHex, utf8Bytes } from '../../src/base/index.js'
import { encodePublished, neutralTrust, type Published, publishedDigest } from '../../src/trustrank/index.js'
import { agent } from '../lenses/make.js'

describe('neutral trust', () => {
  it('gives every agent one bit, alone, whatever the item', () => {
    const trust = neutralTrust()
    for (const name of ['ann', 'bob']) {
      expect(trust.weightQ(agent(name), 2)).toBe(65_536)
      expect(trust.weightQ(agent(name), 1_000)).toBe(65_536)
      expect(trust.groupOf(agent(name))).toBeUndefined()
      expect([trust.accuracy(agent(name)), trust.standing(agent(name))]).toEqual([682, 1_024])
    }
  })

  it('has one digest, whatever frontier it is shown with', () => {
    expect(neutralTrust(blake3Hash(utf8Bytes('frontier'))).digest).toBe(neutralTrust().digest)
    expect(neutralTrust().generation).toBe(0)
  })
})

describe('published values', () => {
  const prior = { accuracy: 682, standing: 1_024, gate: 1_024 }
  const empty: Published = { mode: 'computed', prior, agents: new Map(), roundMs: 0, closed: [] }

  it('are laid out as documented', () => {
    expect(toHex(encodePublished({ ...empty, mode: 'neutral' }))).toBe('0100' + 'aa0200040004ffffffff' + '00000000')
  })

  it('are equal bytes for equal groupings, in any order and with any numbers', () => {
    const rows = ['ann', 'bob', 'cid'].map((name, at) => [agent(name), { ...prior, accuracy: 600 + at }] as const)
    const grouped = (numbers: readonly (number | undefined)[], reversed: boolean): string => {
      const pairs = rows.map(([key, values], at) => [key, { ...values, group: numbers[at] }] as const)
      return publishedDigest({ ...empty, agents: new Map(reversed ? pairs.reverse() : pairs) })
    }
    expect(grouped([4, 4, undefined], true)).toBe(grouped([9, 9, undefined], false))
    expect(grouped([4, 4, undefined], true)).not.toBe(grouped([4, undefined, 4], true))
  })

  it('differ by mode', () => {
    expect(publishedDigest(empty)).not.toBe(publishedDigest({ ...empty, mode: 'neutral' }))
  })
})
