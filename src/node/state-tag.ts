// The state tags of a node: its own, made once for a state, and the last one of each peer.
// Rule: a tag is made of a state at rest alone, one at a time, and never for a peer that asks. The last 1,024
// own ones are kept: a peer's is about a state that may have passed here. Those that differ: tag-doubts.ts.
// Source: docs/formats/sync.md, "State tag".

import { equalBytes, type Clock, type Hash, type Log, type NetworkId, type PublicKey, type Timer } from '../base/index.js'
import {
  comparable, createTagBook, decodeTag, sameAnswers, signTag, verifyTag, viewDigestAlgorithm, type Dag,
  type StateTag, type SyncResult
} from '../dag/index.js'
import { VIEW_VERSION } from '../lenses/index.js'
import { viewDigest as digestOfViews } from '../materializer/index.js'
import type { Signer } from '../record/index.js'
import { STORE_DEFAULTS, type Store } from '../store/index.js'
import { createTagDoubts, type TagAlarm, type TagDoubtDeps, type TagDoubts } from './tag-doubts.js'

/** Keeps the tag of the present state. */
export interface StateTags {
  /** The tag of the present state if it was made already. Costs nothing. */
  current(): StateTag | undefined
  /** The tag of the present state, made if need be; undefined while marks or frames are left. */
  make(): Promise<StateTag | undefined>
  /** Compares what a peer said in a session that is over. */
  compare(peerKey: PublicKey, result: SyncResult): void
  /** What is known of peers that answer differently. */
  readonly doubts: Pick<TagDoubts, 'alarms' | 'raised' | 'healed' | 'open'>
  /** From now on a tag is made whenever the node has come to rest. */
  start(): void
  /** Gives up the tag that is being made. */
  stop(): Promise<void>
}

/** What the keeper of tags works on. */
export interface TagDeps extends Pick<TagDoubtDeps, 'rescan' | 'recompute'> {
  readonly store: Pick<Store, 'totals' | 'snapshot'>
  readonly dag: Pick<Dag, 'frontier'>
  readonly networkId: NetworkId
  readonly signer: Signer
  readonly trustDigest: () => Hash
  /** No mark and no frame is left. */
  readonly quiet: () => boolean
  /** Hears of each new tag. */
  readonly onTag: (tag: StateTag) => void
  /** Hears of a peer that answers differently. */
  readonly onAlarm: (alarm: TagAlarm) => void
  readonly clock: Clock
  readonly log: Log
}

/** Looks for rest this often: a state that is the same at two looks is at rest. */
const LOOK_MS = 5_000
/** A tag is made unasked at most this often. */
const MAKE_MS_MIN = 30_000
/** Peers whose last tag is kept. */
const PEERS_MAX = 1_024

/** A keeper without a tag. */
export function createStateTags(deps: TagDeps): StateTags {
  return new TagKeeper(deps)
}

class TagKeeper implements StateTags {
  readonly doubts: TagDoubts
  readonly #deps: TagDeps
  readonly #book = createTagBook()
  readonly #stopping = new AbortController()
  readonly #peers = new Map<PublicKey, StateTag>()
  #kept: { readonly state: string; readonly tag: StateTag } | undefined
  #making: Promise<StateTag | undefined> | undefined
  #timer: Timer | undefined
  #seen: string | undefined
  #madeMs = -MAKE_MS_MIN

  constructor(deps: TagDeps) {
    this.#deps = deps
    this.doubts = createTagDoubts({
      ...deps, book: this.#book, make: () => this.make(), remake: () => this.#remake()
    })
  }

  current(): StateTag | undefined {
    const kept = this.#kept
    return kept !== undefined && kept.state === this.#state() ? kept.tag : undefined
  }

  async make(): Promise<StateTag | undefined> {
    const state = this.#state()
    if (state === undefined || this.#stopping.signal.aborted) return undefined
    const tag = this.current()
    if (tag !== undefined) return tag
    return this.#turn(state)
  }

  /** Makes the tag of the present state from its views once more. */
  async #remake(): Promise<StateTag | undefined> {
    await this.#making
    const state = this.#state()
    return state === undefined ? undefined : this.#turn(state)
  }

  #turn(state: string): Promise<StateTag | undefined> {
    this.#making ??= this.#compute(state).finally(() => (this.#making = undefined))
    return this.#making
  }

  compare(peerKey: PublicKey, { remote }: SyncResult): void {
    const known = this.#peers.get(peerKey)
    if (remote.stateTag === undefined) return
    if (known !== undefined && equalBytes(known.bytes, remote.stateTag)) return
    const decoded = decodeTag(remote.stateTag)
    if (decoded.kind !== 'ok' || decoded.tag.nodeKey !== peerKey || !verifyTag(decoded.tag, this.#deps.networkId)) {
      this.#deps.log.debug({ peerKey, kind: decoded.kind }, 'a tag of a peer that says nothing')
      return
    }
    this.#peers.delete(peerKey)
    this.#peers.set(peerKey, decoded.tag)
    for (const oldest of this.#peers.keys()) {
      if (this.#peers.size <= PEERS_MAX) break
      this.#peers.delete(oldest)
    }
    this.#judge(decoded.tag)
  }

  start(): void {
    if (this.#stopping.signal.aborted) return
    this.#timer = this.#deps.clock.setTimer(LOOK_MS, () => {
      this.#look()
      this.start()
    })
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#timer?.cancel()
    await this.doubts.stop()
    await this.#making?.catch(() => undefined)
  }

  /** What a tag is about; undefined while something is on its way. */
  #state(): string | undefined {
    const { store, dag, trustDigest, quiet } = this.#deps
    return quiet() ? `${dag.frontier().root} ${store.totals.sequence} ${trustDigest()}` : undefined
  }

  #look(): void {
    const state = this.#state()
    const rests = state !== undefined && state === this.#seen
    this.#seen = state
    if (!rests || this.#kept?.state === state) return
    if (this.#deps.clock.monotonicMs() - this.#madeMs < MAKE_MS_MIN) return
    this.make().catch((error: unknown) => {
      this.#deps.log.warn({ reason: String(error) }, 'the state tag could not be made')
    })
  }

  async #compute(state: string): Promise<StateTag | undefined> {
    const { store, dag, trustDigest, signer, networkId, clock } = this.#deps
    this.#madeMs = clock.monotonicMs()
    const frontierRoot = dag.frontier().root
    const { recordCount } = store.totals
    const snapshot = store.snapshot()
    try {
      const viewDigest = await digestOfViews(snapshot, this.#stopping.signal)
      // What came in meanwhile makes the digest one of no single state.
      if (this.#state() !== state) return undefined
      const tag = signTag({
        algorithm: viewDigestAlgorithm, frontierRoot, recordCount,
        schemaVersion: STORE_DEFAULTS.schemaVersion, viewVersion: VIEW_VERSION,
        trustDigest: trustDigest(), viewDigest
      }, signer, networkId)
      this.#keep(state, tag)
      return tag
    } catch (error) {
      if (this.#stopping.signal.aborted) return undefined
      throw error
    } finally {
      await snapshot.close()
    }
  }

  #keep(state: string, tag: StateTag): void {
    const isNew = this.#kept === undefined || !equalBytes(this.#kept.tag.bytes, tag.bytes)
    this.#kept = { state, tag }
    if (!isNew) return
    this.#book.add(tag)
    for (const theirs of this.#peers.values()) if (comparable(tag, theirs)) this.#judge(theirs)
    this.#deps.onTag(tag)
  }

  #judge(theirs: StateTag): void {
    const ours = this.#book.like(theirs)
    if (ours !== undefined && !sameAnswers(ours, theirs)) this.doubts.raise(theirs)
  }
}
