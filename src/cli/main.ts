#!/usr/bin/env node
// Entry point of the command line. The import of base comes first: it makes Node 20 fit for what follows.

import '../base/index.js'
import { createInterface } from 'node:readline/promises'
import { EXIT } from './errors.js'
import { runProgram } from './program.js'
import { createShell } from './shell.js'
import { programVersion } from './version.js'

const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    // Whoever asks twice does not want to wait.
    if (stop.signal.aborted) process.exit(EXIT.interrupted)
    stop.abort(name)
  })
}
// The reader of a pipe has gone: there is nobody to write for.
process.stdout.on('error', () => process.exit(EXIT.ok))

const shell = createShell({ stdout: process.stdout, stderr: process.stderr, signal: stop.signal, confirm })
const code = await runProgram(process.argv.slice(2), programVersion, shell)
await new Promise((resolve) => process.stdout.write('', resolve))
process.exit(code)

async function confirm(question: string): Promise<boolean> {
  if (process.stdin.isTTY !== true) return false
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question(`${question} [y/N] `, { signal: stop.signal })
  terminal.close()
  return /^y(es)?$/i.test(answer.trim())
}
