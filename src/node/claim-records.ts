// Claims of a data set as signed assertions. Each source is an agent whose key follows from its name, so
// that the same file gives the same records wherever it is imported, and whoever knows the name can sign
// for it: for data sets only, never for agents of worth.

import type { NetworkId } from '../base/index.js'
import { buildAssertion, createSigner, RecordError, seedFromName, valueFromJson, type Signer } from '../record/index.js'
import { splitItem, type Claim } from './claims.js'

/** A claim as record bytes, or the rule that it breaks. */
export type ClaimRecord =
  | { readonly kind: 'record'; readonly bytes: Uint8Array }
  | { readonly kind: 'refused'; readonly rule: string }

/** Timestamp of a claim that has none: never the time of import, which would differ between peers. */
const NO_TIME_MS = 0

/** Signs claims for one network. Keeps the keys of the sources it has seen. */
export function createClaimSigner(networkId: NetworkId): (claim: Claim) => ClaimRecord {
  const signers = new Map<string, Signer>()
  return (claim) => {
    const object = valueFromJson(claim.value)
    if (object === undefined) return { kind: 'refused', rule: 'value' }
    const signer = signers.get(claim.source) ?? createSigner(seedFromName(claim.source))
    signers.set(claim.source, signer)
    const { subject, predicate } = splitItem(claim.item)
    try {
      const fields = { timestampMs: claim.ts ?? NO_TIME_MS, subject, predicate, object }
      return { kind: 'record', bytes: buildAssertion(fields, signer, networkId) }
    } catch (error) {
      if (error instanceof RecordError) return { kind: 'refused', rule: error.code }
      throw error
    }
  }
}
