// The dial rule: two sides that see the same links keep the same one.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLinkTable, surplusOf, type Link } from '../../src/p2p/links.js'

const link = (id: string, peer: string, direction: Link['direction']): Link => ({ id, peer, direction, address: id })

describe('dial rule', () => {
  it('keeps the link that the smaller id dialled, whichever came first', () => {
    const byA = { atA: link('x', 'b', 'outbound'), atB: link('x', 'a', 'inbound') }
    const byB = { atA: link('y', 'b', 'inbound'), atB: link('y', 'a', 'outbound') }
    expect(surplusOf('a', byA.atA, byB.atA)?.id).toBe('y')
    expect(surplusOf('a', byB.atA, byA.atA)?.id).toBe('y')
    expect(surplusOf('b', byA.atB, byB.atB)?.id).toBe('y')
    expect(surplusOf('b', byB.atB, byA.atB)?.id).toBe('y')
  })

  it('lets the dialler alone give up the older of two links that it dialled', () => {
    expect(surplusOf('a', link('old', 'b', 'outbound'), link('new', 'b', 'outbound'))?.id).toBe('old')
    expect(surplusOf('b', link('old', 'a', 'inbound'), link('new', 'a', 'inbound'))).toBeUndefined()
  })

  it('leaves exactly one link on both sides, whatever the order in which each side sees them', () => {
    const dials = fc.uniqueArray(fc.record({ id: fc.string({ minLength: 1 }), byA: fc.boolean() }), {
      minLength: 1, maxLength: 6, selector: (dial) => dial.id
    })
    fc.assert(fc.property(dials, fc.infiniteStream(fc.nat()), (all, order) => {
      const shuffled = all.map((dial) => ({ dial, at: order.next().value })).sort((x, y) => x.at - y.at)
      const gone = new Set<string>()
      const [tableA, tableB] = [createLinkTable('a'), createLinkTable('b')]
      for (const dial of all) {
        const change = tableA.add(link(dial.id, 'b', dial.byA ? 'outbound' : 'inbound'))
        for (const surplus of change.surplus) gone.add(surplus.id)
      }
      for (const { dial } of shuffled) {
        const change = tableB.add(link(dial.id, 'a', dial.byA ? 'inbound' : 'outbound'))
        for (const surplus of change.surplus) gone.add(surplus.id)
      }
      const kept = all.filter((dial) => !gone.has(dial.id))
      expect(kept.length).toBeGreaterThanOrEqual(1)
      expect(new Set(kept.map((dial) => dial.byA)).size).toBe(1)
    }))
  })
})

describe('link table', () => {
  it('says up with the first link of a peer and down with the last', () => {
    const table = createLinkTable('a')
    expect(table.add(link('1', 'b', 'outbound')).event).toBe('up')
    expect(table.add(link('2', 'b', 'inbound')).event).toBeUndefined()
    expect(table.remove('1').event).toBeUndefined()
    expect(table.has('b')).toBe(true)
    expect(table.remove('2').event).toBe('down')
    expect(table.remove('2').event).toBeUndefined()
    expect(table.has('b')).toBe(false)
  })

  it('uses the newest link that is not given up', () => {
    const table = createLinkTable('b')
    table.add(link('ours', 'a', 'outbound'))
    table.add(link('theirs', 'a', 'inbound'))
    expect(table.best('a')?.id).toBe('theirs')
    table.add(link('ours again', 'a', 'outbound'))
    expect(table.best('a')?.id).toBe('theirs')
    table.add(link('theirs again', 'a', 'inbound'))
    expect(table.best('a')?.id).toBe('theirs again')
    expect(table.best('c')).toBeUndefined()
  })

  it('names each peer once', () => {
    const table = createLinkTable('a')
    table.add(link('1', 'b', 'outbound'))
    table.add(link('2', 'b', 'inbound'))
    table.add(link('3', 'c', 'inbound'))
    expect(table.peers((peer) => peer === 'c').map((one) => [one.peer, one.gossip])).toEqual([
      ['b', false], ['c', true]
    ])
    expect(table.clear()).toEqual(['b', 'c'])
  })
})
