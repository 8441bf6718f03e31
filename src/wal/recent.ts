// Recent frames: the groups that were synced last, kept in memory for readers that keep up.
// Rule: bounded by bytes; a group is the very buffer that was written, so keeping it costs nothing more.

import { FRAME_HEADER_BYTES } from './frame.js'
import type { Frame } from './types.js'

/** A synced group of frames. */
export interface RecentGroup {
  readonly firstSequence: number
  readonly bytes: Buffer
  /** Where each frame begins in `bytes`. */
  readonly starts: readonly number[]
}

/** The groups synced last. */
export interface RecentFrames {
  add(group: RecentGroup): void
  /**
   * Frames from a sequence on, up to `bytesMax` but at least one; undefined when that frame is not held.
   * The payloads are views.
   */
  from(sequence: number, bytesMax: number): readonly Frame[] | undefined
}

interface State {
  readonly bytesMax: number
  /** Slots before `head` are empty. */
  groups: (RecentGroup | undefined)[]
  head: number
  bytes: number
}

/** An empty window of at most `bytesMax` bytes. */
export function createRecentFrames(bytesMax: number): RecentFrames {
  const state: State = { bytesMax, groups: [], head: 0, bytes: 0 }
  return {
    add: (group) => add(state, group),
    from: (sequence, runBytesMax) => from(state, sequence, runBytesMax)
  }
}

function add(state: State, group: RecentGroup): void {
  state.groups.push(group)
  state.bytes += group.bytes.length
  while (state.bytes > state.bytesMax && state.head < state.groups.length) {
    state.bytes -= state.groups[state.head]?.bytes.length ?? 0
    state.groups[state.head] = undefined
    state.head += 1
  }
  if (state.head < 256 || state.head * 2 < state.groups.length) return
  state.groups = state.groups.slice(state.head)
  state.head = 0
}

function from(state: State, sequence: number, bytesMax: number): readonly Frame[] | undefined {
  const at = groupOf(state, sequence)
  if (at === undefined) return undefined
  const frames: Frame[] = []
  let bytes = 0
  for (let position = at; position < state.groups.length; position += 1) {
    const group = state.groups[position]
    if (group === undefined) break
    const skip = Math.max(0, sequence - group.firstSequence)
    for (let index = skip; index < group.starts.length; index += 1) {
      const frame = frameOf(group, index)
      bytes += frame.payload.length + FRAME_HEADER_BYTES
      if (frames.length > 0 && bytes > bytesMax) return frames
      frames.push(frame)
    }
  }
  return frames
}

function groupOf(state: State, sequence: number): number | undefined {
  let low = state.head
  let high = state.groups.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((state.groups[middle]?.firstSequence ?? 0) <= sequence) low = middle + 1
    else high = middle
  }
  const group = low > state.head ? state.groups[low - 1] : undefined
  if (group === undefined || sequence >= group.firstSequence + group.starts.length) return undefined
  return low - 1
}

function frameOf(group: RecentGroup, index: number): Frame {
  const start = group.starts[index] ?? 0
  const payloadStart = start + FRAME_HEADER_BYTES
  const payload = group.bytes.subarray(payloadStart, payloadStart + group.bytes.readUInt32LE(start))
  return { sequence: group.firstSequence + index, type: group.bytes.readUInt32LE(start + 4), payload }
}
