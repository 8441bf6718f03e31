// Records: what is signed, hashed and valid. Bytes, limits and grades: docs/formats/record.md.

export {
  type BackendName, type VerifySignature, defaultBackend, signatureBackends, verifySignature
} from './backends.js'
export {
  type AssertionFields, type EpochFields, type VoteFields,
  assertionPayload, buildAssertion, buildEpoch, buildVote, epochPayload, votePayload
} from './build.js'
export { decodeCanonical, encodeCanonical } from './canonical.js'
export type { CborMap, CborValue } from './cbor-reader.js'
export type { CborInput } from './cbor-writer.js'
export { type RecordErrorDetail, RecordError } from './errors.js'
export {
  type Json, type JsonObject, millionthsFromJson, millionthsToJson, valueFromJson, valueToJson
} from './json-value.js'
export { failureText } from './failure-text.js'
export { type JsonFailure, type RecordKind, payloadFromJson, recordToJson } from './json-record.js'
export { type Signer, createSigner, generateKey, keyFromPem, keyToPem, seedFromName } from './keys.js'
export { Link, cidOf, hashOfCid, linkTo, linkedHash } from './link.js'
export {
  type SignatureDomain, SIGNATURE_LABELS, attachSignature, signatureOf, signedMessage, signingInput
} from './message.js'
export { objectValue } from './object-value.js'
export { decodeRecord, openRecord } from './open.js'
export { selfTest } from './self-test.js'
export type {
  Assertion, CborRule, EdgeVector, Effective, EpochRecord, Inert, Invalid, InvalidRule, Opened,
  PredicateSettings, RecordBase, Reference, Scalar, SchemaRule, StemeRecord, TimePoint, Value, Vector, Vote
} from './types.js'
export { vectorBytes, vectorValues } from './vector.js'
