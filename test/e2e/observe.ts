// What a test sees of a node process from outside: its links, its metrics, its memory, what has arrived.

import { readFileSync } from 'node:fs'
import { pause, waitFor, type ProcessNode } from '../../scripts/cluster/process-node.js'

/** One line of `/v1/peers`. */
export interface PeerLine {
  readonly peer: string
  readonly direction: 'inbound' | 'outbound'
  readonly gossip: boolean
}

/** Connected peers of a node. */
export async function peersOf(node: ProcessNode): Promise<readonly PeerLine[]> {
  return (await node.get<{ peers: readonly PeerLine[] }>('/v1/peers')).peers
}

/** Waits until a node gossips with all of the peers and has no other. */
export async function waitForGossip(
  node: ProcessNode, peers: readonly string[], limitMs = 30_000
): Promise<void> {
  let seen: readonly PeerLine[] = []
  await waitFor(`gossip of ${node.name} with ${peers.join(', ')}`, limitMs, async () => {
    seen = await peersOf(node)
    return seen.length === peers.length && seen.every(({ peer, gossip }) => gossip && peers.includes(peer))
  }).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${JSON.stringify(seen)}`, { cause: error })
  })
}

/** Waits until a node is linked with the peer and the topic is mute between them. */
export async function waitForMute(node: ProcessNode, peer: string, limitMs = 20_000): Promise<void> {
  await waitFor(`a mute link of ${node.name}`, limitMs, async () =>
    (await peersOf(node)).some((link) => link.peer === peer && !link.gossip))
}

/** Waits until a node gives the records. */
export async function waitForRecords(
  node: ProcessNode, ids: readonly string[], limitMs = 30_000
): Promise<void> {
  for (const id of ids) {
    await waitFor(`record ${id} at ${node.name}`, limitMs, async () => {
      const response = await fetch(`${node.api}/v1/assertions/${id}`)
      await response.arrayBuffer()
      return response.status === 200
    })
  }
}

/** A number of `/metrics`, by its name without `stemedb_`. */
export async function metricOf(node: ProcessNode, name: string): Promise<number> {
  const text = await (await fetch(`${node.api}/metrics`)).text()
  const found = new RegExp(`^stemedb_${name} (\\S+)$`, 'm').exec(text)
  if (found === null) throw new Error(`${node.name} has no metric ${name}`)
  return Number(found[1])
}

/** Asks for a metric again and again; `end` gives the largest value of it. */
export function watchMetric(node: ProcessNode, name: string): { end(): Promise<number> } {
  let [most, ended] = [0, false]
  const watching = (async () => {
    while (!ended) {
      most = Math.max(most, await metricOf(node, name))
      await pause(50)
    }
  })()
  watching.catch(() => undefined)
  return {
    async end() {
      ended = true
      await watching
      return most
    }
  }
}

/** Resident memory of the process in MiB. */
export function memoryMibOf(node: ProcessNode): number {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${node.pid}/status`, 'utf8'))
  return Number(found?.[1] ?? Number.NaN) / 1_024
}

/** The address of a node, or the same port of a relay in front of it. */
export function addressOf(node: ProcessNode): string {
  const address = node.addresses[0]
  if (address === undefined) throw new Error(`${node.name} listens nowhere`)
  return address
}

/** The TCP port that a node listens on. */
export function portOf(node: ProcessNode): number {
  return Number(/\/tcp\/(\d+)/.exec(addressOf(node))?.[1])
}

/** The middle one of the values; of an even number of them the later one. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
