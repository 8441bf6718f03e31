// The web application over a fake node, without a socket.

import { createApp, type ApiApp } from '../../src/api/app.js'
import { API_DEFAULTS, type ApiOptions } from '../../src/api/options.js'
import type { StemeNode } from '../../src/node/index.js'
import { silentLog } from '../../src/node/log.js'
import { createFakeNode, fakeAgent, fakeGenesis, fakeNowMs } from '../fakes/fake-node.js'
import { createManualClock } from '../fakes/manual-clock.js'
import { attachSignature, payloadFromJson, signingInput, type RecordKind, type Signer } from '../../src/record/index.js'

/** Token of the application under test. */
export const token = 'a-token-of-some-length'

/** Headers of a write. */
export const authorized = { authorization: `Bearer ${token}` }

/** Builds the application. */
export function buildApp(
  node: StemeNode = createFakeNode(), options: Partial<ApiOptions> = {}
): Promise<ApiApp> {
  const clock = createManualClock(fakeNowMs)
  return createApp({ ...API_DEFAULTS, token, ...options }, { node, clock, log: silentLog, version: '0.0.0' })
}

/** JSON fields with a signature, and the same as bytes. */
export function signedFields(
  kind: RecordKind, fields: object, signer: Signer = fakeAgent
): { readonly json: object; readonly bytes: Uint8Array } {
  const whole = { timestamp: fakeNowMs, ...fields, agent_id: signer.publicKey }
  const made = payloadFromJson(kind, whole)
  if (!('payload' in made)) throw new Error(`${made.field}: ${made.rule}`)
  const signature = signer.sign(signingInput('record', fakeGenesis.networkId, made.payload))
  return {
    json: { ...whole, signature: Buffer.from(signature).toString('hex') },
    bytes: attachSignature(made.payload, signature)
  }
}
