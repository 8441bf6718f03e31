// A federation of node processes: makes data directories, starts nodes and hostile peers.
// Directories are made in this process, since a command line for each would take longer than what is tried.

import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  blake3, blake3Hash, systemClock, systemRandom, toHex, utf8Bytes, type Hash, type NetworkId, type PublicKey
} from '../../src/base/index.js'
import { encodeCertificate, issueCertificate } from '../../src/dag/index.js'
import { createKeys, initDirectory, joinDirectory, readDirectory } from '../../src/node/index.js'
import { peerNameOf, type Invite, type Membership, type OpenedGenesis } from '../../src/p2p/index.js'
import { buildAssertion, createSigner, seedFromName, type Signer } from '../../src/record/index.js'
import { startHostilePeer, type HostileIdentity, type HostilePeer } from './hostile-peer.js'
import { endProcess, startNode, type LaunchOptions, type ProcessNode } from './process-node.js'

/** What kind of federation. */
export interface FederationOptions {
  readonly name: string
  readonly admission?: 'open' | 'closed'
  /** A private network: nodes without its key cannot even begin to talk. */
  readonly sharedKey?: boolean
}

/** A data directory of the federation. */
export interface Member {
  readonly name: string
  readonly directory: string
  readonly nodeKey: PublicKey
  /** Its peer id. */
  readonly peer: string
}

/** How a member is made otherwise than by the book. */
export interface MemberFaults {
  readonly sharedKey?: Uint8Array
}

/** A federation; `end` kills all of its processes and removes its files. */
export interface Federation {
  readonly networkId: NetworkId
  readonly sharedKey: Uint8Array | undefined
  readonly founder: Member
  /** Makes one more member: in a closed federation with the founder's certificate. */
  member(name: string, faults?: MemberFaults): Promise<Member>
  start(member: Member, bootstrap: readonly string[], options?: LaunchOptions): Promise<ProcessNode>
  /** Starts a hostile peer; its seed comes from the name. */
  hostile(name: string, more?: Partial<HostileIdentity>): Promise<HostilePeer>
  /** Writes one small assertion and gives its id once it is durable there. */
  write(node: ProcessNode, text: string): Promise<Hash>
  record(text: string): Uint8Array
  /** The founder's certificate for a node key, hex. */
  certificateOf(nodeKey: PublicKey): string
  end(): Promise<void>
}

/** Makes a federation and the directory of its founder. */
export async function createFederation(options: FederationOptions): Promise<Federation> {
  const place = await mkdtemp(join(tmpdir(), `stemedb-${options.name}-`))
  const directory = join(place, 'founder')
  const { name, admission = 'open', sharedKey = false } = options
  const made = await initDirectory(
    directory, { name, admission, sharedKey, created: systemClock.nowMs() }, { random: systemRandom })
  const { opened, access } = await readDirectory(directory)
  const governor = (await createKeys(directory, systemRandom)).agent
  const { nodeKey } = made
  const founder: Member = { name: 'founder', directory, nodeKey, peer: peerNameOf(nodeKey) }
  return new ProcessFederation(place, opened, founder, governor, access.sharedKey)
}

class ProcessFederation implements Federation {
  readonly networkId: NetworkId
  readonly sharedKey: Uint8Array | undefined
  readonly founder: Member
  readonly #place: string
  readonly #opened: OpenedGenesis
  readonly #governor: Signer
  readonly #writer: Signer
  readonly #running: (() => Promise<void>)[] = []

  constructor(
    place: string, opened: OpenedGenesis, founder: Member, governor: Signer, sharedKey: Uint8Array | undefined
  ) {
    this.#place = place
    this.#opened = opened
    this.founder = founder
    this.#governor = governor
    this.#writer = createSigner(seedFromName('writer'))
    this.networkId = opened.networkId
    this.sharedKey = sharedKey
  }

  async member(name: string, faults: MemberFaults = {}): Promise<Member> {
    const directory = join(this.#place, name)
    const { node } = await createKeys(directory, systemRandom)
    const sharedKey = faults.sharedKey ?? this.sharedKey
    const membership = this.#membership(node.publicKey)
    const invite: Invite = {
      ...this.#opened, bootstrap: [],
      ...(sharedKey === undefined ? {} : { sharedKey }),
      ...(membership === undefined ? {} : { membership })
    }
    await joinDirectory(directory, invite, { random: systemRandom })
    return { name, directory, nodeKey: node.publicKey, peer: peerNameOf(node.publicKey) }
  }

  async start(
    member: Member, bootstrap: readonly string[], options: LaunchOptions = {}
  ): Promise<ProcessNode> {
    const words = ['start', ...bootstrap.flatMap((address) => ['--bootstrap', address])]
    const onSpawn = (child: ChildProcess): void => void this.#running.push(() => endProcess(child, 'SIGKILL'))
    return startNode(member.name, member.directory, { words, onSpawn, ...options })
  }

  async hostile(name: string, more: Partial<HostileIdentity> = {}): Promise<HostilePeer> {
    const peer = await startHostilePeer({
      networkId: this.networkId,
      seed: toHex(hostileSeed(name)),
      ...(this.sharedKey === undefined ? {} : { sharedKey: toHex(this.sharedKey) }),
      ...more
    })
    this.#running.push(() => peer.kill())
    return peer
  }

  async write(node: ProcessNode, text: string): Promise<Hash> {
    const record = this.record(text)
    await node.send([record])
    return blake3Hash(record)
  }

  record(text: string): Uint8Array {
    const timestampMs = systemClock.nowMs()
    const fields = { timestampMs, subject: 's', predicate: 'p', object: text }
    return buildAssertion(fields, this.#writer, this.networkId)
  }

  certificateOf(nodeKey: PublicKey): string {
    return toHex(encodeCertificate(issueCertificate(nodeKey, this.#governor, this.networkId)))
  }

  async end(): Promise<void> {
    await Promise.all(this.#running.splice(0).map((stop) => stop()))
    await rm(this.#place, { recursive: true, force: true })
  }

  #membership(nodeKey: PublicKey): Membership | undefined {
    if (this.#opened.genesis.admission === 'open') return undefined
    return { nodeKey, certificate: issueCertificate(nodeKey, this.#governor, this.networkId) }
  }
}

/** The node key seed of a hostile peer. */
export function hostileSeed(name: string): Uint8Array {
  return blake3(utf8Bytes(`hostile ${name}`))
}

/** The name of a hostile peer whose peer id sorts before, or after, another. */
export function hostileName(order: 'before' | 'after', peer: string): string {
  for (let i = 0; ; i++) {
    const name = `${order} ${i}`
    const own = peerNameOf(createSigner(hostileSeed(name)).publicKey)
    if ((own < peer) === (order === 'before')) return name
  }
}
