import { describe, expect, it } from 'vitest'
import { createClaims, type Claims } from '../../src/dag/claims.js'
import { DAG_DEFAULTS } from '../../src/dag/index.js'
import { createManualClock, type ManualClock } from '../fakes/manual-clock.js'

const all = { low: 1, high: 100 }

function scene(owners: number, share: () => boolean = () => false): {
  readonly clock: ManualClock, readonly claims: Claims, readonly owners: readonly object[]
} {
  const clock = createManualClock()
  const claims = createClaims(DAG_DEFAULTS, clock)
  const list = Array.from({ length: owners }, () => ({}))
  for (const owner of list) claims.enter(owner, share)
  return { clock, claims, owners: list }
}

describe('claims', () => {
  it('are disjoint: each takes the lowest part that nobody has', () => {
    const { claims, owners: [one = {}, two = {}] } = scene(2)
    expect(claims.take(one, 'f', all, 10)).toEqual({ low: 1, high: 10 })
    expect(claims.take(two, 'f', all, 10)).toEqual({ low: 11, high: 20 })
    expect(claims.take(one, 'f', { low: 15, high: 25 }, 100)).toEqual({ low: 21, high: 25 })
    expect(claims.take(two, 'f', { low: 5, high: 25 }, 100)).toBeUndefined()
    claims.release(one, 'f', { low: 1, high: 10 })
    expect(claims.take(two, 'f', { low: 5, high: 25 }, 100)).toEqual({ low: 5, high: 10 })
    expect(claims.take(two, 'g', all, 1)).toEqual({ low: 1, high: 1 })
  })

  it('say whether others hold some of a span', () => {
    const { claims, owners: [one = {}, two = {}] } = scene(2)
    claims.take(one, 'f', { low: 10, high: 20 }, 100)
    expect(claims.isHeld(one, 'f', all)).toBe(false)
    expect([{ low: 1, high: 9 }, { low: 1, high: 10 }, { low: 20, high: 30 }, { low: 21, high: 30 }]
      .map((span) => claims.isHeld(two, 'f', span))).toEqual([false, true, true, false])
  })

  it('end when their owner got nothing for a while, and last while it does', () => {
    const { clock, claims, owners: [one = {}, two = {}] } = scene(2)
    claims.take(one, 'f', all, 100)
    clock.advance(4_000)
    claims.renew(one, 1)
    clock.advance(DAG_DEFAULTS.claimMs - 1)
    expect(claims.take(two, 'f', all, 100)).toBeUndefined()
    clock.advance(1)
    expect(claims.take(two, 'f', all, 100)).toEqual(all)
  })

  it('of an owner that is to give back end though blocks still come, until its peer has answered', () => {
    const { clock, claims, owners: [one = {}, two = {}] } = scene(2)
    claims.take(one, 'f', all, 100)
    claims.expire(one)
    clock.advance(DAG_DEFAULTS.claimMs - 1)
    claims.renew(one, 1)
    claims.keep(one)
    clock.advance(DAG_DEFAULTS.claimMs - 1)
    expect(claims.isHeld(two, 'f', all)).toBe(true)
    claims.expire(one)
    clock.advance(DAG_DEFAULTS.claimMs - 1)
    claims.renew(one, 1)
    clock.advance(1)
    expect(claims.take(two, 'f', all, 100)).toEqual(all)
  })

  it('are given to four sessions at once; a fifth comes in when one ends or gets nothing', () => {
    const { clock, claims, owners } = scene(DAG_DEFAULTS.fetchersMax)
    const fifth = {}
    const enter = (): boolean => claims.enter(fifth, () => false)
    expect(owners.length).toBe(4)
    expect(enter()).toBe(false)
    claims.free(owners[0] ?? {})
    expect(enter()).toBe(true)
    claims.free(fifth)
    claims.enter(owners[0] ?? {}, () => false)
    expect(enter()).toBe(false)
    clock.advance(DAG_DEFAULTS.claimMs)
    expect(enter()).toBe(true)
  })

  it('go to a fifth session in place of the slowest, once that had its turn; it takes no place back', () => {
    const told: number[] = []
    const clock = createManualClock()
    const claims = createClaims(DAG_DEFAULTS, clock)
    const owners = Array.from({ length: DAG_DEFAULTS.fetchersMax }, () => ({}))
    for (const [i, owner] of owners.entries()) claims.enter(owner, () => told.push(i) > 0)
    const [slow = {}, other = {}] = [owners[2], owners[0]]
    claims.take(slow, 'f', all, 100)
    const fifth = {}
    const enter = (owner: object): boolean => claims.enter(owner, () => false)
    const pass = (ms: number): void => {
      clock.advance(ms)
      for (const [i, owner] of owners.entries()) claims.renew(owner, i === 2 ? 10 : 100)
    }
    for (let left = DAG_DEFAULTS.fetchTurnMs - 1; left > 0; left -= 3_333) pass(Math.min(3_333, left))
    expect(enter(fifth)).toBe(false)
    pass(1)
    expect(enter(fifth)).toBe(true)
    expect([told, owners.map((owner) => claims.isIn(owner))]).toEqual([[2], [true, true, false, true]])
    expect(claims.take(fifth, 'f', all, 100)).toEqual(all)
    expect(enter(slow)).toBe(false)
    claims.free(other)
    expect(enter(slow)).toBe(true)
  })

  it('of who was fast once and is slow since two turns are the first to go', () => {
    const { clock, claims, owners } = scene(DAG_DEFAULTS.fetchersMax)
    const [once = {}, ...steady] = owners
    claims.renew(once, 1_000_000)
    for (let passed = 0; passed < 3 * DAG_DEFAULTS.fetchTurnMs; passed += 2_000) {
      clock.advance(2_000)
      claims.renew(once, 1)
      for (const owner of steady) claims.renew(owner, 50)
    }
    expect(claims.enter({}, () => false)).toBe(true)
    expect(owners.map((owner) => claims.isIn(owner))).toEqual([false, true, true, true])
  })

  it('are asked of whoever holds most first, until one gives some back', () => {
    const { claims, owners: [one = {}] } = scene(1)
    const asked: string[] = []
    const [most, some, none] = [{}, {}, {}]
    claims.enter(some, () => asked.push('some') > 0)
    claims.enter(most, () => asked.push('most') === 0)
    claims.enter(none, () => asked.push('none') > 0)
    claims.take(some, 'f', all, 10)
    claims.take(most, 'f', all, 20)
    claims.crowd(one)
    expect(asked).toEqual(['most', 'some'])
    claims.crowd({})
    expect(asked).toEqual(['most', 'some'])
  })

  it('wake those who wait when something is given back, and after the time they gave', async () => {
    const { clock, claims, owners: [one = {}] } = scene(1)
    const part = claims.take(one, 'f', all, 10)
    const early = claims.changed(1_000)
    claims.release(one, 'f', part ?? all)
    await early
    expect(clock.timers).toBe(0)
    const late = claims.changed(1_000)
    clock.advance(1_000)
    await late
    const last = claims.changed(1_000)
    claims.free(one)
    await last
  })
})
