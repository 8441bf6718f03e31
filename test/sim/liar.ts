// A Byzantine node: an identity of its own, raw access to the network, and no interest in the truth.

import type { NetworkId, PeerName } from '../../src/base/index.js'
import { issueCertificate } from '../../src/dag/index.js'
import { peerNameOf } from '../../src/p2p/index.js'
import { createSigner, type Signer } from '../../src/record/index.js'
import { GOSSIP_LIES, type LiarMind } from './liar-blocks.js'
import { answerFalsely, STREAM_LIES } from './liar-frames.js'
import { START_MS, type Machine } from './machine.js'
import { addressOf, type SimEndpoint, type SimHub } from './network.js'
import { createPrng, type Prng } from './prng.js'
import type { Owner, World } from './world.js'

/** Kinds of lies. */
export const LIES: readonly string[] = [...Object.keys(GOSSIP_LIES), ...Object.keys(STREAM_LIES)]

/** A liar. */
export interface Liar {
  readonly name: PeerName
  start(): void
  /** Tells one machine a lie. @param draw what it is made of */
  tell(what: string, target: Machine, draw: number): void
  /** Leaves the network for good. */
  leave(): void
}

/** What a liar stands on. */
export interface LiarDeps {
  readonly world: World
  readonly hub: SimHub
  readonly machines: readonly Machine[]
  readonly networkId: NetworkId
  readonly governor: Signer
  readonly closed: boolean
}

const OVERHEARD_MAX = 64

/** A liar that is not connected. */
export function createLiar(seed: number, number: number, deps: LiarDeps): Liar {
  return new ByzantineNode(seed, number, deps)
}

class ByzantineNode implements Liar {
  readonly name: PeerName
  readonly #deps: LiarDeps
  readonly #prng: Prng
  readonly #mind: LiarMind & { overheard: Uint8Array[] }
  readonly #owner: Owner = { alive: true, heldUntilMs: 0 }
  readonly #index: number
  #endpoint: SimEndpoint | undefined

  constructor(seed: number, number: number, deps: LiarDeps) {
    const { machines, networkId, world, governor, closed } = deps
    this.#deps = deps
    this.#prng = createPrng(`${seed}/liar ${number}`)
    this.#index = machines.length + 1 + number
    const signer = createSigner(this.#prng.fork('node').bytes(32))
    const certificate = closed ? issueCertificate(signer.publicKey, governor, networkId) : undefined
    this.name = peerNameOf(signer.publicKey)
    this.#mind = {
      networkId, signer, agent: createSigner(this.#prng.fork('agent').bytes(32)), certificate,
      nowMs: () => START_MS + world.nowMs, overheard: [], tip: undefined,
      incarnation: Buffer.from(this.#prng.fork('feed').bytes(8)).toString('hex'),
      victims: machines.map((machine) => machine.signer.publicKey)
    }
  }

  start(): void {
    const { hub, machines, networkId } = this.#deps
    const endpoint = hub.join({
      name: this.name, index: this.#index, owner: this.#owner, networkId,
      dial: machines.map(({ name }) => addressOf(name)), prng: this.#prng.fork('dial'), onThrow: () => undefined
    })
    this.#endpoint = endpoint
    endpoint.onMessage((_, payload) => {
      this.#mind.overheard.push(payload)
      if (this.#mind.overheard.length > OVERHEARD_MAX) this.#mind.overheard.shift()
      // It forwards when it feels like it.
      return Promise.resolve(this.#prng.chance(0.5) ? { kind: 'accept' } : { kind: 'ignore', why: 'whim' })
    })
    endpoint.onStream((stream) => answerFalsely(stream, this.#mind, this.#prng))
    void endpoint.start()
  }

  tell(what: string, target: Machine, draw: number): void {
    const prng = createPrng(`${what} ${draw}`)
    const gossip = GOSSIP_LIES[what]
    if (gossip !== undefined) return this.#publish(gossip, target, prng)
    const speak = STREAM_LIES[what]
    if (speak === undefined) return
    this.#endpoint?.open(target.name).then((stream) => speak(stream, this.#mind, prng)).catch(() => undefined)
  }

  leave(): void {
    const { hub } = this.#deps
    hub.vanish(this.name, true)
    this.#owner.alive = false
  }

  #publish(make: (typeof GOSSIP_LIES)[string], target: Machine, prng: Prng): void {
    const lie = make(this.#mind, prng)
    for (const payload of lie.target) this.#endpoint?.whisper(target.name, payload)
    for (const machine of this.#deps.machines) {
      if (machine === target) continue
      for (const payload of lie.others) this.#endpoint?.whisper(machine.name, payload)
    }
  }
}
