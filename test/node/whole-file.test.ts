// What a small file's writer promised is on disk: its bytes, and the name that leads to them.

import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import type * as files from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { createKeys } from '../../src/node/index.js'
import { writeOwnFile } from '../../src/node/key-file.js'
import { replaceFile } from '../../src/node/whole-file.js'
import { seededRandom } from '../fakes/seeded-random.js'

const steps: string[] = []

// The real files, with a note of each sync and rename in their order.
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof files>()
  return {
    ...real,
    async open(path: string, ...rest: [string, number?]) {
      const file = await real.open(path, ...rest)
      const { sync } = file
      file.sync = async () => {
        steps.push(`sync ${path}`)
        await sync.call(file)
      }
      return file
    },
    async rename(from: string, to: string) {
      steps.push(`rename ${to}`)
      await real.rename(from, to)
    }
  }
})

const root = mkdtempSync(join(tmpdir(), 'steme-whole-'))
afterEach(() => void steps.splice(0))
afterAll(() => rmSync(root, { recursive: true }))

describe('a small file', () => {
  it('that is replaced is synced, renamed, and its name is synced too', async () => {
    const path = join(root, 'network.json')
    await replaceFile(path, 'one')
    await replaceFile(path, 'two')
    expect(readFileSync(path, 'utf8')).toBe('two')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(steps.slice(0, 3)).toEqual([`sync ${path}.tmp`, `rename ${path}`, `sync ${root}`])
    expect(steps).toHaveLength(6)
  })

  it('that is new is synced, and its name is synced too', async () => {
    const path = join(root, 'api-token')
    await writeOwnFile(path, 'token')
    expect(steps).toEqual([`sync ${path}`, `sync ${root}`])
  })

  it('stands in a directory whose own name is synced, and those above it that were made with it', async () => {
    const directory = join(root, 'new', 'node')
    await createKeys(directory, seededRandom(1))
    expect(steps.slice(0, 2)).toEqual([`sync ${dirname(directory)}`, `sync ${root}`])
  })
})
