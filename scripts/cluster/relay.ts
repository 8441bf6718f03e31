// A TCP relay in front of one node: the place where links are cut, held back, and counted.
// Held connections are accepted and carry nothing until they are released: dials that meet each other.

import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** A relay. */
export interface Relay {
  readonly port: number
  /** Where it leads; connections before this is set are cut. */
  target: number | undefined
  /** Connections since the start, and those that are held now. */
  readonly accepted: number
  readonly held: number
  /** Bytes passed on in both directions since the start. */
  readonly bytes: number
  hold(): void
  release(): void
  /** Resets every connection. */
  cut(): void
  /** From now on the present connections carry nothing, not even their end; new ones do. */
  silence(): void
  close(): Promise<void>
}

/** Opens a relay on a free port of loopback. */
export async function openRelay(): Promise<Relay> {
  const relay = new TcpRelay()
  await relay.listen()
  return relay
}

/** A free port of loopback, for a node that announces the port of a relay and not its own. */
export async function freePort(): Promise<number> {
  const relay = await openRelay()
  const { port } = relay
  await relay.close()
  return port
}

class TcpRelay implements Relay {
  target: number | undefined
  accepted = 0
  bytes = 0
  readonly #server: Server
  readonly #open = new Set<Socket>()
  readonly #silent = new WeakSet<Socket>()
  #held: Socket[] = []
  #holding = false

  constructor() {
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket))
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get held(): number {
    return this.#held.length
  }

  hold(): void {
    this.#holding = true
  }

  release(): void {
    this.#holding = false
    for (const socket of this.#held.splice(0)) this.#join(socket)
  }

  cut(): void {
    for (const socket of this.#open) socket.resetAndDestroy()
  }

  silence(): void {
    for (const socket of this.#open) {
      socket.unpipe()
      socket.pause()
      this.#silent.add(socket)
    }
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #accept(socket: Socket): void {
    this.accepted++
    this.#track(socket)
    if (!this.#holding) return this.#join(socket)
    this.#held.push(socket)
    socket.once('close', () => { this.#held = this.#held.filter((other) => other !== socket) })
  }

  #join(socket: Socket): void {
    if (this.target === undefined) return void socket.resetAndDestroy()
    const far = connect({ port: this.target, host: '127.0.0.1', noDelay: true })
    this.#track(far)
    socket.pipe(far).pipe(socket)
    for (const end of [socket, far]) end.on('data', (chunk: Buffer) => { this.bytes += chunk.length })
    const endWith = (near: Socket, other: Socket): void => void near.once('close', () => {
      if (!this.#silent.has(near)) other.destroy()
    })
    endWith(socket, far)
    endWith(far, socket)
  }

  #track(socket: Socket): void {
    this.#open.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => this.#open.delete(socket))
  }
}
