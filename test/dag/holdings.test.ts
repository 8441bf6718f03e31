import { describe, expect, it } from 'vitest'
import { blake3, publicKeyOf, utf8Bytes, type PublicKey } from '../../src/base/index.js'
import { createHoldings, type Block, type Holdings } from '../../src/dag/index.js'
import { createSigner, seedFromName } from '../../src/record/index.js'
import { at, createPeer, createWriter, record, type Peer, type Writer } from './kit.js'

const nodeKey = (name: string): PublicKey => createSigner(seedFromName(name)).publicKey
const [bob, carol] = [nodeKey('bob'), nodeKey('carol')]

async function scene(): Promise<{ own: Writer, peer: Peer, blocks: readonly Block[], holdings: Holdings }> {
  const own = createWriter('own')
  const peer = await createPeer('here')
  const blocks = Array.from({ length: 5 }, () => own.next())
  await peer.load(blocks)
  return { own, peer, blocks, holdings: createHoldings({ dag: peer.dag, self: own.signer.publicKey }) }
}

describe('what other nodes hold', () => {
  it('is a whole chain once they name one block of it, and nothing above', async () => {
    const { holdings, blocks } = await scene()
    expect(holdings.told(bob, [at(blocks, 2).header.id])).toBe(1)
    expect(blocks.map(({ header }) => holdings.holds(bob, header))).toEqual([true, true, true, false, false])
    expect(holdings.holders(at(blocks, 0).header)).toEqual([bob])
    expect(holdings.holders(at(blocks, 4).header)).toEqual([])
  })

  it('never shrinks by an older word, and tells listeners of more alone', async () => {
    const { holdings, blocks } = await scene()
    const heard: PublicKey[] = []
    holdings.onChange((node) => heard.push(node))
    for (const seq of [3, 1, 3]) holdings.told(bob, [at(blocks, seq).header.id])
    expect(holdings.holds(bob, at(blocks, 3).header)).toBe(true)
    expect(heard).toEqual([bob])
  })

  it('counts neither unknown blocks, nor those of others, nor its own word', async () => {
    const { holdings, blocks, own, peer } = await scene()
    const foreign = createWriter('foreign').next()
    await peer.load([foreign])
    expect(holdings.told(bob, [record('nothing').id, foreign.header.id])).toBe(0)
    expect(holdings.told(own.signer.publicKey, [at(blocks, 0).header.id])).toBe(0)
    expect(holdings.holders(at(blocks, 0).header)).toEqual([])
    expect(holdings.holders(foreign.header)).toEqual([foreign.header.nodeKey])
  })

  it('takes a word on a block that is durable and not yet in the index', async () => {
    const { holdings, own } = await scene()
    const { header } = own.next()
    expect(holdings.told(bob, [header.id])).toBe(0)
    holdings.sealed(header)
    expect(holdings.told(bob, [header.id])).toBe(1)
    expect(holdings.holds(bob, header)).toBe(true)
  })

  it('is everything up to a frontier that was equal', async () => {
    const { holdings, peer, blocks, own } = await scene()
    const foreign = createWriter('foreign').next()
    await peer.load([foreign])
    holdings.equal(bob, peer.dag.frontier())
    expect([...blocks, foreign].every(({ header }) => holdings.holds(bob, header))).toBe(true)
    const later = own.next()
    await peer.load([later])
    expect(holdings.holds(bob, later.header)).toBe(false)
  })

  it('is the very block alone where a feed forked', async () => {
    const { holdings, peer, blocks, own } = await scene()
    own.rewind(at(blocks, 1).header)
    const twin = own.next([], { texts: ['twin'] })
    await peer.add(twin)
    expect(peer.dag.isForked(twin.header.feed)).toBe(true)
    holdings.told(bob, [at(blocks, 3).header.id])
    expect([twin, at(blocks, 2), at(blocks, 3)].map(({ header }) => holdings.holds(bob, header)))
      .toEqual([false, false, true])
  })

  it('is kept for 1,024 nodes, the one heard longest ago leaving first', async () => {
    const { holdings, blocks } = await scene()
    const { header } = at(blocks, 0)
    const nodes = Array.from({ length: 1_023 }, (_, i) => publicKeyOf(blake3(utf8Bytes(`node ${i}`))))
    for (const node of [carol, ...nodes]) holdings.told(node, [header.id])
    expect(holdings.holders(header)).toHaveLength(1_024)
    holdings.told(bob, [header.id])
    expect(holdings.holders(header)).toHaveLength(1_024)
    expect([holdings.holds(carol, header), holdings.holds(bob, header)]).toEqual([false, true])
  })
})
