import { Compile } from 'typebox/compile'
import { describe, expect, it } from 'vitest'
import { OPERATIONS } from '../../src/api/operations.js'
import { CodedError, hashOf } from '../../src/base/index.js'
import { seedFromName, createSigner } from '../../src/record/index.js'
import { createFakeNode, fakeGenesis, fakeNowMs } from '../fakes/fake-node.js'
import { authorized, buildApp, signedFields, token } from './harness.js'

const capital = { subject: 'BI', predicate: 'capital', object: 'Gitega' }

async function post(url: string, payload: object | Buffer, headers: object = {}, node = createFakeNode()) {
  const { app } = await buildApp(node)
  return app.inject({ method: 'POST', url, payload, headers: { ...authorized, ...headers } })
}

const cbor = { 'content-type': 'application/cbor' }
const sequence = { 'content-type': 'application/cbor-seq' }

describe('writes', () => {
  it('answers 201 to a new record, 200 to a known one and 202 to one of the future', async () => {
    const node = createFakeNode()
    const { json, bytes } = signedFields('assertion', capital)
    const first = await post('/v1/assertions', json, {}, node)
    expect([first.statusCode, first.json().result]).toEqual([201, 'admitted'])
    const second = await post('/v1/records', Buffer.from(bytes), cbor, node)
    expect([second.statusCode, second.json()]).toEqual([200, { status: 200, result: 'known', id: first.json().id }])
    const later = signedFields('assertion', { ...capital, timestamp: fakeNowMs + 60_000 })
    const third = await post('/v1/assertions', later.json, {}, node)
    expect([third.statusCode, third.json().release_time]).toEqual([202, fakeNowMs + 30_000])
  })

  it.each(OPERATIONS.filter(({ access }) => access === 'write').map(({ paths }) => paths[0]))(
    'refuses a parameter that %s does not have', async (path) => {
      const bytes = path === '/v1/records' ? cbor : path === '/v1/blocks' ? sequence : undefined
      const { json } = signedFields(path === '/v1/votes' ? 'vote' : path === '/v1/epochs' ? 'epoch' : 'assertion',
        path === '/v1/votes' ? { assertion_hash: 'ab'.repeat(32), weight: 1 }
          : path === '/v1/epochs' ? { name: 'e' } : capital)
      const body = bytes === undefined ? json : Buffer.from('4100', 'hex')
      const answer = await post(`${path}?wait=yes`, body, bytes)
      expect([answer.statusCode, answer.json().code, answer.json().field]).toEqual([400, 'INPUT_INVALID', 'wait'])
    })

  it('takes votes and epochs as fields', async () => {
    const vote = signedFields('vote', { assertion_hash: 'ab'.repeat(32), weight: '0.5' })
    expect((await post('/v1/votes', vote.json)).statusCode).toBe(201)
    const epoch = signedFields('epoch', { name: 'e', predicates: { p: { cardinality: 'many', tolerance: 2 } } })
    expect((await post('/v1/epochs', epoch.json)).statusCode).toBe(201)
  })

  it('answers a sequence record by record', async () => {
    const good = signedFields('assertion', capital).bytes
    const bad = Uint8Array.from(good)
    bad[bad.length - 1] = (bad.at(-1) ?? 0) ^ 1
    const answer = await post('/v1/records', Buffer.concat([good, bad, good]), sequence)
    expect(answer.statusCode).toBe(200)
    expect(answer.json().results.map((result: { status: number }) => result.status)).toEqual([201, 422, 200])
    expect(answer.json().results[1]).toMatchObject({ code: 'RECORD_SIGNATURE', result: 'refused' })
  })

  it('takes 1,000 records at once and refuses 1,001', async () => {
    const one = Buffer.of(0xa0)
    const full = await post('/v1/records', Buffer.concat(new Array(1_000).fill(one)), sequence)
    expect([full.statusCode, full.json().results.length]).toEqual([200, 1_000])
    const over = await post('/v1/records', Buffer.concat(new Array(1_001).fill(one)), sequence)
    expect([over.statusCode, over.json().code]).toEqual([413, 'BATCH_TOO_LARGE'])
  })

  it.each([
    ['no CBOR', Buffer.from('ff', 'hex'), cbor, 400, 'CBOR_MALFORMED'],
    ['a cut record', Buffer.from(signedFields('assertion', capital).bytes.subarray(0, 50)), cbor, 400, 'CBOR_MALFORMED'],
    ['two records as one', Buffer.from('a0a0', 'hex'), cbor, 413, 'BATCH_TOO_LARGE'],
    ['nothing', Buffer.alloc(0), cbor, 400, 'CBOR_MALFORMED'],
    ['an empty sequence', Buffer.alloc(0), sequence, 400, 'BATCH_EMPTY'],
    ['CBOR that is no record', Buffer.from('a0', 'hex'), cbor, 422, 'RECORD_INVALID'],
    ['non-canonical CBOR', Buffer.from('a16161190001', 'hex'), cbor, 422, 'RECORD_INVALID'],
    ['JSON', Buffer.from('{}'), { 'content-type': 'application/json' }, 415, 'MEDIA_TYPE_UNSUPPORTED'],
    ['text', Buffer.from('x'), { 'content-type': 'text/plain' }, 415, 'MEDIA_TYPE_UNSUPPORTED']
  ])('refuses %s at /v1/records', async (_what, body, headers, status, code) => {
    const answer = await post('/v1/records', body, headers)
    expect([answer.statusCode, answer.json().code]).toEqual([status, code])
    expect(answer.headers['content-type']).toBe('application/problem+json')
  })

  it.each([
    ['/v1/records', 'application/json', 'this route takes application/cbor or application/cbor-seq'],
    ['/v1/blocks', 'application/json', 'this route takes application/cbor-seq'],
    ['/v1/assertions', 'text/plain', 'this route takes application/json'],
    ['/v1/query', 'application/xml', 'this route takes application/json']
  ])('says at %s which media types it takes', async (path, type, detail) => {
    const answer = await post(path, Buffer.from('x'), { 'content-type': type })
    expect([answer.statusCode, answer.json().detail]).toEqual([415, detail])
  })

  it.each([
    ['malformed JSON', '{"subject":', 400, 'JSON_MALFORMED', /^the body is not JSON: Unexpected end/],
    ['JSON with a comma too many', '{"subject":1,,}', 400, 'JSON_MALFORMED', /position 13/],
    ['an empty body', '', 400, 'JSON_MALFORMED', /^the body is empty$/],
    ['a key __proto__', '{"__proto__":{"x":1}}', 400, 'JSON_MALFORMED', /__proto__/],
    ['a polluting constructor', '{"constructor":{"prototype":{"x":1}}}', 400, 'JSON_MALFORMED', /constructor/],
    ['a list', '[]', 400, 'INPUT_INVALID', /the body/],
    ['no fields', '{}', 400, 'INPUT_INVALID', /subject is missing/]
  ])('refuses %s at /v1/assertions, and says where or why', async (_what, text, status, code, detail) => {
    const answer = await post('/v1/assertions', Buffer.from(text), { 'content-type': 'application/json' })
    expect([answer.statusCode, answer.json().code]).toEqual([status, code])
    expect(answer.json().detail).toMatch(detail)
  })

  it.each([
    ['subject', { subject: 5 }, 400, 'INPUT_INVALID'],
    ['timestamp', { timestamp: -1 }, 400, 'INPUT_INVALID'],
    ['agent_id', { agent_id: 'AB'.repeat(32) }, 400, 'INPUT_INVALID'],
    ['signature', { signature: '00' }, 400, 'INPUT_INVALID'],
    ['surprise', { surprise: 1 }, 400, 'INPUT_INVALID'],
    ['confidence', { confidence: '0.1234567' }, 422, 'RECORD_FIELD'],
    ['confidence', { confidence: 1.5 }, 422, 'RECORD_FIELD'],
    ['object', { object: null }, 422, 'RECORD_FIELD'],
    ['object', { object: 'x'.repeat(16_385) }, 422, 'RECORD_FIELD'],
    ['subject', { subject: 'ä'.repeat(257) }, 422, 'RECORD_FIELD']
  ])('names the field %s that breaks its rule (%#)', async (field, change, status, code) => {
    const { json } = signedFields('assertion', capital)
    const answer = await post('/v1/assertions', { ...json, ...change })
    expect([answer.statusCode, answer.json().code, answer.json().field]).toEqual([status, code, field])
  })

  it('refuses a signature over other fields, and one of another network', async () => {
    const { json } = signedFields('assertion', capital)
    const altered = await post('/v1/assertions', { ...json, object: 'Bujumbura' })
    expect([altered.statusCode, altered.json().code]).toEqual([422, 'RECORD_SIGNATURE'])
    const other = await post('/v1/assertions', { ...json, agent_id: createSigner(seedFromName('x')).publicKey })
    expect([other.statusCode, other.json().code]).toEqual([422, 'RECORD_SIGNATURE'])
  })

  it.each([
    ['INGEST_BUSY', 503, '1'], ['NODE_READ_ONLY', 503, '60'], ['QUARANTINE_FULL', 429, '60'], ['RECORD_TOO_LARGE', 413, undefined]
  ] as const)('answers %s with %i', async (code, status, retryAfter) => {
    const node = createFakeNode({ admit: async () => [{ kind: 'refused', code, rule: 'r' }] })
    const answer = await post('/v1/records', Buffer.from('a0', 'hex'), cbor, node)
    expect([answer.statusCode, answer.json().code, answer.headers['retry-after']]).toEqual([status, code, retryAfter])
  })
})

describe('access', () => {
  const writes = OPERATIONS.filter((operation) => operation.access === 'write')

  it('is asked of every operation that adds something', () => {
    expect(writes.map((operation) => operation.name).sort())
      .toEqual(['putAssertion', 'putBlocks', 'putEpoch', 'putRecords', 'putVote'])
  })

  it.each(writes.map((operation) => operation.paths[0]))('refuses a write to %s without or with a wrong token', async (url) => {
    const { app } = await buildApp()
    const missing = await app.inject({ method: 'POST', url, payload: {} })
    expect([missing.statusCode, missing.json().code]).toEqual([401, 'TOKEN_MISSING'])
    expect(missing.headers['www-authenticate']).toMatch(/^Bearer/)
    const wrong = await app.inject({ method: 'POST', url, payload: {}, headers: { authorization: 'Bearer wrong' } })
    expect([wrong.statusCode, wrong.json().code]).toEqual([401, 'TOKEN_WRONG'])
  })

  it('refuses before it reads a body that is too large', async () => {
    const { app } = await buildApp(undefined, { jsonBodyBytesMax: 10 })
    const answer = await app.inject({ method: 'POST', url: '/v1/votes', payload: { x: 'y'.repeat(100) } })
    expect(answer.json().code).toBe('TOKEN_MISSING')
  })

  it('refuses a foreign Host header on every route', async () => {
    const { app } = await buildApp()
    for (const url of ['/v1/network', '/healthz', '/metrics', '/openapi.json', '/nowhere']) {
      const answer = await app.inject({ url, headers: { host: 'evil.example' } })
      expect([answer.statusCode, answer.json().code]).toEqual([403, 'HOST_NOT_ALLOWED'])
    }
  })

  it('answers 409 to a client of another network', async () => {
    const { app } = await buildApp()
    const other = await app.inject({ url: '/v1/network', headers: { 'stemedb-network': 'ab'.repeat(32) } })
    expect([other.statusCode, other.json().code]).toEqual([409, 'NETWORK_OTHER'])
    const same = await app.inject({ url: '/v1/network', headers: { 'stemedb-network': fakeGenesis.networkId } })
    expect(same.statusCode).toBe(200)
  })

  it('allows no other origin', async () => {
    const { app } = await buildApp()
    const answer = await app.inject({ url: '/v1/network', headers: { origin: 'https://evil.example' } })
    expect(answer.headers['access-control-allow-origin']).toBeUndefined()
    const flight = await app.inject({
      method: 'OPTIONS', url: '/v1/records', headers: { 'access-control-request-method': 'POST' }
    })
    expect(flight.statusCode).toBe(404)
  })

  it('needs a token that is long enough to start', async () => {
    await expect(buildApp(undefined, { token: 'x'.repeat(15) })).rejects.toMatchObject({ code: 'API_TOKEN_SHORT' })
    await expect(buildApp(undefined, { token: 'x'.repeat(16) })).resolves.toBeDefined()
  })
})

describe('limits', () => {
  it('takes a body of the limit and refuses one more byte, before parsing', async () => {
    const { json } = signedFields('assertion', capital)
    const size = JSON.stringify(json).length
    const headers = { ...authorized, 'content-type': 'application/json' }
    const fits = await (await buildApp(undefined, { jsonBodyBytesMax: size })).app
      .inject({ method: 'POST', url: '/v1/assertions', payload: JSON.stringify(json), headers })
    expect(fits.statusCode).toBe(201)
    const over = await (await buildApp(undefined, { jsonBodyBytesMax: size - 1 })).app
      .inject({ method: 'POST', url: '/v1/assertions', payload: JSON.stringify(json), headers })
    expect([over.statusCode, over.json().code]).toEqual([413, 'BODY_TOO_LARGE'])
  })

  it('refuses an unknown route and a broken URL with a problem document', async () => {
    const { app } = await buildApp()
    const nowhere = await app.inject({ url: '/v2/query' })
    expect([nowhere.statusCode, nowhere.json().code]).toEqual([404, 'ROUTE_NOT_FOUND'])
    const broken = await app.inject({ url: '/v1/subjects/%zz' })
    expect([broken.statusCode, broken.json().code]).toEqual([400, 'URL_MALFORMED'])
  })

  it('says nothing of an unexpected failure', async () => {
    const node = createFakeNode({ state: async () => { throw new Error('secret path /etc') } })
    const { app } = await buildApp(node)
    const answer = await app.inject({ url: '/v1/state' })
    expect([answer.statusCode, answer.json().code]).toEqual([500, 'INTERNAL'])
    expect(answer.body).not.toContain('secret')
  })

  it('keeps codes that are no part of the interface to itself', async () => {
    const node = createFakeNode({ state: async () => { throw new CodedError({ code: 'INNER' }, 'x') } })
    expect((await (await buildApp(node)).app.inject({ url: '/v1/state' })).json().code).toBe('INTERNAL')
  })
})

describe('reads', () => {
  it('tells of the last audit in the state, once there was one', async () => {
    const plain = createFakeNode()
    const { app } = await buildApp(plain)
    expect((await app.inject({ url: '/v1/state' })).json()).not.toHaveProperty('last_audit')
    const lastAudit = { atMs: 5, peer: 'p', blocks: 9, damaged: 2, repaired: 1, open: 1 }
    const node = createFakeNode({ state: async () => ({ ...await plain.state(), lastAudit }) })
    const answer = await (await buildApp(node)).app.inject({ url: '/v1/state' })
    expect(answer.json().last_audit).toEqual({ at: 5, peer: 'p', blocks: 9, damaged: 2, repaired: 1, open: 1 })
  })

  it('gives a record as JSON or as its original bytes', async () => {
    const node = createFakeNode()
    const { json, bytes } = signedFields('assertion', capital)
    const { id } = (await post('/v1/assertions', json, {}, node)).json()
    const { app } = await buildApp(node)
    const asJson = await app.inject({ url: `/v1/assertions/${id}` })
    expect(asJson.json()).toMatchObject({ ...json, id, kind: 'assertion' })
    const raw = await app.inject({ url: `/v1/assertions/${id}`, headers: { accept: 'application/cbor' } })
    expect(raw.headers['content-type']).toBe('application/cbor')
    expect(raw.rawPayload.equals(Buffer.from(bytes))).toBe(true)
    expect(raw.headers.etag).not.toBe(asJson.headers.etag)
    const again = await app.inject({ url: `/v1/assertions/${id}`, headers: { 'if-none-match': String(asJson.headers.etag) } })
    expect([again.statusCode, again.body]).toEqual([304, ''])
  })

  it('gives the bytes of a record without effect, and the rule that says so', async () => {
    const id = hashOf(new Uint8Array(32).fill(9))
    const { publicKey: agentId } = createSigner(seedFromName('newer'))
    const found = { bytes: Uint8Array.of(1, 2), agentId, timestampMs: 5, inertRule: 'unknown-kind' } as const
    const { app } = await buildApp(createFakeNode({ record: async () => found }))
    const raw = await app.inject({ url: `/v1/assertions/${id}`, headers: { accept: 'application/cbor' } })
    expect([raw.statusCode, [...raw.rawPayload]]).toEqual([200, [1, 2]])
    const shown = await app.inject({ url: `/v1/assertions/${id}` })
    const inert = { id, kind: 'inert', rule: 'unknown-kind', agent_id: agentId, timestamp: 5 }
    expect([shown.statusCode, shown.json()]).toEqual([200, inert])
  })

  it('gives the votes on an assertion', async () => {
    const node = createFakeNode()
    const { id } = (await post('/v1/assertions', signedFields('assertion', capital).json, {}, node)).json()
    await post('/v1/votes', signedFields('vote', { assertion_hash: id, weight: 0.25 }).json, {}, node)
    const { app } = await buildApp(node)
    const answer = await app.inject({ url: `/v1/assertions/${id}/votes` })
    expect(answer.json()).toMatchObject({ assertion_hash: id, votes: [{ weight: 0.25, current: true }] })
  })

  it.each(['/v1/assertions/', '/v1/assertions/'])('knows no record that is not here', async (url) => {
    const { app } = await buildApp()
    const missing = await app.inject({ url: `${url}${'00'.repeat(32)}` })
    expect([missing.statusCode, missing.json().code]).toEqual([404, 'RECORD_NOT_FOUND'])
    const votes = await app.inject({ url: `${url}${'00'.repeat(32)}/votes` })
    expect(votes.json().code).toBe('RECORD_NOT_FOUND')
    const malformed = await app.inject({ url: `${url}xyz` })
    expect([malformed.statusCode, malformed.json().code, malformed.json().field]).toEqual([400, 'INPUT_INVALID', 'hash'])
  })

  it('encodes what a signer elsewhere has to sign', async () => {
    const { json, bytes } = signedFields('assertion', capital)
    const { signature, ...fields } = json as { signature: string }
    const { app } = await buildApp()
    const answer = (await app.inject({ method: 'POST', url: '/v1/encode', payload: { kind: 'assertion', ...fields } })).json()
    expect(answer.network_id).toBe(fakeGenesis.networkId)
    expect(answer.message.endsWith(answer.payload)).toBe(true)
    expect(Buffer.from(bytes).toString('hex')).toContain(signature)
    const refused = await app.inject({
      method: 'POST', url: '/v1/encode', payload: { kind: 'assertion', ...fields, object: [[1]] }
    })
    expect([refused.statusCode, refused.json().field]).toEqual([422, 'object'])
  })

  it('is ready only when records are taken', async () => {
    const usual = { walReplayed: true, storeOpen: true, firstSync: 'done' } as const
    const readOnly = createFakeNode({
      ready: () => ({ ...usual, ready: true, index: 'counted', readOnly: 'WAL_FAILED' })
    })
    const damaged = createFakeNode({ ready: () => ({ ...usual, ready: false, index: 'damaged' }) })
    expect((await (await buildApp()).app.inject({ url: '/readyz' })).statusCode).toBe(200)
    const answer = await (await buildApp(readOnly)).app.inject({ url: '/readyz' })
    expect([answer.statusCode, answer.json().read_only]).toEqual([503, 'WAL_FAILED'])
    const doubtful = await (await buildApp(damaged)).app.inject({ url: '/readyz' })
    expect([doubtful.statusCode, doubtful.json().index]).toEqual([503, 'damaged'])
  })

  it('counts in metrics', async () => {
    const { app } = await buildApp()
    await app.inject({ url: '/healthz' })
    await app.inject({ url: '/nowhere' })
    const { body } = await app.inject({ url: '/metrics' })
    expect(body).toContain('stemedb_wal_size_bytes 3')
    expect(body).toMatch(/# TYPE stemedb_p2p_sync_sessions_total counter\nstemedb_p2p_sync_sessions_total 5/)
    expect(body).toContain('stemedb_api_requests_total{operation="getHealth",class="2xx"} 1')
    expect(body).toContain('stemedb_api_requests_total{operation="none",class="4xx"} 1')
  })

  it.each(OPERATIONS.filter((one) => one.method === 'GET' && !one.paths[0].includes(':') && one.query === undefined &&
    one.outputType === undefined).map((one) => [one.name, one] as const)
  )('answers %s in the form of its schema', async (_name, operation) => {
    const { app } = await buildApp()
    const answer = await app.inject({ url: operation.paths[0] })
    expect(answer.statusCode).toBe(200)
    expect(Compile(operation.output).Errors(answer.json())).toEqual([])
  })
})

describe('blocks', () => {
  it('streams all blocks and takes them back', async () => {
    const blocks = [Buffer.alloc(30, 1), Buffer.alloc(300, 2)]
    const given: string[] = []
    const node = createFakeNode({
      async* blocks() {
        for (const bytes of blocks) yield { id: hashOf(new Uint8Array(32)), bytes }
      },
      async admitBlock(block) {
        given.push(Buffer.from(block).toString('hex'))
        return given.length === 1 ? 'accepted' : { refused: 'block-signature' }
      }
    })
    const { app } = await buildApp(node)
    const all = await app.inject({ url: '/v1/blocks' })
    expect(all.headers['content-type']).toBe('application/cbor-seq')
    const back = await app.inject({
      method: 'POST', url: '/v1/blocks', payload: all.rawPayload, headers: { ...authorized, ...sequence }
    })
    expect(given).toEqual(blocks.map((block) => block.toString('hex')))
    expect(back.json().results).toEqual([{ result: 'accepted' }, { result: 'refused', rule: 'block-signature' }])
  })

  it('takes 100 blocks and refuses 101, and what is no byte string', async () => {
    const some = (count: number): Buffer => Buffer.concat(new Array(count).fill(Buffer.from('4100', 'hex')))
    expect((await post('/v1/blocks', some(100), sequence)).json().results).toHaveLength(100)
    expect((await post('/v1/blocks', some(101), sequence)).json().code).toBe('BATCH_TOO_LARGE')
    expect((await post('/v1/blocks', Buffer.of(1), sequence)).json().code).toBe('CBOR_MALFORMED')
  })
})

describe('OpenAPI', () => {
  it('is version 3.1 and names every operation with its schemas and access', async () => {
    const { app } = await buildApp()
    const document = (await app.inject({ url: '/openapi.json' })).json()
    expect(document.openapi).toBe('3.1.0')
    expect(document.paths['/query'].get).toMatchObject({ operationId: 'queryAlias1', summary: 'The same as /v1/query' })
    const named = Object.values(document.paths as Record<string, Record<string, { operationId: string }>>)
      .flatMap((path) => Object.values(path).map((one) => one.operationId))
    for (const operation of OPERATIONS) expect(named).toContain(operation.name)
    expect(named).toContain('events')
    const records = document.paths['/v1/records'].post
    expect(Object.keys(records.requestBody.content)).toEqual(['application/cbor', 'application/cbor-seq'])
    expect(records.security).toEqual([{ token: [] }])
    expect(Object.keys(records.responses.default.content)).toEqual(['application/problem+json'])
    expect(document.paths['/v1/assertions/{hash}'].get.parameters[0]).toMatchObject({ name: 'hash', in: 'path' })
    expect(document.components.securitySchemes.token).toEqual({ type: 'http', scheme: 'bearer' })
  })
})

it('has a token of the length that the server asks for', () => {
  expect(token.length).toBeGreaterThanOrEqual(16)
})
