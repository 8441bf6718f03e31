// Events are numbered, kept for a while, and a bad listener harms nobody.

import { describe, expect, it } from 'vitest'
import { createEventLog, EVENTS_KEPT } from '../../src/node/events.js'
import type { NodeEvent } from '../../src/node/index.js'

const run = '7'
const event = (peer: string): NodeEvent => ({ kind: 'peer', peer, state: 'up' })

function emit(log: ReturnType<typeof createEventLog>, count: number): void {
  for (let number = 1; number <= count; number += 1) log.emit(event(String(number)))
}

/** What a listener hears that asks for what came after `after`. */
function told(log: ReturnType<typeof createEventLog>, after?: number, of = run): readonly unknown[] {
  const events: unknown[] = []
  const place = after === undefined ? undefined : { run: of, sequence: after }
  log.subscribe((sequence, given) => events.push([sequence, given]), place)()
  return events
}

/** The sequences of it, without a gap. */
function heard(log: ReturnType<typeof createEventLog>, after?: number): readonly number[] {
  const sequences: number[] = []
  const place = after === undefined ? undefined : { run, sequence: after }
  log.subscribe((sequence, { kind }) => kind === 'gap' || sequences.push(sequence), place)()
  return sequences
}

describe('events', () => {
  it('are numbered from 1 and told to all listeners in order', () => {
    const log = createEventLog(run)
    const all: unknown[] = []
    log.subscribe((sequence, { kind }) => all.push(['a', sequence, kind]))
    log.subscribe((sequence, { kind }) => all.push(['b', sequence, kind]))
    emit(log, 2)
    expect(all).toEqual([['a', 1, 'peer'], ['b', 1, 'peer'], ['a', 2, 'peer'], ['b', 2, 'peer']])
  })

  it('are told again from a number on, each with its own', () => {
    const log = createEventLog(run)
    emit(log, 5)
    expect(told(log, 3)).toEqual([[4, event('4')], [5, event('5')]])
    expect(told(log)).toEqual([])
    expect(told(log, 5)).toEqual([])
  })

  it('are all told behind a gap to who comes from another run, or with a number not given yet', () => {
    const log = createEventLog(run)
    const gap = (sequence: number): unknown => [sequence, { kind: 'gap', reason: 'restart' }]
    expect(told(log, 500, '6')).toEqual([gap(0)])
    emit(log, 2)
    for (const [sequence, of] of [[500, '6'], [1, '6'], [0, ''], [3, run]] as const) {
      expect(told(log, sequence, of)).toEqual([gap(0), [1, event('1')], [2, event('2')]])
    }
    expect(told(log, 0)).toEqual([[1, event('1')], [2, event('2')]])
  })

  it('tell of a gap, with how many are missed, who asks for more than is kept', () => {
    const log = createEventLog(run)
    emit(log, EVENTS_KEPT + 3)
    expect(told(log, 3)[0]).toEqual([4, event('4')])
    expect(told(log, 2).slice(0, 2)).toEqual([[3, { kind: 'gap', reason: 'dropped', missed: 1 }], [4, event('4')]])
    expect(told(log, 0)[0]).toEqual([3, { kind: 'gap', reason: 'dropped', missed: 3 }])
    expect(told(log, 0)).toHaveLength(EVENTS_KEPT + 1)
  })

  it('are all kept up to the limit, and one more drops the oldest', () => {
    const log = createEventLog(run)
    emit(log, EVENTS_KEPT)
    expect(heard(log, 0)).toHaveLength(EVENTS_KEPT)
    expect(heard(log, 0)[0]).toBe(1)
    emit(log, 1)
    expect(heard(log, 0)).toHaveLength(EVENTS_KEPT)
    expect(heard(log, 0)[0]).toBe(2)
  })

  it('are kept at their limit however many come', () => {
    const log = createEventLog(run)
    for (const more of [EVENTS_KEPT, EVENTS_KEPT, 1, EVENTS_KEPT - 2, 1, 1]) {
      emit(log, more)
      const sequences = heard(log, 0)
      expect(sequences).toHaveLength(EVENTS_KEPT)
      expect(new Set(sequences.map((sequence, index) => sequence - index)).size).toBe(1)
    }
    expect(heard(log, 0).at(-1)).toBe(3 * EVENTS_KEPT + 1)
  })

  it('are told no more to who has unsubscribed or thrown, and the others hear on', () => {
    const log = createEventLog(run)
    const told: string[] = []
    log.subscribe(() => {
      told.push('bad')
      throw new Error('a listener broke')
    })
    const leave = log.subscribe(() => told.push('leaving'))
    log.subscribe(() => told.push('good'))
    emit(log, 1)
    leave()
    leave()
    emit(log, 1)
    expect(told).toEqual(['bad', 'leaving', 'good', 'good'])
  })

  it('drop a listener that breaks over what it missed', () => {
    const log = createEventLog(run)
    emit(log, 2)
    let calls = 0
    log.subscribe(() => {
      calls += 1
      throw new Error('a listener broke')
    }, { run, sequence: 0 })
    emit(log, 1)
    expect(calls).toBe(1)
  })
})
