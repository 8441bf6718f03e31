// Events of a node: numbered, kept for a while, handed to whoever listens.
// Rule: a listener that joins late gets what is still kept; one that throws is dropped and harms nobody.

import type { NodeEvent } from './types.js'

/** Numbered events with a short memory. */
export interface EventLog {
  emit(event: NodeEvent): void
  subscribe(listener: (sequence: number, event: NodeEvent) => void, after?: number): () => void
}

/** Events kept for listeners that come back. */
export const EVENTS_KEPT = 1_024

/** An empty event log. */
export function createEventLog(): EventLog {
  const kept: { readonly sequence: number; readonly event: NodeEvent }[] = []
  const listeners = new Set<(sequence: number, event: NodeEvent) => void>()
  let sequence = 0

  function tell(listener: (sequence: number, event: NodeEvent) => void, number: number, event: NodeEvent): void {
    try {
      listener(number, event)
    } catch {
      listeners.delete(listener)
    }
  }

  return {
    emit(event) {
      sequence += 1
      kept.push({ sequence, event })
      if (kept.length > 2 * EVENTS_KEPT) kept.splice(0, kept.length - EVENTS_KEPT)
      for (const listener of listeners) tell(listener, sequence, event)
    },
    subscribe(listener, after) {
      listeners.add(listener)
      if (after !== undefined) {
        for (const entry of kept.slice(-EVENTS_KEPT)) {
          if (entry.sequence > after) tell(listener, entry.sequence, entry.event)
        }
      }
      return () => void listeners.delete(listener)
    }
  }
}
