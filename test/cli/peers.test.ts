// The table of peers fits a terminal, whatever peers there are.

import { describe, expect, it } from 'vitest'
import { peersTable, type PeerAnswer } from '../../src/cli/commands/peers.js'

const widest: PeerAnswer = {
  peer: '12D3KooWKnDdG3iXw9eTFijk3EWSunZcFi54Zka4wmtqtt6rPxc8',
  address: '/dns6/a-rather-long-name-of-a-host.example.org/tcp/65535/p2p/12D3KooWKnDdG3iXw9eTFijk3EWSunZcFi54Zka4wmtqtt6rPxc8',
  direction: 'outbound', gossip: true, equal_frontier: true, blocks_in: 99_949, blocks_out: 999_499_999,
  bytes_in: 99_949_999, bytes_out: 999_499_999_999_999
}

describe('table of peers', () => {
  it('has at most 100 columns', () => {
    const lines = peersTable([{ ...widest, last_sync: 0 }, { ...widest, last_sync: 1 }], 10_000 * 3_600_000).split('\n')
    for (const line of lines) expect(line.replace(/\u001b\[\d+m/g, '').length).toBeLessThanOrEqual(100)
    expect(lines).toHaveLength(3)
  })

  it('shows where a peer is, the end of its name, counts in few digits and how long ago it was synced', () => {
    const peer = {
      ...widest, address: '/ip4/127.0.0.1/tcp/8471/p2p/12D3', blocks_in: 999, blocks_out: 1_250, bytes_in: 9_949,
      bytes_out: 9_950
    }
    const shown = (last: number | undefined): readonly string[] => {
      const text = peersTable([last === undefined ? peer : { ...peer, last_sync: last }], 8_000_000)
      return (text.split('\n')[1] ?? '').split(/  +/)
    }
    expect(shown(7_995_000)).toEqual([
      '…tt6rPxc8', '/ip4/127.0.0.1/tcp/8471', 'out', 'yes', 'yes', '999/1.3k', '9.9k/10k', '5 s'
    ])
    expect(shown(7_880_000).at(-1)).toBe('2 min')
    expect(shown(800_000).at(-1)).toBe('2 h')
    expect(shown(9_000_000).at(-1)).toBe('0 s')
    expect(shown(undefined).at(-1)).toBe('-')
  })
})
