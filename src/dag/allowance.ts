// How much a node key may add here, so that nobody fills others' disks: 64 MiB an hour, 1 MiB once it forked.
// Rule: what is over is deferred, never refused: such blocks are neither kept nor asked for, and sync asks
// again when there is room. Closed networks know their nodes and set no bound; whoever is exempt (a peer of
// the configuration during a cold join) may deliver what it has.

import { createBucket, type Bucket, type Clock, type PublicKey } from '../base/index.js'
import { blockBytesMax } from './block.js'
import { createRecent, type Recent } from './recent.js'

/** Numbers of the allowance. */
export interface AllowanceOptions {
  /** Bytes of blocks of one node key that are admitted an hour; Infinity = no bound. */
  readonly keyBytesPerHour: number
  /** The same for a key that has forked. */
  readonly forkedBytesPerHour: number
  /** Node keys whose use is remembered. */
  readonly allowanceKeysMax: number
}

/** What may be admitted and asked for at present. */
export interface Allowance {
  /** True when blocks of this key, or of a key not known yet, are let in from this peer. */
  isOpen(nodeKey: PublicKey | undefined, from: string): boolean
  /** Counts a block in; false when there is no room for it, and then for none of the key for a while. */
  take(nodeKey: PublicKey, bytes: number, from: string): boolean
  /** Blocks of a feed of this key that may be asked for at once; 0 while it is closed. */
  blocksOf(nodeKey: PublicKey | undefined, from: string): number
  /** Lets nothing in for a while: the disk is getting full. */
  pause(forMs: number): void
  /** True once after something that was closed has opened again. */
  reopened(): boolean
  /** Sets who is exempt from the bound of keys. */
  exempt(isExempt: (from: string) => boolean): void
  /** Node keys that are closed at present. */
  readonly closed: number
}

const hourMs = 3_600_000
/** Blocks of this size are expected: what gossip carries. */
const usualBlockBytes = 65_536
/** A closed key opens again with a 16th of its hour, so that sync does not ask for each block alone. */
const reopenParts = 16

interface Key {
  readonly bucket: Bucket
  closed: boolean
}

/** Everything open. @param isForked true for the key of a node that has forked */
export function createAllowance(
  options: AllowanceOptions, clock: Clock, isForked: (nodeKey: PublicKey) => boolean
): Allowance {
  return new KeyAllowance(options, clock, isForked)
}

class KeyAllowance implements Allowance {
  readonly #options: AllowanceOptions
  readonly #clock: Clock
  readonly #isForked: (nodeKey: PublicKey) => boolean
  readonly #keys: Recent<PublicKey, Key>
  readonly #closed = new Set<PublicKey>()
  #isExempt = (_: string): boolean => false
  #pausedUntilMs: number | undefined

  constructor(options: AllowanceOptions, clock: Clock, isForked: (nodeKey: PublicKey) => boolean) {
    this.#options = options
    this.#clock = clock
    this.#isForked = isForked
    this.#keys = createRecent(options.allowanceKeysMax)
  }

  get closed(): number {
    return this.#closed.size
  }

  isOpen(nodeKey: PublicKey | undefined, from: string): boolean {
    if (this.#isPaused()) return false
    return nodeKey === undefined || this.#isFree(from) || !this.#keyOf(nodeKey).closed
  }

  take(nodeKey: PublicKey, bytes: number, from: string): boolean {
    if (this.#isPaused()) return false
    if (this.#isFree(from)) return true
    const key = this.#keyOf(nodeKey)
    key.closed ||= bytes > key.bucket.level()
    if (key.closed) this.#closed.add(nodeKey)
    else key.bucket.take(bytes)
    return !key.closed
  }

  blocksOf(nodeKey: PublicKey | undefined, from: string): number {
    if (!this.isOpen(nodeKey, from)) return 0
    if (this.#isFree(from)) return Infinity
    const bytes = nodeKey === undefined ? this.#options.keyBytesPerHour : this.#keyOf(nodeKey).bucket.level()
    return Math.max(1, Math.floor(bytes / usualBlockBytes))
  }

  pause(forMs: number): void {
    this.#pausedUntilMs = this.#clock.monotonicMs() + forMs
  }

  reopened(): boolean {
    let opened = false
    if (this.#pausedUntilMs !== undefined && !this.#isPaused()) {
      this.#pausedUntilMs = undefined
      opened = true
    }
    for (const nodeKey of this.#closed) {
      if (this.#keyOf(nodeKey).closed) continue
      this.#closed.delete(nodeKey)
      opened = true
    }
    return opened
  }

  exempt(isExempt: (from: string) => boolean): void {
    this.#isExempt = isExempt
  }

  #keyOf(nodeKey: PublicKey): Key {
    const { keyBytesPerHour, forkedBytesPerHour } = this.#options
    const capacity = this.#isForked(nodeKey) ? forkedBytesPerHour : keyBytesPerHour
    const key = this.#keys.get(nodeKey) ??
      { bucket: createBucket(capacity, hourMs, this.#clock), closed: false }
    this.#keys.set(nodeKey, key)
    key.bucket.resize(capacity)
    const enough = Math.min(capacity, Math.max(capacity / reopenParts, blockBytesMax))
    if (key.closed && key.bucket.level() >= enough) key.closed = false
    return key
  }

  #isPaused(): boolean {
    return this.#pausedUntilMs !== undefined && this.#clock.monotonicMs() < this.#pausedUntilMs
  }

  #isFree(from: string): boolean {
    return this.#options.keyBytesPerHour === Infinity || this.#isExempt(from)
  }
}
