import { connect, Server } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { startApi, type ApiServer } from '../../src/api/index.js'
import { systemClock } from '../../src/base/index.js'
import { silentLog } from '../../src/node/log.js'
import { createFakeNode, type FakeNode } from '../fakes/fake-node.js'
import { token } from './harness.js'

const servers: ApiServer[] = []

async function start(options: object = {}, node: FakeNode = createFakeNode()): Promise<ApiServer> {
  const deps = { node, clock: systemClock, log: silentLog, version: '0' }
  const server = await startApi({ token, port: 0, ...options }, deps)
  servers.push(server)
  return server
}

/** What the server answers to raw bytes, until it closes. */
function raw(url: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text))
    let answer = ''
    socket.on('data', (chunk) => { answer += chunk.toString() }).on('close', () => resolve(answer)).on('error', reject)
  })
}

afterEach(async () => {
  vi.restoreAllMocks()
  for (const server of servers.splice(0)) await server.stop()
})

describe('server', () => {
  it('answers on loopback, on a port of its choice', async () => {
    const { url } = await start()
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'ok' })
  })

  it('refuses a public bind unless it is allowed explicitly', async () => {
    await expect(start({ host: '0.0.0.0' })).rejects.toMatchObject({ code: 'API_PUBLIC_BIND' })
    const { url } = await start({ host: '0.0.0.0', publicBind: true })
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
  })

  it('says which address is taken', async () => {
    const { url } = await start()
    const port = Number(new URL(url).port)
    await expect(start({ port })).rejects.toMatchObject({ detail: { code: 'API_ADDRESS', reason: 'EADDRINUSE' } })
  })

  it('says what to do when the system keeps the port to itself', async () => {
    const refused = Object.assign(new Error('listen EACCES'), { code: 'EACCES' })
    vi.spyOn(Server.prototype, 'listen').mockImplementation(function (this: Server) {
      queueMicrotask(() => this.emit('error', refused))
      return this
    })
    const text = 'cannot listen on 127.0.0.1:80: permission denied; ports below 1024 are reserved for the system: ' +
      'give another one with --api-port'
    await expect(start({ port: 80 })).rejects.toThrow(text)
  })

  it('answers what is no HTTP with a problem and closes', async () => {
    const { url } = await start()
    const answer = await raw(url, 'BREW coffee\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toContain('"code":"REQUEST_MALFORMED"')
  })

  it('refuses headers over their limit', async () => {
    const { url } = await start()
    const head = (size: number): string =>
      `GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX: ${'x'.repeat(size)}\r\n\r\n`
    expect(await raw(url, head(15_000))).toMatch(/^HTTP\/1\.1 200 /)
    expect(await raw(url, head(17_000))).toMatch(/^HTTP\/1\.1 431 [^]*HEADERS_TOO_LARGE/)
  })

  it('refuses a body by its announced length before it comes', async () => {
    const { url } = await start()
    const request = 'POST /v1/query HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n' +
      'Content-Type: application/json\r\nContent-Length: 4194305\r\n\r\n'
    expect(await raw(url, request)).toMatch(/^HTTP\/1\.1 413 [^]*BODY_TOO_LARGE/)
  })

  it('streams events and ends the streams when it stops', async () => {
    const node = createFakeNode()
    const server = await start({}, node)
    const response = await fetch(`${server.url}/v1/events`)
    node.emit({ kind: 'peer', peer: 'x', state: 'up' })
    const text = response.text()
    await server.stop()
    expect(await text).toContain('event: peer\ndata: {"peer":"x","state":"up"}')
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow()
  })

  it('stops twice, and though a client keeps its connection open', async () => {
    const server = await start({ stopMsMax: 50 })
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    // What the server has not read when it closes the connection resets it.
    const closed = new Promise((resolve) => socket.on('error', () => undefined).on('close', resolve))
    await new Promise((resolve) => socket.on('connect', resolve))
    socket.write('GET /healthz HTTP/1.1\r\n')
    await server.stop()
    await server.stop()
    await closed
  })

  it('goes on when a client resets its stream of events', async () => {
    const node = createFakeNode()
    const server = await start({}, node)
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    const opened = new Promise((resolve) => socket.once('data', resolve))
    socket.write('GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await opened
    socket.resetAndDestroy()
    for (let i = 0; i < 20; i++) {
      node.emit({ kind: 'peer', peer: 'x'.repeat(10_000), state: 'up' })
      expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
    }
  })
})
