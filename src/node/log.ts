// The log of a node on standard error: JSON lines for programs, readable ones on a terminal.

import { pino } from 'pino'
import type { Log } from '../base/index.js'
import type { NodeConfig } from './config.js'
import { formatLogLine } from './log-line.js'

/** Where log lines go. */
export interface LogSink {
  /** A terminal: people read it. */
  readonly isTTY?: boolean
  write(text: string): unknown
}

/** Takes a progress line that stands there away before a line is written. */
const CLEAR_LINE = '\r\u001b[2K'

/** A log on a sink, standard error by default. */
export function createLog(level: NodeConfig['logLevel'], sink: LogSink = process.stderr): Log {
  const options = { level, base: null }
  if (sink.isTTY === true) {
    return pino(options, { write: (line) => void sink.write(`${CLEAR_LINE}${formatLogLine(line)}\n`) })
  }
  return pino(options, sink === process.stderr ? pino.destination({ dest: 2, sync: false }) : sinkOf(sink))
}

function sinkOf(sink: LogSink): { write(line: string): void } {
  return { write: (line) => void sink.write(line) }
}

/** A log that keeps nothing. */
export const silentLog: Log = Object.freeze({
  debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined
})
