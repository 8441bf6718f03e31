import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fromHex } from '../../src/base/index.js'
import { decodePublished, encodePublished, snapshotOf } from '../../src/trustrank/index.js'
import { type NamedNetwork, resultOf, trustVectorsJson } from '../../scripts/vectors/trust.js'

const text = readFileSync(new URL('../vectors/trust.json', import.meta.url), 'utf8')
const vectors = JSON.parse(text) as readonly (NamedNetwork & {
  readonly result: { readonly published: string; readonly digest: string }
})[]

describe('the vectors of trust', () => {
  it('are what the generator writes', () => {
    expect(trustVectorsJson()).toBe(text)
  })

  it.each(vectors.map((vector) => [vector.name, vector] as const))('hold: %s', (_name, vector) => {
    expect(JSON.parse(JSON.stringify(resultOf(vector)))).toEqual(vector.result)
  })

  it.each(vectors.map((vector) => [vector.name, vector] as const))('decode and encode: %s', (_name, vector) => {
    const bytes = fromHex(vector.result.published) ?? expect.fail('not hex')
    const published = decodePublished(bytes) ?? expect.fail('not decoded')
    expect(Buffer.from(encodePublished(published)).equals(bytes)).toBe(true)
    expect(snapshotOf(published, { generation: 7 }).digest).toBe(vector.result.digest)
  })
})
