// A request that breaks a schema is told what to send instead, by field.

import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { describe, expect, it } from 'vitest'
import { describeFault } from '../../src/api/input-rule.js'
import { buildApp } from './harness.js'

const entry = Type.Object({
  text: Type.String({ minLength: 2, maxLength: 3 }), yes: Type.Optional(Type.Boolean())
}, { additionalProperties: false })
const schema = Type.Object({
  id: Type.String({ pattern: '^[0-9a-f]{4}$', description: '4 hex digits' }),
  count: Type.Optional(Type.Integer({ minimum: 1, maximum: 5 })),
  share: Type.Optional(Type.Number()),
  flag: Type.Optional(Type.Union([Type.Literal('true'), Type.Literal('false')])),
  list: Type.Optional(Type.Array(entry, { minItems: 1, maxItems: 2 })),
  pairs: Type.Optional(Type.Array(entry, { minItems: 2 })),
  bare: Type.Optional(Type.String({ pattern: '^x$' })),
  name: Type.Optional(Type.String({ minLength: 1 }))
}, { additionalProperties: false })
const validator = Compile(schema)

const id = 'abcd'

describe('a fault of a request', () => {
  it.each([
    [{}, 'id', 'id is missing'],
    [{ id: 'xyz' }, 'id', 'id must be 4 hex digits'],
    [{ id, bare: 'y' }, 'bare', 'bare must be of another form'],
    [{ id: 5 }, 'id', 'id must be a text'],
    [{ id, count: 0 }, 'count', 'count must be at least 1'],
    [{ id, count: 6 }, 'count', 'count must be at most 5'],
    [{ id, count: 1.5 }, 'count', 'count must be a whole number'],
    [{ id, share: 'x' }, 'share', 'share must be a number'],
    [{ id, flag: 'yes' }, 'flag', 'flag must be true or false'],
    [{ id, name: '' }, 'name', 'name must not be empty'],
    [{ id, list: [] }, 'list', 'list must not be empty'],
    [{ id, pairs: [{ text: 'ab' }] }, 'pairs', 'pairs must have at least 2 entries'],
    [{ id, list: [{ text: 'a' }] }, 'list.0.text', 'list.0.text must have at least 2 characters'],
    [{ id, list: [{ text: 'abcd' }] }, 'list.0.text', 'list.0.text must have at most 3 characters'],
    [{ id, list: [{ text: 'ab' }, {}] }, 'list.1.text', 'list.1.text is missing'],
    [{ id, list: [{ text: 'ab', yes: 1 }] }, 'list.0.yes', 'list.0.yes must be true or false'],
    [{ id, list: [{ text: 'ab', no: 1 }] }, 'list.0.no', 'list.0.no is not known here; known are text, yes'],
    [{ id, list: Array(3).fill({ text: 'ab' }) }, 'list', 'list must have at most 2 entries'],
    [{ id, other: 1 }, 'other',
      'other is not known here; known are id, count, share, flag, list, pairs, bare, name'],
    [null, '', 'the body must be an object'],
    [[], '', 'the body must be an object']
  ])('of %j is said', (input, field, text) => {
    expect(validator.Check(input)).toBe(false)
    expect(describeFault(schema, validator.Errors(input), 'the body')).toEqual({ field, text })
  })

  it('without a breach is said all the same', () => {
    expect(describeFault(schema, [], 'the body')).toEqual({ field: '', text: 'the body is not valid' })
  })

  it('names at most 128 characters of a field', () => {
    const name = 'x'.repeat(129)
    const { field } = describeFault(schema, validator.Errors({ id, [name]: 1 }), 'the body')
    expect(field).toBe('x'.repeat(128))
  })
})

describe('answers of the interface', () => {
  it('say it in the problem document', async () => {
    const { app } = await buildApp()
    const limit = (await app.inject({ url: '/v1/quarantine?limit=1001' })).json()
    expect(limit).toMatchObject({
      status: 400, code: 'INPUT_INVALID', field: 'limit',
      detail: 'limit must be a whole number from 1 to 1000; 100 when absent'
    })
    const hash = (await app.inject({ url: '/v1/assertions/ABC' })).json()
    expect(hash.detail).toBe('hash must be 64 lower-case hex digits: BLAKE3-256')
    const missing = (await app.inject({ url: '/v1/query?subject=a' })).json()
    expect(missing).toMatchObject({ field: 'predicate', detail: 'predicate is missing' })
    const body = (await app.inject({ method: 'POST', url: '/v1/query', payload: '[]', headers: { 'content-type': 'application/json' } })).json()
    expect(body.detail).toBe('the body must be an object')
  })
})
