// Opening a node of a data directory: the directory is locked first, and given back with the node.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { systemRandom } from '../../src/base/index.js'
import {
  directoryPaths, initDirectory, loadConfig, lockDataDirectory, openNode, whileLocked, type NodeConfig
} from '../../src/node/index.js'

const root = mkdtempSync(join(tmpdir(), 'steme-open-'))
let directory = ''
let config: NodeConfig
let count = 0

beforeEach(async () => {
  directory = join(root, String(count++))
  await initDirectory(directory, { name: 'open', created: 1 }, { random: systemRandom })
  config = await loadConfig({ dataDir: directory, logLevel: 'silent', verifyWorkers: 0 }, {})
})
afterAll(() => rmSync(root, { recursive: true }))

const locked = (): object => ({ detail: { code: 'STORE_LOCKED', directory, holder: String(process.pid) } })

describe('opening a node', () => {
  it('locks the directory before the node is started, until it has stopped', async () => {
    const { node } = await openNode(config)
    await expect(openNode(config)).rejects.toMatchObject(locked())
    await node.stop()
    await node.stop()
    const { node: second } = await openNode(config)
    await second.stop()
  })

  it('gives the directory back when it cannot be read', async () => {
    writeFileSync(directoryPaths(directory).network, '')
    await expect(openNode(config)).rejects.toMatchObject({ code: 'NODE_FILE_INVALID' })
    await (await lockDataDirectory(directory)).release()
  })

  it('makes no lock where no node is', async () => {
    const empty = join(root, 'empty')
    await expect(lockDataDirectory(empty)).rejects.toMatchObject({ code: 'NODE_DIRECTORY_MISSING' })
  })
})

describe('work on a locked directory', () => {
  it('has it alone and gives it back, also when it fails', async () => {
    const failing = whileLocked(directory, async () => {
      await expect(lockDataDirectory(directory)).rejects.toMatchObject(locked())
      throw new Error('no luck')
    })
    await expect(failing).rejects.toThrow('no luck')
    expect(await whileLocked(directory, async () => 5)).toBe(5)
  })
})
