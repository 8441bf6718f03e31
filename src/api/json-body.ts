// Bodies in JSON. What cannot be taken is answered with the place where reading stopped.

import type { FastifyInstance } from 'fastify'
import { ApiError } from './errors.js'

/** Adds the parser of JSON bodies. Keys that would reach a prototype are refused. */
export function addJsonParser(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    void parse(request, body, (error, value: unknown) => {
      if (error === null) done(null, value)
      else done(new ApiError({ code: 'JSON_MALFORMED' }, faultOf(body)))
    })
  })
}

/** The framework's parser keeps the reason to itself. */
function faultOf(body: string): string {
  if (body === '') return 'the body is empty'
  try {
    JSON.parse(body)
    return 'the body has a key __proto__ or constructor.prototype, which are not taken'
  } catch (error) {
    return `the body is not JSON: ${error instanceof Error ? error.message : String(error)}`
  }
}
