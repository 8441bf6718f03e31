// The command line in this process, over a fake node behind a real HTTP server.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { startApi } from '../../src/api/index.js'
import { systemClock, systemRandom } from '../../src/base/index.js'
import { runProgram } from '../../src/cli/program.js'
import { createShell } from '../../src/cli/shell.js'
import { createKeys, readOwnFile, silentLog, type StemeNode } from '../../src/node/index.js'

/** What a command left behind. */
export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A data directory with keys, and a node that its commands reach. */
export interface Bench {
  readonly directory: string
  /** Base URL of the node's HTTP interface. */
  readonly url: string
  path(name: string): string
  run(...words: readonly string[]): Promise<Ended>
  end(): Promise<void>
}

/** Makes a bench over a node. */
export async function createBench(node: StemeNode): Promise<Bench> {
  const directory = mkdtempSync(join(tmpdir(), 'stemedb-cli-'))
  await createKeys(directory, systemRandom)
  const token = (await readOwnFile(join(directory, 'api-token'))).trim()
  const api = await startApi({ port: 0, token }, { node, clock: systemClock, log: silentLog, version: '0' })
  return {
    directory,
    url: api.url,
    path: (name) => join(directory, name),
    run: (...words) => runWords(['--data-dir', directory, '--api', api.url, ...words]),
    async end() {
      await api.stop()
      rmSync(directory, { recursive: true, force: true })
    }
  }
}

/** Runs one command line; `signal` stands for the signals of the process. */
export async function runWords(words: readonly string[], signal?: AbortSignal): Promise<Ended> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const shell = createShell({
    stdout, stderr, signal: signal ?? new AbortController().signal, confirm: async () => false
  })
  const code = await runProgram(words, '1.2.3', shell)
  const text = (stream: PassThrough): string => (stream.read() as Buffer | null)?.toString() ?? ''
  return { code, stdout: text(stdout), stderr: text(stderr) }
}
