// The face of a running node, as the API and embedding programs use it.
// One object, no sockets of HTTP in it: the simulator builds the same node from other parts.

import type { Hash, NetworkId, PeerLink, PublicKey } from '../base/index.js'
import type { AdmitResult, QuarantineRow } from '../ingest/index.js'
import type { SchemaRule, StemeRecord } from '../record/index.js'
import type {
  Answer, ConstraintsReport, ConstraintsRequest, DisputeReport, DisputeRequest, ExplainReport,
  PreflightReport, PreflightRequest, QueryRequest, SubjectPage
} from '../query/index.js'
import type { Genesis } from '../p2p/index.js'
import type { AgentExplanation, AgentPage } from './agents.js'

/** A vote as stored, with whether it is the agent's latest on that assertion. */
export interface VoteRow {
  readonly id: Hash
  readonly agentId: PublicKey
  readonly timestampMs: number
  /** Millionths; 0 withdraws. */
  readonly weight: number
  readonly current: boolean
}

/** A record as stored. */
export interface FoundRecord {
  readonly bytes: Uint8Array
  readonly agentId: PublicKey
  readonly timestampMs: number
  /** Absent when this version gives the record no effect. */
  readonly record?: StemeRecord
  /** The rule that gives it none. */
  readonly inertRule?: SchemaRule
}

/** How many other nodes shall hold a record before the caller hears of it, and how long to wait. */
export interface AckRequest {
  /** Distinct node keys, this node's not counted. */
  readonly peers: number
  readonly timeoutMs: number
}

/** What became of a record, and who else holds it. */
export interface AcknowledgedResult {
  readonly result: AdmitResult
  /** Absent for a refused record. */
  readonly ack?: {
    readonly wanted: number
    readonly acknowledgedBy: number
    /** Why fewer than wanted: the record is durable here all the same. */
    readonly code?: 'ACK_TIMEOUT' | 'ACK_QUARANTINED' | 'ACK_STOPPED'
  }
}

/** Signed proof of what this node holds, absent while work is left. Hex digests. */
export interface StateReport {
  readonly frontierRoot: Hash
  readonly records: number
  readonly blocks: number
  readonly feeds: number
  readonly heads: readonly Hash[]
  readonly forks: number
  readonly pendingBlocks: number
  readonly wantedBlocks: number
  readonly unsealed: number
  readonly quarantined: number
  readonly dirtyMarks: number
  readonly trustGeneration: number
  /** Ms since the oldest ballot that published trust does not cover; 0 = it covers all. */
  readonly trustLagMs: number
  /** Present when no mark is left: the digests that equal those of any converged peer. */
  readonly tag?: StateTagReport
  /** Peers that hold the same and answer differently: the last 16 alarms, oldest first. */
  readonly alarms: readonly TagAlarmReport[]
  /** The last audit since the start. */
  readonly lastAudit?: AuditReport
}

/** The comparable part of the state: equal on all converged peers of equal versions. */
export interface StateTagReport {
  readonly tagVersion: number
  readonly frontierRoot: Hash
  readonly records: number
  readonly schemaVersion: number
  readonly viewVersion: number
  readonly trustDigest: Hash
  readonly viewDigest: Hash
  /** Signed bytes, hex. */
  readonly signed: string
}

/** A peer that signed another answer for a state that was ours too. */
export interface TagAlarmReport {
  readonly peerKey: PublicKey
  readonly atMs: number
  readonly ours: StateTagReport
  readonly theirs: StateTagReport
}

/** An audit that came to its end: what of the index a peer was compared with, and what was damaged. */
export interface AuditReport {
  readonly atMs: number
  readonly peer: string
  /** Blocks in the own index. */
  readonly blocks: number
  /** Of these, lost or changed: put back, and not given back by this peer. */
  readonly damaged: number
  readonly repaired: number
  readonly open: number
}

/** One connected peer with its sync progress. */
export interface PeerReport extends PeerLink {
  readonly publicKey: PublicKey
  readonly blocksIn: number
  readonly blocksOut: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly lastSyncMs?: number
  readonly equalFrontier: boolean
}

/** The change of published trust that turned an answer. */
export interface TrustCause {
  /** Of the snapshot that the answer was computed under before. */
  readonly from: number
  readonly to: number
  /** The tables or base rates of the key's predicate differ: a ballot counts otherwise at equal accuracy. */
  readonly tables: boolean
  /**
   * Agents that said something about the key and whose ballots on it may weigh otherwise, the greatest change
   * of accuracy first, the first 8. Empty when the old snapshot is no longer kept.
   */
  readonly agents: readonly ChangedAgent[]
}

/** An agent whose ballot weighs otherwise, in steps of 1/1024; accuracy is that under the key's predicate. */
export interface ChangedAgent {
  readonly agent: PublicKey
  readonly accuracyBefore: number
  readonly accuracyAfter: number
  readonly standingBefore: number
  readonly standingAfter: number
}

/** Behind which event a listener goes on. */
export interface EventPlace {
  /** `eventRun` of the node that gave the sequence. */
  readonly run: string
  readonly sequence: number
}

/** What `/v1/events` streams; `sequence` is this node's own counter, ascending, anew with each run. */
export type NodeEvent =
  | { readonly kind: 'record'; readonly id: Hash; readonly recordKind: string }
  | {
      readonly kind: 'winner'
      readonly subject: string
      readonly predicate: string
      readonly lens: string
      readonly cause: 'records' | 'trust' | 'epochs'
      readonly before?: Hash
      readonly after?: Hash
      /** With cause `records`: those that came for the key since then, the last 8 of them and how many. */
      readonly records?: { readonly ids: readonly Hash[]; readonly total: number }
      /** With cause `trust`: which change of trust did it. */
      readonly trust?: TrustCause
    }
  | { readonly kind: 'peer'; readonly peer: string; readonly state: 'up' | 'down' }
  | { readonly kind: 'state'; readonly frontierRoot: Hash; readonly viewDigest: Hash }
  /** An audit found blocks of the index lost or changed. */
  | { readonly kind: 'damage'; readonly damaged: number; readonly repaired: number; readonly open: number }
  | { readonly kind: 'alarm'; readonly peerKey: PublicKey; readonly frontierRoot: Hash }
  /**
   * Told to a listener that comes back: events before the next one are not here any more, those of a run
   * before or `missed` ones that were dropped.
   */
  | { readonly kind: 'gap'; readonly reason: 'restart' | 'dropped'; readonly missed?: number }

/** Where a node stands on its way to being usable. */
export interface ReadyReport {
  readonly ready: boolean
  readonly walReplayed: boolean
  readonly storeOpen: boolean
  readonly firstSync: 'done' | 'running' | 'alone'
  /**
   * `counted`: whole at the last stop, or every row was counted since. `uncounted`: after an unclean stop,
   * while the count runs. `damaged`: rows are missing, so answers may be wrong until a restart rebuilt it.
   */
  readonly index: 'counted' | 'uncounted' | 'damaged'
  /** Blocks found damaged that no peer has given back yet. */
  readonly damagedBlocks?: number
  /** Set when the log has failed: the node answers reads alone until it is restarted. */
  readonly readOnly?: string
  /** While the index is rebuilt or a join runs. */
  readonly progress?: ReadyProgress
}

/** How far a node is: frames of the ledger, or records of a join; of a join its pace too. */
export interface ReadyProgress {
  readonly phase: 'replay' | 'join'
  readonly done: number
  readonly total: number
  readonly recordsPerSecond?: number
  readonly bytesPerSecond?: number
  /** Undefined while nothing comes. */
  readonly leftMs?: number
}

/** Plain numbers for metrics, named `<folder>_<thing>_<unit>`; counters end in `_total`. */
export type NodeStats = Readonly<Record<string, number>>

/** A StemeDB node. `start` opens the directory, replays, and connects; `stop` may be called twice. */
export interface StemeNode {
  readonly nodeKey: PublicKey
  readonly networkId: NetworkId
  readonly genesis: Genesis
  /** Digits that name this run: event sequences of another run are not its own. */
  readonly eventRun: string
  /** Names of the lenses that it answers by, the standard ones first. */
  readonly lenses: readonly string[]
  start(): Promise<void>
  stop(): Promise<void>
  /** Durable before it resolves. At most 1,000 records a call; results in the order given. */
  admit(records: readonly Uint8Array[]): Promise<readonly AdmitResult[]>
  /**
   * The same, and waits until so many other nodes hold each record durably, or the time is over.
   * @throws NodeError NODE_ACK_BUSY before anything is admitted
   */
  admitAcknowledged(
    records: readonly Uint8Array[], request: AckRequest
  ): Promise<readonly AcknowledgedResult[]>
  query(request: QueryRequest): Promise<Answer>
  /**
   * Answers or coded errors in the order asked; at most 1,000, and 10 s for them all.
   * @param signal ends the work when nobody waits for it any more
   */
  queryMany(requests: readonly QueryRequest[], signal?: AbortSignal): Promise<readonly (Answer | Error)[]>
  subject(subject: string, lens: string, cursor: string | undefined, limit: number): Promise<SubjectPage>
  /** A page of the whole dispute about a key: Skeptic. */
  dispute(request: DisputeRequest): Promise<DisputeReport>
  /** Why an answer won, and what would change it. */
  explain(request: QueryRequest): Promise<ExplainReport>
  /** A page of what contexts demand and forbid. */
  constraints(request: ConstraintsRequest): Promise<ConstraintsReport>
  /** Whether a plan keeps to what contexts demand and forbid. */
  preflight(request: PreflightRequest): Promise<PreflightReport>
  /** Admitted, or accepted and not sealed yet; undefined when unknown here. */
  record(id: Hash): Promise<FoundRecord | undefined>
  /** Resolves when all that was acknowledged before is sealed, indexed and in its views. */
  settled(): Promise<void>
  /** All votes on an assertion, in key order, at most `limit`. */
  votes(assertion: Hash, limit: number): Promise<readonly VoteRow[]>
  state(): Promise<StateReport>
  /**
   * Agents with what is published of them, by falling accuracy; at most `limit` behind the cursor.
   * @throws NodeError NODE_CURSOR
   */
  agents(cursor: string | undefined, limit: number): Promise<AgentPage>
  /** Published trust in an agent, and why. Undefined for one that was never heard of. */
  agent(agent: PublicKey): Promise<AgentExplanation | undefined>
  peers(): readonly PeerReport[]
  addresses(): readonly string[]
  quarantine(limit: number): Promise<readonly QuarantineRow[]>
  ready(): ReadyReport
  stats(): NodeStats
  /**
   * Subscribes to events, first those after a place as far as they are still buffered (1,024); a `gap` before
   * them says when they are not all of them.
   * @returns a function that unsubscribes
   */
  onEvent(listener: (sequence: number, event: NodeEvent) => void, after?: EventPlace): () => void
  /** Every admitted block in an order that admits again (feed by feed, ascending), encoded as on the wire. */
  blocks(): AsyncIterable<{ readonly id: Hash; readonly bytes: Uint8Array }>
  /** Admits an encoded block from a file or a peer. */
  admitBlock(block: Uint8Array): Promise<'accepted' | 'known' | 'waiting' | { readonly refused: string }>
  /**
   * Audits the index against connected peers now, one after the other.
   * @returns with how many of them the audit came to its end
   */
  audit(): Promise<number>
  /** Dials an address, as a peer of this network. */
  dial(address: string): Promise<void>
}
