import { CarWriter } from '@ipld/car'
import { describe, expect, it } from 'vitest'
import { readByteStrings } from '../../src/cli/block-stream.js'
import { readCar, writeCar, type CarPart } from '../../src/cli/car-file.js'
import { blake3Hash } from '../../src/base/index.js'
import { blockBytesMax, encodeBlock, sealBlock } from '../../src/dag/index.js'
import { buildAssertion, createSigner, cidOf, encodeCanonical } from '../../src/record/index.js'
import { fakeAgent, fakeGenesis } from '../fakes/fake-node.js'

const { networkId, bytes: genesis } = fakeGenesis
const node = createSigner(new Uint8Array(32).fill(9))

function block(seq: number, count: number): Uint8Array {
  const records = Array.from({ length: count }, (_, i) => {
    const fields = { timestampMs: 1, subject: `s${seq}-${i}`, predicate: 'p', object: i }
    const bytes = buildAssertion(fields, fakeAgent, networkId)
    return { id: blake3Hash(bytes), bytes }
  })
  const prev = seq > 1 ? { prev: blake3Hash() } : {}
  const fields = { incarnation: '00'.repeat(8), seq, ...prev, parents: [], sealedAtMs: 5, ext: new Uint8Array() }
  const sealed = sealBlock(fields, records, node, networkId)
  return encodeBlock(sealed.header, sealed.records)
}

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const one of source) all.push(one)
  return all
}

async function* from<T>(...items: readonly T[]): AsyncGenerator<T> {
  yield* items
}

async function carOf(...blocks: readonly Uint8Array[]): Promise<Buffer> {
  const content = { genesis, roots: [], blocks: from(...blocks) }
  return Buffer.concat(await collect(writeCar(content, () => undefined)))
}

describe('CAR file', () => {
  it('gives back the blocks that were written', async () => {
    const blocks = [block(1, 3), block(2, 1)]
    const counts: number[] = []
    const content = { genesis, roots: [], blocks: from(...blocks) }
    const car = writeCar(content, (records) => counts.push(records))
    const bytes = Buffer.concat(await collect(car))
    const parts = await collect(readCar('f', from(bytes)))
    expect(parts.map((part) => part.kind)).toEqual(['genesis', 'block', 'block'])
    expect(parts[0]).toMatchObject({ networkId })
    const written = [genesis, ...blocks]
    expect(parts.map((part) => Buffer.from(part.bytes))).toEqual(written.map((one) => Buffer.from(one)))
    expect(counts).toEqual([3, 1])
  })

  it('finds each altered byte and each cut', async () => {
    const bytes = await carOf(block(1, 1))
    const failures: string[] = []
    for (let at = 0; at < bytes.length; at++) {
      const altered = Buffer.from(bytes)
      altered[at] = (altered[at] ?? 0) ^ 1
      const parts = await collect(readCar('f', from(altered))).catch((error: { code: string }) => error.code)
      if (parts !== 'CLI_BAD_CAR') failures.push(`byte ${at}: ${JSON.stringify(parts)}`)
    }
    // The header's version and the emptiness of its roots are all that another byte may leave readable.
    expect(failures.filter((text) => Number(/\d+/.exec(text)?.[0]) > 20)).toEqual([])
    for (const end of [5, 60, bytes.length - 1]) {
      await expect(collect(readCar('f', from(bytes.subarray(0, end))))).rejects.toMatchObject({ code: 'CLI_BAD_CAR' })
    }
  })

  it('passes on a failure of the source', async () => {
    await expect(carOf(Buffer.from('no block'))).rejects.toMatchObject({ code: 'CLI_ANSWER' })
  })

  it('gives records without a block one by one', async () => {
    const record = encodeCanonical('any')
    const { writer, out } = CarWriter.create([])
    const written = collect(out)
    await writer.put({ cid: cidOf(blake3Hash(record)), bytes: record })
    await writer.close()
    const parts: CarPart[] = await collect(readCar('f', from(...await written)))
    expect(parts).toMatchObject([{ kind: 'record' }])
    expect(parts.map((part) => Buffer.from(part.bytes))).toEqual([Buffer.from(record)])
  })
})

describe('stream of byte strings', () => {
  const strings = [0, 1, 23, 24, 255, 256, 65_536].map((size) => Buffer.alloc(size, size % 251))
  const bytes = Buffer.concat(strings.map((one) => encodeCanonical(one)))

  it.each([1, 2, 7, 1_000, bytes.length])('reads chunks of %i bytes', async (size) => {
    async function* chunks(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
    }
    // Single bytes of the longest string would only repeat what shorter ones show.
    const source = size < 7 ? from(...[...bytes.subarray(0, 600)].map((one) => Uint8Array.of(one))) : chunks()
    const read = await collect(readByteStrings('u', source)).catch(() => [])
    if (size >= 7) expect(read.map((one) => one.length)).toEqual(strings.map((one) => one.length))
  })

  it('takes a string of the longest block and refuses one byte more, before it comes', async () => {
    const longest = encodeCanonical(new Uint8Array(blockBytesMax))
    expect(await collect(readByteStrings('u', from(longest)))).toHaveLength(1)
    const head = encodeCanonical(new Uint8Array(blockBytesMax + 1)).subarray(0, 6)
    await expect(collect(readByteStrings('u', from(head)))).rejects.toMatchObject({ code: 'CLI_ANSWER' })
  })

  it.each([['cut', '43aabb'], ['another type', '01'], ['an indefinite string', '5f']])('refuses what is %s', async (_what, hex) => {
    await expect(collect(readByteStrings('u', from(Buffer.from(hex, 'hex'))))).rejects.toMatchObject({ code: 'CLI_ANSWER' })
  })
})
