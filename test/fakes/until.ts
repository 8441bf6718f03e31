// Waiting for a fact instead of for a time: looks after each turn of the event loop, up to a deadline.

import { systemClock, type Log } from '../../src/base/index.js'

/** Resolves when the condition holds; fails after `deadlineMs`, with what was waited for. */
export async function until(what: string, holds: () => boolean, deadlineMs = 20_000): Promise<void> {
  const end = systemClock.monotonicMs() + deadlineMs
  while (!holds()) {
    if (systemClock.monotonicMs() > end) throw new Error(`waited ${deadlineMs} ms in vain for: ${what}`)
    await turn()
  }
}

/** One turn of the event loop, with room for input and output. */
export function turn(): Promise<void> {
  return new Promise((resolve) => systemClock.setTimer(1, resolve))
}

/** Lets promises and immediates run, without real time: for tests on a manual clock. */
export async function settle(turns = 10): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** A log that says nothing. */
export const quietLog: Log = {
  debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined
}
