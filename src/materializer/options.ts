// Options of the materializer.

/** How the background work is dosed. */
export interface MaterializerOptions {
  /**
   * Work between two turns of the event loop in ms, 1 to 100.
   * @default 5: a query that arrives meanwhile waits at most this long
   */
  readonly sliceMs?: number
  /**
   * A view whose computation took c ms waits this many times c before the next, 0 to 1,000, but at most
   * `WAIT_MS_MAX`.
   * @default 20: one hot key takes at most 5 % of the work, as long as that takes it 200 ms at most
   */
  readonly waitFactor?: number
  /**
   * While writes keep the node busy, work that took c ms is followed by a rest of this many times c, 0..100.
   * @default 3: views take a quarter of the main thread then; marks of one key that pile up cost one turn
   */
  readonly restFactor?: number
  /**
   * Keys with more candidates than this are computed in slices, 0 to 100,000.
   * @default 2_000: fewer take about one slice
   */
  readonly sliceCandidates?: number
  /**
   * Views in one batch and from one snapshot, 1 to 1,000.
   * @default 64: the cost of a snapshot and a write is spread, and a batch stays below a MiB
   */
  readonly batchKeys?: number
  /**
   * Keys that a sweep marks in one batch, 1 to 10,000.
   * @default 1_000
   */
  readonly sweepKeys?: number
}

/** A rest between two batches is never longer: the end of a burst is noticed soon. */
export const REST_MS_MAX = 100

/** No view waits longer for its next turn, in ms: whoever asks for a fresh answer gives up after 5 s. */
export const WAIT_MS_MAX = 4_000

/** Marks read for one batch. More marks of a key than this only mean that it is computed again. */
export const MARKS_MAX = 4_096

/** Keys that come first and are remembered; beyond it they come in their turn. */
export const HOT_KEYS_MAX = 1_024

/** Keys that come first between two batches of a walk: each costs a range read. */
export const HOT_KEYS_TAKEN = 8

/** Keys that a change of trust marks in one batch: a few ms, after which views go on. */
export const TRUST_KEYS_MAX = 256

/** Keys gathered at once: hides the latency of reads. */
export const GATHER_WIDTH = 8

/** Keys that wait for their next turn and are remembered; beyond it the oldest is forgotten. */
export const WAITING_MAX = 65_536

/** Marks of blocks of which a change names records. */
export const CAUSES_MAX = 16

/** Defaults of the materializer. */
export const MATERIALIZER_DEFAULTS: Required<MaterializerOptions> = Object.freeze({
  sliceMs: 5,
  waitFactor: 20,
  restFactor: 3,
  sliceCandidates: 2_000,
  batchKeys: 64,
  sweepKeys: 1_000
})
