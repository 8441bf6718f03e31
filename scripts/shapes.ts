// npm run shapes -- [--seeds N] [--json]
// Consensus under trust beside majority voting on the synthetic sets of eval/shapes.ts: how much it gains,
// and whether it ever falls notably below.

import '../src/base/index.js'
import { runInMemory } from './eval/in-memory.js'
import { judge } from './eval/judge.js'
import { ballotsOf } from './eval/majority.js'
import { score } from './eval/score.js'
import { type Shape, shapes } from './eval/shapes.js'
import { runScript } from './usage.js'

const NOTABLE = 0.01
const GROSS = 0.05

function gainOn({ claims, gold }: Shape): { readonly majority: number; readonly gain: number } {
  const left = runInMemory({ claims, votes: [], rules: { tolerance: undefined }, network: {} })
  const scored = score(gold, ballotsOf(claims), judge(left, gold).answers, undefined)
  const majority = scored.majority_expected
  return { majority, gain: (scored.accuracy['consensus'] ?? 0) - majority }
}

const USAGE = 'usage: npm run shapes -- [--seeds N] [--json]'
const options = { seeds: { type: 'string' }, json: { type: 'boolean' } } as const

async function main(values: { readonly seeds?: string; readonly json?: boolean }): Promise<void> {
  const seeds = Array.from({ length: Number(values.seeds ?? '3') }, (_, seed) => seed + 1)
  const results = new Map<string, { majority: number; gain: number }[]>()
  for (const shape of shapes(seeds)) {
    results.set(shape.name, [...results.get(shape.name) ?? [], gainOn(shape)])
  }
  const mean = (list: readonly number[]): number => list.reduce((sum, each) => sum + each, 0) / list.length
  const rows = [...results].map(([name, list]) => ({
    name, majority: mean(list.map(({ majority }) => majority)), gain: mean(list.map(({ gain }) => gain)),
    worst: Math.min(...list.map(({ gain }) => gain))
  }))
  if (values.json === true) {
    console.log(JSON.stringify(rows))
    return
  }
  for (const { name, majority, gain, worst } of rows) {
    const percent = (share: number): string => (100 * share).toFixed(1).padStart(6)
    console.log(`${name.padEnd(36)} majority ${percent(majority)}  gain ${percent(gain)}  worst ${percent(worst)}`)
  }
  const gains = [...results.values()].flat().map(({ gain }) => gain)
  const below = (loss: number): number => gains.filter((gain) => gain < -loss).length
  console.log(`${gains.length} sets: ${below(NOTABLE)} more than ${NOTABLE} below majority, ${below(GROSS)} more than ${GROSS}`)
}

await runScript(USAGE, options, main)
