// bin/maelstrom-node: a node of this project under the Maelstrom protocol, for its workloads broadcast and
// g-set. A whole node (ledger, index, blocks, sync) stands on a directory of the process; only the network
// port is Maelstrom's. An element is a signed assertion, acknowledged when it is durable here.

import '../../src/base/index.js'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { systemClock, type PeerName } from '../../src/base/index.js'
import { createMaelstromNetwork, type MaelstromNetwork, type PeerBody } from './network.js'
import { openSetNode, peerNameOfId, type SetNode } from './set-node.js'
import { ERROR_CODES, readMessage, replyTo, type Body, type Message } from './protocol.js'

interface Session {
  readonly id: string
  readonly network: MaelstromNetwork
  readonly node: SetNode
  /** Only the broadcast workload tells a topology. */
  isBroadcast: boolean
}

let session: Session | undefined
let opening: Promise<Session> | undefined

async function main(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'stemedb-maelstrom-'))
  try {
    for await (const line of createInterface({ input: process.stdin })) {
      const message = readMessage(line)
      if (message !== undefined) take(message, directory)
    }
    await (await opening)?.node.stop()
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

function take(message: Message, directory: string): void {
  const { src, dest, body } = message
  if (isPeerBody(body)) return session?.network.receive(src, body)
  obey(body, directory).then(
    (answer) => say(dest, src, answer),
    (error: unknown) => {
      const text = error instanceof Error ? error.message : String(error)
      say(dest, src, replyTo(body, 'error', { code: ERROR_CODES.temporarilyUnavailable, text }))
    }
  )
}

async function obey(body: Body, directory: string): Promise<Body> {
  if (body.type === 'init') {
    opening ??= open(String(body['node_id']), body['node_ids'] as readonly string[], directory)
    session = await opening
    return replyTo(body, 'init_ok')
  }
  if (session === undefined) {
    return replyTo(body, 'error', { code: ERROR_CODES.malformed, text: 'init comes first' })
  }
  switch (body.type) {
    case 'topology': return takeTopology(session, body)
    case 'broadcast': return add(session, body, body['message'], 'broadcast_ok')
    case 'add': return add(session, body, body['element'], 'add_ok')
    case 'read': {
      const elements = session.node.elements()
      return replyTo(body, 'read_ok', session.isBroadcast ? { messages: elements } : { value: elements })
    }
    default: return replyTo(body, 'error', { code: ERROR_CODES.notSupported, text: `no ${body.type} here` })
  }
}

async function add({ node }: Session, body: Body, element: unknown, type: string): Promise<Body> {
  if (typeof element !== 'number' || !Number.isSafeInteger(element)) {
    return replyTo(body, 'error', { code: ERROR_CODES.malformed, text: 'elements are whole numbers' })
  }
  await node.add(element)
  return replyTo(body, type)
}

function takeTopology(open: Session, body: Body): Body {
  open.isBroadcast = true
  const topology = body['topology'] as Readonly<Record<string, readonly string[]>> | undefined
  open.network.setNeighbours(topology?.[open.id] ?? [])
  return replyTo(body, 'topology_ok')
}

async function open(id: string, ids: readonly string[], directory: string): Promise<Session> {
  const names = new Map<string, PeerName>(ids.map((one) => [one, peerNameOfId(one)]))
  const network = createMaelstromNetwork({
    id, names, clock: systemClock, send: (to, body) => say(id, to, body)
  })
  const node = await openSetNode({ id, directory, network })
  return { id, network, node, isBroadcast: false }
}

function isPeerBody(body: Body | PeerBody): body is PeerBody {
  return body.type === 'beat' || body.type === 'gossip' || body.type === 'stream'
}

function say(src: string, dest: string, body: object): void {
  process.stdout.write(`${JSON.stringify({ src, dest, body })}\n`)
}

await main()
