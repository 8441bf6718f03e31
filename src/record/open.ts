// Opening a record: from bytes to a grade.
// Rule: invalid = broken envelope, for everyone and for ever; inert = valid envelope, broken or unknown
// schema; effective = all rules hold. Bytes are opened cheapest check first, the signature last and apart,
// so that it can run elsewhere.

import { blake3Hash, idBytes, publicKeyOf, type NetworkId } from '../base/index.js'
import { verifySignature } from './backends.js'
import { readEnvelope, type Envelope } from './envelope.js'
import { Broken } from './field.js'
import { signedMessage } from './message.js'
import { readAssertion, readVote } from './schema-assertion.js'
import { readEpoch } from './schema-epoch.js'
import type { Opened, RecordBase, StemeRecord } from './types.js'

/**
 * The grade of some bytes by form alone: the signature is not checked.
 *
 * Whether an epoch record comes from a governor is decided where epochs are read. Views into `bytes` are
 * kept, so the
 * caller must not change them. Never throws.
 * Cost: about 5 us for 300 bytes. Source: docs/formats/record.md#grades
 */
export function openRecord(bytes: Uint8Array): Opened {
  const envelope = readEnvelope(bytes)
  if (typeof envelope === 'string') return { grade: 'invalid', rule: envelope }
  const { timestampMs, signature } = envelope
  const id = blake3Hash(bytes)
  const agentId = publicKeyOf(envelope.agent)
  const record = readRecord(envelope, { id, agentId, timestampMs, bytes })
  if (record instanceof Broken) {
    const { rule, field } = record
    return { grade: 'inert', rule, field, id, agentId, timestampMs, bytes, signature }
  }
  return { grade: 'effective', record, id, agentId, timestampMs, bytes, signature }
}

/**
 * The grade of some bytes, signature included. Never throws. Cost: that of `openRecord` and of
 * `verifySignature`.
 */
export function decodeRecord(bytes: Uint8Array, networkId: NetworkId): Opened {
  const opened = openRecord(bytes)
  if (opened.grade === 'invalid') return opened
  const valid = verifySignature(opened.signature, signedMessage(bytes, networkId), idBytes(opened.agentId))
  return valid ? opened : { grade: 'invalid', rule: 'signature' }
}

function readRecord(envelope: Envelope, base: RecordBase): StemeRecord | Broken {
  switch (envelope.kind) {
    case 'a': return readAssertion(envelope, base)
    case 'v': return readVote(envelope, base)
    case 'e': return readEpoch(envelope, base)
    default: return new Broken('unknown-kind', 'kind')
  }
}
