// Reads a CBOR sequence of byte strings as it arrives: the form in which a node gives its blocks.

import { concatBytes } from '../base/index.js'
import { blockBytesMax } from '../dag/index.js'
import { CliError } from './errors.js'

/** The byte strings of a sequence. Holds one chunk and one block. @throws CliError CLI_ANSWER */
export async function* readByteStrings(
  url: string, chunks: AsyncIterable<Uint8Array>
): AsyncGenerator<Uint8Array, void, undefined> {
  let rest: Uint8Array = new Uint8Array(0)
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? chunk : concatBytes(rest, chunk)
    for (let size = sizeAt(url, rest); size !== undefined; size = sizeAt(url, rest)) {
      const end = size.head + size.content
      if (rest.length < end) break
      yield rest.slice(size.head, end)
      rest = rest.subarray(end)
    }
  }
  if (rest.length > 0) throw broken(url)
}

interface Sizes {
  readonly head: number
  readonly content: number
}

/** Sizes of the byte string that begins here; undefined when its head is not here yet. */
function sizeAt(url: string, bytes: Uint8Array): Sizes | undefined {
  const first = bytes[0]
  if (first === undefined) return undefined
  const width = first < 0x58 ? 0 : 1 << (first - 0x58)
  if (first < 0x40 || first > 0x5a) throw broken(url)
  if (bytes.length < 1 + width) return undefined
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const content = width === 0 ? first - 0x40 : view.readUIntBE(1, width)
  if (content > blockBytesMax) throw broken(url)
  return { head: 1 + width, content }
}

function broken(url: string): CliError {
  return new CliError({ code: 'CLI_ANSWER', url }, `${url} gave something else than blocks, or was cut off`)
}
