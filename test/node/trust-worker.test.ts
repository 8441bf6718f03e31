// Trust in a real worker thread, from the built product: a worker is a file of its own and needs its
// JavaScript beside it. `npm test` and `npm run check` build before they test.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { systemRandom } from '../../src/base/index.js'
import type * as NodeFolder from '../../src/node/index.js'
import { buildAssertion, createSigner, seedFromName } from '../../src/record/index.js'

const built = new URL('../../dist/src/node/index.js', import.meta.url)
let folder: typeof NodeFolder
let directory: string
let node: NodeFolder.StemeNode
const threads: Worker[] = []
const remember = (worker: Worker): void => void threads.push(worker)

beforeAll(async () => {
  folder = await import(built.href) as typeof NodeFolder
})

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stemedb-trust-'))
  await folder.initDirectory(directory, { name: 'trust', created: 0 }, { random: systemRandom })
  threads.length = 0
  process.on('worker', remember)
})

afterEach(async () => {
  process.off('worker', remember)
  await node.stop()
  await rm(directory, { recursive: true, force: true })
})

async function open(trustWorkers: 0 | 1): Promise<void> {
  const flags = { dataDir: directory, p2pListen: [], logLevel: 'silent', verifyWorkers: 0, trustWorkers }
  node = (await folder.openNode(await folder.loadConfig(flags, {}), 'serving')).node
  await node.start()
}

async function say(from: number, to: number): Promise<void> {
  const records: Uint8Array[] = []
  for (let fact = from; fact < to; fact += 1) {
    for (const by of ['ann', 'bob', 'cid']) {
      const object = by === 'cid' ? `lie ${fact}` : 'true'
      const fields = { timestampMs: fact, subject: `fact ${fact}`, predicate: 'is', object }
      records.push(buildAssertion(fields, createSigner(seedFromName(by)), node.networkId))
    }
  }
  await node.admit(records)
}

async function digest(): Promise<string | undefined> {
  await node.settled()
  return (await node.state()).tag?.trustDigest
}

describe('a trust worker', () => {
  it('publishes what the main thread would, and its end costs a restart, never a wrong value', async () => {
    await open(1)
    await say(0, 5)
    const first = await digest()
    expect(first).toBeDefined()
    expect(threads).toHaveLength(1)
    await threads[0]?.terminate()
    await say(5, 10)
    const second = await digest()
    expect(second).not.toBe(first)
    expect(threads).toHaveLength(2)
    expect(node.stats()['trust_restarts_total']).toBe(1)
    await node.stop()
    threads.length = 0
    await open(0)
    expect(await digest()).toBe(second)
    expect(threads).toHaveLength(0)
  })
})
