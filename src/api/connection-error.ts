// Answers to what never became a request: broken HTTP, too many header bytes, a request that does not end.

import type { Socket } from 'node:net'
import { problemOf, PROBLEM_TYPE } from './problem.js'

/** Writes a problem document to the bare socket and closes it. */
export function refuseConnection(error: Error, socket: Socket): void {
  if (Reflect.get(error, 'code') === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const problem = problemOf(codeOf(Reflect.get(error, 'code')), 'the connection is closed')
  const body = JSON.stringify(problem)
  socket.end(`HTTP/1.1 ${problem.status} ${problem.title}\r\nConnection: close\r\nContent-Type: ${PROBLEM_TYPE}\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
}

function codeOf(code: unknown): string {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT': return 'REQUEST_TIMEOUT'
    case 'HPE_HEADER_OVERFLOW': return 'HEADERS_TOO_LARGE'
    default: return 'REQUEST_MALFORMED'
  }
}
