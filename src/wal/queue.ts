// Queue of appends: bounded in frames and bytes; calls past the bound wait in order for room, themselves
// bounded: who comes when that is full too is refused.
// Rule: first come, first written. A request leaves when its last frame is stored or it fails as a whole;
// when one fails, all behind it fail, so that nothing is stored whose forerunner was refused.

import { frameBytesOf } from './frame.js'
import type { NewFrame, QueueState } from './types.js'

/** One append call. */
export interface AppendRequest {
  readonly frames: readonly NewFrame[]
  /** Bytes of all its frames on disk. */
  readonly bytes: number
  /** Called with the first frame's sequence when all are stored. */
  readonly resolve: (firstSequence: number) => void
  readonly reject: (error: Error) => void
}

/** Frames for one write, first come first. */
export interface FrameGroup {
  readonly frames: readonly NewFrame[]
  readonly bytes: number
}

/** The bounded queue. */
export interface AppendQueue {
  /** False when nobody may wait any more: the request was not taken. Never depends on the request's size. */
  push(request: AppendRequest): boolean
  /** Frames from the head that together take at most `bytesMax`; they stay queued until settled. */
  collect(bytesMax: number): FrameGroup
  /** The first `count` frames were stored, from `firstSequence` on. */
  settle(count: number, firstSequence: number): void
  failAll(error: Error): void
  state(): QueueState
  isEmpty(): boolean
}

/** Bounds of the queue. */
export interface QueueLimits {
  readonly queueBytesMax: number
  readonly queueFramesMax: number
  readonly waitingCallsMax: number
  readonly waitingBytesMax: number
}

interface Entry {
  readonly request: AppendRequest
  stored: number
  firstSequence: number
}

interface State {
  readonly limits: QueueLimits
  /** Slots before `head` are empty. */
  entries: (Entry | undefined)[]
  head: number
  waiting: Entry[]
  waitingBytes: number
  frames: number
  bytes: number
}

/** An empty queue. A request larger than the bounds enters alone, when the queue is empty. */
export function createAppendQueue(limits: QueueLimits): AppendQueue {
  const state: State = { limits, entries: [], head: 0, waiting: [], waitingBytes: 0, frames: 0, bytes: 0 }
  return {
    push: (request) => push(state, request),
    collect: (bytesMax) => collect(state, bytesMax),
    settle: (count, firstSequence) => settle(state, count, firstSequence),
    failAll: (error) => failAll(state, error),
    state: () => ({ frames: state.frames, bytes: state.bytes, waiting: state.waiting.length }),
    isEmpty: () => state.head === state.entries.length
  }
}

function push(state: State, request: AppendRequest): boolean {
  const entry = { request, stored: 0, firstSequence: 0 }
  if (state.waiting.length === 0 && fits(state, request)) {
    enter(state, entry)
    return true
  }
  const { waitingCallsMax, waitingBytesMax } = state.limits
  // Not by the size of what comes: of two in a row the second must not slip in when the first did not.
  if (state.waiting.length >= waitingCallsMax || state.waitingBytes >= waitingBytesMax) return false
  state.waiting.push(entry)
  state.waitingBytes += request.bytes
  return true
}

function fits(state: State, request: AppendRequest): boolean {
  if (state.frames === 0) return true
  const { queueBytesMax, queueFramesMax } = state.limits
  if (state.frames + request.frames.length > queueFramesMax) return false
  return state.bytes + request.bytes <= queueBytesMax
}

function enter(state: State, entry: Entry): void {
  state.entries.push(entry)
  state.frames += entry.request.frames.length
  state.bytes += entry.request.bytes
}

function collect(state: State, bytesMax: number): FrameGroup {
  const frames: NewFrame[] = []
  let bytes = 0
  for (let at = state.head; at < state.entries.length; at += 1) {
    const entry = state.entries[at]
    if (entry === undefined) break
    for (let next = entry.stored; next < entry.request.frames.length; next += 1) {
      const frame = entry.request.frames[next]
      if (frame === undefined) break
      const size = frameBytesOf(frame.payload.length)
      if (bytes + size > bytesMax) return { frames, bytes }
      bytes += size
      frames.push(frame)
    }
  }
  return { frames, bytes }
}

function settle(state: State, count: number, firstSequence: number): void {
  let left = count
  while (left > 0) {
    const entry = state.entries[state.head]
    if (entry === undefined) break
    if (entry.stored === 0) entry.firstSequence = firstSequence + count - left
    const taken = Math.min(left, entry.request.frames.length - entry.stored)
    entry.stored += taken
    left -= taken
    if (entry.stored < entry.request.frames.length) break
    leave(state, entry)
    entry.request.resolve(entry.firstSequence)
  }
  admitWaiting(state)
}

function failAll(state: State, error: Error): void {
  const all = [...state.entries.slice(state.head), ...state.waiting]
  state.entries = []
  state.waiting = []
  state.waitingBytes = 0
  state.head = 0
  state.frames = 0
  state.bytes = 0
  for (const entry of all) entry?.request.reject(error)
}

function leave(state: State, entry: Entry): void {
  state.entries[state.head] = undefined
  state.head += 1
  state.frames -= entry.request.frames.length
  state.bytes -= entry.request.bytes
  if (state.head < 1024 || state.head * 2 < state.entries.length) return
  state.entries = state.entries.slice(state.head)
  state.head = 0
}

function admitWaiting(state: State): void {
  let admitted = 0
  for (const entry of state.waiting) {
    if (!fits(state, entry.request)) break
    enter(state, entry)
    state.waitingBytes -= entry.request.bytes
    admitted += 1
  }
  if (admitted > 0) state.waiting.splice(0, admitted)
}
