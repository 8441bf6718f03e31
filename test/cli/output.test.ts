import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createOutput, facts, plain, table } from '../../src/cli/output.js'
import { durationText, meanPace, progressText } from '../../src/cli/progress.js'

describe('output', () => {
  it('writes data to stdout and the rest to stderr', () => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()]
    let json = false
    const output = createOutput(stdout, stderr, () => json)
    output.data({ a: 1 }, () => 'human')
    json = true
    output.data({ a: 1 }, () => 'human')
    output.status('never shown: no terminal')
    expect(stdout.read().toString()).toBe('human\n{"a":1}\n')
    expect(stderr.read()).toBe(null)
  })

  it('writes remarks and failures to stderr, as one object a line when stdout is JSON', () => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()]
    let json = false
    const output = createOutput(stdout, stderr, () => json)
    for (json of [false, true]) {
      output.note('a\nb')
      output.failure({ error: { code: 'C' } }, 'human')
    }
    expect(stderr.read().toString()).toBe('a\nb\nhuman\n{"note":"a\\nb"}\n{"error":{"code":"C"}}\n')
    expect(stdout.read()).toBe(null)
  })

  it('shows status on a terminal alone, and clears it before anything else', () => {
    const stderr = Object.assign(new PassThrough(), { isTTY: true, columns: 30 })
    const output = createOutput(new PassThrough(), stderr, () => false)
    output.status('x'.repeat(100))
    output.note('note')
    expect(stderr.read().toString()).toBe(`${'x'.repeat(29)}\r\u001b[2Knote\n`)
  })

  it('lets no record steer the terminal', () => {
    expect(plain('a\u001b[31mb\u0000\u202ec\n')).toBe('a\\u{1b}[31mb\\u{0}\\u{202e}c\\u{a}')
    expect(plain('Curaçao 😀')).toBe('Curaçao 😀')
  })

  it('aligns columns, numbers to the right', () => {
    const lines = table(['name', 'n'], [['a', 5], ['long name', 12]]).split('\n')
    expect(lines.slice(1)).toEqual(['a           5', 'long name  12'])
    expect(facts([['a', 1], ['bc', undefined], ['d', 'x']])).toMatch(/a.*1\n.*d.*x/)
  })
})

describe('progress', () => {
  it('tells share, rate and time left', () => {
    expect(progressText('joining', 'records', 250, 1_000, meanPace(250, 1_000, 5)))
      .toBe('joining  [#####...............] 25 %  250 records  50 records/s  15s left')
    expect(progressText('importing', 'records', 5_000, undefined, meanPace(5_000, undefined, 2)))
      .toBe('importing  5,000 records  2,500 records/s')
  })

  it('tells the pace that was measured, and no time left while nothing comes', () => {
    const pace = { perSecond: 40, bytesPerSecond: 1_250_000, secondsLeft: 61 }
    expect(progressText('joining', 'records', 250, 1_000, pace))
      .toBe('joining  [#####...............] 25 %  250 records  40 records/s  1.3 MB/s  1m 01s left')
    expect(progressText('joining', 'records', 250, 1_000, { perSecond: 0, bytesPerSecond: 0 }))
      .toBe('joining  [#####...............] 25 %  250 records  0 records/s  0.0 MB/s  ? left')
  })

  it('writes durations', () => {
    expect([0, 59.1, 61, 3_725].map(durationText)).toEqual(['0s', '1m 00s', '1m 01s', '1h 02m'])
  })
})
