// npm run bench -- NAME [--json]: benchmarks, each beside the bound it works against.
// Rule: quote ratios from one run; machines are shared and noisy. Figures and bounds: docs/performance.md.

import '../../src/base/index.js'
import { benchIngest } from './ingest.js'
import { benchJoin } from './join.js'
import { benchRead } from './read.js'
import { benchReplicate } from './replicate.js'
import { benchSkeptic } from './skeptic.js'
import { benchSync } from './sync.js'
import { benchTrust } from './trust.js'
import { benchWal } from './wal.js'
import { printReport, runScript, UsageError } from '../usage.js'

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

const USAGE = `usage: npm run bench -- ${Object.keys(BENCHES).join('|')} [--json] [--records N] [--servers N]
  --records N  records of the workload, where the benchmark lets choose
  --servers N  nodes to join from
  --json       one JSON object, the last line of stdout, instead of the table`

const options = {
  json: { type: 'boolean' }, records: { type: 'string' }, servers: { type: 'string' }
} as const

await runScript(USAGE, options, async ({ json, ...numbers }, [name = '']) => {
  const bench = BENCHES[name]
  if (bench === undefined) throw new UsageError(name === '' ? 'which one?' : `there is no benchmark ${name}`)
  const given = Object.entries(numbers)
  const flags: Flags = Object.fromEntries(given.map(([flag, text]) => [flag, countOf(flag, text)]))
  printReport(await bench(flags), json === true)
}, undefined, 1)

function countOf(flag: string, text: string): number {
  const value = Number(text)
  if (value >= 1) return value
  throw new UsageError(`--${flag} takes a number from 1 on`)
}
