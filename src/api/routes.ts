// Routes made from the table of operations. Access is decided before a body is read; each part of the input
// is checked before the handler runs.

import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from 'fastify'
import { Type, type TSchema } from 'typebox'
import type { TokenVerdict } from './access.js'
import { matchesEtag } from './etag.js'
import { ApiError } from './errors.js'
import { compileCheck, type Cost, type Operation, type OperationDeps, type OperationInput, type Outcome } from './operation.js'
import type { ApiOptions } from './options.js'
import { PROBLEM_TYPE } from './problem.js'
import { problemSchema } from './schemas.js'

/** A timer for each single read would cost more than the read; a stream takes its time. */
const untimed: ReadonlySet<Cost> = new Set(['point', 'stream'])

/** A parameter that nobody reads would be a promise that nobody keeps. */
const noQuery = Type.Object({}, { additionalProperties: false })

/** Parts of a request by the framework's names. */
const partNames: ReadonlyMap<string, string> = new Map([
  ['body', 'the body'], ['querystring', 'the query string'], ['params', 'the path'], ['headers', 'the headers']
])

/** What the routes need besides the operations. */
export interface RouteDeps extends OperationDeps {
  readonly options: ApiOptions
  readonly tokenCheck: (header: string | undefined) => TokenVerdict
  /** Notes one answer for metrics. */
  readonly observe: (operation: string, status: number, seconds: number) => void
}

/** Registers the routes of all operations: those of byte bodies in a scope with its own body parsers. */
export function registerOperations(
  app: FastifyInstance, operations: readonly Operation[], deps: RouteDeps
): void {
  app.setValidatorCompiler<TSchema>(({ schema, httpPart }) => {
    if (Reflect.get(schema, 'format') === 'binary') return (value: unknown) => ({ value })
    const check = compileCheck(schema, partNames.get(httpPart ?? '') ?? 'the request')
    return (value: unknown) => {
      try {
        check(value)
        return { value }
      } catch (error) {
        // The framework writes into the error it gets; ours is sealed and travels as its cause.
        return { error: new Error('validation', { cause: error }) }
      }
    }
  })
  // Outputs are plain objects made by our own code, checked against their schemas by test.
  app.setSerializerCompiler(() => JSON.stringify)
  for (const operation of operations) {
    if (operation.bodyTypes === undefined) registerOperation(app, operation, deps)
    else registerBytes(app, operation, operation.bodyTypes, deps)
  }
}

function registerBytes(
  app: FastifyInstance, operation: Operation, types: readonly string[], deps: RouteDeps
): void {
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser([...types], { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    registerOperation(scope, operation, deps)
  })
}

function registerOperation(app: FastifyInstance, operation: Operation, deps: RouteDeps): void {
  operation.paths.forEach((url, index) => {
    app.route({
      method: operation.method,
      url,
      schema: schemaOf(operation, index),
      bodyLimit: bodyLimitOf(operation, deps.options),
      ...(untimed.has(operation.cost) ? {} : { handlerTimeout: deps.options.handlerTimeoutMs }),
      onRequest: operation.access === 'write' ? (request, _reply, done) => done(refusal(request, deps)) : [],
      onResponse: (_request, reply, done) => {
        deps.observe(operation.name, reply.statusCode, reply.elapsedTime / 1_000)
        done()
      },
      handler: async (request, reply) =>
        send(request, reply, await operation.run(deps, inputOf(request, reply)))
    })
  })
}

function refusal(request: FastifyRequest, deps: RouteDeps): ApiError | undefined {
  const verdict = deps.tokenCheck(request.headers.authorization)
  if (verdict === 'missing') return new ApiError({ code: 'TOKEN_MISSING' }, 'send Authorization: Bearer <api-token>')
  if (verdict === 'wrong') return new ApiError({ code: 'TOKEN_WRONG' }, 'the token is not the one of this node')
  return undefined
}

function inputOf(request: FastifyRequest, reply: FastifyReply): OperationInput {
  const type = request.headers['content-type'] ?? ''
  return {
    params: request.params, query: request.query, body: request.body,
    mediaType: type.replace(/;.*$/, '').trim().toLowerCase(), accept: request.headers.accept ?? '',
    // Made for the operations that look at it alone: most answer before anybody could leave.
    get signal() {
      return leavingSignal(reply)
    }
  }
}

/** The connection's, not the request's: that one is closed once its body was read. */
function leavingSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  if (reply.raw.destroyed) gone.abort()
  else reply.raw.once('close', () => gone.abort())
  return gone.signal
}

function send(request: FastifyRequest, reply: FastifyReply, outcome: Outcome): FastifyReply {
  if (outcome.kind === 'stream') return reply.type(outcome.mediaType).send(Readable.from(outcome.chunks))
  if (outcome.etag !== undefined) {
    reply.header('etag', outcome.etag)
    if (matchesEtag(request.headers['if-none-match'], outcome.etag)) return reply.code(304).send()
  }
  if (outcome.kind === 'bytes') return reply.type(outcome.mediaType).send(outcome.bytes)
  reply.code(outcome.status).type('application/json; charset=utf-8')
  return reply.send(outcome.kind === 'text' ? outcome.text : outcome.value)
}

function bodyLimitOf(operation: Operation, options: ApiOptions): number {
  switch (operation.bodyLimit) {
    case 'records': return options.recordsBodyBytesMax
    case 'query': return options.queryBodyBytesMax
    default: return options.jsonBodyBytesMax
  }
}

function schemaOf(operation: Operation, index: number): FastifySchema {
  const success = operation.statuses.map((status) => [status, responseOf(operation)])
  const query = operation.query ?? (operation.access === 'write' ? noQuery : undefined)
  const problem = { description: 'Problem', content: { [PROBLEM_TYPE]: { schema: problemSchema } } }
  return {
    operationId: index === 0 ? operation.name : `${operation.name}Alias${index}`,
    summary: index === 0 ? operation.summary : `The same as ${operation.paths[0]}`,
    ...(operation.access === 'write' ? { security: [{ token: [] }] } : {}),
    ...(operation.bodyTypes === undefined ? {} : { consumes: [...operation.bodyTypes] }),
    ...(operation.params === undefined ? {} : { params: operation.params }),
    ...(query === undefined ? {} : { querystring: query }),
    ...(operation.body === undefined ? {} : { body: operation.body }),
    response: { ...Object.fromEntries(success), default: problem }
  }
}

function responseOf(operation: Operation): object {
  const bytes = { schema: { type: 'string', format: 'binary' } }
  const others = (operation.outputTypes ?? []).map((type) => [type, bytes])
  return {
    description: operation.summary,
    content: {
      [operation.outputType ?? 'application/json']: { schema: operation.output }, ...Object.fromEntries(others)
    }
  }
}
