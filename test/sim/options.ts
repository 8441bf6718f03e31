// What a seed draws for itself: how many machines and liars, how much is written, how small the limits are.

import type { DagOptions } from '../../src/dag/index.js'
import type { IngestOptions } from '../../src/ingest/index.js'
import { drawSiege } from './aims.js'
import { createPrng } from './prng.js'

/** The frame of a run; together with the list of faults it is all that a replay needs. */
export interface SimOptions {
  readonly seed: number
  /** Honest machines, 2..6. */
  readonly machines: number
  /** Byzantine nodes, up to all but one of the whole. */
  readonly liars: number
  /** Liars that aim, beside them. */
  readonly aimed: number
  /** All liars stay for liveness, and gossip dies between all machines. */
  readonly siege: boolean
  /** How long faults last; then all is healed. */
  readonly safetyMs: number
  /** Client calls within that time. */
  readonly calls: number
  readonly agents: number
  /** (subject, predicate) pairs that are written about. */
  readonly topics: number
  /** Some records are large, so that segments of the log roll. */
  readonly large: boolean
  /** A federation that governors decide on. */
  readonly closed: boolean
  /** Everyone knows everyone; else a ring. */
  readonly mesh: boolean
  /** Longest sync of each machine's disk. */
  readonly syncMs: readonly number[]
  /** Longest wait of a batch of an index, before it takes effect and after. */
  readonly indexMs: number
  /** Share of assertions that are ahead of their time. */
  readonly aheadShare: number
  readonly ingest: Partial<IngestOptions>
  readonly dag: Partial<DagOptions>
  /** No memo of checked signatures. */
  readonly realSignatures: boolean
  readonly trust: SimTrust
  /** Longest computation of trust; 0 = inline, in no time. */
  readonly trustMs: number
  /** The operator leaves a node alone whose index has no room: it goes on by itself. Never drawn. */
  readonly patient?: boolean
}

/** What genesis says of trust. */
export interface SimTrust {
  /** Agents that trust starts from, the first few. */
  readonly seeds: number
  readonly standing: 'off' | 'votes'
  readonly halfLifeMs: number
  readonly voteBudget: number
  readonly roundMs: number
}

/** Each seed draws its own world. */
export function drawOptions(seed: number): SimOptions {
  const prng = createPrng(`${seed}/options`)
  const machines = prng.between(2, 6)
  const large = prng.chance(0.15)
  const slow = createPrng(`${seed}/options, slow`)
  return {
    seed,
    ...drawSiege(seed),
    machines,
    liars: prng.chance(0.5) ? prng.pick([1, 1, 2, 4]) : 0,
    safetyMs: prng.between(20, 120) * 1_000,
    calls: prng.between(15, 80),
    agents: prng.between(2, 8),
    topics: prng.between(2, 20),
    large,
    closed: prng.chance(0.15),
    mesh: prng.chance(0.7),
    syncMs: Array.from({ length: machines }, () => prng.pick([1, 4, 10, 30, 100])),
    indexMs: slow.pick([2, 2, 2, 30, 200]),
    aheadShare: slow.pick([0.15, 0.15, 0.5]),
    ingest: {
      blockRecordsTarget: prng.pick([1, 4, 16, 256]),
      blockBytesTarget: prng.pick([4_096, 61_440]),
      sealDelayMs: prng.pick([1, 50, 500]) * slow.pick([1, 1, 1, 10]),
      checkpointMs: prng.pick([200, 2_000, 10_000]),
      checkpointBytes: prng.pick([4_096, 1_048_576]),
      unappliedBlocksMax: prng.pick([1, 16, 256]),
      backlogRecordsMax: prng.pick([8, 16_384])
    },
    dag: prng.chance(0.5) ? {} : {
      feedBlocksMax: 4, feedBytesMax: 8_192, peerBytesMax: 16_384, totalBytesMax: 20_480,
      deferredHeadersMax: 4, headersMax: 16, invalidMax: 64, wantedMax: 16
    },
    realSignatures: seed % 20 === 0,
    trust: {
      seeds: prng.pick([0, 0, 1, 2]),
      standing: prng.pick(['off', 'votes'] as const),
      halfLifeMs: prng.pick([0, 0, 30_000]),
      voteBudget: prng.pick([0, 0, 3]),
      roundMs: prng.pick([10_000, 86_400_000])
    },
    trustMs: prng.pick([0, 50, 500, 3_000])
  }
}
