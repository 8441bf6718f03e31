// Byte strings: comparison, joining, hex and strict UTF-8.
// Rule: bytes compare as unsigned numbers, shorter first on a common prefix; never by locale.

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const utf8Encoder = new TextEncoder()

/** Order of two byte strings: negative, 0 or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b)
}

/** True when both hold the same bytes. Not constant time. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0
}

/** One new array that holds the parts in order. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts)
}

/** A copy in memory of its own; a small Buffer keeps the 8 KiB alive that it is a part of. */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}

/** The same memory as a Buffer; none is made where it is one: rows of the index are. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Room for what is turned into digits most often: ids and keys. */
const few = Buffer.alloc(64)

/** Lower-case hex digits. */
export function toHex(bytes: Uint8Array): string {
  const { length } = bytes
  // Copied: that costs a third of a Buffer over the same memory, for which a small array must leave the heap.
  if (length <= few.length && !(bytes instanceof Buffer)) {
    few.set(bytes)
    return few.toString('hex', 0, length)
  }
  return asBuffer(bytes).toString('hex')
}

/** Bytes of an even number of hex digits, upper or lower case; undefined for anything else. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined
  return Buffer.from(text, 'hex')
}

/** UTF-8 bytes of a text. Lone surrogates become U+FFFD: check with `isWellFormed()` where that matters. */
export function utf8Bytes(text: string): Uint8Array {
  return utf8Encoder.encode(text)
}

/** Text of UTF-8 bytes, a leading BOM kept; undefined when they are not valid UTF-8. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return strictUtf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** Number of UTF-8 bytes of a text. */
export function utf8Length(text: string): number {
  return Buffer.byteLength(text, 'utf8')
}
