// Options of queries.

/** How much work queries may make. */
export interface QueryOptions {
  /**
   * Longest slow answer in ms, 100 to 60,000; also the longest wait for a fresh answer.
   * @default 5_000
   */
  readonly slowMsMax?: number
  /**
   * Slow answers computed at once, 1 to 16; further ones queue.
   * @default 2: more would only make each other slower on two cores
   */
  readonly slowSlots?: number
  /**
   * Slow answers that wait for a slot, first come first served and up to `slowMsMax` each, 0 to 1,024;
   * further ones are refused.
   * @default 16: at 5 s each in two slots, the last would wait longer than anybody should
   */
  readonly slowQueueMax?: number
  /**
   * Longest call of many requests in ms, 100 to 60,000: those that are not answered by then are errors.
   * @default 10_000: far above what 1,000 kept views take, below the time limit of an HTTP answer
   */
  readonly manyMsMax?: number
  /**
   * Work of a slow answer between two turns of the event loop in ms, 1 to 100.
   * @default 5
   */
  readonly sliceMs?: number
}

/** Requests in one call of `getMany`, views in one page of a subject. */
export const REQUESTS_MAX = 1_000

/** Contexts of one request for constraints. */
export const SUBJECTS_MAX = 64
/** Values of one plan. */
export const PLAN_MAX = 1_000

/** Fast answers of one call between two turns of the event loop. */
export const REQUESTS_PER_TURN = 100

/** Defaults of the options. */
export const QUERY_DEFAULTS: Required<QueryOptions> = Object.freeze({
  slowMsMax: 5_000,
  slowSlots: 2,
  slowQueueMax: 16,
  manyMsMax: 10_000,
  sliceMs: 5
})
