// What contexts demand and forbid, and verdicts on plans, through a real node and the real application.

import { afterEach, describe, expect, it } from 'vitest'
import { Compile } from 'typebox/compile'
import { constraintsSchema, preflightSchema } from '../../src/api/demands.js'
import type { Hash } from '../../src/base/index.js'
import type { Value } from '../../src/record/index.js'
import { backs, epochRecord, idOf, saidMs, startReal, states, type RealNode } from './real-node.js'

let real: RealNode

interface Shown {
  readonly subject: string
  readonly predicate: string
  readonly object: unknown
  readonly backing: readonly Hash[]
}

function demands(by: string, kind: 'must_use' | 'forbidden', object: Value, subject = 'web'): Uint8Array {
  return states(by, object, { subject, predicate: kind })
}

function shown(list: readonly Shown[]): readonly unknown[] {
  return list.map(({ subject, predicate, object }) => [subject, predicate, object])
}

afterEach(() => real.stop())

describe('constraints', () => {
  it('are all that anybody still stands by, of one or several subjects, with the records that say so', async () => {
    real = await startReal()
    const tls = demands('ann', 'must_use', 'tls')
    const vote = backs('cid', idOf(tls))
    const gone = demands('bob', 'forbidden', 'xml')
    await real.admit(
      tls, vote, demands('ann', 'forbidden', 'eval'), demands('ann', 'forbidden', 'md5'), gone,
      backs('bob', idOf(gone), 0, saidMs + 1), demands('dot', 'must_use', 'audit', 'bank')
    )
    const { status, json } = await real.get('/constraints', { subject: ['bank', 'web', 'nothing'] })
    expect([status, Compile(constraintsSchema).Errors(json)]).toEqual([200, []])
    expect(new Set(shown(json.constraints))).toEqual(new Set([
      ['bank', 'must_use', 'audit'], ['web', 'must_use', 'tls'], ['web', 'forbidden', 'eval'], ['web', 'forbidden', 'md5']
    ]))
    expect(shown(json.constraints)[1]).toEqual(['web', 'must_use', 'tls'])
    const backing = [idOf(tls), idOf(vote)].sort()
    expect(json.constraints[1]).toMatchObject({ agents: 2, backing })
    const kinds = await real.get('/constraints', { subject: 'web', predicate: 'forbidden' })
    expect(kinds.json.constraints).toHaveLength(2)
    const before = await real.get('/constraints', { subject: 'web', predicate: 'forbidden', asOf: String(saidMs) })
    expect(shown(before.json.constraints)).toHaveLength(3)
    expect((await real.get('/constraints', { subject: 'nothing' })).json.constraints).toEqual([])
  })

  it('of a subject that is named twice count once, in verdicts too', async () => {
    real = await startReal()
    await real.admit(demands('ann', 'must_use', 'tls'), demands('ann', 'forbidden', 'eval'))
    const { json } = await real.get('/constraints', { subject: ['web', 'bank', 'web'] })
    expect([json.subjects, json.constraints.length]).toEqual([['web', 'bank'], 2])
    const verdict = await real.post('/preflight', { subject: ['web', 'web'], plan: ['eval'] })
    expect(verdict.json).toMatchObject({ allowed: false, subjects: ['web'], violated_total: 1, missing_total: 1 })
  })

  it('of one agent stand beside each other, unless the epoch says that only one holds', async () => {
    real = await startReal()
    await real.admit(...['a', 'b', 'c'].map((object) => demands('ann', 'forbidden', object)))
    expect((await real.get('/constraints', { subject: 'web' })).json.constraints).toHaveLength(3)
    await real.admit(epochRecord({ settings: new Map([['forbidden', { cardinality: 'one' }]]) }))
    expect((await real.get('/constraints', { subject: 'web' })).json.constraints).toHaveLength(1)
  })

  it('come in pages that lose none and repeat none, and never mix two states', async () => {
    real = await startReal()
    const said = Array.from({ length: 11 }, (_, at) =>
      demands(`agent ${at % 4}`, at % 3 === 0 ? 'must_use' : 'forbidden', `value ${at}`, `context ${at % 2}`))
    await real.admit(...said)
    const asked = { subject: ['context 0', 'context 1'] }
    const whole = (await real.get('/constraints', asked)).json.constraints as readonly Shown[]
    expect(whole).toHaveLength(11)
    for (const limit of [1, 2, 3, 11]) {
      const seen: Shown[] = []
      let cursor: string | undefined
      do {
        const page = { ...asked, limit: String(limit), ...(cursor === undefined ? {} : { cursor }) }
        const { json } = await real.get('/constraints', page)
        seen.push(...json.constraints)
        cursor = json.cursor
      } while (cursor !== undefined)
      expect(seen).toEqual(whole)
    }
    const { cursor } = (await real.get('/constraints', { ...asked, limit: '1' })).json
    await real.admit(demands('late', 'must_use', 'more', 'context 0'))
    const stale = await real.get('/constraints', { ...asked, cursor })
    expect([stale.status, stale.json.code]).toEqual([409, 'QUERY_CHANGED'])
    expect((await real.get('/constraints', { subject: 'context 0', cursor })).json.code).toBe('QUERY_CURSOR')
  })

  it('take 64 subjects and refuse 65', async () => {
    real = await startReal()
    const subjects = Array.from({ length: 64 }, (_, at) => `s${at}`)
    expect((await real.get('/constraints', { subject: subjects })).status).toBe(200)
    const over = await real.get('/constraints', { subject: [...subjects, 'more'] })
    expect([over.status, over.json.field]).toEqual([400, 'subject'])
    expect((await real.get('/constraints', {})).json.field).toBe('subject')
    expect((await real.get('/constraints', { subject: 'x', predicate: 'may_use' })).json.field).toBe('predicate')
  })
})

describe('preflight', () => {
  it('answers allowed, violated and missing with the assertions that say so', async () => {
    real = await startReal()
    const ban = demands('ann', 'forbidden', 'eval')
    await real.admit(ban, demands('bob', 'must_use', 'tls'), demands('cid', 'must_use', ['a', 1], 'bank'))
    const fine = await real.post('/preflight', { subject: ['web', 'bank'], plan: ['tls', ['a', 1], 'json'] })
    expect([fine.status, Compile(preflightSchema).Errors(fine.json)]).toEqual([200, []])
    const nothing = { violated: [], missing: [], violated_total: 0, missing_total: 0 }
    expect(fine.json).toMatchObject({ allowed: true, ...nothing })
    const { json } = await real.post('/preflight', { subject: 'web', plan: ['eval', 'tsl'] })
    expect(json).toMatchObject({ allowed: false, violated_total: 1, missing_total: 1 })
    expect(shown(json.violated)).toEqual([['web', 'forbidden', 'eval']])
    expect(shown(json.missing)).toEqual([['web', 'must_use', 'tls']])
    expect(json.violated[0].backing).toEqual([idOf(ban)])
    expect((await real.post('/preflight', { subject: 'web', plan: ['eval'], asOf: saidMs - 1 })).json.allowed).toBe(true)
  })

  it('holds a plan against every value that a tolerance counts as the same', async () => {
    real = await startReal()
    const settings = new Map([['forbidden', { cardinality: 'many', tolerance: 1 }]] as const)
    await real.admit(
      epochRecord({ settings }), demands('ann', 'forbidden', 10), demands('bob', 'forbidden', 10),
      demands('cid', 'forbidden', 10.5)
    )
    expect((await real.get('/constraints', { subject: 'web' })).json.constraints).toHaveLength(1)
    expect((await real.post('/preflight', { subject: 'web', plan: [10.5] })).json.violated_total).toBe(1)
    expect((await real.post('/preflight', { subject: 'web', plan: [11] })).json.violated_total).toBe(0)
  })

  it('pages what it finds, violated before missing, and says the verdict on each page', async () => {
    real = await startReal()
    const names = ['a', 'b', 'c']
    await real.admit(
      ...names.map((name) => demands('ann', 'forbidden', name)), ...names.map((name) => demands('ann', 'must_use', `use ${name}`))
    )
    const found: unknown[] = []
    let cursor: string | undefined
    do {
      const more: object = cursor === undefined ? {} : { cursor }
      const { json } = await real.post('/preflight', { subject: 'web', plan: names, limit: 2, ...more })
      expect(json).toMatchObject({ allowed: false, violated_total: 3, missing_total: 3 })
      found.push(...json.violated, ...json.missing)
      cursor = json.cursor
    } while (cursor !== undefined)
    const whole = (await real.post('/preflight', { subject: 'web', plan: names })).json
    expect(found).toEqual([...whole.violated, ...whole.missing])
    const other = await real.post('/preflight', { subject: 'web', plan: ['a'], cursor: 'ab' })
    expect(other.json.code).toBe('QUERY_CURSOR')
  })

  it('takes a plan of 1,000 values and refuses 1,001, and what is no value', async () => {
    real = await startReal()
    const plan = Array.from({ length: 1_000 }, (_, at) => at)
    expect((await real.post('/preflight', { subject: 'web', plan })).json.allowed).toBe(true)
    expect((await real.post('/preflight', { subject: 'web', plan: [...plan, 1] })).json.field).toBe('plan')
    const odd = await real.post('/preflight', { subject: 'web', plan: ['a', { what: 1 }] })
    expect([odd.status, odd.json.field]).toEqual([400, 'plan.1'])
  })
})
