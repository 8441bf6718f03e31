// A node in a process of its own, driven as a user would: through the command line and HTTP.

import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

// The built program, seen from the build output as from the sources (tests).
const fromSources = !import.meta.url.includes('/dist/')
const BUILT = new URL(fromSources ? '../../dist/' : '../../', import.meta.url)
const CLI = fileURLToPath(new URL('src/cli/main.js', BUILT))
// A profile of a benchmark (node --cpu-prof dist/scripts/bench/main.js …) is one of its node processes too.
const PROFILE = process.execArgv.filter((flag) => flag.startsWith('--cpu-prof'))
const RECORDS_PER_CALL = 1_000
const BUSY_PAUSE_MS = 25
const POLL_MS = 25
const READERS = 8

/** What `/v1/state` answers, as far as scripts read it. */
export interface State {
  readonly frontier_root: string
  readonly records: number
  readonly blocks: number
  readonly unsealed: number
  readonly dirty_marks: number
  /** Feeds that stand on two blocks of one number; none among honest nodes. */
  readonly forks: number
  readonly tag?: StateTag | null
}

/** The signed tag; all but `signed` is equal on converged nodes of one version. */
export interface StateTag {
  readonly tag_version: number
  readonly frontier_root: string
  readonly records: number
  readonly schema_version: number
  readonly view_version: number
  readonly trust_digest: string
  readonly view_digest: string
  readonly signed: string
}

/** A node process. */
export interface ProcessNode {
  readonly name: string
  readonly directory: string
  readonly api: string
  readonly addresses: readonly string[]
  readonly pid: number
  /** What a join said it took; 0 for a node that did not join. */
  readonly joinSeconds: number
  get<T>(path: string): Promise<T>
  post<T>(path: string, body: unknown): Promise<T>
  /** Posts a CBOR sequence. */
  put<T>(path: string, sequence: Uint8Array): Promise<T>
  /** Sends signed records, waiting while the node is busy; resolves when all are durable. */
  send(records: readonly Uint8Array[]): Promise<void>
  state(): Promise<State>
  /** Ends the process with the signal and waits for its end. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

/** Path of a built script, named below scripts. */
export function builtScript(path: string): string {
  return fileURLToPath(new URL(`scripts/${path}`, BUILT))
}

/** Runs one command of the CLI to its end and gives its standard output. */
export async function runCli(...words: readonly string[]): Promise<string> {
  const given = [...PROFILE, CLI, ...words]
  const { stdout } = await promisify(execFile)(process.execPath, given, { maxBuffer: 67_108_864 })
  return stdout.trim()
}

/** How a node process is started. */
export interface LaunchOptions {
  /** The command and its options; default `start`. */
  readonly words?: readonly string[]
  readonly showLog?: boolean
  /** Put before the program: runs it elsewhere. It must become the program, as `ip netns exec` does. */
  readonly launcher?: readonly string[]
  /** Multiaddr to listen on, and host of the HTTP interface; default loopback, any free port. */
  readonly listen?: string
  readonly apiHost?: string
  /** Multiaddr that its peers are told in place of the one it listens on: that of a relay in front of it. */
  readonly announce?: string
  /** Flags of V8, such as `--max-semi-space-size=4`. */
  readonly v8?: readonly string[]
  /** Told of the process before it is up: whoever gives up meanwhile must end it. */
  readonly onSpawn?: (child: ChildProcess) => void
}

/** Starts a node, on loopback and with free ports unless told otherwise, and resolves once it is up. */
export async function startNode(
  name: string,
  directory: string,
  options: LaunchOptions = {}
): Promise<ProcessNode> {
  const { launcher = [], listen = '/ip4/127.0.0.1/tcp/0', apiHost, announce, v8 = [] } = options
  const words = ['--data-dir', directory, '--json', ...(options.words ?? ['start'])]
  const places = ['--api-port', '0', '--listen', listen, '--log-level', 'warn']
  const open = apiHost === undefined ? [] : ['--api-host', apiHost, '--api-public']
  const given = [...launcher, process.execPath, ...PROFILE, ...v8, CLI, ...words, ...places, ...open]
  const child = spawn(given[0] ?? process.execPath, given.slice(1), {
    stdio: ['ignore', 'pipe', options.showLog === true ? 'inherit' : 'pipe'],
    env: announce === undefined ? process.env : { ...process.env, STEMEDB_P2P_ANNOUNCE: announce }
  })
  options.onSpawn?.(child)
  const started = await announcement(name, child)
  const token = (await readFile(join(directory, 'api-token'), 'utf8')).trim()
  return createClient(name, directory, started, token, child)
}

interface Announcement {
  readonly api: string
  readonly addresses: readonly string[]
  /** Of `join --start`: seconds from the first dial until nothing was left to fetch. */
  readonly joinSeconds?: number
}

/** The line with which a node says that it is up. */
function announcement(name: string, child: ChildProcess): Promise<Announcement> {
  return new Promise((resolve, reject) => {
    let errors = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-8_000)
    })
    child.once('exit', (code) => reject(new Error(`node ${name} ended with ${code} before it was up\n${errors}`)))
    if (child.stdout === null) return
    let joinSeconds = 0
    createInterface({ input: child.stdout }).on('line', (line) => {
      const value = JSON.parse(line) as Partial<Announcement> & { readonly seconds?: number }
      joinSeconds = value.seconds ?? joinSeconds
      const { api, addresses } = value
      if (api !== undefined && addresses !== undefined) resolve({ api, addresses, joinSeconds })
    })
  })
}

function createClient(
  name: string,
  directory: string,
  started: Announcement,
  token: string,
  child: ChildProcess
): ProcessNode {
  const { api, addresses, joinSeconds = 0 } = started
  async function request<T>(path: string, init?: RequestInit): Promise<T> {
    const response = await fetch(`${api}${path}`, init)
    const text = await response.text()
    if (!response.ok) throw new Error(`${name} ${path}: ${response.status} ${text.slice(0, 400)}`)
    return JSON.parse(text) as T
  }
  const authorization = `Bearer ${token}`

  async function sendBatch(records: readonly Uint8Array[]): Promise<void> {
    let left = records
    while (left.length > 0) {
      const response = await fetch(`${api}/v1/records`, {
        method: 'POST',
        headers: { 'content-type': 'application/cbor-seq', authorization },
        body: Buffer.concat(left)
      })
      if (response.status === 503) {
        await response.arrayBuffer()
        await pause(BUSY_PAUSE_MS)
        continue
      }
      if (!response.ok) throw new Error(`${name} refused records: ${response.status} ${await response.text()}`)
      const { results } = await response.json() as { results: readonly { status: number; code?: string }[] }
      const bad = results.find(({ status }) => status >= 400 && status !== 503)
      if (bad !== undefined) throw new Error(`${name} refused a record: ${bad.code ?? bad.status}`)
      left = left.filter((_, index) => results[index]?.status === 503)
      if (left.length > 0) await pause(BUSY_PAUSE_MS)
    }
  }

  return {
    name, directory, api, addresses, joinSeconds,
    pid: child.pid ?? 0,
    get: (path) => request(path),
    post: (path, body) => request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization },
      body: JSON.stringify(body)
    }),
    put: (path, sequence) => request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/cbor-seq', authorization },
      body: Buffer.from(sequence)
    }),
    async send(records) {
      for (let at = 0; at < records.length; at += RECORDS_PER_CALL) {
        await sendBatch(records.slice(at, at + RECORDS_PER_CALL))
      }
    },
    state: () => request<State>('/v1/state'),
    kill: (signal) => endProcess(child, signal)
  }
}

/** Ends a process with the signal and waits for its end. */
export function endProcess(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('exit', () => resolve())
    child.kill(signal)
  })
}

/** Resolves after `ms`. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Polls until the condition holds. @throws Error after `limitMs` */
export async function waitFor(what: string, limitMs: number, holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + limitMs
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${limitMs / 1_000} s`)
    await pause(POLL_MS)
  }
}

/** What has to be equal on all nodes; undefined while work is left, or when a feed forked. */
export function comparable({ tag, unsealed, forks }: State): string | undefined {
  if (tag === undefined || tag === null || unsealed !== 0 || forks !== 0) return undefined
  const rest = Object.entries(tag).filter(([name]) => name !== 'signed')
  return JSON.stringify(rest.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** True when all nodes have done their work and hold and answer the same, without a fork. */
export function areEqual(states: readonly State[]): boolean {
  const [first, ...others] = states.map(comparable)
  return first !== undefined && others.every((text) => text === first)
}

/** Those of the ids that a node does not give, in no order. */
export async function missingRecords(api: string, ids: readonly string[]): Promise<readonly string[]> {
  const missing: string[] = []
  const queue = ids.values()
  await Promise.all(Array.from({ length: READERS }, async () => {
    for (const id of queue) {
      const response = await fetch(`${api}/v1/assertions/${id}`)
      await response.arrayBuffer()
      if (response.status !== 200) missing.push(id)
    }
  }))
  return missing
}

/** Waits until all nodes have equal tags over at least so many records, and gives their states. */
export async function waitForEqualTags(
  nodes: readonly ProcessNode[], limitMs: number, records = 0
): Promise<readonly State[]> {
  let states: readonly State[] = []
  await waitFor('equal state tags', limitMs, async () => {
    states = await Promise.all(nodes.map((node) => node.state()))
    return areEqual(states) && states.every(({ tag }) => (tag?.records ?? 0) >= records)
  }).catch((error: unknown) => {
    throw new Error(`state tags differ: ${JSON.stringify(states)}`, { cause: error })
  })
  return states
}
