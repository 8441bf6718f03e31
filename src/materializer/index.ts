// Materializer: keeps the stored answers of the standard lenses up to date.

export { CHANGE_AGENTS_MAX, type TrustStep, type WinnerChange } from './change.js'
export { createEpochBook, type EpochBook } from './epoch-book.js'
export { MaterializerError, type MaterializerErrorDetail } from './errors.js'
export type { HotKey } from './hot-keys.js'
export { createMaterializer } from './materializer.js'
export { MATERIALIZER_DEFAULTS, type MaterializerOptions } from './options.js'
export type { MaterializerLag } from './progress.js'
export type { Publication } from './publication.js'
export type { SweptKey } from './trust-sweep.js'
export type { BallotSink, Materializer, MaterializerDeps, MaterializerStats } from './types.js'
export { viewDigest } from './views.js'
