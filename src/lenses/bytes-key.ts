// Byte strings as map keys.

import { asBuffer } from '../base/index.js'

/** A text that is equal for equal bytes and for them alone: one character a byte. */
export function bytesKey(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('latin1')
}
