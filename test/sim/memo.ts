// One memo of signatures for all nodes of a run: what one has made or checked none checks again.

import { blake3Hash, idBytes } from '../../src/base/index.js'
import { verifySignature, type Signer, type VerifySignature } from '../../src/record/index.js'

/** A checker that counts its calls. */
export interface CountingVerifier {
  readonly verify: VerifySignature
  /** The same signer; what it signs is known to be good. */
  know(signer: Signer): Signer
  readonly calls: number
  readonly checked: number
}

/** @param real check every signature every time */
export function createVerifier(real: boolean): CountingVerifier {
  const known = new Map<string, boolean>()
  let calls = 0
  let checked = 0
  const check: VerifySignature = (signature, message, publicKey) => {
    checked += 1
    return verifySignature(signature, message, publicKey)
  }
  const keyOf = (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): string =>
    blake3Hash(Uint8Array.of(signature.length, publicKey.length), signature, publicKey, message)
  return {
    know({ publicKey, sign }) {
      const keyBytes = idBytes(publicKey)
      return {
        publicKey,
        sign(message) {
          const signature = sign(message)
          known.set(keyOf(signature, message, keyBytes), true)
          return signature
        }
      }
    },
    get calls() { return calls },
    get checked() { return checked },
    verify(signature, message, publicKey) {
      calls += 1
      if (real) return check(signature, message, publicKey)
      const key = keyOf(signature, message, publicKey)
      const verdict = known.get(key) ?? check(signature, message, publicKey)
      known.set(key, verdict)
      return verdict
    }
  }
}
