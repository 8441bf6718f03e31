// Text of the committed vector files: one vector a line.

import type { EdgeSignature } from './edge-signatures.js'
import type { RecordVectors } from './records.js'

const edgeHeader = `// Edge vectors of the signature rule STRICT, hex. Written by scripts/vectors.ts: change that, never this.
// Each is built so that one clause of the rule decides it: docs/formats/record.md#strict

import type { EdgeVector } from './types.js'

/** Signatures with their verdicts. */
export const edgeVectors: readonly EdgeVector[] = [
`

/** The TypeScript source that holds the edge vectors. */
export function edgeVectorsSource(vectors: readonly EdgeSignature[]): string {
  const lines = vectors.map(({ name, publicKey, message, signature, valid }) =>
    `  { name: '${name}', publicKey: '${publicKey}', message: '${message}', signature: '${signature}', valid: ${valid} }`)
  return `${edgeHeader}${lines.join(',\n')}\n]\n`
}

/** The JSON text that holds the record vectors. */
export function recordVectorsJson(file: RecordVectors): string {
  const about = 'Records with their grade; hex. Written by scripts/vectors.ts. Meaning: docs/formats/record.md#vectors'
  const head = `{"about":${JSON.stringify(about)},"network_id":"${file.networkId}","vectors":[\n`
  return `${head}${file.vectors.map((vector) => JSON.stringify(vector)).join(',\n')}\n]}\n`
}
