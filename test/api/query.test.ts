import type { AddressInfo } from 'node:net'
import { Compile } from 'typebox/compile'
import { describe, expect, it } from 'vitest'
import { answerSchema, subjectPageSchema } from '../../src/api/answer-schema.js'
import { hashOf } from '../../src/base/index.js'
import { LensError } from '../../src/lenses/index.js'
import { QueryError, type Answer, type QueryRequest } from '../../src/query/index.js'
import { createFakeNode, fakeAgent } from '../fakes/fake-node.js'
import { until } from '../fakes/until.js'
import { buildApp } from './harness.js'

const id = hashOf(new Uint8Array(32).fill(5))
const standing = {
  object: 'Gitega', assertion: id, agentId: fakeAgent.publicKey, timestampMs: 5, source: 'atlas', score: 131_072,
  share: 49_152, agents: 2
}

function answerTo(request: Pick<QueryRequest, 'subject' | 'predicate' | 'lens'>, lagMs: number = 0): Answer {
  return {
    subject: request.subject, predicate: request.predicate, lens: 'Consensus',
    winner: standing, winners: [standing], winnersTotal: 1,
    runnerUp: { ...standing, object: { ref: 'Bujumbura' }, share: 16_384 },
    undecided: false, candidates: 3, ballots: 3, clusters: 2,
    evidence: { digest: id, assertions: 3, votes: 1 },
    view: { version: 1, trustGeneration: 1, lagMs, trustLagMs: 3 }
  }
}

const url = '/v1/query?subject=BI&predicate=capital'

describe('query', () => {
  it('answers with winner, support, evidence and the state of the view', async () => {
    const { app } = await buildApp(createFakeNode({ query: async (request) => answerTo(request, 7) }))
    const answer = (await app.inject({ url })).json()
    expect(answer).toEqual({
      subject: 'BI', predicate: 'capital', lens: 'Consensus',
      winner: {
        object: 'Gitega', assertion_hash: id, agent_id: fakeAgent.publicKey, timestamp: 5, epoch: null,
        source: 'atlas'
      },
      score: 2, share: 0.75, agents: 2,
      runner_up: {
        object: { ref: 'Bujumbura' }, assertion_hash: id, agent_id: fakeAgent.publicKey, timestamp: 5,
        epoch: null, source: 'atlas', score: 2, share: 0.25, agents: 2
      },
      undecided: false, candidates: 3, clusters: 2, ballots: 3,
      evidence: { digest: id, assertions: 3, votes: 1 },
      view: { version: 1, trust_frontier: null, trust_generation: 1, lag_ms: 7, trust_lag_ms: 3 }
    })
    expect(Compile(answerSchema).Errors(answer)).toEqual([])
  })

  it('escapes what strangers wrote, and shows every form of answer', async () => {
    const hostile = '"\\\u0000\u2028</script>{'
    const many = { ...standing, object: [hostile, 5n, { time: 1 }], source: hostile, epoch: id }
    const full: Answer = {
      ...answerTo({ subject: hostile, predicate: hostile, lens: '' }), asOfMs: 9, winner: many,
      winners: [many, standing], winnersTotal: 80, undecided: true,
      evidence: { digest: id, assertions: 1, votes: 0, backing: [id, id] },
      view: { version: 1, trustFrontier: id, trustGeneration: 1, lagMs: 0.5, trustLagMs: 0 }
    }
    const { app } = await buildApp(createFakeNode({ query: async () => full }))
    const answer = (await app.inject({ url })).json()
    expect(answer).toMatchObject({
      subject: hostile, predicate: hostile, as_of: 9, winners_total: 80, undecided: true,
      winner: { source: hostile, epoch: id }, evidence: { backing: [id, id] },
      view: { trust_frontier: id, lag_ms: 0.5, trust_lag_ms: 0 }
    })
    expect(answer.winner.object[0]).toBe(hostile)
    expect(answer.winners).toHaveLength(2)
    expect(Compile(answerSchema).Errors(answer)).toEqual([])
  })

  it('passes on what is asked', async () => {
    const asked: QueryRequest[] = []
    const node = createFakeNode({
      query: async (request) => {
        asked.push(request)
        return answerTo(request)
      }
    })
    const { app } = await buildApp(node)
    await app.inject({ url: '/query?subject=a%2Fb%3F%26&predicate=p&lens=RECENCY&asOf=12&fresh=true&explain=true' })
    await app.inject({ url })
    expect(asked).toEqual([
      { subject: 'a/b?&', predicate: 'p', lens: 'RECENCY', asOfMs: 12, fresh: true, explain: true },
      { subject: 'BI', predicate: 'capital', lens: 'consensus', asOfMs: undefined, fresh: false, explain: false }
    ])
  })

  it('has a tag that follows the answer and not the view', async () => {
    let lagMs = 0
    const { app } = await buildApp(createFakeNode({ query: async (request) => answerTo(request, lagMs++) }))
    const first = await app.inject({ url })
    const second = await app.inject({ url })
    expect(second.body).not.toBe(first.body)
    expect(second.headers.etag).toBe(first.headers.etag)
    expect(first.headers.etag).toMatch(/^"[0-9a-f]{32}"$/)
    const other = await app.inject({ url: '/v1/query?subject=BI&predicate=other' })
    expect(other.headers.etag).not.toBe(first.headers.etag)
    for (const header of [String(first.headers.etag), `"x", W/${first.headers.etag}`, '*']) {
      const known = await app.inject({ url, headers: { 'if-none-match': header } })
      expect([known.statusCode, known.body]).toEqual([304, ''])
    }
  })

  it.each([
    ['', 'subject'], ['?subject=a', 'predicate'], ['?subject=&predicate=p', 'subject'],
    [`?subject=${'x'.repeat(513)}&predicate=p`, 'subject'], [`?subject=s&predicate=${'x'.repeat(129)}`, 'predicate'],
    ['?subject=s&predicate=p&asOf=-1', 'asOf'], ['?subject=s&predicate=p&fresh=yes', 'fresh'],
    ['?subject=s&subject=t&predicate=p', 'subject'], ['?subject=s&predicate=p&lens=', 'lens'],
    ['?subject=s&predicate=p&colour=red', 'colour']
  ])('names the parameter that breaks its rule (%#)', async (query, field) => {
    const { app } = await buildApp()
    const answer = await app.inject({ url: `/v1/query${query}` })
    expect([answer.statusCode, answer.json().code, answer.json().field]).toEqual([400, 'INPUT_INVALID', field])
  })

  it.each([
    [new LensError({ code: 'LENS_NO_CANDIDATES', lens: 'Consensus' }, 'none'), 404, undefined],
    [new LensError({ code: 'LENS_UNKNOWN', lens: 'x', known: [] }, 'unknown'), 400, undefined],
    [new QueryError({ code: 'QUERY_BUSY', retryAfterMs: 5 }, 'busy'), 503, '1'],
    [new QueryError({ code: 'QUERY_TIMEOUT', limitMs: 5 }, 'late'), 503, '5']
  ])('answers failure %# with its code', async (error, status, retryAfter) => {
    const { app } = await buildApp(createFakeNode({ query: async () => { throw error } }))
    const answer = await app.inject({ url })
    expect([answer.statusCode, answer.json().code, answer.headers['retry-after']]).toEqual([status, error.code, retryAfter])
  })
})

describe('many queries', () => {
  const node = createFakeNode({
    queryMany: async (requests) => requests.map((request) => request.subject === 'none'
      ? new LensError({ code: 'LENS_NO_CANDIDATES', lens: 'Consensus' }, 'none')
      : answerTo(request))
  })
  const ask = async (payload: object) => (await buildApp(node)).app.inject({ method: 'POST', url: '/v1/query', payload })

  it('answers in the order asked, errors in their places', async () => {
    const { answers } = (await ask({ queries: [{ subject: 'a', predicate: 'p' }, { subject: 'none', predicate: 'p' }] })).json()
    expect(answers[0]).toMatchObject({ subject: 'a', share: 0.75, view: { lag_ms: 0 } })
    expect(answers[1].error).toMatchObject({ status: 404, code: 'LENS_NO_CANDIDATES' })
  })

  it('takes 1,000 longest pairs and refuses 1,001', async () => {
    const pair = { subject: '\u0001'.repeat(512), predicate: '\u0001'.repeat(128) }
    expect((await ask({ queries: new Array(1_000).fill(pair) })).statusCode).toBe(200)
    const over = await ask({ queries: new Array(1_001).fill({ subject: 's', predicate: 'p' }) })
    expect([over.statusCode, over.json().code]).toEqual([413, 'BATCH_TOO_LARGE'])
    expect((await ask({ queries: [] })).json().code).toBe('INPUT_INVALID')
  })

  it('are given up when the connection goes before the answer', async () => {
    const asked = Promise.withResolvers<AbortSignal | undefined>()
    const gone = Promise.withResolvers<void>()
    const waiting = createFakeNode({
      queryMany: async (_requests, signal) => {
        asked.resolve(signal)
        await gone.promise
        return []
      }
    })
    const { app } = await buildApp(waiting)
    await app.listen({ host: '127.0.0.1', port: 0 })
    const leaving = new AbortController()
    const { port } = app.server.address() as AddressInfo
    const reply = fetch(`http://127.0.0.1:${port}/v1/query`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, signal: leaving.signal,
      body: JSON.stringify({ queries: [{ subject: 'a', predicate: 'p' }] })
    }).catch(() => undefined)
    const signal = await asked.promise
    expect(signal?.aborted).toBe(false)
    leaving.abort()
    await reply
    await until('the node has heard of it', () => signal?.aborted === true)
    gone.resolve()
    await app.close()
  })
})

describe('subject', () => {
  it('is answered in pages', async () => {
    const node = createFakeNode({
      subject: async (subject, lens, cursor, limit) => ({
        answers: [answerTo({ subject, predicate: `${lens}-${cursor}-${limit}`, lens })], cursor: 'next'
      })
    })
    const { app } = await buildApp(node)
    const page = (await app.inject({ url: '/v1/subjects/a%2Fb?cursor=c&limit=7&lens=Recency' })).json()
    expect(page).toMatchObject({ subject: 'a/b', cursor: 'next', answers: [{ predicate: 'Recency-c-7' }] })
    expect(Compile(subjectPageSchema).Errors(page)).toEqual([])
  })

  it('is 404 when nothing is said of it', async () => {
    const { app } = await buildApp(createFakeNode({ subject: async () => ({ answers: [] }) }))
    const answer = await app.inject({ url: '/v1/subjects/x' })
    expect([answer.statusCode, answer.json().code]).toEqual([404, 'SUBJECT_NOT_FOUND'])
  })

  it('may have 512 bytes, percent-encoded', async () => {
    const node = createFakeNode({ subject: async (subject) => ({ answers: [answerTo({ subject, predicate: 'p', lens: '' })] }) })
    const { app } = await buildApp(node)
    const subject = 'é'.repeat(256)
    expect((await app.inject({ url: `/v1/subjects/${encodeURIComponent(subject)}` })).json().subject).toBe(subject)
    expect((await app.inject({ url: `/v1/subjects/${'x'.repeat(513)}` })).statusCode).toBe(400)
  })

  it.each(['0', '1001', '-1', 'x'])('refuses a page of %s rows', async (limit) => {
    const { app } = await buildApp()
    expect((await app.inject({ url: `/v1/subjects/x?limit=${limit}` })).json().field).toBe('limit')
  })
})
