// The agent that signs what a command writes. Keys stay in this process: the node gets signed bytes alone.

import { parseNetworkId, type NetworkId } from '../base/index.js'
import { directoryPaths, readKeyFile } from '../node/index.js'
import {
  attachSignature, failureText, payloadFromJson, signingInput, type RecordKind, type Signer
} from '../record/index.js'
import type { ApiClient } from './client.js'
import { CliError, usageError } from './errors.js'
import { directoryOf, type Shell } from './shell.js'

/** What the node says became of a record. */
export interface Receipt {
  readonly status: number
  readonly result: 'admitted' | 'known' | 'quarantined' | 'refused'
  readonly id?: string
  readonly release_time?: number
  readonly code?: string
  readonly rule?: string
  readonly hint?: { readonly code: string; readonly detail: string }
  readonly ack?: { readonly wanted: number; readonly acknowledged_by: number; readonly code?: string }
}

/** Key of the agent: of the file given, else `agent.key` of the data directory. */
export async function agentSigner(shell: Shell, keyFile: string | undefined): Promise<Signer> {
  return (await readKeyFile(keyFile ?? directoryPaths(directoryOf(shell)).agentKey)).signer
}

/** The network of the node, which is part of what is signed. */
export async function networkOf(api: ApiClient): Promise<NetworkId> {
  const { network_id } = await api.get<{ readonly network_id?: unknown }>('/v1/network')
  const id = typeof network_id === 'string' ? parseNetworkId(network_id) : undefined
  if (id === undefined) throw new CliError({ code: 'CLI_ANSWER', url: api.url }, `${api.url} names no network`)
  return id
}

/** Sends one signed record; `query` as `ackQueryOf` gives it. */
export function sendRecord(api: ApiClient, bytes: Uint8Array, query = ''): Promise<Receipt> {
  return api.post<Receipt>(`/v1/records${query}`, bytes, 'application/cbor')
}

/**
 * A signed record of JSON fields, named as the HTTP interface names them.
 * @throws CliError CLI_USAGE when the fields make no effective record
 */
export function signFields(
  kind: RecordKind, fields: object, signer: Signer, networkId: NetworkId
): Uint8Array {
  const made = payloadFromJson(kind, { ...fields, agent_id: signer.publicKey })
  if (!('payload' in made)) {
    throw usageError(made.field ?? kind, failureText(kind, made))
  }
  return attachSignature(made.payload, signer.sign(signingInput('record', networkId, made.payload)))
}
