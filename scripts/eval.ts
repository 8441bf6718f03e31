// npm run eval -- --claims FILE --gold FILE [--tolerance N] [--seed-source NAME]… [--json]
// Runs a data set through a whole temporary node (sign, admit, log, index, views, query) and says how often
// each lens is right, beside plain majority voting. Any file of claims and gold facts in the import form
// will do.

import '../src/base/index.js'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { valueToJson } from '../src/record/index.js'
import type { GoldFact } from '../src/node/index.js'
import { readGold, splitItem, type StemeNode } from '../src/node/index.js'
import { ballotsOf } from './eval/majority.js'
import { importClaims, loadClaims } from './eval/load.js'
import { openTemporaryNode } from './eval/temporary-node.js'
import { score } from './eval/score.js'
import { runScript, UsageError } from './usage.js'

const LENSES = ['Consensus', 'Recency'] as const
const QUERY_BATCH = 1_000

const USAGE = `usage: npm run eval -- --claims FILE --gold FILE [--tolerance N] [--seed-source NAME]… [--json]
  --claims FILE        JSON lines {source, item, value, ts?}; item is subject|predicate; .gz is unpacked
  --gold FILE          JSON lines {item, value}
  --tolerance N        a numeric answer counts as right within N
  --seed-source NAME   a source whose agent is a trust seed; repeatable
  --json               one object on stdout, nothing else`

const options = {
  claims: { type: 'string' },
  gold: { type: 'string' },
  tolerance: { type: 'string' },
  'seed-source': { type: 'string', multiple: true },
  json: { type: 'boolean' }
} as const

async function evaluate(
  claimsPath: string,
  goldPath: string,
  tolerance: number | undefined,
  seedSources: readonly string[]
): Promise<Record<string, unknown>> {
  const started = performance.now()
  const claims = await loadClaims(claimsPath)
  const gold = await loadGold(goldPath)
  const directory = await mkdtemp(join(tmpdir(), 'stemedb-eval-'))
  try {
    const temporary = await openTemporaryNode(directory, { seedSources })
    try {
      await importClaims(temporary, claims, tolerance)
      const answers = new Map<string, ReadonlyMap<string, unknown>>()
      for (const lens of LENSES) answers.set(lens.toLowerCase(), await ask(temporary.node, lens, gold))
      const state = await temporary.node.state()
      const ballots = ballotsOf(claims)
      return {
        claims: claims.length,
        items: ballots.size,
        ...score(gold, ballots, answers, tolerance),
        digest: state.tag?.viewDigest,
        seconds: Math.round((performance.now() - started) / 100) / 10
      }
    } finally {
      await temporary.node.stop()
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function loadGold(path: string): Promise<readonly GoldFact[]> {
  const facts: GoldFact[] = []
  for await (const line of readGold(path)) {
    if ('gold' in line) facts.push(line.gold)
    else console.error(`${path}:${line.line}: ${line.error.code}, skipped`)
  }
  return facts
}

async function ask(
  node: StemeNode,
  lens: string,
  gold: readonly GoldFact[]
): Promise<ReadonlyMap<string, unknown>> {
  const answers = new Map<string, unknown>()
  for (let at = 0; at < gold.length; at += QUERY_BATCH) {
    const slice = gold.slice(at, at + QUERY_BATCH)
    const found = await node.queryMany(slice.map(({ item }) => ({ ...splitItem(item), lens })))
    slice.forEach(({ item }, index) => {
      const answer = found[index]
      if (answer === undefined || answer instanceof Error) return
      answers.set(item, valueToJson(answer.winner.object))
    })
  }
  return answers
}

function print(report: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(report)) {
    console.error(`${name.padEnd(18)} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
  }
}

await runScript(USAGE, options, async (values) => {
  if (values.claims === undefined || values.gold === undefined) throw new UsageError('--claims and --gold are needed')
  const tolerance = values.tolerance === undefined ? undefined : Number(values.tolerance)
  if (tolerance !== undefined && !(tolerance >= 0)) throw new UsageError('--tolerance takes a number from 0')
  const report = await evaluate(values.claims, values.gold, tolerance, values['seed-source'] ?? [])
  if (values.json !== true) print(report)
  console.log(JSON.stringify(report))
})
