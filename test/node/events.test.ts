// Events are numbered, kept for a while, and a bad listener harms nobody.

import { describe, expect, it } from 'vitest'
import { createEventLog, EVENTS_KEPT } from '../../src/node/events.js'
import type { NodeEvent } from '../../src/node/index.js'

const event = (peer: string): NodeEvent => ({ kind: 'peer', peer, state: 'up' })

function emit(log: ReturnType<typeof createEventLog>, count: number): void {
  for (let number = 1; number <= count; number += 1) log.emit(event(String(number)))
}

/** Sequences that a listener hears that asks for what came after `after`. */
function heard(log: ReturnType<typeof createEventLog>, after?: number): readonly number[] {
  const sequences: number[] = []
  log.subscribe((sequence) => sequences.push(sequence), after)()
  return sequences
}

describe('events', () => {
  it('are numbered from 1 and told to all listeners in order', () => {
    const log = createEventLog()
    const told: unknown[] = []
    log.subscribe((sequence, { kind }) => told.push(['a', sequence, kind]))
    log.subscribe((sequence, { kind }) => told.push(['b', sequence, kind]))
    emit(log, 2)
    expect(told).toEqual([['a', 1, 'peer'], ['b', 1, 'peer'], ['a', 2, 'peer'], ['b', 2, 'peer']])
  })

  it('are told again from a number on, each with its own', () => {
    const log = createEventLog()
    emit(log, 5)
    const told: unknown[] = []
    log.subscribe((sequence, given) => told.push([sequence, given]), 3)
    expect(told).toEqual([[4, event('4')], [5, event('5')]])
    expect(heard(log)).toEqual([])
    expect(heard(log, 5)).toEqual([])
    expect(heard(log, 99)).toEqual([])
  })

  it('are all kept up to the limit, and one more drops the oldest', () => {
    const log = createEventLog()
    emit(log, EVENTS_KEPT)
    expect(heard(log, 0)).toHaveLength(EVENTS_KEPT)
    expect(heard(log, 0)[0]).toBe(1)
    emit(log, 1)
    expect(heard(log, 0)).toHaveLength(EVENTS_KEPT)
    expect(heard(log, 0)[0]).toBe(2)
  })

  it('are kept at their limit however many come', () => {
    const log = createEventLog()
    for (const more of [EVENTS_KEPT, EVENTS_KEPT, 1, EVENTS_KEPT - 2, 1, 1]) {
      emit(log, more)
      const sequences = heard(log, 0)
      expect(sequences).toHaveLength(EVENTS_KEPT)
      expect(new Set(sequences.map((sequence, index) => sequence - index)).size).toBe(1)
    }
    expect(heard(log, 0).at(-1)).toBe(3 * EVENTS_KEPT + 1)
  })

  it('are told no more to who has unsubscribed or thrown, and the others hear on', () => {
    const log = createEventLog()
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
    const log = createEventLog()
    emit(log, 2)
    let calls = 0
    log.subscribe(() => {
      calls += 1
      throw new Error('a listener broke')
    }, 0)
    emit(log, 1)
    expect(calls).toBe(1)
  })
})
