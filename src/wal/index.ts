// Write-ahead log: durable, ordered, opaque frames. Knows bytes, not records.

export { WalError, type CorruptReason, type WalErrorDetail, type WalOperation } from './errors.js'
export { createFileDisk } from './file-disk.js'
export { FRAME_BYTES_MAX, PAYLOAD_BYTES_MAX } from './frame.js'
export { SEGMENT_BYTES_MIN, WAL_DEFAULTS, type WalOptions } from './options.js'
export { salvageWal, type Salvage } from './salvage.js'
export { scanWal, type ScanOptions, type WalDamage, type WalScan } from './scan.js'
export type { Frame, NewFrame, QueueState, Wal, WalDeps, WalIdentity, WalPlace } from './types.js'
export { openWal } from './wal.js'
