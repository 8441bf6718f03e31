// stemedb peers: connected peers and how far sync with each has come.

import { connect } from '../client.js'
import { table } from '../output.js'
import type { AddCommand, Shell } from '../shell.js'

/** A connected peer as `/v1/peers` answers. */
export interface PeerAnswer {
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
  const nowMs = shell.clock.nowMs()
  shell.output.data(answer, () => answer.peers.length === 0 ? 'no peers' : peersTable(answer.peers, nowMs))
}

const HEAD = ['peer', 'address', 'way', 'gossip', 'equal', 'blocks in/out', 'bytes in/out', 'synced']
const ADDRESS_MAX = 28

/** At most 100 columns: names and addresses are cut, `--json` has them whole. */
export function peersTable(list: readonly PeerAnswer[], nowMs: number): string {
  return table(HEAD, list.map((peer) => [
    `…${peer.peer.slice(-8)}`, cutAddress(peer.address), peer.direction === 'inbound' ? 'in' : 'out',
    yesNo(peer.gossip), yesNo(peer.equal_frontier), `${scaled(peer.blocks_in)}/${scaled(peer.blocks_out)}`,
    `${scaled(peer.bytes_in)}/${scaled(peer.bytes_out)}`,
    peer.last_sync === undefined ? '-' : ageText(nowMs - peer.last_sync)
  ]))
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no'
}

/** The name of the peer stands in the first column. */
function cutAddress(address: string): string {
  const place = address.replace(/\/p2p\/[^/]+$/, '')
  return place.length <= ADDRESS_MAX ? place : `${place.slice(0, ADDRESS_MAX - 1)}…`
}

/** A count in at most 5 characters: 999, 1.2k, 34M. */
function scaled(count: number): string {
  let [value, unit] = [count, '']
  for (const next of ['k', 'M', 'G', 'T', 'P']) {
    if (value < 999.5) break
    value /= 1_000
    unit = next
  }
  return unit === '' || value >= 9.95 ? `${Math.round(value)}${unit}` : `${value.toFixed(1)}${unit}`
}

function ageText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  if (seconds < 120) return `${seconds} s`
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`
}
