import type { ServerResponse } from 'node:http'
import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createEventStreams } from '../../src/api/event-stream.js'
import { hashOf, publicKeyOf } from '../../src/base/index.js'
import type { NodeEvent } from '../../src/node/index.js'
import { createEventLog, EVENTS_KEPT } from '../../src/node/events.js'
import { createFakeNode } from '../fakes/fake-node.js'
import { createManualClock } from '../fakes/manual-clock.js'

const id = hashOf(new Uint8Array(32).fill(3))
const event: NodeEvent = { kind: 'record', id, recordKind: 'vote' }
const options = { eventStreamsMax: 2, eventBytesMax: 1_000, heartbeatMs: 15_000 }

/** A response that keeps what is written, or, when stalled, never takes it. */
class FakeResponse extends Writable {
  text = ''
  headers: Readonly<Record<string, string>> = {}
  readonly stalled: boolean

  constructor(stalled: boolean = false) {
    super()
    this.stalled = stalled
  }

  writeHead(_status: number, headers: Readonly<Record<string, string>>): void {
    this.headers = headers
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    if (!this.stalled) done()
  }
}

const asResponse = (response: FakeResponse): ServerResponse => response as unknown as ServerResponse

function setup() {
  const node = createFakeNode()
  const clock = createManualClock()
  const streams = createEventStreams(options, { node, clock })
  return { node, clock, streams }
}

describe('event stream', () => {
  it('tells each event with its sequence', () => {
    const { node, streams } = setup()
    const response = new FakeResponse()
    streams.open(asResponse(response), undefined)
    node.emit(event)
    node.emit({ kind: 'winner', subject: 's\n', predicate: 'p', lens: 'Consensus', cause: 'records', after: id })
    node.emit({ kind: 'peer', peer: 'x', state: 'down' })
    node.emit({ kind: 'state', frontierRoot: id, viewDigest: id })
    node.emit({ kind: 'damage', damaged: 3, repaired: 2, open: 1 })
    expect(response.headers['content-type']).toBe('text/event-stream')
    const [, first, second, ...others] = response.text.trimEnd().split('\n\n')
    expect(first).toBe(`id: 7-1\nevent: record\ndata: {"id":"${id}","kind":"vote"}`)
    expect(second).toContain(`"before":null,"after":"${id}"`)
    expect(second?.split('\n')).toHaveLength(3)
    expect(others).toHaveLength(3)
    expect(others[2]).toBe('id: 7-5\nevent: damage\ndata: {"damaged":3,"repaired":2,"open":1}')
  })

  it('tells which change of trust turned an answer', () => {
    const { node, streams } = setup()
    const response = new FakeResponse()
    streams.open(asResponse(response), undefined)
    const agent = publicKeyOf(new Uint8Array(32).fill(9))
    node.emit({
      kind: 'winner', subject: 's', predicate: 'p', lens: 'Consensus', cause: 'trust', before: id, after: id,
      trust: {
        from: 3, to: 4, tables: true,
        agents: [{ agent, accuracyBefore: 1_024, accuracyAfter: 512, standingBefore: 0, standingAfter: 256 }]
      }
    })
    const data = response.text.split('data: ')[1] ?? ''
    expect(JSON.parse(data)).toEqual({
      subject: 's', predicate: 'p', lens: 'Consensus', cause: 'trust', before: id, after: id,
      trust: {
        from_generation: 3, generation: 4, tables_changed: true,
        agents: [{ agent_id: agent, accuracy_before: 1, accuracy: 0.5, standing_before: 0, standing: 0.25 }]
      }
    })
  })

  it('tells which records turned an answer', () => {
    const { node, streams } = setup()
    const response = new FakeResponse()
    streams.open(asResponse(response), undefined)
    node.emit({
      kind: 'winner', subject: 's', predicate: 'p', lens: 'Recency', cause: 'records', after: id,
      records: { ids: [id], total: 12 }
    })
    expect(JSON.parse(response.text.split('data: ')[1] ?? '')).toEqual({
      subject: 's', predicate: 'p', lens: 'Recency', cause: 'records', before: null, after: id,
      records: { ids: [id], total: 12 }
    })
  })

  it('goes on behind Last-Event-ID', () => {
    const { node, streams } = setup()
    for (let i = 0; i < 3; i++) node.emit(event)
    const response = new FakeResponse()
    streams.open(asResponse(response), '7-2')
    expect(response.text).toContain('id: 7-3')
    expect(response.text).not.toContain('id: 7-2')
  })

  it('says over the real log that what was asked for is gone, after a restart and beyond what is kept', () => {
    const log = createEventLog('7')
    const node = createFakeNode({ onEvent: (listener, after) => log.subscribe(listener, after) })
    const roomy = { ...options, eventBytesMax: 1_000_000 }
    const streams = createEventStreams(roomy, { node, clock: createManualClock() })
    const told = (last: string): readonly string[] => {
      const response = new FakeResponse()
      streams.open(asResponse(response), last)
      response.emit('close')
      return response.text.trimEnd().split('\n\n').slice(1)
    }
    for (let at = 0; at < 300; at += 1) log.emit(event)
    expect(told('6-500')[0]).toBe('id: 7-0\nevent: gap\ndata: {"reason":"restart","missed":null}')
    expect(told('6-500')).toHaveLength(301)
    expect(told('7-300')).toEqual([])
    for (let at = 0; at < EVENTS_KEPT; at += 1) log.emit(event)
    expect(told('7-299')[0]).toBe('id: 7-300\nevent: gap\ndata: {"reason":"dropped","missed":1}')
    expect(told('7-300')[0]).toMatch(/^id: 7-301\nevent: record/)
  })

  it.each(['x', '-1', '1.5', '12', '7-', '7-x', `7-${'9'.repeat(16)}`, `${'9'.repeat(16)}-1`])('refuses the Last-Event-ID %s', (last) => {
    const { streams } = setup()
    expect(() => streams.open(asResponse(new FakeResponse()), last)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }))
  })

  it('opens as many streams as allowed and refuses one more', () => {
    const { streams } = setup()
    const first = new FakeResponse()
    streams.open(asResponse(first), undefined)
    streams.open(asResponse(new FakeResponse()), undefined)
    expect(() => streams.open(asResponse(new FakeResponse()), undefined))
      .toThrow(expect.objectContaining({ code: 'EVENT_STREAMS_FULL' }))
    first.emit('close')
    streams.open(asResponse(new FakeResponse()), undefined)
    expect(streams.size).toBe(2)
  })

  it('cuts off a client that does not read, at the limit and not before', () => {
    const { node, streams } = setup()
    const response = new FakeResponse(true)
    streams.open(asResponse(response), undefined)
    while (streams.size > 0) {
      expect(response.writableLength).toBeLessThanOrEqual(options.eventBytesMax)
      node.emit(event)
    }
    expect(response.writableLength).toBeGreaterThan(options.eventBytesMax)
    expect(node.listeners).toBe(0)
  })

  it('keeps a silent stream alive by comments, and leaves no timer behind', () => {
    const { clock, streams } = setup()
    const response = new FakeResponse()
    streams.open(asResponse(response), undefined)
    clock.advance(30_000)
    expect(response.text.split('\n').filter((line) => line === ':')).toHaveLength(2)
    streams.close()
    expect([streams.size, clock.timers, response.writableEnded]).toEqual([0, 0, true])
  })

  it('forgets a client that goes away', () => {
    const { node, clock, streams } = setup()
    const response = new FakeResponse()
    streams.open(asResponse(response), undefined)
    response.emit('close')
    expect([streams.size, node.listeners, clock.timers]).toEqual([0, 0, 0])
  })
})
