// Drives nodes under the Maelstrom protocol as Maelstrom does: a process each, a network between them that
// delays, loses and is cut, and a client that asks.

import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { readMessage, type Body, type Message } from '../../scripts/maelstrom/protocol.js'
import { seededRandom } from '../fakes/seeded-random.js'

const binary = fileURLToPath(new URL('../../bin/maelstrom-node', import.meta.url))

/** Faults between nodes; clients always reach them. */
export interface DriverFaults {
  readonly seed: number
  readonly lossPerMille: number
  readonly delayMs: readonly [least: number, below: number]
}

/** Running nodes. */
export interface Driver {
  readonly ids: readonly string[]
  /** Asks a node as a client; rejects when no answer comes in time. */
  ask(id: string, body: Body): Promise<Body>
  /** Cuts the named nodes off from the others; none heals. */
  cut(side: readonly string[]): void
  readonly counts: { readonly sent: number; readonly lost: number }
  end(): Promise<void>
}

const answerMsMax = 30_000

/** Starts nodes and inits them all. */
export async function startDriver(count: number, faults: DriverFaults): Promise<Driver> {
  const driver = new MessageDriver(count, faults)
  await Promise.all(driver.ids.map((id) => driver.ask(id, { type: 'init', node_id: id, node_ids: driver.ids })))
  return driver
}

class MessageDriver implements Driver {
  readonly ids: readonly string[]
  readonly counts = { sent: 0, lost: 0 }
  readonly #faults: DriverFaults
  readonly #random
  readonly #processes = new Map<string, ChildProcess>()
  readonly #waiting = new Map<number, (body: Body) => void>()
  #side: ReadonlySet<string> = new Set()
  #asked = 0
  #ended = false

  constructor(count: number, faults: DriverFaults) {
    this.#faults = faults
    this.#random = seededRandom(faults.seed)
    this.ids = Array.from({ length: count }, (_, i) => `n${i + 1}`)
    for (const id of this.ids) {
      const child = spawn(binary, [], { stdio: ['pipe', 'pipe', 'inherit'] })
      this.#processes.set(id, child)
      createInterface({ input: child.stdout }).on('line', (line) => {
        const message = readMessage(line)
        if (message === undefined) throw new Error(`${id} said what is no message: ${line}`)
        this.#route(message)
      })
    }
  }

  ask(id: string, body: Body): Promise<Body> {
    const asked = ++this.#asked
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${id} did not answer ${body.type}`)), answerMsMax)
      this.#waiting.set(asked, (answer) => {
        clearTimeout(timer)
        if (answer.type === 'error') reject(new Error(`${id}: ${JSON.stringify(answer)}`))
        else resolve(answer)
      })
      this.#deliver({ src: 'c1', dest: id, body: { ...body, msg_id: asked } })
    })
  }

  cut(side: readonly string[]): void {
    this.#side = new Set(side)
  }

  // The end of its input ends a node, which then removes its directory.
  async end(): Promise<void> {
    this.#ended = true
    await Promise.all([...this.#processes.values()].map((child) => new Promise((resolve) => {
      if (child.exitCode !== null) return resolve(undefined)
      child.once('exit', resolve)
      child.stdin?.end()
    })))
  }

  #route(message: Message): void {
    const { src, dest, body } = message
    if (dest === 'c1') {
      const id = Number(body['in_reply_to'])
      this.#waiting.get(id)?.(body)
      this.#waiting.delete(id)
      return
    }
    this.counts.sent++
    const { lossPerMille, delayMs: [least, below] } = this.#faults
    const isCut = this.#side.has(src) !== this.#side.has(dest)
    if (isCut || this.#random.integer(1_000) < lossPerMille) this.counts.lost++
    else setTimeout(() => this.#deliver(message), least + this.#random.integer(below - least))
  }

  #deliver(message: Message): void {
    const child = this.#processes.get(message.dest)
    if (!this.#ended && child?.stdin?.writable === true) child.stdin.write(`${JSON.stringify(message)}\n`)
  }
}
