// A hostile peer as a process of its own: a JSON order a line on stdin, a JSON answer a line on stdout.
// First line in: who it is. First line out: its name and addresses. Ends with its stdin.

import '../../src/base/index.js'
import { createInterface } from 'node:readline'
import { fromHex, parseHash, parseNetworkId } from '../../src/base/index.js'
import type { HostileIdentity, HostileState, Order } from './hostile-peer.js'
import { createRawPeer, type RawPeer } from './raw-peer.js'

const FLOOD_BATCH = 16

interface Flood {
  sent: number
  running: boolean
}

async function main(): Promise<void> {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
  const identity = JSON.parse((await lines.next()).value as string) as HostileIdentity
  const peer = await openPeer(identity)
  const flood: Flood = { sent: 0, running: false }
  answer({ name: peer.name, addresses: peer.node.getMultiaddrs().map(String) })
  for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
    const { id, ...order } = JSON.parse(line.value) as Order & { readonly id: number }
    obey(peer, flood, order).then(
      (value) => answer({ id, value }),
      (error: unknown) => answer({ id, error: error instanceof Error ? error.message : String(error) })
    )
  }
  flood.running = false
  process.exit(0)
}

async function openPeer(identity: HostileIdentity): Promise<RawPeer> {
  const networkId = parseNetworkId(identity.networkId)
  const seed = fromHex(identity.seed)
  if (networkId === undefined || seed === undefined) throw new Error('no identity')
  const { sharedKey, certificate } = identity
  return createRawPeer({
    networkId, seed,
    ...(sharedKey === undefined ? {} : { sharedKey: bytesOf(sharedKey) }),
    ...(certificate === undefined ? {} : { certificate: bytesOf(certificate) })
  })
}

async function obey(peer: RawPeer, flood: Flood, order: Order): Promise<unknown> {
  switch (order.do) {
    case 'dial': return void await peer.dial(order.address)
    case 'hang-up': return hangUp(peer)
    case 'reset': return reset(peer, order.direction)
    case 'oversized': return peer.sendRaw(new Uint8Array(order.bytes))
    case 'push': return peer.push([bytesOf(order.payload)])
    case 'state': return stateOf(peer, flood, order.heard ?? [])
    case 'flood': return startFlood(peer, flood, order.payloadBytes, order.fresh)
    default: return void (flood.running = false)
  }
}

function hangUp(peer: RawPeer): void {
  for (const connection of peer.node.getConnections()) connection.abort(new Error('hang up'))
}

function reset(peer: RawPeer, direction: 'inbound' | 'outbound'): number {
  const streams = peer.gossipStreams(direction)
  for (const stream of streams) stream.abort(new Error('reset'))
  return streams.length
}

function stateOf(peer: RawPeer, flood: Flood, heard: readonly string[]): HostileState {
  const hashes = heard.map(parseHash).filter((hash) => hash !== undefined)
  return {
    connections: peer.node.getConnections().length,
    messages: peer.got.length,
    flooded: flood.sent,
    heard: hashes.filter((hash) => peer.heard(hash))
  }
}

// The first byte says that the block is of a newer version: ignored without a penalty.
function startFlood(peer: RawPeer, flood: Flood, payloadBytes: number, fresh: boolean): void {
  flood.running = true
  let counter = 0
  const make = (): Uint8Array => {
    const payload = Buffer.alloc(payloadBytes, 0xee)
    payload.writeDoubleBE(fresh ? ++counter : 0, 8)
    return payload
  }
  const run = async (): Promise<void> => {
    while (flood.running) {
      await peer.push(Array.from({ length: payloadBytes < 4_096 ? 1_000 : FLOOD_BATCH }, make))
        .then(() => { flood.sent += FLOOD_BATCH })
        .catch(() => undefined)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  void run()
}

function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex)
  if (bytes === undefined) throw new Error('not hex')
  return bytes
}

function answer(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

await main()
