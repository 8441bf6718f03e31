// SIGKILL in a write burst, again and again: what was acknowledged is there afterwards, here and on the peer.
// The set of acknowledged records is kept out here, in the test.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { blake3Hash, parseNetworkId, type Hash, type NetworkId } from '../../src/base/index.js'
import { buildAssertion, createSigner, seedFromName } from '../../src/record/index.js'
import { runCli, startNode, waitFor, waitForEqualTags, type ProcessNode } from '../../scripts/cluster/process-node.js'

const ROUNDS = 20
const WRITERS = 16

let directory: string
let victim: ProcessNode
let peer: ProcessNode
let networkId: NetworkId

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stemedb-kill-'))
  const first = join(directory, 'victim')
  await runCli('--data-dir', first, 'init', '--name', 'kill')
  victim = await startNode('victim', first)
  const invite = await runCli('--data-dir', first, 'invite')
  peer = await startNode('peer', join(directory, 'peer'), { words: ['join', invite, '--yes', '--start'] })
  const { network_id: id } = await victim.get<{ network_id: string }>('/v1/network')
  const parsed = parseNetworkId(id)
  if (parsed === undefined) throw new Error('no network id')
  networkId = parsed
})

afterAll(async () => {
  await Promise.all([victim, peer].map((node) => node?.kill('SIGTERM')))
  await rm(directory, { recursive: true, force: true })
})

it(`keeps every acknowledged record through ${ROUNDS} kills, on the node and on its peer`, async () => {
  const acknowledged: Hash[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    await burst(round, acknowledged)
    // On a new port: the old one may not be free yet. The node dials its peer.
    victim = await startNode('victim', victim.directory, { words: ['start', '--bootstrap', peer.addresses[0] ?? ''] })
    await expectAll(victim, acknowledged.slice(-400))
  }
  // `records` counts what is sealed; what the last burst left waits until the peer has confirmed its feed.
  await waitFor('the node has sealed all', 30_000, async () => (await victim.state()).unsealed === 0)
  const { records } = await victim.state()
  await waitFor('the peer holds all', 60_000, async () => (await peer.state()).records >= records)
  await expectAll(victim, acknowledged)
  await expectAll(peer, acknowledged)
  const [here, there] = await waitForEqualTags([victim, peer], 30_000)
  expect([here?.forks, there?.forks]).toEqual([0, 0])
}, 300_000)

/** Writes from many writers until the node is killed, which differs by round, in the middle of it. */
async function burst(round: number, acknowledged: Hash[]): Promise<void> {
  const signer = createSigner(seedFromName('burst'))
  let running = true
  let next = 0
  const writer = async (): Promise<void> => {
    while (running) {
      const object = `${round} ${next++}`
      const fields = { timestampMs: 1_700_000_000_000, subject: `s${next % 50}`, predicate: 'p', object }
      const record = buildAssertion(fields, signer, networkId)
      const sent = await victim.send([record]).then(() => true, () => false)
      if (!sent) return
      acknowledged.push(blake3Hash(record))
    }
  }
  const writers = Array.from({ length: WRITERS }, writer)
  // Counted, not timed: a machine under load kills in the burst as well.
  const goal = acknowledged.length + 16 + ((round * 37) % 200)
  await waitFor('the burst', 60_000, () => Promise.resolve(acknowledged.length >= goal))
  await victim.kill('SIGKILL')
  running = false
  await Promise.all(writers)
}

async function expectAll(node: ProcessNode, ids: readonly Hash[]): Promise<void> {
  const missing: Hash[] = []
  await Promise.all(Array.from({ length: 8 }, async (_, lane) => {
    for (let at = lane; at < ids.length; at += 8) {
      const id = ids[at]
      if (id === undefined) continue
      const response = await fetch(`${node.api}/v1/assertions/${id}`)
      await response.arrayBuffer()
      if (response.status !== 200) missing.push(id)
    }
  }))
  expect(missing).toEqual([])
}
