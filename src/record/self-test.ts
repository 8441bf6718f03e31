// Start-up self-test: every signature backend that loads must give the verdict of STRICT on each edge
// vector.
// Rule: a node whose libraries judge signatures differently would split from its network, so it must not
// start.

import { fromHex } from '../base/index.js'
import { verifyWithNode, verifyWithSodium, type VerifySignature } from './backends.js'
import { edgeVectors } from './edge-vectors.js'
import { RecordError } from './errors.js'
import type { EdgeVector } from './types.js'

/**
 * Checks signature backends against the edge vectors.
 *
 * @param backends by name. @default those that judge at run time; the noble reference is held to the
 * vectors by the tests
 * @throws RecordError RECORD_SELF_TEST, naming backend and vector
 * Cost: about 20 ms a backend.
 */
export function selfTest(backends: Readonly<Record<string, VerifySignature>> = atRunTime): void {
  for (const [backend, verify] of Object.entries(backends)) {
    for (const vector of edgeVectors) {
      if (verdict(verify, vector) === vector.valid) continue
      const message = `signature backend ${backend} is wrong on ${vector.name}: this node must not start`
      throw new RecordError({ code: 'RECORD_SELF_TEST', backend, vector: vector.name }, message)
    }
  }
}

const atRunTime: Readonly<Record<string, VerifySignature>> = {
  node: verifyWithNode,
  ...(verifyWithSodium !== undefined && { sodium: verifyWithSodium })
}

function verdict(verify: VerifySignature, vector: EdgeVector): boolean | undefined {
  const signature = fromHex(vector.signature)
  const message = fromHex(vector.message)
  const publicKey = fromHex(vector.publicKey)
  if (signature === undefined || message === undefined || publicKey === undefined) return undefined
  return verify(signature, message, publicKey)
}
