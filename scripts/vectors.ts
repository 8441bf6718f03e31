// Writes the committed vectors: src/record/edge-vectors.ts, which ships for the self-test,
// test/vectors/records.json and test/vectors/trust.json. Run after a build, from the repository:
// node dist/scripts/vectors.js. Equal output each time; a test compares.

import { writeFileSync } from 'node:fs'
import { edgeSignatures } from './vectors/edge-signatures.js'
import { edgeVectorsSource, recordVectorsJson } from './vectors/write.js'
import { recordVectors } from './vectors/records.js'
import { trustVectorsJson } from './vectors/trust.js'

writeFileSync('src/record/edge-vectors.ts', edgeVectorsSource(edgeSignatures()))
writeFileSync('test/vectors/records.json', recordVectorsJson(recordVectors()))
writeFileSync('test/vectors/trust.json', trustVectorsJson())
