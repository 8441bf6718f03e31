// Events of a node: numbered, kept for a while, handed to whoever listens.
// Rule: a listener that joins late gets what is still kept, and is told first when that is not all it asked
// for; one that throws is dropped and harms nobody.

import type { EventPlace, NodeEvent } from './types.js'

/** Hears of events; sequences ascend from 1. */
export type EventListener = (sequence: number, event: NodeEvent) => void

/** Numbered events with a short memory. */
export interface EventLog {
  /** Name of this log, another after a restart: sequences begin anew. */
  readonly run: string
  emit(event: NodeEvent): void
  /** @param after  all that came behind it is told again; a `gap` first when that is not all here */
  subscribe(listener: EventListener, after?: EventPlace): () => void
}

/** Events kept for listeners that come back. */
export const EVENTS_KEPT = 1_024

/** An empty event log. @param run  digits that no other log of this node has, as the ms of its start */
export function createEventLog(run: string): EventLog {
  return new RecentEvents(run)
}

class RecentEvents implements EventLog {
  readonly run: string
  readonly #kept: { readonly sequence: number; readonly event: NodeEvent }[] = []
  readonly #listeners = new Set<EventListener>()
  #sequence = 0

  constructor(run: string) {
    this.run = run
  }

  emit(event: NodeEvent): void {
    this.#sequence += 1
    this.#kept.push({ sequence: this.#sequence, event })
    // Cut rarely: moving a thousand entries for each event would cost more than they hold.
    if (this.#kept.length > 2 * EVENTS_KEPT) this.#kept.splice(0, this.#kept.length - EVENTS_KEPT)
    for (const listener of this.#listeners) this.#tell(listener, this.#sequence, event)
  }

  subscribe(listener: EventListener, after?: EventPlace): () => void {
    this.#listeners.add(listener)
    if (after !== undefined) this.#tellAgain(listener, after)
    return () => void this.#listeners.delete(listener)
  }

  #tellAgain(listener: EventListener, after: EventPlace): void {
    const kept = this.#kept.slice(-EVENTS_KEPT)
    // What is behind this place is here.
    const from = (kept[0]?.sequence ?? this.#sequence + 1) - 1
    // A number that this log has not given yet is of another, whatever it says.
    const known = after.run === this.run && after.sequence <= this.#sequence
    const last = known ? Math.max(after.sequence, from) : from
    if (!known) this.#tell(listener, last, { kind: 'gap', reason: 'restart' })
    else if (after.sequence < from) {
      this.#tell(listener, last, { kind: 'gap', reason: 'dropped', missed: from - after.sequence })
    }
    for (const { sequence, event } of kept) {
      if (sequence > last && this.#listeners.has(listener)) this.#tell(listener, sequence, event)
    }
  }

  #tell(listener: EventListener, sequence: number, event: NodeEvent): void {
    try {
      listener(sequence, event)
    } catch {
      this.#listeners.delete(listener)
    }
  }
}
