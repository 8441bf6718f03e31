// Server-sent events of the node. Each stream holds a bounded number of unsent bytes: a client that reads too
// slowly is cut off, and resumes by Last-Event-ID while its events are still buffered.
// Source: https://html.spec.whatwg.org/multipage/server-sent-events.html

import type { ServerResponse } from 'node:http'
import { unreachable, type Clock, type Timer } from '../base/index.js'
import type { EventPlace, NodeEvent, StemeNode, TrustCause } from '../node/index.js'
import { STEPS_PER_ONE } from '../trustrank/index.js'
import { ApiError } from './errors.js'
import type { ApiOptions } from './options.js'

/** The open event streams of a server. */
export interface EventStreams {
  readonly size: number
  /** Answers with a stream until either side ends it. @throws ApiError EVENT_STREAMS_FULL, INPUT_INVALID */
  open(response: ServerResponse, lastEventId: string | undefined): void
  /** Ends all streams. */
  close(): void
}

/** Makes the event streams of a server. */
export function createEventStreams(
  options: Pick<ApiOptions, 'eventStreamsMax' | 'eventBytesMax' | 'heartbeatMs'>,
  deps: { readonly node: StemeNode; readonly clock: Clock }
): EventStreams {
  const open = new Set<() => void>()
  return {
    get size() {
      return open.size
    },
    open(response, lastEventId) {
      const last = parsePlace(lastEventId)
      if (open.size >= options.eventStreamsMax) {
        throw new ApiError({ code: 'EVENT_STREAMS_FULL' }, `${open.size} event streams are open`)
      }
      const end = startStream(response, last, options, deps, () => open.delete(end))
      open.add(end)
    },
    close() {
      for (const end of [...open]) end()
    }
  }
}

function startStream(
  response: ServerResponse, last: EventPlace | undefined,
  options: Pick<ApiOptions, 'eventBytesMax' | 'heartbeatMs'>,
  deps: { readonly node: StemeNode; readonly clock: Clock }, onEnd: () => void
): () => void {
  let ended = false
  let heartbeat: Timer | undefined
  let unsubscribe = (): void => {}
  const end = (): void => {
    if (ended) return
    ended = true
    heartbeat?.cancel()
    unsubscribe()
    response.end()
    onEnd()
  }
  const send = (text: string): void => {
    if (ended) return
    response.write(text)
    if (response.writableLength > options.eventBytesMax) end()
  }
  const beat = (): void => {
    heartbeat = deps.clock.setTimer(options.heartbeatMs, () => {
      send(':\n\n')
      if (!ended) beat()
    })
  }
  response.on('close', end)
  response.writeHead(200, {
    'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no'
  })
  send('retry: 2000\n\n')
  const { node } = deps
  unsubscribe = node.onEvent((sequence, event) => send(eventText(node.eventRun, sequence, event)), last)
  if (ended) unsubscribe()
  else beat()
  return end
}

function parsePlace(header: string | undefined): EventPlace | undefined {
  if (header === undefined || header === '') return undefined
  const [, run, sequence] = /^([0-9]{1,15})-([0-9]{1,15})$/.exec(header) ?? []
  if (run === undefined || sequence === undefined) {
    const text = 'Last-Event-ID is the id of an event: RUN-SEQUENCE'
    throw new ApiError({ code: 'INPUT_INVALID', field: 'Last-Event-ID' }, text)
  }
  return { run, sequence: Number(sequence) }
}

function eventText(run: string, sequence: number, event: NodeEvent): string {
  return `id: ${run}-${sequence}\nevent: ${event.kind}\ndata: ${JSON.stringify(eventJson(event))}\n\n`
}

function eventJson(event: NodeEvent): object {
  switch (event.kind) {
    case 'record': return { id: event.id, kind: event.recordKind }
    case 'winner': {
      const { subject, predicate, lens, cause, before, after, records, trust } = event
      const change = { ...(records && { records }), ...(trust && { trust: causeJson(trust) }) }
      return { subject, predicate, lens, cause, before: before ?? null, after: after ?? null, ...change }
    }
    case 'peer': return { peer: event.peer, state: event.state }
    case 'damage': return { damaged: event.damaged, repaired: event.repaired, open: event.open }
    case 'alarm': return { node_key: event.peerKey, frontier_root: event.frontierRoot }
    case 'gap': return { reason: event.reason, missed: event.missed ?? null }
    case 'state': return { frontier_root: event.frontierRoot, view_digest: event.viewDigest }
    default: return unreachable(event)
  }
}

function causeJson({ from, to, tables, agents }: TrustCause): object {
  const share = (steps: number): number => steps / STEPS_PER_ONE
  return {
    from_generation: from, generation: to, tables_changed: tables,
    agents: agents.map(({ agent, accuracyBefore, accuracyAfter, standingBefore, standingAfter }) => ({
      agent_id: agent,
      accuracy_before: share(accuracyBefore), accuracy: share(accuracyAfter),
      standing_before: share(standingBefore), standing: share(standingAfter)
    }))
  }
}
