// What a small file's writer promised is on disk: its bytes, and the name that leads to them.

import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createKeys } from '../../src/node/index.js'
import { writeOwnFile } from '../../src/node/key-file.js'
import { replaceFile } from '../../src/node/whole-file.js'
import { seededRandom } from '../fakes/seeded-random.js'

const root = mkdtempSync(join(tmpdir(), 'steme-whole-'))
const steps: string[] = []
let restore = (): void => undefined

// The real files, with a note of what each sync is of; Linux tells a handle's path.
beforeAll(async () => {
  const handle = await open(root, 'r')
  const prototype = Object.getPrototypeOf(handle) as FileHandle
  await handle.close()
  const { sync } = prototype
  prototype.sync = function (this: FileHandle): Promise<void> {
    steps.push(readlinkSync(`/proc/self/fd/${this.fd}`))
    return sync.call(this)
  }
  restore = () => {
    prototype.sync = sync
  }
})
beforeEach(() => void steps.splice(0))
afterAll(() => {
  restore()
  rmSync(root, { recursive: true })
})

describe.runIf(process.platform === 'linux')('a small file', () => {
  it('that is replaced is synced, and then the directory that got its name', async () => {
    const path = join(root, 'network.json')
    await replaceFile(path, 'one')
    await replaceFile(path, 'two')
    expect(readFileSync(path, 'utf8')).toBe('two')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(steps).toEqual([`${path}.tmp`, root, `${path}.tmp`, root])
  })

  it('that is new is synced, and its name is synced too', async () => {
    const path = join(root, 'api-token')
    await writeOwnFile(path, 'token')
    expect(steps).toEqual([path, root])
  })

  it('stands in a directory whose own name is synced, and those above it that were made with it', async () => {
    const directory = join(root, 'new', 'node')
    await createKeys(directory, seededRandom(1))
    expect(steps.slice(0, 2)).toEqual([dirname(directory), root])
  })
})
