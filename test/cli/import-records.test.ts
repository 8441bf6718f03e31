// Blocks and records of another network are void here, and the import says so plainly.

import { writeFileSync } from 'node:fs'
import { CarWriter } from '@ipld/car'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { blake3Hash } from '../../src/base/index.js'
import { writeCar } from '../../src/cli/car-file.js'
import { encodeBlock, sealBlock } from '../../src/dag/index.js'
import { createGenesis } from '../../src/p2p/index.js'
import { buildAssertion, cidOf, createSigner } from '../../src/record/index.js'
import type { StemeNode } from '../../src/node/index.js'
import { createFakeNode, fakeAgent, fakeGenesis } from '../fakes/fake-node.js'
import { createBench, type Bench, type Ended } from './harness.js'

type Outcome = Awaited<ReturnType<StemeNode['admitBlock']>>

const other = createGenesis({ name: 'other', created: 1, governors: [fakeAgent.publicKey] })
const signer = createSigner(new Uint8Array(32).fill(9))
let bench: Bench
let outcome: Outcome
let sent = 0

beforeEach(async () => {
  outcome = 'accepted'
  sent = 0
  bench = await createBench(createFakeNode({
    async admitBlock() {
      sent += 1
      return outcome
    }
  }))
})
afterEach(() => bench.end())

function recordOf(networkId = other.networkId, subject = 's'): Uint8Array {
  return buildAssertion({ timestampMs: 1, subject, predicate: 'p', object: 1 }, fakeAgent, networkId)
}

function block(): Uint8Array {
  const bytes = recordOf()
  const fields = { incarnation: '00'.repeat(8), seq: 1, parents: [], sealedAtMs: 5, ext: new Uint8Array() }
  const sealed = sealBlock(fields, [{ id: blake3Hash(bytes), bytes }], signer, other.networkId)
  return encodeBlock(sealed.header, sealed.records)
}

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}

/** A file as the export of a network writes it. */
async function exported(genesis: Uint8Array): Promise<string> {
  const path = bench.path('export.car')
  async function* blocks(): AsyncGenerator<Uint8Array> {
    yield block()
  }
  writeFileSync(path, await bytesOf(writeCar({ genesis, roots: [], blocks: blocks() }, () => undefined)))
  return path
}

/** A file of records alone, without a word on their network. */
async function loose(records: readonly Uint8Array[]): Promise<string> {
  const path = bench.path('loose.car')
  const { writer, out } = CarWriter.create([])
  const written = bytesOf(out)
  for (const bytes of records) await writer.put({ cid: cidOf(blake3Hash(bytes)), bytes })
  await writer.close()
  writeFileSync(path, await written)
  return path
}

const linesOf = (text: string): unknown[] =>
  text.trimEnd().split('\n').map((line) => JSON.parse(line) as unknown)

const importing = (path: string): Promise<Ended> => bench.run('--json', 'import', path, '--format', 'records')

describe('import of records', () => {
  it('of this network counts what became of the blocks', async () => {
    const ended = await importing(await exported(fakeGenesis.bytes))
    expect([ended.code, ended.stderr]).toEqual([0, ''])
    expect(JSON.parse(ended.stdout)).toMatchObject({ blocks: { accepted: 1, refused: 0 } })
  })

  it('of another network ends 1 and names both, before anything is sent', async () => {
    const ended = await importing(await exported(other.bytes))
    expect([ended.code, ended.stdout, sent]).toEqual([1, '', 0])
    const { error } = JSON.parse(ended.stderr) as { error: { code: string; message: string } }
    expect(error.code).toBe('CLI_OTHER_NETWORK')
    expect(error.message).toContain(`is of network ${other.networkId}; `)
    expect(error.message).toContain(`the node belongs to network ${fakeGenesis.networkId}`)
  })

  it('of another network that does not name it ends 1 when no signature holds', async () => {
    const records = Array.from({ length: 12 }, (_, i) => recordOf(other.networkId, `${i}`))
    const ended = await importing(await loose(records))
    expect([ended.code, ended.stdout]).toEqual([1, ''])
    expect(ended.stderr).toContain('another network: no signature in it holds here')
    expect(ended.stderr.match(/was refused: RECORD_SIGNATURE/g)).toHaveLength(10)
    expect(ended.stderr).toContain('and 2 more were refused')
  })

  it('goes on when some of it holds here, and reports the rest', async () => {
    const path = await loose([recordOf(), recordOf(fakeGenesis.networkId)])
    const ended = await importing(path)
    expect(ended.code).toBe(1)
    expect(JSON.parse(ended.stdout)).toMatchObject({ admitted: 1, refused: 1 })
    expect(linesOf(ended.stderr)).toEqual([
      { note: 'record 1 was refused: RECORD_SIGNATURE (signature)' },
      { error: { code: 'CLI_SKIPPED', message: 'the node refused 1 record; the rest is imported' } }
    ])
    const plain = await bench.run('import', path, '--format', 'records')
    expect([plain.code, plain.stdout]).toEqual([1, expect.stringMatching(/refused +1$/m)])
    expect(plain.stderr).toBe('record 1 was refused: RECORD_SIGNATURE (signature)\n' +
      'stemedb: the node refused 1 record; the rest is imported (CLI_SKIPPED)\n')
  })

  it('reports a block that is refused for another reason, which is no other network', async () => {
    outcome = { refused: 'feed-work' }
    const ended = await importing(await exported(fakeGenesis.bytes))
    expect([ended.code, JSON.parse(ended.stdout)]).toMatchObject([1, { blocks: { accepted: 0, refused: 1 } }])
    expect(linesOf(ended.stderr)).toEqual([
      { note: 'a block was refused: feed-work' },
      { error: { code: 'CLI_SKIPPED', message: 'the node refused 1 block; the rest is imported' } }
    ])
    outcome = { refused: 'block-signature' }
    expect((await importing(await exported(fakeGenesis.bytes))).stderr).toContain('CLI_OTHER_NETWORK')
  })
})
