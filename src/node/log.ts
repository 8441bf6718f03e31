// The log of a node: JSON lines on standard error, fields first.

import { pino } from 'pino'
import type { Log } from '../base/index.js'
import type { NodeConfig } from './config.js'

/** A log on standard error. */
export function createLog(level: NodeConfig['logLevel']): Log {
  return pino({ level, base: null }, pino.destination({ dest: 2, sync: false }))
}

/** A log that keeps nothing. */
export const silentLog: Log = Object.freeze({
  debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined
})
