// Claims: which session fetches which blocks at the moment, so that sessions with several peers fetch
// disjoint parts.
// Rule: a claim only saves bytes, it never decides what is here. It ends with its session, or when that
// session got nothing for a while, so that a peer that serves nothing holds nobody up; and whoever finds
// nothing free may ask the one that holds most to share. Whoever finds all places taken gets that of the
// slowest, once this one has had its turn.

import { type Clock } from '../base/index.js'

/** Blocks `low`..`high` of a feed. */
export interface Span {
  readonly low: number
  readonly high: number
}

/** How claims are given. */
export interface ClaimOptions {
  /** How long an owner's claims last after it last got something, in ms. */
  readonly claimMs: number
  /** Sessions that fetch at once. */
  readonly fetchersMax: number
  /** How long one fetches though another waits for its place, and over what time its rate is taken, in ms. */
  readonly fetchTurnMs: number
}

/**
 * Parts of feeds claimed by running sessions. A feed is named by the first 16 bytes of its id, in hex.
 * An owner is known from `enter` to `free`.
 */
export interface Claims {
  /**
   * Counts the owner among those who fetch; false while `fetchersMax` others do and none must go. Of those
   * that had their turn the slowest goes: it is asked to share, and what it claimed is free. Who had to go
   * sends nobody away itself.
   * @param share told when another session waits for what this one claimed; true when it will give some back
   */
  enter(owner: object, share: () => boolean): boolean
  /** The owner is among those who fetch. */
  isIn(owner: object): boolean
  /** Others that fetch, or wait for something to fetch. */
  others(owner: object): number
  /** Claims the lowest part of a span that nobody has, at most `blocksMax` blocks; undefined for none. */
  take(owner: object, feed: string, span: Span, blocksMax: number): Span | undefined
  /** Claims a part whoever else has it: for blocks that are asked for by hash. */
  hold(owner: object, feed: string, part: Span): void
  /** The owner is through with a part that it took. */
  release(owner: object, feed: string, part: Span): void
  /** Another session has blocks of this span under way. */
  isHeld(owner: object, feed: string, span: Span): boolean
  /** The owner got so many new bytes: its claims last longer, unless it is to give them back. */
  renew(owner: object, bytes: number): void
  /** The owner has said that it will give back: its claims end `claimMs` from now at the latest. */
  expire(owner: object): void
  /** The owner's peer has answered: its claims last as long as what came is under admission. */
  keep(owner: object): void
  /** Tells those who hold most, until one gives some back, that this owner waits. */
  crowd(owner: object): void
  /** Gives back all of an owner. */
  free(owner: object): void
  /** Resolves when a claim was given back, or after `ms`. */
  changed(ms: number): Promise<void>
}

interface Part extends Span {
  readonly owner: Fetcher
}

interface Fetcher {
  readonly share: () => boolean
  untilMs: number
  /** It is to give back what it holds: its claims are not renewed until its peer has answered. */
  expiring: boolean
  blocks: number
  readonly sinceMs: number
  /** New bytes of the present window and of the one before. */
  windowMs: number
  bytes: number
  bytesBefore: number
}

/** No claims yet. */
export function createClaims(options: ClaimOptions, clock: Clock): Claims {
  return new PartClaims(options, clock)
}

class PartClaims implements Claims {
  private readonly options: ClaimOptions
  private readonly clock: Clock
  private readonly fetchers = new Map<object, Fetcher>()
  private readonly feeds = new Map<string, readonly Part[]>()
  private readonly waiting = new Set<() => void>()
  /** Owners that had to give their place to another. */
  private readonly sentAway = new WeakSet<object>()

  constructor(options: ClaimOptions, clock: Clock) {
    this.options = options
    this.clock = clock
  }

  enter(owner: object, share: () => boolean): boolean {
    const known = this.fetchers.get(owner)
    const isFull = known === undefined && this.others(owner) >= this.options.fetchersMax
    if (isFull && !this.sendAway(owner)) return false
    const sinceMs = this.clock.monotonicMs()
    const fetcher = known ?? {
      share, untilMs: 0, expiring: false, blocks: 0, sinceMs, windowMs: sinceMs, bytes: 0, bytesBefore: 0
    }
    this.fetchers.set(owner, fetcher)
    // Who waits with nothing claimed is alive; who has claims must get something for them.
    if (fetcher.blocks === 0) this.extend(fetcher)
    return true
  }

  isIn(owner: object): boolean {
    return this.fetchers.has(owner)
  }

  others(owner: object): number {
    let count = 0
    for (const [other, fetcher] of this.fetchers) if (other !== owner && this.isLive(fetcher)) count += 1
    return count
  }

  take(owner: object, feed: string, span: Span, blocksMax: number): Span | undefined {
    const fetcher = this.fetchers.get(owner)
    if (fetcher === undefined || blocksMax < 1) return undefined
    const part = firstFree(span, this.partsOf(feed))
    if (part === undefined) return undefined
    const taken = { low: part.low, high: Math.min(part.high, part.low + blocksMax - 1) }
    this.hold(owner, feed, taken)
    return taken
  }

  hold(owner: object, feed: string, { low, high }: Span): void {
    const fetcher = this.fetchers.get(owner)
    if (fetcher === undefined) return
    this.feeds.set(feed, [...this.partsOf(feed), { low, high, owner: fetcher }].sort((a, b) => a.low - b.low))
    fetcher.blocks += high - low + 1
    this.extend(fetcher)
  }

  release(owner: object, feed: string, part: Span): void {
    const fetcher = this.fetchers.get(owner)
    const all = this.feeds.get(feed)
    if (fetcher === undefined || all === undefined) return
    const rest = all.filter((one) => one.owner !== fetcher || one.low !== part.low || one.high !== part.high)
    if (rest.length === all.length) return
    if (rest.length === 0) this.feeds.delete(feed)
    else this.feeds.set(feed, rest)
    fetcher.blocks -= part.high - part.low + 1
    this.wake()
  }

  isHeld(owner: object, feed: string, span: Span): boolean {
    const fetcher = this.fetchers.get(owner)
    return this.partsOf(feed)
      .some((part) => part.owner !== fetcher && part.low <= span.high && span.low <= part.high)
  }

  renew(owner: object, bytes: number): void {
    const fetcher = this.fetchers.get(owner)
    if (fetcher === undefined) return
    this.roll(fetcher)
    fetcher.bytes += bytes
    if (!fetcher.expiring) this.extend(fetcher)
  }

  expire(owner: object): void {
    const fetcher = this.fetchers.get(owner)
    if (fetcher === undefined) return
    this.extend(fetcher)
    fetcher.expiring = true
  }

  keep(owner: object): void {
    const fetcher = this.fetchers.get(owner)
    if (fetcher === undefined) return
    fetcher.expiring = false
    this.extend(fetcher)
  }

  crowd(owner: object): void {
    const mine = this.fetchers.get(owner)
    if (mine === undefined) return
    const others = [...this.fetchers.values()].filter((other) => other !== mine && other.blocks > 0)
    for (const { share } of others.sort((a, b) => b.blocks - a.blocks)) if (share()) return
  }

  free(owner: object): void {
    const fetcher = this.fetchers.get(owner)
    if (fetcher === undefined) return
    this.fetchers.delete(owner)
    for (const [feed, parts] of this.feeds) {
      const rest = parts.filter((part) => part.owner !== fetcher)
      if (rest.length === 0) this.feeds.delete(feed)
      else if (rest.length < parts.length) this.feeds.set(feed, rest)
    }
    this.wake()
  }

  changed(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        timer.cancel()
        this.waiting.delete(wake)
        resolve()
      }
      const timer = this.clock.setTimer(ms, wake)
      this.waiting.add(wake)
    })
  }

  /** Gives the place of the slowest that had its turn; false when nobody had, or the owner was sent away. */
  private sendAway(owner: object): boolean {
    if (this.sentAway.has(owner)) return false
    const before = this.clock.monotonicMs() - this.options.fetchTurnMs
    const [slowest] = [...this.fetchers]
      .filter(([, fetcher]) => this.isLive(fetcher) && fetcher.sinceMs <= before)
      .map(([other, fetcher]) => ({ other, fetcher, pace: this.paceOf(fetcher) }))
      .sort((a, b) => a.pace - b.pace)
    if (slowest === undefined) return false
    this.sentAway.add(slowest.other)
    slowest.fetcher.share()
    this.free(slowest.other)
    return true
  }

  /** New bytes a ms, over one to two turns. */
  private paceOf(fetcher: Fetcher): number {
    this.roll(fetcher)
    const nowMs = this.clock.monotonicMs()
    const sinceMs = Math.max(fetcher.sinceMs, fetcher.windowMs - this.options.fetchTurnMs)
    return (fetcher.bytes + fetcher.bytesBefore) / Math.max(1, nowMs - sinceMs)
  }

  /** Begins a new window when the present one is over. */
  private roll(fetcher: Fetcher): void {
    const nowMs = this.clock.monotonicMs()
    const { fetchTurnMs } = this.options
    const passed = Math.floor((nowMs - fetcher.windowMs) / fetchTurnMs)
    if (passed < 1) return
    fetcher.bytesBefore = passed === 1 ? fetcher.bytes : 0
    fetcher.bytes = 0
    fetcher.windowMs += passed * fetchTurnMs
  }

  private wake(): void {
    for (const wake of [...this.waiting]) wake()
  }

  private extend(fetcher: Fetcher): void {
    fetcher.untilMs = this.clock.monotonicMs() + this.options.claimMs
  }

  private isLive(fetcher: Fetcher): boolean {
    return fetcher.untilMs > this.clock.monotonicMs()
  }

  /** Parts of a feed that count, ascending. */
  private partsOf(feed: string): readonly Part[] {
    return (this.feeds.get(feed) ?? []).filter((part) => this.isLive(part.owner))
  }
}

/** The lowest part of a span outside of these ascending parts. */
function firstFree(span: Span, parts: readonly Span[]): Span | undefined {
  let { low } = span
  for (const part of parts) {
    if (low > span.high) return undefined
    if (part.high < low) continue
    if (part.low > low) return { low, high: Math.min(span.high, part.low - 1) }
    low = part.high + 1
  }
  return low > span.high ? undefined : { low, high: span.high }
}
