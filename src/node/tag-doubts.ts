// Doubts: peers whose tag differs from ours although both are about one state.
// Rule: before a peer is said to answer differently, this node looks at itself: it counts its index and
// computes all its views anew. Only a tag that stays is held against the peer. A peer can cause that work
// once in ten minutes, whatever it sends.
// Source: docs/formats/sync.md, "State tag".

import { type Clock, type Log, type PublicKey } from '../base/index.js'
import { comparable, sameAnswers, type StateTag, type TagBook } from '../dag/index.js'

/** Two signed tags of one state that say different things. */
export interface TagAlarm {
  readonly atMs: number
  readonly ours: StateTag
  readonly theirs: StateTag
}

/** Peers that answer differently, as far as it is known. */
export interface TagDoubts {
  /** A peer's tag that differs from ours: looked into as soon as that may be. */
  raise(theirs: StateTag): void
  /** The last alarms, oldest first. */
  readonly alarms: readonly TagAlarm[]
  /** Alarms raised since the start. */
  readonly raised: number
  /** Times that own views were found wrong and were computed anew. */
  readonly healed: number
  /** Peers in doubt that were not looked into yet. */
  readonly open: number
  stop(): Promise<void>
}

/** What a look at oneself takes. */
export interface TagDoubtDeps {
  /** Own tags. */
  readonly book: TagBook
  /** The tag of the present state, made anew even if it is there; undefined when the state does not rest. */
  readonly remake: () => Promise<StateTag | undefined>
  /** The tag of the present state. */
  readonly make: () => Promise<StateTag | undefined>
  /** Counts the index; false when it is damaged. */
  readonly rescan: (signal: AbortSignal) => Promise<boolean>
  /** Computes all views anew. */
  readonly recompute: (signal: AbortSignal) => Promise<void>
  readonly onAlarm: (alarm: TagAlarm) => void
  readonly clock: Clock
  readonly log: Log
}

/** Between two looks at oneself, and between two alarms about one peer. */
export const CHECK_MS_MIN = 600_000
/** Alarms kept with both tags. */
export const ALARMS_MAX = 16
/** Peers in doubt at once. */
const doubtsMax = 64

type Outcome = 'stays' | 'healed' | 'damaged' | 'moved'

/** No doubts. */
export function createTagDoubts(deps: TagDoubtDeps): TagDoubts {
  return new Doubts(deps)
}

class Doubts implements TagDoubts {
  readonly alarms: TagAlarm[] = []
  raised = 0
  healed = 0
  readonly #deps: TagDoubtDeps
  readonly #doubts = new Map<PublicKey, StateTag>()
  readonly #alarmedMs = new Map<PublicKey, number>()
  readonly #stopping = new AbortController()
  #checkedMs = -CHECK_MS_MIN
  #last: Outcome | undefined
  #checking: Promise<void> | undefined

  constructor(deps: TagDoubtDeps) {
    this.#deps = deps
  }

  get open(): number {
    return this.#doubts.size
  }

  raise(theirs: StateTag): void {
    const { nodeKey } = theirs
    const isFull = this.#doubts.size >= doubtsMax && !this.#doubts.has(nodeKey)
    if (isFull || this.#stopping.signal.aborted) return
    this.#doubts.set(nodeKey, theirs)
    if (this.#checking !== undefined) return
    const nowMs = this.#deps.clock.monotonicMs()
    if (nowMs - this.#checkedMs >= CHECK_MS_MIN) this.#begin(nowMs)
    else if (this.#last === 'stays') this.#accuse()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#checking
  }

  #begin(nowMs: number): void {
    this.#checkedMs = nowMs
    this.#checking = this.#check().then((outcome) => {
      this.#last = outcome
      if (outcome === 'stays' || outcome === 'healed') this.#accuse()
      else if (outcome === 'damaged') this.#doubts.clear()
    }).catch((error: unknown) => {
      if (this.#stopping.signal.aborted) return
      this.#deps.log.warn({ reason: String(error) }, 'a differing state tag could not be looked into')
    }).finally(() => {
      this.#checking = undefined
    })
  }

  async #check(): Promise<Outcome> {
    const { book, make, remake, rescan, recompute, log } = this.#deps
    const { signal } = this.#stopping
    log.warn({ peers: [...this.#doubts.keys()] }, 'a state tag differs: index and views are looked through')
    const before = await make()
    if (!await rescan(signal)) {
      log.error({}, 'a state tag differs since the own index is damaged')
      return 'damaged'
    }
    await recompute(signal)
    signal.throwIfAborted()
    const after = await remake()
    if (before === undefined || after === undefined || !comparable(before, after)) return 'moved'
    if (sameAnswers(before, after)) return 'stays'
    this.healed += 1
    log.error({ ours: said(before), anew: said(after) }, 'own views were wrong and are computed anew')
    // Whatever else was made from such views is worth nothing.
    book.clear()
    book.add(after)
    return 'healed'
  }

  #accuse(): void {
    const { book, clock } = this.#deps
    for (const theirs of this.#doubts.values()) {
      const ours = book.like(theirs)
      if (ours === undefined || sameAnswers(ours, theirs)) continue
      this.#alarm({ atMs: clock.nowMs(), ours, theirs })
    }
    this.#doubts.clear()
  }

  #alarm(alarm: TagAlarm): void {
    const { clock, log, onAlarm } = this.#deps
    const { ours, theirs } = alarm
    this.raised += 1
    this.alarms.push(alarm)
    if (this.alarms.length > ALARMS_MAX) this.alarms.shift()
    const nowMs = clock.monotonicMs()
    const before = this.#alarmedMs.get(theirs.nodeKey)
    if (before !== undefined && nowMs - before < CHECK_MS_MIN) return
    this.#alarmedMs.delete(theirs.nodeKey)
    this.#alarmedMs.set(theirs.nodeKey, nowMs)
    const [oldest] = this.#alarmedMs.keys()
    if (this.#alarmedMs.size > doubtsMax && oldest !== undefined) this.#alarmedMs.delete(oldest)
    const { frontierRoot } = ours
    log.error(
      { peerKey: theirs.nodeKey, frontierRoot, ours: said(ours), theirs: said(theirs) },
      'a peer holds the same blocks and answers differently'
    )
    onAlarm(alarm)
  }
}

function said({ recordCount, trustDigest, viewDigest }: StateTag): object {
  return { recordCount, trustDigest, viewDigest }
}
