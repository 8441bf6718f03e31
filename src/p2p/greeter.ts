// Greeter: exchanges hellos on new connections and judges them.
// Invariant: every connection ends up greeted or closed within `helloMsMax`.
// The dialler speaks first, on a stream of its own; the listener answers even a node of another network, so
// that the dialler can say what is wrong, and closes without an answer when the gate refuses it.

import type { Connection, Stream } from '@libp2p/interface'
import type { Clock, Log, NetworkId, Timer } from '../base/index.js'
import { P2pError, reasonOf } from './errors.js'
import { createFrameStream } from './frame-stream.js'
import { commonVersion, decodeHello, encodeHello, HELLO_LIMITS, PROTOCOL_VERSIONS, type Hello } from './hello.js'
import { helloProtocol } from './libp2p-node.js'
import type { Greeting } from './options.js'
import { publicKeyOfPeer } from './peer-name.js'

/** What the greeter says and asks. */
export interface GreeterOptions {
  readonly networkId: NetworkId
  readonly certificate?: Uint8Array
  readonly helloMsMax: number
  readonly closeMsMax: number
}

/** What the greeter needs. */
export interface GreeterDeps {
  /** False refuses the peer. */
  gate(greeting: Greeting): boolean
  /** Called once for each connection whose hellos were exchanged and liked. */
  accepted(connection: Connection): void
  readonly clock: Clock
  readonly log: Log
}

/** Greets connections. */
export interface Greeter {
  /** To be called for each new connection, in either direction. */
  onConnection(connection: Connection): void
  /** Handler of `helloProtocol`. */
  onStream(stream: Stream, connection: Connection): Promise<void>
  /** Resolves when the connection is greeted. @throws P2pError when it never will be */
  greeted(connection: Connection): Promise<void>
}

// Both sides close a hello at once; a peer that does not loses the stream.
const lingerMs = 5_000

interface Pending {
  readonly done: PromiseWithResolvers<void>
  settled: boolean
  timer: Timer | undefined
}

/** Makes a greeter. */
export function createGreeter(options: GreeterOptions, deps: GreeterDeps): Greeter {
  return new ConnectionGreeter(options, deps)
}

class ConnectionGreeter implements Greeter {
  readonly #options: GreeterOptions
  readonly #deps: GreeterDeps
  readonly #own: Hello
  readonly #pending = new WeakMap<Connection, Pending>()

  constructor(options: GreeterOptions, deps: GreeterDeps) {
    this.#options = options
    this.#deps = deps
    this.#own = { ...options, versions: PROTOCOL_VERSIONS }
  }

  onConnection(connection: Connection): void {
    const entry = this.#track(connection)
    if (connection.direction !== 'outbound') return
    this.#greet(connection).then(
      () => this.#succeed(connection, entry),
      (error: unknown) => this.#fail(connection, entry, error)
    )
  }

  async onStream(raw: Stream, connection: Connection): Promise<void> {
    const entry = this.#track(connection)
    const stream = wrap(raw, connection, this.#deps.clock)
    let fault: unknown
    try {
      const bytes = await first(stream.frames)
      if (bytes === undefined) throw refused(connection)
      fault = judge(this.#own, decodeHello(bytes), connection, this.#deps)
      if (!isRefusal(fault)) await stream.send(encodeHello(this.#own))
    } catch (error) {
      fault = error
    } finally {
      await stream.close()
    }
    if (fault === undefined) this.#succeed(connection, entry)
    else this.#fail(connection, entry, fault)
  }

  greeted(connection: Connection): Promise<void> {
    return this.#track(connection).done.promise
  }

  async #greet(connection: Connection): Promise<void> {
    const stream = wrap(await connection.newStream(helloProtocol), connection, this.#deps.clock)
    try {
      await stream.send(encodeHello(this.#own))
      const answer = await first(stream.frames)
      if (answer === undefined) throw refused(connection)
      const fault = judge(this.#own, decodeHello(answer), connection, this.#deps)
      if (fault !== undefined) throw fault
    } finally {
      await stream.close()
    }
  }

  #track(connection: Connection): Pending {
    const known = this.#pending.get(connection)
    if (known !== undefined) return known
    const entry: Pending = { done: Promise.withResolvers(), settled: false, timer: undefined }
    this.#pending.set(connection, entry)
    entry.done.promise.catch(() => undefined)
    entry.timer = this.#deps.clock.setTimer(
      this.#options.helloMsMax, () => this.#fail(connection, entry, new Error('no hello in time'))
    )
    // A dialler learns why from its hello stream, which may hold the answer still; a listener has none yet.
    if (connection.direction === 'inbound') {
      connection.addEventListener('close', () => {
        this.#fail(connection, entry, new Error('closed before the hello'))
      })
    }
    return entry
  }

  #succeed(connection: Connection, entry: Pending): void {
    if (entry.settled) return
    entry.settled = true
    entry.timer?.cancel()
    this.#deps.accepted(connection)
    entry.done.resolve()
  }

  #fail(connection: Connection, entry: Pending, cause: unknown): void {
    if (entry.settled) return
    entry.settled = true
    entry.timer?.cancel()
    const peer = connection.remotePeer.toString()
    entry.done.reject(cause instanceof P2pError ? cause : helloFailed(peer, cause))
    this.#deps.log.debug({ peer, reason: reasonOf(cause) }, 'hello failed')
    void closeConnection(connection, this.#options, this.#deps.clock)
  }
}

/** Closes a connection in good order, or at once when that fails or takes longer than `closeMsMax`. */
export async function closeConnection(
  connection: Pick<Connection, 'close' | 'abort'>, options: { readonly closeMsMax: number }, clock: Clock
): Promise<void> {
  const timer = clock.setTimer(options.closeMsMax, () => connection.abort(new Error('closing took too long')))
  try {
    await connection.close()
  } catch (error) {
    connection.abort(error instanceof Error ? error : new Error(String(error)))
  } finally {
    timer.cancel()
  }
}

function judge(own: Hello, theirs: Hello, connection: Connection, deps: GreeterDeps): P2pError | undefined {
  const peer = connection.remotePeer.toString()
  if (theirs.networkId !== own.networkId) {
    return new P2pError({ code: 'P2P_WRONG_NETWORK', peer }, 'the peer belongs to another network')
  }
  if (commonVersion(own.versions, theirs.versions) === undefined) {
    return new P2pError({ code: 'P2P_NO_COMMON_VERSION', peer }, 'no protocol version in common')
  }
  const publicKey = publicKeyOfPeer(peer)
  if (publicKey === undefined) return refused(connection)
  const { certificate } = theirs
  const greeting: Greeting = { peer, publicKey, ...(certificate === undefined ? {} : { certificate }) }
  return deps.gate(greeting) ? undefined : refused(connection)
}

function wrap(stream: Stream, connection: Connection, clock: Clock): ReturnType<typeof createFrameStream> {
  const limits = { frameBytesMax: HELLO_LIMITS.bytesMax, unreadBytesMax: 2 * HELLO_LIMITS.bytesMax, lingerMs }
  return createFrameStream(stream, { ...limits, peer: connection.remotePeer.toString() }, { clock })
}

async function first(frames: AsyncIterable<Uint8Array>): Promise<Uint8Array | undefined> {
  for await (const frame of frames) return frame
  return undefined
}

function isRefusal(fault: unknown): boolean {
  return fault instanceof P2pError && fault.code === 'P2P_REFUSED'
}

function refused(connection: Connection): P2pError {
  const peer = connection.remotePeer.toString()
  return new P2pError({ code: 'P2P_REFUSED', peer }, 'refused by the gate of one of the two nodes')
}

function helloFailed(peer: string, cause: unknown): P2pError {
  return new P2pError({ code: 'P2P_HELLO_FAILED', peer }, `no hello exchanged: ${reasonOf(cause)}`, { cause })
}
