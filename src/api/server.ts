// The HTTP server of a node: binds, serves the application, and stops within its time.

import { assert, systemCode, systemText, wait } from '../base/index.js'
import { isLoopback } from './access.js'
import { createApp, type ApiDeps } from './app.js'
import { ApiError } from './errors.js'
import { API_DEFAULTS, type ApiOptions } from './options.js'

/** A running HTTP server. */
export interface ApiServer {
  /** Base URL that reaches it, such as `http://127.0.0.1:8470`. */
  readonly url: string
  /** Takes no more requests, ends event streams, lets open requests finish up to `stopMsMax`. */
  stop(): Promise<void>
}

/**
 * Starts the HTTP server of a node.
 * @param options what differs from `API_DEFAULTS`; the token is needed
 * @throws ApiError API_PUBLIC_BIND, API_TOKEN_SHORT, API_ADDRESS
 */
export async function startApi(
  options: Partial<ApiOptions> & Pick<ApiOptions, 'token'>, deps: ApiDeps
): Promise<ApiServer> {
  const checked: ApiOptions = { ...API_DEFAULTS, ...options }
  const { host, port } = checked
  if (!isLoopback(host) && !checked.publicBind) {
    throw new ApiError({ code: 'API_PUBLIC_BIND', host }, `${host} is reachable from outside: allow it explicitly`)
  }
  const { app, streams } = await createApp(checked, deps)
  app.server.maxConnections = checked.connectionsMax
  try {
    await app.listen({ host, port })
  } catch (cause) {
    await app.close()
    throw addressError(`${host}:${port}`, cause)
  }
  let stopping: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    streams.close()
    const closed = app.close()
    const late = new AbortController()
    void wait(deps.clock, checked.stopMsMax, late.signal).then(() => app.server.closeAllConnections())
    await closed
    late.abort()
  }
  const [bound] = app.addresses()
  assert(typeof bound === 'object', 'bound to a TCP port')
  return { url: urlOf(host, bound.port), stop: () => stopping ??= stop() }
}

const hints: Readonly<Record<string, string>> = {
  EADDRINUSE: '; give another port with --api-port',
  EACCES: '; ports below 1024 are reserved for the system: give another one with --api-port'
}

function addressError(address: string, cause: unknown): ApiError {
  const reason = systemCode(cause) ?? 'unknown'
  const text = `cannot listen on ${address}: ${systemText(cause)}${hints[reason] ?? ''}`
  return new ApiError({ code: 'API_ADDRESS', address, reason }, text, { cause })
}

/** Names an address to connect to: a wildcard bind is reached through loopback. */
function urlOf(host: string, port: number): string {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}
