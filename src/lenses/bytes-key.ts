// Byte strings as map keys.

/** A text that is equal for equal bytes and for them alone: one character a byte. */
export function bytesKey(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
