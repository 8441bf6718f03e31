// npm run eval -- --claims FILE --gold FILE …: runs a data set through the whole path (sign, admit, log,
// index, ballots, trust, views, queries) and says how often each lens is right, beside plain majority
// voting. Any file of claims and gold facts in the import form will do. With --attack, sybils join in:
// eval/attack.ts; with --audit, a trusted auditor judges some facts and the others are scored: eval/audit.ts.

import '../src/base/index.js'
import { neutralTrust } from '../src/trustrank/index.js'
import { answersOf } from './eval/answers.js'
import { ATTACKS, ENDORSEMENTS } from './eval/attack.js'
import { evaluateAttack } from './eval/attack-run.js'
import { evaluateAudit } from './eval/audit.js'
import { judge } from './eval/judge.js'
import { type LoadedSet, loadDataSet, type Rules } from './eval/load.js'
import { ballotsOf } from './eval/majority.js'
import { runPipeline } from './eval/run.js'
import { score } from './eval/score.js'
import { printReport, runScript, UsageError } from './usage.js'

const USAGE = `usage: npm run eval -- --claims FILE --gold FILE [--tolerance N] [--half-life DAYS] [--json]
    [--seed-source NAME]… [--trust computed|neutral]
    [--attack clique|camouflage|noisy --share S --seeds-known N --endorsements E --draws N]
    [--audit FACTS --draws N]
  --tolerance N       numbers this near are one answer
  --half-life DAYS    age at which a ballot counts half, against the newest on its fact
  --seed-source NAME  a source that trust starts from
  --trust neutral     one agent, one ballot: what the records say under that, whatever the node answers
  --attack KIND       sybils lie about 30 % of the gold facts
  --endorsements E    votes of honest agents for sybils, for each honest agent (0.5)
  --audit FACTS       a trusted auditor judges so many gold facts; the others are scored
  --json              one JSON object, the last line of stdout, instead of the table`

const DAY_MS = 86_400_000

const options = {
  claims: { type: 'string' }, gold: { type: 'string' }, tolerance: { type: 'string' },
  'half-life': { type: 'string' }, 'seed-source': { type: 'string', multiple: true }, json: { type: 'boolean' },
  trust: { type: 'string', default: 'computed' }, attack: { type: 'string' }, share: { type: 'string' },
  'seeds-known': { type: 'string' }, endorsements: { type: 'string' }, draws: { type: 'string' },
  audit: { type: 'string' }
} as const

interface Choices {
  readonly claims?: string
  readonly gold?: string
  readonly tolerance?: string
  readonly 'half-life'?: string
  readonly 'seed-source'?: readonly string[]
  readonly json?: boolean
  readonly trust: string
  readonly attack?: string
  readonly share?: string
  readonly 'seeds-known'?: string
  readonly endorsements?: string
  readonly draws?: string
  readonly audit?: string
}

interface DataSet extends LoadedSet {
  readonly rules: Rules
}

type Report = Record<string, unknown>

async function main(choices: Choices): Promise<void> {
  const { claims, gold } = choices
  if (claims === undefined || gold === undefined) throw new UsageError('--claims and --gold are needed')
  if (!['computed', 'neutral'].includes(choices.trust)) throw new UsageError('--trust takes computed or neutral')
  const days = optional(choices, 'half-life', 0.001, 1e6)
  const rules: Rules = {
    tolerance: optional(choices, 'tolerance', 0, Infinity),
    halfLifeMs: days === undefined ? undefined : Math.round(days * DAY_MS)
  }
  const started = performance.now()
  const run = chosenRun(choices)
  const set = { ...await loadDataSet(claims, gold), rules }
  const report = { ...await run(set), seconds: Math.round((performance.now() - started) / 100) / 10 }
  printReport(report, choices.json === true)
}

/** What is asked for; numbers are looked at before anything is read. */
function chosenRun(choices: Choices): (set: DataSet) => Promise<Report> {
  const draws = optional(choices, 'draws', 1, 1_000) ?? 10
  if (choices.attack !== undefined) {
    const kind = ATTACKS.find((name) => name === choices.attack)
    if (kind === undefined) throw new UsageError(`--attack takes ${ATTACKS.join(', ')}`)
    const plan = {
      kind, draws, share: optional(choices, 'share', 0, 0.9) ?? 0.3,
      seeds: optional(choices, 'seeds-known', 1, 256) ?? 5,
      endorsements: optional(choices, 'endorsements', 0, 100) ?? ENDORSEMENTS
    }
    return async ({ claims, gold, rules: { tolerance } }) =>
      ({ ...plan, ...await evaluateAttack({ claims, gold, tolerance }, plan, runPipeline) })
  }
  const facts = optional(choices, 'audit', 1, 1e6)
  if (facts === undefined) return (set) => evaluate(set, choices)
  return async (set) =>
    ({ audit: facts, draws, ...await evaluateAudit(set, { facts, draws }, runPipeline) })
}

async function evaluate({ claims, gold, rules }: DataSet, choices: Choices): Promise<Report> {
  const run = await runPipeline({
    claims, votes: [], rules, network: { seedSources: choices['seed-source'] ?? [] }, facts: gold
  })
  const { answers, trust: computed, rounds, trustMs } = judge(run, gold)
  const ballots = ballotsOf(claims)
  const isNeutral = choices.trust === 'neutral'
  const trust = isNeutral ? neutralTrust() : computed
  const scored = isNeutral ? answersOf(run.stored, gold, run.epochs, trust) : answers
  return {
    claims: claims.length, items: ballots.size, agents: computed.agents.size,
    ...score(gold, ballots, scored, rules.tolerance),
    trust: choices.trust,
    groups: [...computed.agents.values()].filter(({ group }) => group !== undefined).length,
    closed: computed.closed.map(({ predicate }) => predicate), rounds, trustMs,
    trustDigest: trust.digest, digest: run.told.state.tag?.viewDigest
  }
}

type NumberName = 'tolerance' | 'half-life' | 'share' | 'seeds-known' | 'endorsements' | 'draws' | 'audit'

function optional(choices: Choices, name: NumberName, least: number, most: number): number | undefined {
  const text = choices[name]
  if (text === undefined) return undefined
  const value = Number(text)
  if (text.trim() !== '' && value >= least && value <= most) return value
  throw new UsageError(`--${name} takes a number from ${least} to ${most}`)
}

await runScript(USAGE, options, main)
