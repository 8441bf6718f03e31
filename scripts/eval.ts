// npm run eval -- --claims FILE --gold FILE [--tolerance N] [--seed-source NAME]… [--json]
//   [--attack clique|camouflage|noisy --share S --seeds-known N --endorsements E --draws N]
// Runs a data set through the whole path (sign, admit, log, index, ballots, trust, lenses) and says how often
// each lens is right, beside plain majority voting. Any file of claims and gold facts in the import form
// will do. With --attack, sybils join in: see eval/attack.ts.

import '../src/base/index.js'
import { parseArgs } from 'node:util'
import { computeTrust } from '../src/trustrank/index.js'
import { answersOf } from './eval/answers.js'
import { ATTACKS } from './eval/attack.js'
import { type AttackOptions, evaluateAttack } from './eval/attack-run.js'
import { loadClaims, loadGold } from './eval/load.js'
import { ballotsOf } from './eval/majority.js'
import { runPipeline } from './eval/run.js'
import { score } from './eval/score.js'
import { bookOf } from './eval/stored.js'

const USAGE = 'usage: npm run eval -- --claims FILE --gold FILE [--tolerance N] [--seed-source NAME]… [--json]\n' +
  '  [--attack clique|camouflage|noisy --share S --seeds-known N --endorsements E --draws N]'

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      claims: { type: 'string' }, gold: { type: 'string' }, tolerance: { type: 'string' },
      'seed-source': { type: 'string', multiple: true }, json: { type: 'boolean' },
      attack: { type: 'string' }, share: { type: 'string' }, 'seeds-known': { type: 'string' },
      endorsements: { type: 'string' }, draws: { type: 'string' }
    }
  })
  const kind = ATTACKS.find((name) => name === values.attack)
  const unknown = values.attack !== undefined && kind === undefined
  if (values.claims === undefined || values.gold === undefined || unknown) {
    console.error(USAGE)
    process.exitCode = 2
    return
  }
  const { tolerance } = values
  const files = {
    claims: values.claims, gold: values.gold,
    tolerance: tolerance === undefined ? undefined : number('tolerance', tolerance, 0, Infinity)
  }
  const report = kind === undefined
    ? await evaluate(files, values['seed-source'] ?? [])
    : await attacked(files, {
      kind, share: number('share', values.share ?? '0.3', 0, 0.9),
      seeds: number('seeds-known', values['seeds-known'] ?? '5', 1, 256),
      endorsements: number('endorsements', values.endorsements ?? '0', 0, 100),
      draws: number('draws', values.draws ?? '10', 1, 1_000)
    })
  if (values.json !== true) print(report)
  console.log(JSON.stringify(report))
}

interface Files {
  readonly claims: string
  readonly gold: string
  readonly tolerance: number | undefined
}

async function evaluate(files: Files, seedSources: readonly string[]): Promise<Record<string, unknown>> {
  const started = performance.now()
  const claims = await loadClaims(files.claims)
  const gold = await loadGold(files.gold)
  const { tolerance } = files
  const { stored, epochs, policy, state } = await runPipeline({
    claims, votes: [], tolerance, network: { seedSources }
  })
  const columns = bookOf(stored.ballots, policy.roundMs).columns()
  const from = performance.now()
  const { snapshot, rounds } = computeTrust(columns, policy)
  const trustMs = Math.round(performance.now() - from)
  const ballots = ballotsOf(claims)
  return {
    claims: claims.length, items: ballots.size, agents: columns.agents.length,
    ...score(gold, ballots, answersOf(stored, gold, epochs, snapshot), tolerance),
    groups: [...snapshot.agents.values()].filter(({ group }) => group !== undefined).length,
    closed: snapshot.closed.map(({ predicate }) => predicate), rounds, trustMs,
    trustDigest: snapshot.digest, digest: state.tag?.viewDigest, seconds: secondsSince(started)
  }
}

async function attacked(files: Files, options: AttackOptions): Promise<Record<string, unknown>> {
  const started = performance.now()
  const claims = await loadClaims(files.claims)
  const gold = await loadGold(files.gold)
  const result = await evaluateAttack({ claims, gold, tolerance: files.tolerance }, options, runPipeline)
  return { ...options, ...result, seconds: secondsSince(started) }
}

function number(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (!(value >= least && value <= most)) throw new RangeError(`--${name} takes a number from ${least} to ${most}`)
  return value
}

function secondsSince(started: number): number {
  return Math.round((performance.now() - started) / 100) / 10
}

function print(report: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(report)) {
    console.error(`${name.padEnd(18)} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
  }
}

await main()
