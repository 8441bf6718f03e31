import { expect, it } from 'vitest'
import { blake3Hash, equalBytes, hashOf } from '../../src/base/index.js'
import { findRecord, type RecordSource } from '../../src/node/reading.js'
import { assertionPayload, attachSignature, buildAssertion, signingInput } from '../../src/record/index.js'
import { keys } from '../../src/store/index.js'
import { alice, genesis } from './kit.js'

const fields = { subject: 's', predicate: 'p', object: 'x' }

function holding(bytes: Uint8Array): RecordSource {
  const key = keys.record(blake3Hash(bytes))
  return {
    store: { get: (wanted) => (equalBytes(wanted, key) ? bytes : undefined) },
    ingest: { unsealedBytes: () => undefined }
  }
}

it('finds a record without effect, with the rule that it breaks', () => {
  const payload = assertionPayload({ ...fields, subject: '', timestampMs: 5 }, alice.publicKey)
  const signature = alice.sign(signingInput('record', genesis.networkId, payload))
  const bytes = attachSignature(payload, signature)
  const found = findRecord(holding(bytes), blake3Hash(bytes))
  expect(found).toEqual({ bytes, agentId: alice.publicKey, timestampMs: 5, inertRule: 'field-size' })
})

it('finds a record with effect, and none that is not here', () => {
  const bytes = buildAssertion({ ...fields, timestampMs: 5 }, alice, genesis.networkId)
  const source = holding(bytes)
  expect(findRecord(source, blake3Hash(bytes))?.record).toMatchObject({ subject: 's', object: 'x' })
  expect(findRecord(source, hashOf(new Uint8Array(32)))).toBeUndefined()
})
