// Outbox of a sync session: frames leave in order, one at a time, and nobody who receives ever waits for it.
// Rule: control frames queue at once (the protocol bounds them); whoever sends blocks waits for room first.

import { encodeFrame } from './sync-encode.js'
import { type SyncFrame } from './sync-frames.js'

/** Frames on their way out. */
export interface Outbox {
  post(frame: SyncFrame): void
  /** Resolves when at most one frame waits. */
  room(): Promise<void>
  /** Resolves when all is sent. */
  flushed(): Promise<void>
  /** Nothing is sent any more; whoever waits is let go. */
  close(): void
  readonly bytes: number
  readonly controlBytes: number
}

/** An outbox over a link. `onLost` is called once when the link fails. */
export function createOutbox(
  send: (frame: Uint8Array) => Promise<void>, onLost: (cause: unknown) => void
): Outbox {
  let queue: Uint8Array[] = []
  let waiting: { readonly atMost: number, readonly resolve: () => void }[] = []
  let sending = false
  let closed = false
  let bytes = 0
  let blockBytes = 0

  const wake = (): void => {
    const depth = queue.length + (sending ? 1 : 0)
    const ready = waiting.filter((waiter) => closed || depth <= waiter.atMost)
    waiting = waiting.filter((waiter) => !ready.includes(waiter))
    for (const { resolve } of ready) resolve()
  }
  const pump = async (): Promise<void> => {
    sending = true
    try {
      for (let frame = queue.shift(); frame !== undefined && !closed; frame = queue.shift()) {
        await send(frame)
        wake()
      }
    } catch (cause) {
      if (!closed) onLost(cause)
    }
    sending = false
    wake()
  }
  const until = (atMost: number): Promise<void> => new Promise((resolve) => {
    waiting.push({ atMost, resolve })
    wake()
  })
  return {
    post(frame) {
      if (closed) return
      const encoded = encodeFrame(frame)
      bytes += encoded.length
      if (frame.kind === 'blocks') blockBytes += frame.blocks.reduce((sum, block) => sum + block.length, 0)
      queue.push(encoded)
      if (!sending) void pump()
    },
    room: () => until(1),
    flushed: () => until(0),
    close() {
      closed = true
      queue = []
      wake()
    },
    get bytes() { return bytes },
    get controlBytes() { return bytes - blockBytes }
  }
}
