// The web application: hooks, errors and routes, without a socket. Tests put requests into it directly.

import fastifySwagger from '@fastify/swagger'
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Clock, Log } from '../base/index.js'
import type { StemeNode } from '../node/index.js'
import { createHostCheck, createTokenCheck } from './access.js'
import { refuseConnection } from './connection-error.js'
import { ApiError } from './errors.js'
import { createEventStreams, type EventStreams } from './event-stream.js'
import { createMetrics, type ApiMetrics } from './metrics.js'
import { OPERATIONS } from './operations.js'
import { API_LIMITS, type ApiOptions } from './options.js'
import { problemOfError, PROBLEM_TYPE } from './problem.js'
import { addJsonParser } from './json-body.js'
import { registerOperations } from './routes.js'
import { LENS_NAMES } from './schemas.js'
import { factsOf } from './status.js'

/** What the application is built over. */
export interface ApiDeps {
  readonly node: StemeNode
  readonly clock: Clock
  readonly log: Log
  /** Version of the program, for the OpenAPI document. */
  readonly version: string
}

/** The application with what has to be stopped beside it. */
export interface ApiApp {
  readonly app: FastifyInstance
  readonly streams: EventStreams
}

/** Builds the application. @throws ApiError API_TOKEN_SHORT */
export async function createApp(options: ApiOptions, deps: ApiDeps): Promise<ApiApp> {
  if (options.token.length < API_LIMITS.tokenLengthMin) {
    throw new ApiError({ code: 'API_TOKEN_SHORT', min: API_LIMITS.tokenLengthMin }, 'the API token is too short')
  }
  const app = createFastify(options, deps.log)
  const metrics = createMetrics(() => deps.node.stats())
  const streams = createEventStreams(options, deps)
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply, deps.log))
  app.setNotFoundHandler((request, reply) => {
    const error = new ApiError({ code: 'ROUTE_NOT_FOUND' }, `no ${request.method} ${request.url.split('?')[0]}`)
    sendProblem(error, request, reply, deps.log)
  })
  addHooks(app, options, deps, metrics)
  app.removeContentTypeParser(['text/plain', 'application/json'])
  addJsonParser(app)
  await app.register(fastifySwagger, { openapi: openApiHead(deps.version) })
  await app.register(async (scope) => {
    const tokenCheck = createTokenCheck(options.token)
    registerOperations(scope, OPERATIONS, { node: deps.node, options, tokenCheck, observe: metrics.observe })
    addSystemRoutes(scope, metrics, streams, deps.node.lenses)
  })
  await app.ready()
  return { app, streams }
}

function createFastify(options: ApiOptions, log: Log): FastifyInstance {
  return fastify({
    logger: false,
    bodyLimit: options.jsonBodyBytesMax,
    requestTimeout: options.requestTimeoutMs,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    http: { maxHeaderSize: options.headerBytesMax, headersTimeout: options.headersTimeoutMs },
    // Longest path parameter: a subject of 512 bytes, each percent-encoded.
    routerOptions: { maxParamLength: 2_048 },
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    clientErrorHandler: refuseConnection,
    frameworkErrors: (error, request, reply) => {
      sendProblem(error, request, reply, log)
    }
  })
}

function addHooks(app: FastifyInstance, options: ApiOptions, deps: ApiDeps, metrics: ApiMetrics): void {
  const hostCheck = createHostCheck(options.allowedHosts, options.publicBind)
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-content-type-options', 'nosniff')
    if (!hostCheck(request.headers.host)) {
      done(new ApiError({ code: 'HOST_NOT_ALLOWED' }, 'use a loopback name or one of the allowed hosts'))
      return
    }
    const network = request.headers['stemedb-network']
    const other = network !== undefined && network !== deps.node.networkId
    done(other ? new ApiError({ code: 'NETWORK_OTHER', networkId: deps.node.networkId },
      `this node belongs to network ${deps.node.networkId}`) : undefined)
  })
  app.addHook('onResponse', (request, reply, done) => {
    if (request.is404) metrics.observe('none', reply.statusCode, reply.elapsedTime / 1_000)
    done()
  })
}

function addSystemRoutes(
  app: FastifyInstance, metrics: ApiMetrics, streams: EventStreams, lenses: readonly string[]
): void {
  app.get('/v1/events', {
    exposeHeadRoute: false,
    schema: {
      operationId: 'events',
      summary: 'Server-sent events: record, winner, peer, state, damage, alarm. Resumes by Last-Event-ID, RUN-SEQUENCE; ' +
        'a gap event says that events were missed',
      response: { 200: { description: 'events', content: { 'text/event-stream': { schema: { type: 'string' } } } } }
    }
  }, (request, reply) => {
    const last = request.headers['last-event-id']
    streams.open(reply.raw, Array.isArray(last) ? last[0] : last)
    reply.hijack()
  })
  app.get('/metrics', {
    schema: {
      operationId: 'metrics',
      summary: 'Prometheus metrics',
      response: { 200: { description: 'metrics', content: { 'text/plain': { schema: { type: 'string' } } } } }
    }
  }, async (_request, reply) => reply.type(metrics.mediaType).send(await metrics.scrape()))
  let document: string | undefined
  app.get('/openapi.json', { schema: { hide: true } }, (_request, reply) => {
    document ??= JSON.stringify(app.swagger()).replaceAll(LENS_NAMES, lenses.join(', '))
    reply.type('application/json; charset=utf-8').send(document)
  })
}

function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply, log: Log): void {
  const found = problemOfError(error)
  const problem = found.code === 'MEDIA_TYPE_UNSUPPORTED' ? { ...found, detail: takenText(request) } : found
  if (problem.code === 'INTERNAL') {
    log.error({ error, method: request.method, route: request.routeOptions.url }, 'request failed')
  }
  const { retryAfter } = factsOf(problem.code)
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="stemedb"')
  // As bytes, for a text would get a charset that the media type does not have.
  reply.code(problem.status).type(PROBLEM_TYPE).send(Buffer.from(JSON.stringify(problem)))
}

function takenText({ routeOptions }: FastifyRequest): string {
  return `this route takes ${(routeOptions.schema?.consumes ?? ['application/json']).join(' or ')}`
}

function openApiHead(version: string): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'StemeDB', version, license: { name: 'Apache-2.0 OR MIT' },
      description: 'A replicated, content-addressed knowledge graph. Errors are problem documents (RFC 9457) ' +
        'with stable codes. Header Stemedb-Network: <network id> makes a node of another network answer 409.'
    },
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } }
  }
}
