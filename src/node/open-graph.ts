// The block graph of a node, opened over its index.

import type { Hash } from '../base/index.js'
import { DagError, openDag, type Dag, type DagOptions } from '../dag/index.js'
import { StoreError, type Store } from '../store/index.js'
import type { Wal } from '../wal/index.js'
import { endFeed, hasOwnAhead } from './own-feed.js'
import type { NodeParts, NodeSetup } from './setup.js'

/** Whom blocks come from that the operator imports: no share holds them up. */
export const LOCAL_BLOCKS = 'local'

/**
 * Opens the graph. One that holds own blocks well ahead of the clock, from when the clock ran ahead, is made
 * anew without them, and their feed ends: the replay leaves them out. An index whose rows contradict each
 * other is made anew too: the ledger has what it lost.
 */
export async function openGraph(
  setup: NodeSetup, ports: NodeParts, store: Store, wal: Wal, onDamaged: (id: Hash) => void
): Promise<Dag> {
  const { clock, log } = ports
  const open = async (): Promise<Dag> => {
    const dag = await openDag({ store, clock, onDamaged }, dagOptions(setup))
    dag.allowance.exempt((peer) => peer === LOCAL_BLOCKS)
    return dag
  }
  const dag = await open().catch(async (error: unknown) => {
    if (!isContradiction(error)) throw error
    log.warn({ error: String(error) }, 'the index contradicts itself: it is rebuilt from the ledger')
    await store.dropDerived()
    return open()
  })
  if (!hasOwnAhead(dag, setup, clock)) return dag
  log.warn({}, 'the clock was set back: the index is made anew without own blocks that lie ahead of it')
  // Durable before the index forgets how far the feed had got.
  await endFeed(setup, ports, wal)
  await store.dropDerived()
  return open()
}

function isContradiction(error: unknown): boolean {
  return error instanceof DagError || (error instanceof StoreError && error.code === 'STORE_BAD_ROW')
}

/** Only who may come unasked is held to a share; the members of a closed network are known. */
function dagOptions({ dag = {}, genesis, keyBytesPerHour }: NodeSetup): Partial<DagOptions> {
  if (genesis.genesis.admission === 'closed') return { ...dag, keyBytesPerHour: Infinity }
  return keyBytesPerHour === undefined ? dag : { ...dag, keyBytesPerHour }
}
