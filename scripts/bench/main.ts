// npm run bench -- NAME [--json]: benchmarks, each beside the bound it works against.
// Rule: quote ratios from one run; machines are shared and noisy. Figures and bounds: docs/performance.md.

import '../../src/base/index.js'
import { benchIngest } from './ingest.js'
import { benchJoin } from './join.js'
import { benchRead } from './read.js'
import { benchReplicate } from './replicate.js'
import { benchWal } from './wal.js'

const BENCHES: Readonly<Record<string, () => Promise<object>>> = {
  ingest: benchIngest,
  read: benchRead,
  replicate: benchReplicate,
  join: benchJoin,
  wal: benchWal
}

const [name = '', ...flags] = process.argv.slice(2)
const bench = BENCHES[name]
if (bench === undefined || flags.some((flag) => flag !== '--json')) {
  console.error(`usage: npm run bench -- ${Object.keys(BENCHES).join('|')} [--json]`)
  process.exitCode = 2
} else {
  const result = await bench()
  if (!flags.includes('--json')) for (const [field, value] of Object.entries(result)) console.error(row(field, value))
  console.log(JSON.stringify(result))
}

function row(field: string, value: unknown): string {
  return `${field.padEnd(28)} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`
}
