// Records put together byte by byte, so that forms which no encoder makes can be signed too.

import { concatBytes, fromHex, hashOf, idBytes, type Hash, type NetworkId } from '../../src/base/index.js'
import {
  attachSignature, createSigner, encodeCanonical, seedFromName, signingInput, type CborInput, type Signer
} from '../../src/record/index.js'

/** Agent of all vectors. */
export const agent: Signer = createSigner(seedFromName('vectors'))

/** The agent's key as it stands in a record. */
export const agentKey: Uint8Array = idBytes(agent.publicKey)

/** Timestamp of all vectors. */
export const timestampMs: number = 1_700_000_000_000

/** Fields of a record by wire key; undefined leaves one out. */
export type WireFields = { readonly [key: string]: CborInput | undefined }

/** An entry of a record's map: key and value as they stand on the wire. */
export type RawEntry = readonly [key: Uint8Array, value: Uint8Array]

/** Smallest assertion, by wire key. */
export const assertionFields: WireFields = { k: 'a', a: agentKey, t: timestampMs, s: 's', p: 'p', o: 'o' }

/** A signed canonical record of the fields. */
export function record(fields: WireFields, networkId: NetworkId): Uint8Array {
  return signPayload(encodeCanonical(fields), networkId)
}

/** A canonical payload with its signature attached. */
export function signPayload(payload: Uint8Array, networkId: NetworkId): Uint8Array {
  return attachSignature(payload, agent.sign(signingInput('record', networkId, payload)))
}

/** The bytes of hex digits; spaces are skipped. */
export function hex(digits: string): Uint8Array {
  const bytes = fromHex(digits.replaceAll(' ', ''))
  if (bytes === undefined) throw new Error(`not hex: ${digits}`)
  return bytes
}

/** Head and entries of a map, in the order given. */
export function rawMap(entries: readonly RawEntry[]): Uint8Array {
  const head = encodeCanonical(entries.length).map((byte, i) => (i === 0 ? byte | 0xa0 : byte))
  return concatBytes(head, ...entries.flat())
}

/** The smallest assertion with its object's bytes replaced, signed for what stands there. */
export function withRawObject(object: Uint8Array, networkId: NetworkId): Uint8Array {
  return signRaw(rawEntries({ o: object }), networkId)
}

/**
 * The entries of the smallest assertion in canonical order; `raw` replaces values by bytes that stand as
 * they are.
 */
export function rawEntries(raw: { readonly [key: string]: Uint8Array }): readonly RawEntry[] {
  return ['a', 'k', 'o', 'p', 's', 't'].map((key) => [
    encodeCanonical(key), raw[key] ?? encodeCanonical(assertionFields[key] ?? null)
  ])
}

/** A record of the entries in their order and `z` behind them, its signature right for what stands there. */
export function signRaw(entries: readonly RawEntry[], networkId: NetworkId): Uint8Array {
  const signature = agent.sign(signingInput('record', networkId, rawMap(entries)))
  return rawMap([...entries, [encodeCanonical('z'), encodeCanonical(signature)]])
}

/** Text of so many bytes. */
export function letters(count: number): string {
  return 'x'.repeat(count)
}

/** The hash whose 32 bytes are all `byte`. */
export function hashOfByte(byte: number): Hash {
  return hashOf(new Uint8Array(32).fill(byte))
}
