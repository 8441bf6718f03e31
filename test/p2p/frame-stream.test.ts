// The reading side of a frame stream, on a stream that behaves like yamux: resuming first hands out what came
// while it was paused, then opens the sender's window.

import type { Stream } from '@libp2p/interface'
import { StreamMessageEvent } from '@libp2p/interface'
import { expect, it } from 'vitest'
import { readPausing } from '../../src/p2p/frame-stream.js'

class YamuxLike extends EventTarget {
  readStatus: 'readable' | 'paused' = 'readable'
  readonly status = 'open'
  readonly readableEnded = false
  windowIsOpen = true
  held: Uint8Array[] = []

  arrive(sizeBytes: number): void {
    this.held.push(new Uint8Array(sizeBytes))
    this.#handOut()
  }

  pause(): void {
    this.readStatus = 'paused'
    this.windowIsOpen = false
  }

  resume(): void {
    this.readStatus = 'readable'
    this.#handOut()
    this.windowIsOpen = true
  }

  #handOut(): void {
    if (this.readStatus === 'paused') return
    for (const bytes of this.held.splice(0)) this.dispatchEvent(new StreamMessageEvent(bytes))
  }
}

it('keeps the window closed when what came during a pause is over the limit again', async () => {
  const stream = new YamuxLike()
  const chunks = readPausing(stream as unknown as Stream, 1_000)
  stream.arrive(1_001)
  expect(stream).toMatchObject({ readStatus: 'paused', windowIsOpen: false })
  stream.arrive(1_500)
  await chunks.next()
  await chunks.next()
  expect(stream).toMatchObject({ readStatus: 'paused', windowIsOpen: false })
  stream.arrive(10)
  await chunks.next()
  expect(stream).toMatchObject({ readStatus: 'readable', windowIsOpen: true })
})

it('pauses past the limit of unread bytes, not at it', () => {
  const stream = new YamuxLike()
  readPausing(stream as unknown as Stream, 1_000)
  stream.arrive(1_000)
  expect(stream.readStatus).toBe('readable')
  stream.arrive(1)
  expect(stream.readStatus).toBe('paused')
})
