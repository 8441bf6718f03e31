// Completion follows the commands: what the program takes is offered, and nothing else.

import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runWords } from './harness.js'

async function complete(...words: readonly string[]): Promise<readonly string[]> {
  const { code, stdout, stderr } = await runWords(['__complete', '--', ...words])
  expect([code, stderr]).toEqual([0, ''])
  return stdout.split('\n').filter((line) => line !== '')
}

const wordsOf = async (...words: readonly string[]): Promise<readonly string[]> =>
  (await complete(...words)).map((line) => line.split('\t')[0] ?? '')

describe('completion', () => {
  it('offers every command, with what it is for, and not itself', async () => {
    const offered = await complete('')
    expect(offered).toContain('verify\tcheck a data directory offline')
    const words = await wordsOf('')
    for (const word of ['init', 'start', 'join', 'assert', 'get', 'import', 'repair', 'rebuild', 'doctor', 'completion']) {
      expect(words).toContain(word)
    }
    expect(words).not.toContain('__complete')
    expect(await wordsOf('re')).toEqual(['repair', 'rebuild'])
  })

  it('offers the options of a command and the global ones', async () => {
    expect(await wordsOf('import', '--')).toEqual(expect.arrayContaining(['--format', '--strict', '--json', '--data-dir']))
    expect(await wordsOf('--json', 'vote', '--w')).toEqual(['--weight'])
    expect(await wordsOf('--d')).toEqual(['--data-dir'])
  })

  it('offers the choices of an option and of an argument', async () => {
    expect(await wordsOf('import', 'file', '--format', '')).toEqual(['claims', 'records'])
    expect(await wordsOf('--data-dir', 'init', 'import', '--format', 'r')).toEqual(['records'])
    expect(await wordsOf('completion', '')).toEqual(['bash', 'zsh', 'fish'])
    expect(await wordsOf('completion', 'bash', '')).toEqual([])
  })

  it('offers nothing where a text of one\'s own is expected', async () => {
    expect(await complete('import', '')).toEqual([])
    expect(await complete('--data-dir', '')).toEqual([])
    expect(await complete('nonsense', '')).toEqual([])
  })

  it('is a script for three shells, and a usage error for others', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      expect((await runWords(['completion', shell])).stdout).toContain('stemedb __complete -- ')
    }
    expect((await runWords(['completion', 'cmd'])).code).toBe(2)
    expect((await runWords(['completion'])).code).toBe(2)
  })

  it('works in bash', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'stemedb-completion-'))
    const program = join(directory, 'stemedb')
    writeFileSync(program, '#!/bin/sh\nshift 2\nprintf "%s\\tabout\\n" "got:$*" second\n')
    chmodSync(program, 0o755)
    const { stdout: script } = await runWords(['completion', 'bash'])
    const body = `${script}\nCOMP_WORDS=(stemedb import --format ''); COMP_CWORD=3; _stemedb; printf '%s|' "\${COMPREPLY[@]}"`
    const env = { ...process.env, PATH: `${directory}:${process.env['PATH'] ?? ''}` }
    const run = spawnSync('bash', ['-c', body], { env, encoding: 'utf8' })
    rmSync(directory, { recursive: true })
    expect([run.stderr, run.stdout]).toEqual(['', 'got:import --format |second|'])
  })
})
