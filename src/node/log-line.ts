// A line of the log for people: time, level, message, fields. Programs get the JSON it is made of.
// Rule: nothing of a stranger steers a terminal: every character that is not printed is shown by its number.

const levels: ReadonlyMap<unknown, string> = new Map([[20, 'debug'], [30, 'info'], [40, 'warn'], [50, 'error']])
const plainValue = /^[\w.:/@+-]+$/

/** One JSON line of the log as text, without a line end; a line that is none stays as it is. */
export function formatLogLine(line: string): string {
  let entry: unknown
  try {
    entry = JSON.parse(line)
  } catch {
    return printable(line.trimEnd())
  }
  if (typeof entry !== 'object' || entry === null) return printable(line.trimEnd())
  const { level, time, msg, ...fields } = entry as Readonly<Record<string, unknown>>
  const clock = typeof time === 'number' ? `${new Date(time).toISOString().slice(11, 19)} ` : ''
  const shown = Object.entries(fields).map(([name, value]) => ` ${name}=${valueText(value)}`)
  return printable(`${clock}${(levels.get(level) ?? '').padEnd(5)} ${String(msg ?? '')}${shown.join('')}`)
}

function valueText(value: unknown): string {
  return typeof value === 'string' && plainValue.test(value) ? value : JSON.stringify(value)
}

function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (found) => `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`)
}
