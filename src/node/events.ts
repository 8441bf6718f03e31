// Events of a node: numbered, kept for a while, handed to whoever listens.
// Rule: a listener that joins late gets what is still kept; one that throws is dropped and harms nobody.

import type { NodeEvent } from './types.js'

/** Hears of events; sequences ascend from 1. */
export type EventListener = (sequence: number, event: NodeEvent) => void

/** Numbered events with a short memory. */
export interface EventLog {
  emit(event: NodeEvent): void
  subscribe(listener: EventListener, after?: number): () => void
}

/** Events kept for listeners that come back. */
export const EVENTS_KEPT = 1_024

/** An empty event log. */
export function createEventLog(): EventLog {
  return new RecentEvents()
}

class RecentEvents implements EventLog {
  readonly #kept: { readonly sequence: number; readonly event: NodeEvent }[] = []
  readonly #listeners = new Set<EventListener>()
  #sequence = 0

  emit(event: NodeEvent): void {
    this.#sequence += 1
    this.#kept.push({ sequence: this.#sequence, event })
    // Cut rarely: moving a thousand entries for each event would cost more than they hold.
    if (this.#kept.length > 2 * EVENTS_KEPT) this.#kept.splice(0, this.#kept.length - EVENTS_KEPT)
    for (const listener of this.#listeners) this.#tell(listener, this.#sequence, event)
  }

  subscribe(listener: EventListener, after?: number): () => void {
    this.#listeners.add(listener)
    if (after !== undefined) {
      for (const { sequence, event } of this.#kept.slice(-EVENTS_KEPT)) {
        if (sequence > after && this.#listeners.has(listener)) this.#tell(listener, sequence, event)
      }
    }
    return () => void this.#listeners.delete(listener)
  }

  #tell(listener: EventListener, sequence: number, event: NodeEvent): void {
    try {
      listener(sequence, event)
    } catch {
      this.#listeners.delete(listener)
    }
  }
}
