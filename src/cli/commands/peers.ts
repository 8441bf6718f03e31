// stemedb peers: connected peers and how far sync with each has come.

import { connect } from '../client.js'
import { table, timeText } from '../output.js'
import type { AddCommand, Shell } from '../shell.js'

interface PeerAnswer {
  readonly peer: string
  readonly direction: string
  readonly address: string
  readonly gossip: boolean
  readonly blocks_in: number
  readonly blocks_out: number
  readonly bytes_in: number
  readonly bytes_out: number
  readonly last_sync?: number
  readonly equal_frontier: boolean
}

/** Adds `stemedb peers`. */
export const addPeers: AddCommand = (program, shell) => {
  program.command('peers').description('connected peers').action(() => peers(shell))
}

async function peers(shell: Shell): Promise<void> {
  const answer = await (await connect(shell)).get<{ readonly peers: readonly PeerAnswer[] }>('/v1/peers')
  const head = ['peer', 'address', 'way', 'gossip', 'equal', 'blocks in', 'out', 'bytes in', 'out', 'last sync']
  shell.output.data(answer, () => answer.peers.length === 0 ? 'no peers' : table(head, answer.peers.map((peer) => [
    peer.peer, peer.address, peer.direction, peer.gossip ? 'yes' : 'no', peer.equal_frontier ? 'yes' : 'no',
    peer.blocks_in, peer.blocks_out, peer.bytes_in, peer.bytes_out,
    peer.last_sync === undefined ? '-' : timeText(peer.last_sync)
  ])))
}
