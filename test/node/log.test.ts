// The log: JSON for programs, lines for people on a terminal, and nothing of strangers steers that.

import { describe, expect, it } from 'vitest'
import { createLog } from '../../src/node/index.js'
import { formatLogLine } from '../../src/node/log-line.js'

function linesOf(isTTY: boolean, level: 'info' | 'debug' | 'silent' = 'info'): string[] {
  const lines: string[] = []
  const log = createLog(level, { isTTY, write: (text) => void lines.push(text) })
  log.debug({}, 'unheard')
  log.info({ rows: 12, reason: 'an unclean stop' }, 'the index holds all its rows')
  log.error({}, 'no fields')
  return lines
}

describe('the log', () => {
  it('is readable on a terminal', () => {
    const lines = linesOf(true)
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatch(
      /^\r\u001b\[2K\d\d:\d\d:\d\d info  the index holds all its rows rows=12 reason="an unclean stop"\n$/
    )
    expect(lines[1]).toMatch(/^\r\u001b\[2K\d\d:\d\d:\d\d error no fields\n$/)
  })

  it('is JSON elsewhere', () => {
    const [first = ''] = linesOf(false)
    expect(JSON.parse(first)).toMatchObject({ level: 30, rows: 12, msg: 'the index holds all its rows' })
  })

  it('says nothing when it is silent', () => {
    expect(linesOf(true, 'silent')).toEqual([])
  })

  it('shows control characters by their numbers, in fields as in names', () => {
    const line = formatLogLine(JSON.stringify({
      level: 40, time: 0, msg: 'a\u001b[31m', address: '/ip4/\u202e1', '\u0007name': 1
    }))
    expect(line).toBe('00:00:00 warn  a\\u{1b}[31m address="/ip4/\\u{202e}1" \\u{7}name=1')
    expect(formatLogLine('no JSON\u0007\n')).toBe('no JSON\\u{7}')
    expect(formatLogLine('null')).toBe('null')
  })
})
