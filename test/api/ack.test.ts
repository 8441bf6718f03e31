import { describe, expect, it } from 'vitest'
import { API_LIMITS } from '../../src/api/options.js'
import { NodeError, type AckRequest } from '../../src/node/index.js'
import { createFakeNode, fakeNowMs, type FakeNode } from '../fakes/fake-node.js'
import { authorized, buildApp, signedFields } from './harness.js'

const fields = signedFields('assertion', { subject: 'BI', predicate: 'capital', object: 'Gitega' })
const cbor = { 'content-type': 'application/cbor' }
const sequence = { 'content-type': 'application/cbor-seq' }

interface Seen {
  readonly node: FakeNode
  readonly requests: AckRequest[]
}

/** A node whose peers are `holders` in number. */
function nodeWith(holders: number): Seen {
  const requests: AckRequest[] = []
  const inner = createFakeNode()
  const node = createFakeNode({
    ...inner,
    admitAcknowledged: async (records, request) => {
      requests.push(request)
      const { peers: wanted } = request
      return (await inner.admit(records)).map((result) => {
        if (result.kind === 'refused') return { result }
        if (result.kind === 'quarantined') {
          return { result, ack: { wanted, acknowledgedBy: 0, code: 'ACK_QUARANTINED' } }
        }
        const short = holders < wanted ? { code: 'ACK_TIMEOUT' as const } : {}
        return { result, ack: { wanted, acknowledgedBy: holders, ...short } }
      })
    }
  })
  return { node, requests }
}

async function post(
  node: FakeNode, url: string, payload: object | Buffer = fields.json, headers: object = {}
) {
  const { app } = await buildApp(node)
  return app.inject({ method: 'POST', url, payload, headers: { ...authorized, ...headers } })
}

describe('ack=peers:n', () => {
  it('says how many other nodes hold the record, on each route that adds records', async () => {
    const { node, requests } = nodeWith(2)
    const vote = signedFields('vote', { assertion_hash: 'ab'.repeat(32), weight: '0.5' })
    const epoch = signedFields('epoch', { name: 'e' })
    const answers = [
      await post(node, '/v1/assertions?ack=peers:2&timeout=5s'),
      await post(node, '/v1/votes?ack=peers:2&timeout=500ms', vote.json),
      await post(node, '/v1/epochs?ack=peers:2', epoch.json),
      await post(node, '/v1/records?ack=peers:1', Buffer.from(fields.bytes), cbor)
    ]
    expect(answers.map((answer) => answer.statusCode)).toEqual([201, 201, 201, 200])
    expect(answers.map((answer) => answer.json().ack.acknowledged_by)).toEqual([2, 2, 2, 2])
    expect(answers[0]?.json().ack).toEqual({ wanted: 2, acknowledged_by: 2 })
    expect(requests.map(({ timeoutMs }) => timeoutMs)).toEqual([5_000, 500, 5_000, 5_000])
  })

  it('answers 201 with a code when fewer hold it in time: the record is durable here', async () => {
    const answer = await post(nodeWith(1).node, '/v1/assertions?ack=peers:2&timeout=1s')
    expect([answer.statusCode, answer.json()]).toEqual([201, {
      status: 201, result: 'admitted', id: answer.json().id,
      ack: { wanted: 2, acknowledged_by: 1, code: 'ACK_TIMEOUT' }
    }])
  })

  it('speaks of each record of a sequence that is here, and of a quarantined one', async () => {
    const later = signedFields('assertion', {
      subject: 'x', predicate: 'y', object: 'z', timestamp: fakeNowMs + 60_000
    })
    const bad = Uint8Array.from(fields.bytes)
    bad[bad.length - 1] = (bad.at(-1) ?? 0) ^ 1
    const body = Buffer.concat([fields.bytes, bad, later.bytes])
    const answer = await post(nodeWith(1).node, '/v1/records?ack=peers:1', body, sequence)
    expect(answer.statusCode).toBe(200)
    expect(answer.json().results.map(({ ack }: { ack?: object }) => ack)).toEqual([
      { wanted: 1, acknowledged_by: 1 }, undefined,
      { wanted: 1, acknowledged_by: 0, code: 'ACK_QUARANTINED' }
    ])
  })

  it('is absent from answers that nobody asked it for', async () => {
    expect((await post(nodeWith(1).node, '/v1/assertions')).json()).not.toHaveProperty('ack')
  })

  it('takes 64 peers and 20 seconds, and refuses what is over or beside that with the field', async () => {
    const { node } = nodeWith(64)
    expect((await post(node, '/v1/assertions?ack=peers:64&timeout=20s')).statusCode).toBe(201)
    expect((await post(node, `/v1/assertions?ack=peers:1&timeout=${API_LIMITS.ackTimeoutMsMax}ms`)).statusCode).toBe(200)
    const wrong: readonly (readonly [string, string])[] = [
      ['ack=peers:0', 'ack'], ['ack=peers:65', 'ack'], ['ack=peers:-1', 'ack'], ['ack=peers:02', 'ack'],
      ['ack=peers', 'ack'], ['ack=2', 'ack'], ['ack=peers:2,3', 'ack'], ['ack=', 'ack'],
      ['ack=peers:1&timeout=20001ms', 'timeout'], ['ack=peers:1&timeout=21s', 'timeout'],
      ['ack=peers:1&timeout=0s', 'timeout'], ['ack=peers:1&timeout=5', 'timeout'],
      ['ack=peers:1&timeout=5m', 'timeout'], ['ack=peers:1&timeout=-5s', 'timeout'], ['timeout=5s', 'timeout']
    ]
    for (const [query, field] of wrong) {
      const answer = await post(node, `/v1/assertions?${query}`)
      expect([query, answer.statusCode, answer.json().code, answer.json().field])
        .toEqual([query, 400, 'INPUT_INVALID', field])
    }
  })

  it('answers 503 with Retry-After when too many records wait', async () => {
    const busy = createFakeNode({
      admitAcknowledged: async () => {
        throw new NodeError({ code: 'NODE_ACK_BUSY', max: 16_384 }, 'too many')
      }
    })
    const answer = await post(busy, '/v1/assertions?ack=peers:1')
    expect([answer.statusCode, answer.json().code, answer.headers['retry-after']]).toEqual([503, 'NODE_ACK_BUSY', '1'])
  })
})
