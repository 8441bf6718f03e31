// Peers that are a burden: blocks too large to gossip, a peer that stands still.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { blake3Hash } from '../../src/base/index.js'
import { encodeAnnouncement, encodeBlock, sealBlock, type Block } from '../../src/dag/index.js'
import { NETWORK_LIMITS } from '../../src/p2p/index.js'
import { createSigner, encodeCanonical } from '../../src/record/index.js'
import { hostileSeed, type Federation } from '../../scripts/cluster/federation.js'
import { waitFor, waitForEqualTags, type ProcessNode } from '../../scripts/cluster/process-node.js'
import { startChain, type Chain } from './chain.js'
import {
  addressOf, median, memoryMibOf, metricOf, waitForGossip, waitForRecords, watchMetric
} from './observe.js'

const { gossipQueueBytesMax, payloadBytesMax } = NETWORK_LIMITS

let chain: Chain
let federation: Federation
let middle: ProcessNode
let left: ProcessNode
let right: ProcessNode
let peers: readonly string[]

beforeAll(async () => {
  chain = await startChain('burden')
  ;({ federation, middle, left, right, peers } = chain)
})

afterAll(() => chain.federation.end())

/** A valid block of about 200 KiB, sealed by a key of its own. */
function largeBlock(name: string): Block {
  const records = Array.from({ length: 16 }, (_, i) => federation.record(`${name} ${i} `.padEnd(12_500, 'x')))
  const fields = {
    incarnation: '00'.repeat(8), seq: 1, parents: [], sealedAtMs: Date.now(), ext: new Uint8Array()
  }
  const signer = createSigner(hostileSeed(name))
  const all = records.map((bytes) => ({ id: blake3Hash(bytes), bytes }))
  return sealBlock(fields, all, signer, federation.networkId)
}

describe('a block that is too large for gossip', () => {
  it('reaches nodes two links away, and gossip goes on', async () => {
    const block = largeBlock('imported')
    const bytes = encodeBlock(block.header, block.records)
    expect(bytes.length).toBeGreaterThan(3 * 65_536)
    expect(await left.put('/v1/blocks', encodeCanonical(bytes))).toEqual({ results: [{ result: 'accepted' }] })
    await waitForRecords(right, block.ids)
    await waitForRecords(right, [await federation.write(left, 'after a large block')])
    await waitForGossip(middle, peers)
  })

  it('is refused as a gossip message, and an announcement that nobody backs does no harm', async () => {
    const peer = await federation.hostile('large')
    await peer.tell({ do: 'dial', address: addressOf(middle) })
    await waitForGossip(middle, [...peers, peer.name])
    const [sent, announced] = [largeBlock('sent'), largeBlock('announced')]
    const sessions = await metricOf(middle, 'p2p_sync_failures_total')
    await peer.tell({ do: 'push', payload: hex(encodeBlock(sent.header, sent.records)) })
    await peer.tell({ do: 'push', payload: hex(encodeAnnouncement(announced.header)) })
    await waitFor('it was asked for the block in vain', 20_000, async () =>
      await metricOf(middle, 'p2p_sync_failures_total') > sessions)
    await peer.kill()
    await waitForGossip(middle, peers)
    await waitForRecords(right, [await federation.write(left, 'after a lie')])
    const ids = [...sent.ids, ...announced.ids]
    for (const node of [left, middle, right]) expect(await holdsAny(node, ids)).toBe(false)
  })
})

describe('a peer that stands still for 20 s', () => {
  it('holds nobody up, and has caught up soon after', async () => {
    const pausedMs = 20_000
    // More than a stream may hold queued and its window takes: without a bound all of it would wait.
    const bytesMin = 4 * 1_048_576
    const startMs = performance.now()
    process.kill(left.pid, 'SIGSTOP')
    const memory = memoryMibOf(middle)
    const queue = watchMetric(middle, 'p2p_gossip_queue_bytes')
    const latencies: number[] = []
    let bytes = 0
    try {
      for (let round = 0; performance.now() - startMs < pausedMs || bytes < bytesMin; round++) {
        const records = Array.from({ length: 20 }, (_, i) =>
          federation.record(`standing ${round} ${i} `.padEnd(4_000, 'x')))
        const sentMs = performance.now()
        await middle.send(records)
        await waitForRecords(right, [blake3Hash(records.at(-1) ?? new Uint8Array())], 15_000)
        latencies.push(performance.now() - sentMs)
        bytes += records.length * 4_000
      }
    } finally {
      process.kill(left.pid, 'SIGCONT')
    }
    const queued = await queue.end()
    // It fills up, by one message more than the limit at most, and the other peer's is short.
    expect(queued).toBeGreaterThan(gossipQueueBytesMax)
    expect(queued).toBeLessThan(gossipQueueBytesMax + 2 * payloadBytesMax)
    expect(median(latencies)).toBeLessThan(2_500)
    expect(memoryMibOf(middle) - memory).toBeLessThan(256)
    await waitForEqualTags([left, middle, right], 60_000)
    await waitForGossip(middle, peers, 60_000)
  })
})

async function holdsAny(node: ProcessNode, ids: readonly string[]): Promise<boolean> {
  const found = await Promise.all(ids.map((id) => fetch(`${node.api}/v1/assertions/${id}`)))
  return found.some(({ status }) => status === 200)
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
