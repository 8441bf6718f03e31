import { describe, expect, it } from 'vitest'
import { type PublicKey } from '../../src/base/index.js'
import { blockBytesMax, DAG_DEFAULTS } from '../../src/dag/index.js'
import { createAllowance, type Allowance } from '../../src/dag/allowance.js'
import { createManualClock, type ManualClock } from '../fakes/manual-clock.js'
import { idleSigner } from './kit.js'

const mib = 1_048_576
const hour = 3_600_000
const key = idleSigner('a').publicKey
const other = idleSigner('b').publicKey

function make(change: Partial<typeof DAG_DEFAULTS> = {}): {
  readonly allowance: Allowance, readonly clock: ManualClock, readonly forked: Set<PublicKey>
} {
  const clock = createManualClock()
  const forked = new Set<PublicKey>()
  const allowance = createAllowance({ ...DAG_DEFAULTS, ...change }, clock, (nodeKey) => forked.has(nodeKey))
  return { allowance, clock, forked }
}

describe('the share of a node', () => {
  it('is 64 MiB at once, to the byte, and none of another node', () => {
    const { allowance } = make()
    for (let taken = 0; taken < 64; taken++) expect(allowance.take(key, mib, 'p')).toBe(true)
    expect(allowance.isOpen(key, 'p')).toBe(true)
    expect(allowance.take(key, 1, 'p')).toBe(false)
    expect([allowance.isOpen(key, 'p'), allowance.isOpen(other, 'p'), allowance.closed]).toEqual([false, true, 1])
    expect(allowance.take(other, 64 * mib + 1, 'p')).toBe(false)
  })

  it('is closed for all once one block did not fit, and opens again with a 16th of an hour', () => {
    const { allowance, clock } = make()
    allowance.take(key, 64 * mib - 10, 'p')
    expect([allowance.take(key, 11, 'p'), allowance.take(key, 1, 'p')]).toEqual([false, false])
    clock.advance(hour / 16 - 1)
    expect([allowance.reopened(), allowance.take(key, 1, 'p')]).toEqual([false, false])
    clock.advance(1)
    expect([allowance.reopened(), allowance.reopened()]).toEqual([true, false])
    expect([allowance.take(key, 4 * mib, 'p'), allowance.closed]).toEqual([true, 0])
  })

  it('comes back at 64 MiB an hour and never adds up to more', () => {
    const { allowance, clock } = make()
    allowance.take(key, 64 * mib, 'p')
    clock.advance(hour / 2)
    expect(allowance.take(key, 32 * mib, 'p')).toBe(true)
    clock.advance(100 * hour)
    expect([allowance.take(key, 64 * mib, 'p'), allowance.take(key, 1, 'p')]).toEqual([true, false])
  })

  it('shrinks to 1 MiB an hour once its node has forked', () => {
    const { allowance, clock, forked } = make()
    allowance.take(key, mib, 'p')
    forked.add(key)
    expect([allowance.take(key, mib, 'p'), allowance.take(key, 1, 'p')]).toEqual([true, false])
    // It opens again with room for the largest block.
    clock.advance(Math.floor(hour * blockBytesMax / mib) - 1)
    expect(allowance.reopened()).toBe(false)
    clock.advance(2)
    expect([allowance.reopened(), allowance.take(key, blockBytesMax, 'p')]).toEqual([true, true])
  })

  it('is not asked of who is exempt, nor where there is no bound', () => {
    const { allowance } = make()
    allowance.exempt((from) => from === 'friend')
    for (let taken = 0; taken < 3; taken++) expect(allowance.take(key, 64 * mib, 'friend')).toBe(true)
    expect([allowance.blocksOf(key, 'friend'), allowance.blocksOf(key, 'p')]).toEqual([Infinity, 1_024])
    const unbound = make({ keyBytesPerHour: Infinity }).allowance
    for (let taken = 0; taken < 3; taken++) expect(unbound.take(key, 64 * mib, 'p')).toBe(true)
    expect(unbound.blocksOf(undefined, 'p')).toBe(Infinity)
  })

  it('says how many blocks may be asked for', () => {
    const { allowance } = make()
    expect(allowance.blocksOf(undefined, 'p')).toBe(1_024)
    allowance.take(key, 63 * mib, 'p')
    expect(allowance.blocksOf(key, 'p')).toBe(16)
    allowance.take(key, mib - 1, 'p')
    expect(allowance.blocksOf(key, 'p')).toBe(1)
    allowance.take(key, 2, 'p')
    expect(allowance.blocksOf(key, 'p')).toBe(0)
  })

  it('remembers as many keys as its limit, and the one used longest ago is a stranger again', () => {
    const { allowance } = make({ allowanceKeysMax: 2 })
    const third = idleSigner('c').publicKey
    for (const one of [key, other]) allowance.take(one, 64 * mib, 'p')
    expect(allowance.take(key, 1, 'p')).toBe(false)
    allowance.take(third, 1, 'p')
    expect([allowance.take(key, 1, 'p'), allowance.take(other, 1, 'p')]).toEqual([false, true])
  })

  it('is nobody\'s while all are paused', () => {
    const { allowance, clock } = make()
    allowance.exempt(() => true)
    allowance.pause(60_000)
    expect([allowance.isOpen(key, 'p'), allowance.take(key, 1, 'p'), allowance.blocksOf(undefined, 'p')])
      .toEqual([false, false, 0])
    clock.advance(59_999)
    expect(allowance.reopened()).toBe(false)
    clock.advance(1)
    expect([allowance.reopened(), allowance.take(key, 1, 'p'), allowance.reopened()]).toEqual([true, true, false])
  })
})
