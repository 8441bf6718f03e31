// An audit: one trusted auditor judges some of the gold facts, and all others are scored. What it says of the
// sources must then tell on facts that it never saw.

import { blake3Hash, utf8Bytes } from '../../src/base/index.js'
import type { Claim, ClaimValue, GoldFact } from '../../src/node/index.js'
import type { Given } from './answers.js'
import type { SourceVote } from './attack.js'
import type { Rules } from './load.js'
import { judge } from './judge.js'
import { ballotsOf } from './majority.js'
import type { RunInput, RunResult } from './run.js'
import { type Score, score } from './score.js'

/** Name that the auditor's key comes from. */
export const AUDITOR = 'auditor'

/** How audits are drawn. */
export interface AuditOptions {
  /** Facts that the auditor judges. */
  readonly facts: number
  readonly draws: number
}

/** One drawn audit. */
export interface Audit {
  /** Items that the auditor has judged. */
  readonly judged: ReadonlySet<string>
  /** Its votes: each for one claim of the right value. */
  readonly votes: readonly SourceVote[]
}

/** Accuracies on the facts that the auditor did not see; means over the draws. */
export interface AuditReport {
  readonly consensus: number
  /** On the same facts, by the same network without the audit. */
  readonly consensus_before: number
  readonly majority: number
  /** Majority with each tied winner counted by its share. */
  readonly majority_expected: number
  /** Consensus less majority, with the standard error of the mean. */
  readonly gain: number
  readonly gain_error: number
  readonly draws_consensus: readonly number[]
}

type Settled = GoldFact & { readonly value: ClaimValue }

type ConsensusAnswers = ReadonlyMap<string, Given>

/** How claims and votes become answers. */
export type Runner = (input: RunInput) => Promise<RunResult>

/** A data set under its rules. */
export interface AuditedSet {
  readonly claims: readonly Claim[]
  readonly gold: readonly GoldFact[]
  readonly rules: Rules
}

interface Drawn {
  readonly consensus: number
  readonly before: number
  readonly majority: number
  readonly expected: number
}

/** Draws the facts of an audit among those whose right value is claimed. Equal draws are equal audits. */
export function drawAudit(
  claims: readonly Claim[], gold: readonly GoldFact[], facts: number, draw: number
): Audit {
  const first = new Map<string, Claim>()
  for (const claim of claims) {
    const name = JSON.stringify([claim.item, claim.value])
    if (!first.has(name)) first.set(name, claim)
  }
  const votes = gold.flatMap(({ item, value }) => {
    const claim = first.get(JSON.stringify([item, value]))
    return claim === undefined ? [] : [{ source: AUDITOR, claim }]
  })
  const place = ({ claim }: SourceVote): string => blake3Hash(utf8Bytes(`audit ${draw} ${claim.item}`))
  const drawn = votes.map((vote) => [place(vote), vote] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, facts).map(([, vote]) => vote)
  return { judged: new Set(drawn.map(({ claim }) => claim.item)), votes: drawn }
}

/** Draws audits and runs each through a network of its own. */
export async function evaluateAudit(
  { claims, gold, rules }: AuditedSet, options: AuditOptions, run: Runner
): Promise<AuditReport> {
  const settled = gold.filter((fact): fact is Settled => fact.value !== undefined)
  const consensusOf = async (votes: readonly SourceVote[]): Promise<ConsensusAnswers> => {
    const network = votes.length === 0 ? {} : { seedSources: [AUDITOR] }
    const left = await run({ claims, votes, rules, network, facts: settled })
    return judge(left, settled).answers.get('consensus') ?? new Map()
  }
  const before = await consensusOf([])
  const runs: Drawn[] = []
  for (let draw = 0; draw < options.draws; draw += 1) {
    const { judged, votes } = drawAudit(claims, settled, options.facts, draw)
    const after = await consensusOf(votes)
    const unseen = settled.filter(({ item }) => !judged.has(item))
    const scored = (answers: ConsensusAnswers): Score =>
      score(unseen, ballotsOf(claims), new Map([['consensus', answers]]), rules.tolerance)
    const { accuracy, majority_expected: expected } = scored(after)
    runs.push({
      consensus: accuracy['consensus'] ?? 0, majority: accuracy['majority'] ?? 0, expected,
      before: scored(before).accuracy['consensus'] ?? 0
    })
  }
  return reportOf(runs)
}

function reportOf(runs: readonly Drawn[]): AuditReport {
  const mean = (of: (run: Drawn) => number): number =>
    runs.reduce((sum, run) => sum + of(run), 0) / runs.length
  const gain = mean((run) => run.consensus - run.majority)
  const spread = mean((run) => (run.consensus - run.majority - gain) ** 2)
  return {
    consensus: rounded(mean((run) => run.consensus)),
    consensus_before: rounded(mean((run) => run.before)),
    majority: rounded(mean((run) => run.majority)),
    majority_expected: rounded(mean((run) => run.expected)),
    gain: rounded(gain),
    gain_error: rounded(Math.sqrt(spread / Math.max(1, runs.length - 1))),
    draws_consensus: runs.map((run) => rounded(run.consensus))
  }
}

function rounded(share: number): number {
  return Math.round(share * 10_000) / 10_000
}
