// Progress of long work on a terminal: done, rate and time left. Silent elsewhere.

import type { Clock } from '../base/index.js'
import type { Output } from './output.js'

/** How fast it goes, as whoever does the work measured it. */
export interface Pace {
  readonly perSecond: number
  readonly bytesPerSecond?: number
  /** Undefined when nobody knows. */
  readonly secondsLeft?: number
}

/** A running display. */
export interface Progress {
  /** Shows how far it is; drawn at most every 100 ms. Without a pace: the mean since the start. */
  at(done: number, total?: number, pace?: Pace): void
  end(): void
}

const redrawMs = 100

/** Starts a display. @param unit what is counted: `records`, `bytes` */
export function startProgress(output: Output, clock: Clock, label: string, unit: string): Progress {
  const startedMs = clock.monotonicMs()
  let drawnMs = -Infinity
  return {
    at(done, total, pace) {
      const nowMs = clock.monotonicMs()
      if (!output.live || nowMs - drawnMs < redrawMs) return
      drawnMs = nowMs
      const seconds = (nowMs - startedMs) / 1_000
      output.status(progressText(label, unit, done, total, pace ?? meanPace(done, total, seconds)))
    },
    end: () => output.status('')
  }
}

/** The pace of work that began at zero. */
export function meanPace(done: number, total: number | undefined, seconds: number): Pace {
  const perSecond = seconds > 0 ? done / seconds : 0
  if (perSecond === 0 || total === undefined) return { perSecond }
  return { perSecond, secondsLeft: (total - done) / perSecond }
}

/** One line of progress. */
export function progressText(
  label: string, unit: string, done: number, total: number | undefined, pace: Pace
): string {
  const { perSecond, bytesPerSecond, secondsLeft } = pace
  const records = `${Math.round(perSecond).toLocaleString('en-US')} ${unit}/s`
  const speed = bytesPerSecond === undefined ? records : `${records}  ${(bytesPerSecond / 1_000_000).toFixed(1)} MB/s`
  const count = done.toLocaleString('en-US')
  if (total === undefined || total <= 0) return `${label}  ${count} ${unit}  ${speed}`
  const share = Math.min(1, done / total)
  const bar = '#'.repeat(Math.round(share * 20)).padEnd(20, '.')
  const left = secondsLeft === undefined ? '?' : durationText(secondsLeft)
  return `${label}  [${bar}] ${Math.floor(share * 100)} %  ${count} ${unit}  ${speed}  ${left} left`
}

/** Seconds as `1h 02m`, `3m 04s` or `5s`. */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds))
  const two = (value: number): string => String(value).padStart(2, '0')
  if (whole >= 3_600) return `${Math.floor(whole / 3_600)}h ${two(Math.floor(whole / 60) % 60)}m`
  return whole >= 60 ? `${Math.floor(whole / 60)}m ${two(whole % 60)}s` : `${whole}s`
}
