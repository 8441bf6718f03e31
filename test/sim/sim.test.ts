// The simulator as it is run: fifty seeds without a failure, and one seed that is the same every time.

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { drawFaults } from './faults.js'
import { drawOptions } from './options.js'
import { writeReplay } from './replay.js'

function sim(...args: readonly string[]): Promise<{ readonly code: number; readonly out: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['dist/scripts/sim.js', ...args], { maxBuffer: 1 << 26 }, (error, out, errors) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), out: out + errors })
    })
  })
}

function hashesIn(out: string): readonly string[] {
  return out.match(/^[0-9a-f]{64}$/gm) ?? []
}

describe('simulation', () => {
  it('breaks no invariant in fifty seeds', async () => {
    const { code, out } = await sim('--seeds', '1..50', '--jobs', '2')
    expect(code, out).toBe(0)
    expect(out).toContain('50 passed, 0 failed')
  })

  it('takes the same way for the same seed, in one process and in another, and from a replay file', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'stemedb-sim-'))
    try {
      const path = join(directory, 'replay.json')
      const options = drawOptions(7)
      writeReplay(path, { options, faults: drawFaults(options) })
      const runs = await Promise.all([sim('--seed', '7', '--trace'), sim('--replay', path, '--trace')])
      const hashes = runs.flatMap(({ out }) => hashesIn(out))
      expect(hashes).toHaveLength(4)
      expect(new Set(hashes).size).toBe(1)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  it('refuses a command line that is none', async () => {
    for (const args of [[], ['--seed', 'x'], ['--seeds', '9..3'], ['--seed', '1', '--seeds', '1..2']]) {
      expect((await sim(...args)).code).toBe(2)
    }
  })
})
