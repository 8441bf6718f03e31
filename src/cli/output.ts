// Where commands write: data on stdout, everything else on stderr.
// Rule: what strangers wrote is shown without control characters, so that a record cannot steer a terminal.

import type { Writable } from 'node:stream'
import picocolors from 'picocolors'

// picocolors also colours for CI systems, where the output is read by programs: only a terminal gets colours.
const colors = picocolors.createColors(picocolors.isColorSupported && process.stdout.isTTY === true)

/** A stream that may be a terminal. */
export interface TextSink extends Writable {
  readonly isTTY?: boolean
  readonly columns?: number
}

/** The two outputs of a command. */
export interface Output {
  /** One object on stdout: as one JSON line with `--json`, else as the text of `human`. */
  data(value: object, human: () => string): void
  /** A remark on stderr: a line for people, with `--json` the object `{ note }`. */
  note(text: string): void
  /** What ended a command, on stderr: one JSON line with `--json`, else the text. */
  failure(value: object, human: string): void
  /** Rewrites the last line of stderr; nothing when that is no terminal. */
  status(text: string): void
  /** True when stderr is a terminal. */
  readonly live: boolean
}

/** Makes the outputs. `json` is asked at each call, since options are parsed later. */
export function createOutput(stdout: TextSink, stderr: TextSink, json: () => boolean): Output {
  let shown = false
  const clear = (): void => {
    if (shown) stderr.write('\r\u001b[2K')
    shown = false
  }
  return {
    live: stderr.isTTY === true,
    data(value, human) {
      clear()
      stdout.write(`${json() ? JSON.stringify(value) : human()}\n`)
    },
    note(text) {
      clear()
      stderr.write(`${json() ? JSON.stringify({ note: text }) : text}\n`)
    },
    failure(value, human) {
      clear()
      stderr.write(`${json() ? JSON.stringify(value) : human}\n`)
    },
    status(text) {
      if (stderr.isTTY !== true) return
      clear()
      stderr.write(text.slice(0, Math.max(20, (stderr.columns ?? 80) - 1)))
      shown = text !== ''
    }
  }
}

/** A text of strangers as one printable line. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (found) => `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`)
}

/** Name and value in two columns, one pair a line; absent values are left out. */
export function facts(
  rows: readonly (readonly [name: string, value: string | number | null | undefined])[]
): string {
  const present = rows.flatMap(([name, value]) =>
    value === undefined || value === null ? [] : [[name, value] as const])
  const width = Math.max(...present.map(([name]) => name.length))
  return present.map(([name, value]) => `${colors.dim(name.padEnd(width))}  ${plain(String(value))}`).join('\n')
}

/** Rows in aligned columns under a head. Numbers stand to the right. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const shown = rows.map((row) => row.map((cell) => plain(String(cell))))
  const widths = head.map((name, i) => Math.max(name.length, ...shown.map((row) => row[i]?.length ?? 0)))
  const line = (cells: readonly string[], source?: readonly (string | number)[]): string => cells
    .map((cell, i) => {
      const width = widths[i] ?? 0
      return typeof source?.[i] === 'number' ? cell.padStart(width) : cell.padEnd(width)
    })
    .join('  ').trimEnd()
  return [colors.dim(line(head)), ...shown.map((row, i) => line(row, rows[i]))].join('\n')
}

/** A time in ms as ISO 8601; the number itself past the year 275,760. */
export function timeText(ms: number): string {
  return ms <= 8_640_000_000_000_000 ? new Date(ms).toISOString() : String(ms)
}
