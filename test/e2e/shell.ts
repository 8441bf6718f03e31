// The built program as a user runs it: one process a command, data directories in a temporary place.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ProcessNode } from '../../scripts/cluster/process-node.js'
import { startNode } from '../../scripts/cluster/process-node.js'

const program = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))

/** What a command left behind. */
export interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/** A running command. */
export interface Running {
  readonly ended: Promise<Ended>
  kill(signal: NodeJS.Signals): void
  /** Resolves when stderr holds the text; rejects when the command ends before. */
  saw(text: string): Promise<void>
}

/** A temporary place with its nodes; `end` stops and removes all. */
export interface Stage {
  path(name: string): string
  /** Runs a command to its end. */
  run(...words: readonly string[]): Promise<Ended>
  /** Runs a command that must succeed and gives its JSON. */
  json<T>(...words: readonly string[]): Promise<T>
  spawn(...words: readonly string[]): Running
  start(name: string, ...words: readonly string[]): Promise<ProcessNode>
  end(): Promise<void>
}

/** Makes a stage. */
export function createStage(): Stage {
  const directory = mkdtempSync(join(tmpdir(), 'stemedb-e2e-'))
  const nodes: ProcessNode[] = []
  const stage: Stage = {
    path: (name) => join(directory, name),
    spawn: (...words) => spawnProgram(words),
    run: (...words) => spawnProgram(words).ended,
    async json<T>(...words: readonly string[]) {
      const { code, stdout, stderr } = await stage.run('--json', ...words)
      if (code !== 0) throw new Error(`stemedb ${words.join(' ').slice(0, 200)} ended with ${code}: ${stderr}`)
      return JSON.parse(stdout) as T
    },
    async start(name, ...words) {
      const node = await startNode(name, join(directory, name), words.length > 0 ? { words } : {})
      nodes.push(node)
      return node
    },
    async end() {
      for (const node of nodes) await node.kill('SIGKILL')
      rmSync(directory, { recursive: true, force: true })
    }
  }
  return stage
}

function spawnProgram(words: readonly string[]): Running {
  const env = { ...process.env, NO_COLOR: '1', HOME: tmpdir() }
  const child = spawn(process.execPath, [program, ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  let heard = (): void => undefined
  child.stdout.on('data', (chunk: Buffer) => { stdout += chunk.toString() })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
    heard()
  })
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
  return {
    ended,
    kill: (signal) => void child.kill(signal),
    saw: (text) => new Promise((resolve, reject) => {
      heard = () => {
        if (stderr.includes(text)) resolve()
      }
      heard()
      void ended.then(() => reject(new Error(`ended without saying ${text}: ${stderr}`)))
    })
  }
}
