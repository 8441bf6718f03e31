// npm run sim: the deterministic simulator. docs/simulation.md.

import '../src/base/index.js'
import { readFlags, USAGE, type SimFlags } from './sim/flags.js'
import { runMutants } from './sim/mutants.js'
import { runOne } from './sim/one.js'
import { runSeeds } from './sim/seeds.js'

const flags = readFlags(process.argv.slice(2))
if (flags === undefined) {
  console.error(USAGE)
  process.exitCode = 2
} else {
  process.exitCode = await run(flags)
}

function run({ mode, jobs, ...flags }: SimFlags): Promise<number> {
  switch (mode.kind) {
    case 'seeds': return runSeeds(mode.from, mode.to, jobs)
    case 'mutants': return runMutants(mode.name, jobs)
    case 'seed': return runOne(mode, flags)
    case 'replay': return runOne(mode, flags)
  }
}
