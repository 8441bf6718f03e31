import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/index.js'
import { createViewDigest, decodeView, encodeView, hashedPart, type View } from '../../src/lenses/index.js'

/** One view with byte strings as hex, its bytes, and the digest of all views up to it. */
interface Vector {
  readonly name: string
  readonly key: string
  readonly view: View
  readonly bytes: string
  readonly hashed: string
  readonly digest: string
}

function bytesOf(hex: string): Uint8Array {
  return fromHex(hex) ?? expect.fail('not hex')
}

const text = readFileSync(new URL('../vectors/views.json', import.meta.url), 'utf8')
const vectors: readonly Vector[] = JSON.parse(text, (name, value: unknown) =>
  (name === 'objectBytes' && typeof value === 'string' ? bytesOf(value) : value))

describe('the vectors of views', () => {
  it.each(vectors.map((vector) => [vector.name, vector] as const))('encode and decode: %s', (_name, vector) => {
    const bytes = encodeView(vector.view)
    expect(toHex(bytes)).toBe(vector.bytes)
    expect(toHex(hashedPart(bytes) ?? new Uint8Array(0))).toBe(vector.hashed)
    const decoded = decodeView(bytes)
    expect(JSON.parse(JSON.stringify(decoded, asHex))).toEqual(JSON.parse(JSON.stringify(vector.view, asHex)))
  })

  it('chain to the digests', () => {
    const digest = createViewDigest()
    for (const vector of vectors) {
      digest.add(bytesOf(vector.key), bytesOf(vector.bytes))
      expect(digest.digest()).toBe(vector.digest)
    }
  })
})

function asHex(_name: string, value: unknown): unknown {
  return value instanceof Uint8Array ? toHex(value) : value
}
