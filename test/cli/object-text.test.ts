import { describe, expect, it } from 'vitest'
import { parseObject, parseTime, type ObjectType } from '../../src/cli/object-text.js'

describe('object of an assertion', () => {
  const cases: readonly (readonly [ObjectType, string, unknown])[] = [
    ['auto', 'Gitega', 'Gitega'], ['auto', '12', 12], ['auto', '-1.5e3', -1500], ['auto', '012', '012'],
    ['auto', 'true', true], ['auto', 'True', 'True'], ['auto', '["a",1]', ['a', 1]], ['auto', '{"ref":"x"}', { ref: 'x' }],
    ['auto', '', ''], ['auto', '9007199254740993', { int: '9007199254740993' }], ['auto', '1.', '1.'],
    ['text', '12', '12'], ['text', '[', '['], ['ref', 'BI', { ref: 'BI' }], ['time', '1970-01-01T00:00:01Z', { time: 1000 }],
    ['time', '-5', { time: -5 }], ['number', '5', 5], ['boolean', 'false', false], ['json', '"x"', 'x']
  ]
  it.each(cases)('reads %s %s', (type, text, value) => {
    expect(parseObject(text, type)).toEqual(value)
  })

  it.each([['number', 'x'], ['number', '0x10'], ['boolean', '1'], ['json', '{'], ['time', 'soon'], ['auto', '[1']] as const)(
    'finds no %s in %s', (type, text) => {
      expect(() => parseObject(text, type)).toThrow(expect.objectContaining({ code: 'CLI_USAGE' }))
    })
})

it('reads times as ms or ISO 8601', () => {
  expect(parseTime('5', '--at')).toBe(5)
  expect(() => parseTime('99999999999999999', '--at')).toThrow(/--at/)
})
