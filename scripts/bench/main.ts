// npm run bench -- NAME [--json]: benchmarks, each beside the bound it works against.
// Rule: quote ratios from one run; machines are shared and noisy. Figures and bounds: docs/performance.md.

import { parseArgs } from 'node:util'
import '../../src/base/index.js'
import { benchIngest } from './ingest.js'
import { benchJoin } from './join.js'
import { benchRead } from './read.js'
import { benchReplicate } from './replicate.js'
import { benchSkeptic } from './skeptic.js'
import { benchSync } from './sync.js'
import { benchTrust } from './trust.js'
import { benchWal } from './wal.js'

interface Flags {
  /** Records of the workload, where a benchmark lets choose. */
  readonly records?: number
  /** Nodes to join from. */
  readonly servers?: number
}

const BENCHES: Readonly<Record<string, (flags: Flags) => Promise<object>>> = {
  ingest: benchIngest,
  read: benchRead,
  replicate: benchReplicate,
  join: benchJoin,
  skeptic: benchSkeptic,
  sync: benchSync,
  trust: benchTrust,
  wal: benchWal
}

const { positionals: [name = ''], values: { json, ...numbers } } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean' }, records: { type: 'string' }, servers: { type: 'string' } }
})
const flags: Flags = Object.fromEntries(Object.entries(numbers).map(([flag, value]) => [flag, Number(value)]))
const bench = BENCHES[name]
if (bench === undefined || Object.values(flags).some((value) => !(value >= 1))) {
  console.error(`usage: npm run bench -- ${Object.keys(BENCHES).join('|')} [--json] [--records N] [--servers N]`)
  process.exitCode = 2
} else {
  const result = await bench(flags)
  if (json !== true) for (const [field, value] of Object.entries(result)) console.error(row(field, value))
  console.log(JSON.stringify(result))
}

function row(field: string, value: unknown): string {
  return `${field.padEnd(28)} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`
}
