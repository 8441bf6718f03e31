// From files of claims into a node, through the same gate as any client's records.

import { readClaims, createClaimSigner, splitItem, type Claim } from '../../src/node/index.js'
import { buildEpoch, type PredicateSettings } from '../../src/record/index.js'
import type { TemporaryNode } from './temporary-node.js'

const BATCH_RECORDS = 1_000
const BUSY_PAUSE_MS = 20

/** All usable claims of a file; the others are named on standard error. */
export async function loadClaims(path: string): Promise<readonly Claim[]> {
  const claims: Claim[] = []
  for await (const line of readClaims(path)) {
    if ('claim' in line) claims.push(line.claim)
    else console.error(`${path}:${line.line}: ${line.error.code}, skipped`)
  }
  return claims
}

/**
 * Signs the claims, admits them and waits until every view is computed.
 * @param tolerance the tolerance of every predicate, told to the network by an epoch record of its governor
 */
export async function importClaims(
  temporary: TemporaryNode,
  claims: readonly Claim[],
  tolerance: number | undefined
): Promise<void> {
  const { node } = temporary
  if (tolerance !== undefined) await admitAll(temporary, [settings(temporary, claims, tolerance)])
  const sign = createClaimSigner(node.networkId)
  let batch: Uint8Array[] = []
  for (const claim of claims) {
    const record = sign(claim)
    if (record.kind === 'record') batch.push(record.bytes)
    else console.error(`${claim.source} on ${claim.item}: ${record.rule}, skipped`)
    if (batch.length === BATCH_RECORDS) {
      await admitAll(temporary, batch)
      batch = []
    }
  }
  await admitAll(temporary, batch)
  await node.settled()
}

/** Admits records, waiting while the node is busy. */
export async function admitAll(temporary: TemporaryNode, records: readonly Uint8Array[]): Promise<void> {
  let left = records
  while (left.length > 0) {
    const results = await temporary.node.admit(left)
    const refused = results.find((result) => result.kind === 'refused' && result.code !== 'INGEST_BUSY')
    if (refused?.kind === 'refused') throw new Error(`a record was refused: ${refused.code} ${refused.rule}`)
    left = left.filter((_, index) => results[index]?.kind === 'refused')
    if (left.length > 0) await new Promise((resolve) => setTimeout(resolve, BUSY_PAUSE_MS))
  }
}

function settings(temporary: TemporaryNode, claims: readonly Claim[], tolerance: number): Uint8Array {
  const predicates = new Set(claims.map((claim) => splitItem(claim.item).predicate))
  const each: PredicateSettings = { cardinality: 'one', tolerance }
  const fields = { timestampMs: 0, name: 'eval', settings: new Map([...predicates].map((name) => [name, each])) }
  return buildEpoch(fields, temporary.governor, temporary.node.networkId)
}
