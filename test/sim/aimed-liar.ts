// A liar that aims: it listens, keeps to the forms, and goes for what a machine can be kept busy with.

import type { FrameStream, PeerName } from '../../src/base/index.js'
import { issueCertificate } from '../../src/dag/index.js'
import { NETWORK_LIMITS, peerNameOf } from '../../src/p2p/index.js'
import { createSigner } from '../../src/record/index.js'
import { TALKS } from './aimed-talk.js'
import type { Aim } from './aims.js'
import type { LiarMind } from './liar-blocks.js'
import type { LiarDeps } from './liar.js'
import { makeFeed, type KnownBlock, type Library, type OwnFeed } from './library.js'
import { START_MS, type Machine } from './machine.js'
import { addressOf, type SimEndpoint } from './network.js'
import { createPrng, type Prng } from './prng.js'
import type { Owner } from './world.js'

/** A liar that aims. */
export interface AimedLiar {
  start(): void
  leave(): void
}

const OWN_BLOCKS = 24
const SPARES = 6
/** Streams to one machine that are not for holding. */
const STREAMS_MAX = 1
/** So often a liar acts at its own pace, and never faster than that pause afterwards. */
const QUICK_ACTS = 40
const SLOW_MS = 2_000

/**
 * A liar that is not connected.
 * @param seat its index in the network: no other node has it
 * @param library what all of them know
 */
export function createAimedLiar(
  seed: number, seat: number, aim: Aim, library: Library, deps: LiarDeps
): AimedLiar {
  return new Schemer(seed, seat, aim, library, deps)
}

class Schemer implements AimedLiar {
  readonly #name: PeerName
  readonly #aim: Aim
  readonly #deps: LiarDeps
  readonly #prng: Prng
  readonly #library: Library
  readonly #mind: LiarMind
  readonly #own: OwnFeed
  readonly #spares: KnownBlock[]
  readonly #seat: number
  readonly #owner: Owner = { alive: true, heldUntilMs: 0 }
  readonly #streams = new Map<Machine, number>()
  #endpoint: SimEndpoint | undefined
  #acts = 0

  constructor(seed: number, seat: number, aim: Aim, library: Library, deps: LiarDeps) {
    this.#deps = deps
    this.#aim = aim
    this.#library = library
    this.#seat = seat
    this.#prng = createPrng(`${seed}/aimed liar ${aim.number}`)
    this.#mind = mindOf(this.#prng, deps)
    this.#name = peerNameOf(this.#mind.signer.publicKey)
    const drips = aim.habit === 'drip'
    const prng = this.#prng.fork('blocks')
    this.#own = drips ? makeFeed(this.#mind, prng, OWN_BLOCKS) : { blocks: [], ahead: undefined }
    this.#spares = Array.from({ length: drips ? SPARES : 0 }, (_, index) => {
      return spare(this.#mind, prng.fork(String(index)))
    }).flat()
  }

  start(): void {
    const { hub, machines, networkId, world } = this.#deps
    const endpoint = hub.join({
      name: this.#name, index: this.#seat, owner: this.#owner, networkId, raw: true,
      dial: machines.map(({ name }) => addressOf(name)), prng: this.#prng.fork('dial'), onThrow: () => undefined
    })
    this.#endpoint = endpoint
    endpoint.onMessage((_, payload) => {
      this.#library.hear(payload)
      return Promise.resolve({ kind: 'ignore', why: 'whim' })
    })
    endpoint.onStream(async (stream) => {
      const target = machines.find(({ name }) => name === stream.peer)
      if (target !== undefined) await this.#talk(stream, target, false)
    })
    void endpoint.start()
    world.plan(this.#aim.everyMs, 'aim', this.#owner, () => this.#act())
  }

  leave(): void {
    this.#deps.hub.vanish(this.#name, true)
    this.#owner.alive = false
  }

  #act(): void {
    const { machines, world } = this.#deps
    const { everyMs, habit } = this.#aim
    const most = habit === 'hold' ? NETWORK_LIMITS.inboundStreamsMax : STREAMS_MAX
    for (const machine of machines) {
      if ((this.#streams.get(machine) ?? 0) < most && this.#prng.chance(0.8)) this.#open(machine)
    }
    this.#acts += 1
    const pauseMs = this.#acts < QUICK_ACTS ? everyMs : Math.max(everyMs, SLOW_MS)
    world.plan(pauseMs, 'aim', this.#owner, () => this.#act())
  }

  #open(machine: Machine): void {
    const count = (change: number): void => {
      this.#streams.set(machine, (this.#streams.get(machine) ?? 0) + change)
    }
    count(1)
    this.#endpoint?.open(machine.name)
      .then((stream) => this.#talk(stream, machine, true))
      .catch(() => undefined)
      .finally(() => count(-1))
  }

  #talk(stream: FrameStream, target: Machine, opened: boolean): Promise<void> {
    const { everyMs, habit } = this.#aim
    const { world } = this.#deps
    world.count(`sessions with liars that ${habit}`)
    return TALKS[habit]({
      stream, opened, target, mind: this.#mind, library: this.#library, own: this.#own, spares: this.#spares,
      everyMs, prng: this.#prng, world, owner: this.#owner
    })
  }
}

function mindOf(prng: Prng, { closed, governor, machines, networkId, world }: LiarDeps): LiarMind {
  const signer = createSigner(prng.fork('node').bytes(32))
  return {
    networkId, signer, agent: createSigner(prng.fork('agent').bytes(32)),
    certificate: closed ? issueCertificate(signer.publicKey, governor, networkId) : undefined,
    nowMs: () => START_MS + world.nowMs, overheard: [], tip: undefined,
    incarnation: incarnationOf(prng.fork('feed')), victims: machines.map((machine) => machine.signer.publicKey)
  }
}

/** A first block of a feed of its own. */
function spare(mind: LiarMind, prng: Prng): readonly KnownBlock[] {
  return makeFeed({ ...mind, tip: undefined, incarnation: incarnationOf(prng) }, prng, 1).blocks
}

function incarnationOf(prng: Prng): string {
  return Buffer.from(prng.bytes(8)).toString('hex')
}
