// A sound directory whose index leaves out what lies ahead of the clock is told as sound.

import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock, type Clock } from '../../src/base/index.js'
import { createShell } from '../../src/cli/shell.js'
import { verifyDirectory, type VerifyReport } from '../../src/cli/verify-directory.js'
import { isLeftOut } from '../../src/cli/verify-index.js'
import { decodeBlock, type BlockHeader } from '../../src/dag/index.js'
import { readDirectory, type StemeNode } from '../../src/node/index.js'
import { alice, createPlace, nodeAt, says, type Place } from './directory-kit.js'
import { runWords } from './harness.js'

const hour = 3_600_000
const ahead: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + hour }

let place: Place
let count = 0

beforeAll(async () => {
  const made = await createPlace(2, 5)
  place = made.place
  count = made.ids.length
})
afterAll(() => place.end())

interface Sealed {
  readonly header: BlockHeader
  readonly sealedAtMs: number
}

async function blocksOf(node: StemeNode): Promise<readonly Sealed[]> {
  const found: Sealed[] = []
  for await (const { bytes } of node.blocks()) {
    const decoded = decodeBlock(bytes)
    if (decoded.kind !== 'ok') continue
    const { header } = decoded.block
    found.push({ header, sealedAtMs: header.sealedAtMs })
  }
  return found
}

/** A directory whose clock ran an hour ahead for two blocks; gives when the first of them was sealed. */
async function sealedAhead(): Promise<{ readonly directory: string; readonly sealedAtMs: number }> {
  const directory = place.copy()
  const { networkId } = (await readDirectory(directory)).opened
  const node = await nodeAt(directory, ahead)
  for (const index of [100, 101]) {
    await node.admit([says(networkId, index).bytes])
    await node.settled()
  }
  const late = (await blocksOf(node)).map(({ sealedAtMs }) => sealedAtMs)
    .filter((sealedAtMs) => sealedAtMs > systemClock.nowMs() + hour / 2)
  expect(late).toHaveLength(2)
  await node.stop()
  return { directory, sealedAtMs: Math.min(...late) }
}

/** A life with the clock corrected: the index is made anew. */
async function corrected(directory: string): Promise<void> {
  const node = await nodeAt(directory)
  await node.settled()
  expect((await node.state()).records).toBe(count + 2)
  await node.stop()
}

function verifyAt(directory: string, nowMs: number): Promise<VerifyReport> {
  const shell = createShell({
    stdout: new PassThrough(), stderr: new PassThrough(), signal: new AbortController().signal,
    confirm: async () => false
  })
  return verifyDirectory({ ...shell, clock: { ...systemClock, nowMs: () => nowMs } }, directory)
}

describe('verify', () => {
  it('counts own blocks that the index leaves out until their time, and finds nothing wrong', async () => {
    const { directory, sealedAtMs } = await sealedAhead()
    await corrected(directory)
    const { code, stdout, stderr } = await runWords(['--json', '--data-dir', directory, 'verify'])
    expect([code, stderr]).toEqual([0, ''])
    expect(JSON.parse(stdout)).toMatchObject({ sound: true, leftOut: 2, records: count + 2, faults: [] })
    const human = await runWords(['--data-dir', directory, 'verify'])
    expect(human.stdout).toMatch(/^left out +2, until their time$/m)
    expect(await verifyAt(directory, sealedAtMs - 300_001)).toMatchObject({ leftOut: 2, faults: [] })
    const { faults } = await verifyAt(directory, sealedAtMs - 300_000)
    expect(faults).toContainEqual(expect.stringMatching(/^block [0-9a-f]{64} is not in the index$/))
  })

  it('counts none that the index holds, and checks them', async () => {
    const { directory } = await sealedAhead()
    const { stdout } = await runWords(['--json', '--data-dir', directory, 'verify'])
    expect(JSON.parse(stdout)).toMatchObject({ sound: true, leftOut: 0, records: count + 2 })
    expect((await runWords(['--data-dir', directory, 'verify'])).stdout).not.toContain('left out')
  })

  it('takes no block of another node as left out, which a replay admits however far ahead it lies', async () => {
    const { directory } = await sealedAhead()
    const { nodeKey } = await readDirectory(directory)
    const node = await nodeAt(directory, ahead)
    const { header, sealedAtMs } = (await blocksOf(node)).at(-1) ?? {}
    await node.stop()
    if (header === undefined || sealedAtMs === undefined) throw new Error('the node has no block')
    const empty = { get: () => undefined }
    expect(isLeftOut(empty, { header }, nodeKey.signer.publicKey, sealedAtMs - 300_001)).toBe(true)
    expect(isLeftOut(empty, { header }, alice.publicKey, sealedAtMs - 300_001)).toBe(false)
  })
})
