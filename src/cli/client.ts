// Client of a node's HTTP interface, as the commands use it.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { saysMissing } from '../base/index.js'
import { directoryPaths, loadConfig, readOwnFile } from '../node/index.js'
import { CliError } from './errors.js'
import { fileError } from './input-file.js'
import { directoryOf, namesDirectory, type Shell } from './shell.js'

/** File in a data directory with the base URL of the node that runs there. */
export const API_URL_FILE = 'api-url'

/** One node's HTTP interface. */
export interface ApiClient {
  readonly url: string
  /** The JSON of a GET. @throws CliError CLI_UNREACHABLE, CLI_REFUSED, CLI_ANSWER, CLI_INTERRUPTED */
  get<T>(path: string): Promise<T>
  /** The JSON of a POST with the token of the data directory; errors as `get`. */
  post<T>(path: string, body: object | Uint8Array, mediaType?: string): Promise<T>
  /** The JSON of a POST that only reads, without a token; errors as `get`. */
  ask<T>(path: string, body: object): Promise<T>
  /** The body of a GET as it comes; errors as `get`. */
  stream(path: string, accept: string): Promise<AsyncIterable<Uint8Array>>
}

const answerMsMax = 60_000

/** The client of the node that options, environment or the data directory name. */
export async function connect(shell: Shell): Promise<ApiClient> {
  const url = await apiUrl(shell)
  const request = (path: string, init: RequestInit): Promise<Response> => ask(shell, `${url}${path}`, init)
  return {
    url,
    get: async <T>(path: string) => readJson<T>(shell, await request(path, timed(shell, {}))),
    async post<T>(path: string, body: object | Uint8Array, mediaType: string = 'application/json') {
      const headers = { 'content-type': mediaType, authorization: `Bearer ${await token(shell)}` }
      const bytes = body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body)
      return readJson<T>(shell, await request(path, timed(shell, { method: 'POST', headers, body: bytes })))
    },
    async ask<T>(path: string, body: object) {
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
      return readJson<T>(shell, await request(path, timed(shell, init)))
    },
    async stream(path, accept) {
      const response = await request(path, { headers: { accept }, signal: shell.signal })
      if (response.body === null) throw answerError(response.url)
      return response.body
    }
  }
}

/**
 * `--api`, then STEMEDB_API, then the file of the node that runs on the data directory. Only where no
 * directory is named and the usual one holds no node, what the configuration says: another node's answers
 * must not pass for those of the one that was meant.
 */
async function apiUrl(shell: Shell): Promise<string> {
  const given = shell.options.api ?? shell.env['STEMEDB_API']
  if (given !== undefined) return given.replace(/\/+$/, '')
  const directory = directoryOf(shell)
  const noted = await readIfThere(join(directory, API_URL_FILE))
  if (noted !== undefined) return noted.trim()
  if (namesDirectory(shell) || await readIfThere(directoryPaths(directory).genesis) !== undefined) {
    const message = `no node runs on ${directory}: start it (stemedb start), or name another with --api`
    throw new CliError({ code: 'CLI_UNREACHABLE', url: directory }, message)
  }
  const { apiHost, apiPort } = await loadConfig({ dataDir: directory }, shell.env)
  return `http://${apiHost.includes(':') ? `[${apiHost}]` : apiHost}:${apiPort}`
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (saysMissing(cause)) return undefined
    throw fileError(path, cause)
  }
}

async function token(shell: Shell): Promise<string> {
  const given = shell.env['STEMEDB_TOKEN']
  return given ?? (await readOwnFile(directoryPaths(directoryOf(shell)).apiToken)).trim()
}

function timed(shell: Shell, init: RequestInit): RequestInit {
  return { ...init, signal: AbortSignal.any([shell.signal, AbortSignal.timeout(answerMsMax)]) }
}

async function ask(shell: Shell, url: string, init: RequestInit): Promise<Response> {
  let response: Response
  try {
    response = await fetch(url, init)
  } catch (cause) {
    throw connectionError(shell, url, cause)
  }
  if (response.ok || response.status === 503 && url.endsWith('/readyz')) return response
  const problem = await response.json().catch(() => ({})) as { code?: string; detail?: string }
  const code = problem.code ?? 'UNKNOWN'
  const detail = { code: 'CLI_REFUSED', problem: code, status: response.status } as const
  throw new CliError(detail, problem.detail ?? response.statusText)
}

async function readJson<T>(shell: Shell, response: Response): Promise<T> {
  try {
    return await response.json() as T
  } catch (cause) {
    if (shell.signal.aborted) throw connectionError(shell, response.url, cause)
    throw answerError(response.url)
  }
}

function connectionError(shell: Shell, url: string, cause: unknown): CliError {
  if (shell.signal.aborted) return new CliError({ code: 'CLI_INTERRUPTED' }, 'interrupted')
  const message = `no node answers at ${new URL(url).origin}: is it running? (stemedb start)`
  return new CliError({ code: 'CLI_UNREACHABLE', url }, message, { cause })
}

function answerError(url: string): CliError {
  return new CliError({ code: 'CLI_ANSWER', url }, `${url} gave no answer of a StemeDB node`)
}
