// What a node gives of blocks whose rows are damaged: nothing rather than what their id does not commit to.

import { describe, expect, it } from 'vitest'
import type { Hash } from '../../src/base/index.js'
import { openDag, type Block } from '../../src/dag/index.js'
import { encodeBlockRow, keys, type LevelOperation } from '../../src/store/index.js'
import { at, bytesOf, createPeer, createWriter, record, type Peer } from './kit.js'
import { resultOf, syncPeers } from './sync-kit.js'

async function loaded(name: string, count: number): Promise<{ peer: Peer, blocks: readonly Block[] }> {
  const peer = await createPeer(name)
  const blocks = chain(count)
  await peer.load(blocks)
  return { peer, blocks }
}

function chain(count: number): readonly Block[] {
  const writer = createWriter('one')
  return Array.from({ length: count }, (_, i) => writer.next([], { texts: [`one ${i}`, `two ${i}`] }))
}

function rowOf({ header: { bytes }, ids }: Block): Uint8Array {
  return encodeBlockRow({ header: bytes, recordIds: ids })
}

const garbled = (key: Uint8Array, ...bytes: readonly number[]): LevelOperation =>
  ({ type: 'put', key, value: Uint8Array.of(...bytes) })

describe('a damaged block', () => {
  it('is not given, and told; a whole one is, and one that is not here is not told', async () => {
    const { peer, blocks } = await loaded('a', 7)
    const [lost, changed, row, short, fewer, other, whole] = blocks
    if (!lost || !changed || !row || !short || !fewer || !other || !whole) throw new Error('too few blocks')
    await peer.index.damage([
      { type: 'del', key: keys.record(at(lost.ids, 1)) },
      { type: 'put', key: keys.record(at(changed.ids, 0)), value: record('another').bytes },
      garbled(keys.block(row.header.id), 0, 0, 0, 0), garbled(keys.block(short.header.id), 1),
      { type: 'put', key: keys.block(fewer.header.id), value: rowOf({ ...fewer, ids: fewer.ids.slice(1) }) },
      { type: 'put', key: keys.block(other.header.id), value: rowOf(whole) }
    ])
    const told: Hash[] = []
    const { store, clock } = peer
    const dag = await openDag({ store, clock, onDamaged: (id) => told.push(id) })
    const damaged = [lost, changed, row, short, fewer, other].map(({ header }) => header.id)
    for (const id of damaged) expect(dag.readBlock(id)).toBeUndefined()
    expect(told).toEqual(damaged)
    expect(dag.readBlock(whole.header.id)).toEqual(bytesOf(whole))
    expect(dag.readBlock(record('nothing').id)).toBeUndefined()
    expect(told).toHaveLength(6)
  })

  it('is not given while its header is kept, and one whose header rotted stands nowhere', async () => {
    const { peer, blocks } = await loaded('a', 3)
    const [other, rotten, whole] = blocks
    if (!other || !rotten || !whole) throw new Error('too few blocks')
    const told: Hash[] = []
    const dag = await openDag({ store: peer.store, clock: peer.clock, onDamaged: (id) => told.push(id) })
    expect(dag.header(other.header.id)?.seq).toBe(1)
    const bytes = Uint8Array.from(rotten.header.bytes)
    bytes[80] = (bytes[80] ?? 0) ^ 1
    await peer.index.damage([
      { type: 'put', key: keys.block(other.header.id), value: rowOf(whole) },
      { type: 'put', key: keys.block(rotten.header.id), value: rowOf({ ...rotten, header: { ...rotten.header, bytes } }) }
    ])
    expect(dag.readBlock(other.header.id)).toBeUndefined()
    expect(dag.place(rotten.header.id)).toBeUndefined()
    expect(await dag.find(rotten.header.id.slice(0, 32))).toBeUndefined()
    expect(told).toEqual([other, rotten, rotten].map(({ header }) => header.id))
    expect(dag.place(whole.header.id)).toMatchObject({ seq: 3, id: whole.header.id })
  })

  it('is missed by a peer that wants it, and no lie', async () => {
    const { peer: full, blocks } = await loaded('full', 6)
    const joiner = await createPeer('joiner')
    const changed = at(blocks, 3)
    await full.index.damage([
      { type: 'put', key: keys.record(at(changed.ids, 0)), value: record('another').bytes }
    ])
    const talk = await syncPeers(joiner, full)
    expect(resultOf(talk.opener)).toMatchObject({ converged: false, blocksIn: 3 })
    expect(resultOf(talk.other).blocksOut).toBe(3)
    // From a peer that has it whole comes the rest.
    const { peer: whole } = await loaded('whole', 6)
    expect(resultOf((await syncPeers(joiner, whole)).opener)).toMatchObject({ blocksIn: 3 })
    expect(joiner.dag.frontier().root).toBe(whole.dag.frontier().root)
  })
})
