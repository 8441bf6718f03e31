// One signature to check, and how a record becomes one.

import { idBytes, type NetworkId } from '../base/index.js'
import type { OpenedRecord } from '../dag/index.js'
import { signedMessage } from '../record/index.js'

/** One signature to check. */
export interface VerifyJob {
  readonly publicKey: Uint8Array
  readonly signature: Uint8Array
  readonly message: Uint8Array
}

/** What a pool needs to check the record's signature. */
export function verifyJob(opened: OpenedRecord, networkId: NetworkId): VerifyJob {
  return {
    publicKey: idBytes(opened.agentId),
    signature: opened.signature,
    message: signedMessage(opened.bytes, networkId)
  }
}
