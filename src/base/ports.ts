// The four ports through which chance enters (Clock, Random, Disk, Network) and the log.
// Each has a real and a fake implementation; both pass the same suite in test/contract.

/** A running timer. Cancelling twice is harmless. */
export interface Timer {
  cancel(): void
}

/** Time. Wall-clock ms since 1970 for timestamps, monotonic ms for durations. */
export interface Clock {
  nowMs(): number
  monotonicMs(): number
  /** Runs `action` once, at least `delayMs` from now. Whoever stops cancels its timers. */
  setTimer(delayMs: number, action: () => void): Timer
}

/** Randomness for keys, incarnations and jitter. */
export interface Random {
  bytes(length: number): Uint8Array
  /** A whole number in [0, below). */
  integer(below: number): number
}

/** Structured log: fields first. Never a key, and a stranger's payload only at debug. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Facts about a file or directory that tell a copy from the original. */
export interface DiskStat {
  readonly device: bigint
  readonly inode: bigint
  readonly sizeBytes: number
}

/** An open file. Positions are absolute; there is no cursor. */
export interface DiskFile {
  /** Reads up to `into.length` bytes at `position`; returns how many, 0 at the end of the file. */
  read(into: Uint8Array, position: number): Promise<number>
  /** Writes some of `from` at `position`; returns how many bytes it took, perhaps fewer. */
  write(from: Uint8Array, position: number): Promise<number>
  sizeBytes(): Promise<number>
  truncate(sizeBytes: number): Promise<void>
  /** Resolves when all data written before the call is on stable storage (fdatasync). */
  sync(): Promise<void>
  close(): Promise<void>
}

/** File system, as far as the write-ahead log needs it. Failures carry the platform's `code` (ENOENT …). */
export interface Disk {
  makeDirectory(path: string): Promise<void>
  /** Names of the entries, sorted by code unit. */
  list(path: string): Promise<readonly string[]>
  /** `create` makes a missing file and never truncates an existing one; `read` opens for reading alone. */
  open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile>
  stat(path: string): Promise<DiskStat | undefined>
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  /** Makes creations, renames and removals in the directory durable. */
  syncDirectory(path: string): Promise<void>
  /** Bytes that may still be written. */
  freeBytes(path: string): Promise<number>
  /** Size of the whole disk that holds the path. */
  totalBytes(path: string): Promise<number>
}

/** What admission says of foreign bytes. Gossip punishes `reject` alone. */
export type Verdict =
  | { readonly kind: 'accept' }
  | { readonly kind: 'ignore'; readonly why: string }
  | { readonly kind: 'reject'; readonly why: string }

/** A peer of the network port: its node key in text form (libp2p peer id; any unique text under test). */
export type PeerName = string

/** One connected, greeted peer. */
export interface PeerLink {
  readonly peer: PeerName
  readonly direction: 'inbound' | 'outbound'
  readonly address: string
  /** Both gossip streams are open and the peer has our topic. */
  readonly gossip: boolean
}

/**
 * A two-way stream of frames with one peer, in order, each at most `frameBytesMax` of the adapter.
 * `send` resolves when the stream can take more: await it, it is the back-pressure.
 */
export interface FrameStream {
  readonly peer: PeerName
  readonly frames: AsyncIterable<Uint8Array>
  send(frame: Uint8Array): Promise<void>
  close(): Promise<void>
  abort(error: Error): void
}

/** Peers, gossip of one topic, streams of one sync protocol. At most once, unordered, may lose silently. */
export interface Network {
  readonly self: PeerName
  start(): Promise<void>
  stop(): Promise<void>
  /** Sends to the peers of the topic, none included. A payload over the limit is refused, never sent. */
  publish(payload: Uint8Array): Promise<void>
  /** The one validator and receiver of gossip; its verdict decides forwarding and score. */
  onMessage(handler: (from: PeerName, payload: Uint8Array) => Promise<Verdict>): void
  open(peer: PeerName): Promise<FrameStream>
  /** The one handler of streams that peers open. The stream closes when the promise settles. */
  onStream(handler: (stream: FrameStream) => Promise<void>): void
  peers(): readonly PeerLink[]
  /** `renewed`: a link that had fallen silent has a new connection; what was sent meanwhile may be lost. */
  onPeer(handler: (event: { readonly kind: 'up' | 'down' | 'renewed'; readonly peer: PeerName }) => void): void
  dial(address: string): Promise<void>
  addresses(): readonly string[]
}
