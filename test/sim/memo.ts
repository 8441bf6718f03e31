// One memo of checked signatures for all nodes of a run: what one has checked none checks again.

import { blake3Hash } from '../../src/base/index.js'
import { verifySignature, type VerifySignature } from '../../src/record/index.js'

/** A checker that counts its calls. */
export interface CountingVerifier {
  readonly verify: VerifySignature
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
  return {
    get calls() { return calls },
    get checked() { return checked },
    verify(signature, message, publicKey) {
      calls += 1
      if (real) return check(signature, message, publicKey)
      const key = blake3Hash(Uint8Array.of(signature.length, publicKey.length), signature, publicKey, message)
      const verdict = known.get(key) ?? check(signature, message, publicKey)
      known.set(key, verdict)
      return verdict
    }
  }
}
