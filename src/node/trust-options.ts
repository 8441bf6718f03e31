// Options of trust in a running node.

/** How computing trust is dosed. None of it changes what is computed. */
export interface TrustOptions {
  /**
   * Threads that compute trust: 0 = on the main thread, 1.
   * @default 1: 200,000 ballots take a second that nobody waits for
   */
  readonly workers?: 0 | 1
  /**
   * A computation that took c ms is followed by a pause of this many times c, 0 to 1,000.
   * @default 10: trust takes at most a tenth of one core, however fast ballots come
   */
  readonly waitFactor?: number
  /**
   * Ms between the first new ballot and a computation at least, 0 to 60,000.
   * @default 100: ballots that come together are computed together
   */
  readonly waitMsMin?: number
  /**
   * Rows of ballots that wait for the thread at most, 1,000 to 10,000,000; beyond it all are read from the
   * index again.
   * @default 262_144: about 50 MB, and half a minute of imports
   */
  readonly queueRowsMax?: number
}

/** Defaults of trust in a running node. */
export const TRUST_DEFAULTS: Required<TrustOptions> = Object.freeze({
  workers: 1,
  waitFactor: 10,
  waitMsMin: 100,
  queueRowsMax: 262_144
})

/** Rows in one message to the thread: a few ms of the main thread. */
export const MESSAGE_ROWS = 2_048

/** Questions that wait for the thread at once: each walks over all ballots. */
export const QUESTIONS_MAX = 16

/** Pause before a thread that ended is replaced; it doubles with each failure in a row. */
export const RESTART_MS_MIN = 1_000
/** Longest pause before it is replaced. */
export const RESTART_MS_MAX = 60_000

/** Published snapshots that are kept to tell what moved an agent or an answer. */
export const PAST_MAX = 8
