// `npm run world -- --out FILE`: writes the claims as JSON lines; without --out they go to stdout.
// Data goes to the file or to stdout, the summary to stderr.

import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { contestedItems, factsOf, readWorldClaims } from './claims.js'

const usage = 'usage: npm run world -- [--out FILE]\n'

try {
  const { values } = parseArgs({ options: { out: { type: 'string' }, help: { type: 'boolean', short: 'h' } } })
  if (values.help === true) process.stdout.write(usage)
  else await writeClaims(values.out)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
  process.exitCode = isUsageError(error) ? 2 : 1
}

async function writeClaims(out: string | undefined): Promise<void> {
  const claims = await readWorldClaims()
  const text = claims.map((claim) => JSON.stringify(claim) + '\n').join('')
  if (out === undefined) process.stdout.write(text)
  else await writeFile(out, text)
  const sources = new Set(claims.map((claim) => claim.source)).size
  process.stderr.write(
    `${claims.length} claims of ${sources} packages on ${factsOf(claims).size} facts, ` +
    `${contestedItems(claims).length} of them contested${out === undefined ? '' : `: ${out}`}\n`
  )
}

function isUsageError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
}
