// Blocks and records as a CAR version 1 file, so that any IPLD tool reads a whole network.
// Order: the genesis (CID codec raw; its hash is the network id), then each block's header (raw) and its
// records by ascending id (dag-cbor); the roots are the heads.
// Source: https://ipld.io/specs/transport/car/carv1/

import { CarBlockIterator, CarWriter } from '@ipld/car'
import { blake3, blake3Hash, networkIdOf, parseHash, type Hash, type NetworkId } from '../base/index.js'
import { decodeBlock, decodeHeader, encodeBlock, type BlockHeader } from '../dag/index.js'
import { cidOf, hashOfCid } from '../record/index.js'
import { CliError } from './errors.js'

/** A part of a CAR file: a whole block, or a record that stands in no block. */
export type CarPart =
  | { readonly kind: 'block'; readonly bytes: Uint8Array; readonly records: number }
  | { readonly kind: 'record'; readonly bytes: Uint8Array }
  | { readonly kind: 'genesis'; readonly bytes: Uint8Array; readonly networkId: NetworkId }

const rawCodec = 0x55
/** A genesis is a JSON object; the first byte of a header is its encoding, a small number. */
const openBrace = 0x7b
const recordCodec = 0x71

/** What a CAR file is made of. */
export interface CarContent {
  /** Canonical bytes: the file then says which network it is of. */
  readonly genesis: Uint8Array
  readonly roots: readonly Hash[]
  readonly blocks: AsyncIterable<Uint8Array>
}

/** Roots of a CAR file from heads as the HTTP interface names them. */
export function rootsOf(heads: readonly string[]): readonly Hash[] {
  return heads.map(parseHash).filter((head) => head !== undefined)
}

/**
 * The bytes of a CAR file.
 * @param content genesis and heads of the network, blocks as they travel
 * @param onBlock told the records of each block
 * @throws CliError CLI_ANSWER when one of them is no block
 */
export async function* writeCar(
  content: CarContent, onBlock: (records: number) => void
): AsyncGenerator<Uint8Array, void, undefined> {
  const { writer, out } = CarWriter.create(content.roots.map((root) => cidOf(root, rawCodec)))
  const filled = fill(writer, content, onBlock)
  // The failure is met below, when the writer has ended.
  filled.catch(() => undefined)
  yield* out
  await filled
}

async function fill(
  writer: Pick<CarWriter, 'put' | 'close'>, { genesis, blocks }: CarContent, onBlock: (records: number) => void
): Promise<void> {
  try {
    await writer.put({ cid: cidOf(blake3Hash(genesis), rawCodec), bytes: genesis })
    for await (const bytes of blocks) {
      const decoded = decodeBlock(bytes)
      if (decoded.kind !== 'ok') {
        throw new CliError({ code: 'CLI_ANSWER', url: '/v1/blocks' }, 'the node gave something else than blocks')
      }
      const { header, records, ids } = decoded.block
      await writer.put({ cid: cidOf(header.id, rawCodec), bytes: header.bytes })
      for (const [i, record] of records.entries()) {
        const id = ids[i]
        if (id !== undefined) await writer.put({ cid: cidOf(id), bytes: record })
      }
      onBlock(records.length)
    }
  } finally {
    await writer.close()
  }
}

/** Bytes of a file that `beginsCar` needs to see. */
export const CAR_START_BYTES = 24

/** True when a file begins as CAR files do: with the length and the map of a header of version 1 or 2. */
export function beginsCar(start: Uint8Array): boolean {
  const text = Buffer.from(start.subarray(0, CAR_START_BYTES)).toString('latin1')
  return /^[\x80-\xff]{0,8}[\0-\x7f](\xa2eroots|\xa1gversion)/.test(text)
}

/**
 * The blocks and loose records of a CAR file, every hash checked.
 * @throws CliError CLI_BAD_CAR for a file that is cut, altered or of another kind
 */
export async function* readCar(
  path: string, file: AsyncIterable<Uint8Array>
): AsyncGenerator<CarPart, void, undefined> {
  let open: { readonly header: BlockHeader; readonly records: Uint8Array[] } | undefined
  let isFirst = true
  try {
    for await (const { cid, bytes } of await CarBlockIterator.fromIterable(file)) {
      if (hashOfCid(cid) !== blake3Hash(bytes)) throw badCar(path, `the bytes of ${cid} were altered`)
      if (cid.code !== rawCodec && cid.code !== recordCodec) throw badCar(path, `${cid} is of another codec`)
      const isGenesis = isFirst && cid.code === rawCodec && bytes[0] === openBrace
      isFirst = false
      if (isGenesis) {
        yield { kind: 'genesis', bytes, networkId: networkIdOf(blake3(bytes)) }
      } else if (cid.code === rawCodec) {
        if (open !== undefined) throw badCar(path, 'a block lacks records')
        open = { header: headerIn(path, bytes), records: [] }
      } else if (open === undefined) {
        yield { kind: 'record', bytes }
      } else {
        open.records.push(bytes)
      }
      if (open !== undefined && open.records.length === open.header.recordCount) {
        yield { kind: 'block', bytes: encodeBlock(open.header, open.records), records: open.records.length }
        open = undefined
      }
    }
  } catch (cause) {
    if (cause instanceof CliError) throw cause
    throw badCar(path, 'it is cut short or no CAR', cause)
  }
  if (open !== undefined) throw badCar(path, 'it ends within a block')
}

function headerIn(path: string, bytes: Uint8Array): BlockHeader {
  const decoded = decodeHeader(bytes)
  if (decoded.kind !== 'ok') throw badCar(path, 'it holds something else than blocks and records')
  return decoded.header
}

function badCar(path: string, why: string, cause?: unknown): CliError {
  return new CliError({ code: 'CLI_BAD_CAR', path }, `${path}: ${why}`, cause === undefined ? undefined : { cause })
}
