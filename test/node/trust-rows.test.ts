// The snapshot that the index holds is believed when it is the one that was made current, to the last byte.

import { expect, it } from 'vitest'
import { networkIdOf } from '../../src/base/index.js'
import { silentLog } from '../../src/node/index.js'
import { readTrust, stageCurrent, stageNext } from '../../src/node/trust-rows.js'
import { openStore, type Store } from '../../src/store/index.js'
import { computeTrust, createBallotBook, decodePublished } from '../../src/trustrank/index.js'
import { keysOf, policyOf, type NamedNetwork } from '../../scripts/vectors/trust.js'
import { createMemoryDisk } from '../fakes/memory-disk.js'
import { createMemoryIndex } from '../fakes/memory-level.js'
import { seededRandom } from '../fakes/seeded-random.js'

const network: NamedNetwork = { name: '', ballots: [['ann', 's', 'x'], ['bob', 's', 'x'], ['cid', 's', 'y']] }
const policy = policyOf(network)

function opened(): Promise<Store> {
  const [disk, networkId] = [createMemoryDisk(seededRandom(1)), networkIdOf(Buffer.alloc(32, 1))]
  return openStore({ networkId }, { level: createMemoryIndex(), disk, log: silentLog })
}

it('reads the current snapshot, and takes one with a changed value for lost', async () => {
  const book = createBallotBook(policy.roundMs, policy.seeds)
  for (const key of keysOf(network)) book.put(key)
  const { snapshot, bytes } = computeTrust(book.columns(), policy, { generation: 1 })
  const store = await opened()
  const write = async (stored: Uint8Array): Promise<void> => {
    const batch = store.batch()
    stageNext(batch, 1, stored)
    stageCurrent(batch, snapshot, 0, { cursor: 5 })
    await store.write(batch)
  }
  await write(bytes)
  const { digest } = snapshot
  expect(readTrust(store, policy)).toMatchObject({ lost: false, snapshot: { generation: 1, digest } })
  const changed = Uint8Array.from(bytes)
  // The prior's accuracy: it reads as well as the true one.
  changed[2] = (changed[2] ?? 0) ^ 1
  expect(decodePublished(changed)?.prior.accuracy).not.toBe(snapshot.prior.accuracy)
  await write(changed)
  const { lost, snapshot: first } = readTrust(store, policy)
  expect([lost, first.generation, first.digest === digest]).toEqual([true, 1, false])
})
