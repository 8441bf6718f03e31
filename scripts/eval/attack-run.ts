// Attacks through the whole path, beside the same network without its sybils.

import type { Claim, ClaimValue, GoldFact } from '../../src/node/index.js'
import { createSigner, seedFromName } from '../../src/record/index.js'
import { computeTrust } from '../../src/trustrank/index.js'
import { answersOf, type Given, recordsWithout } from './answers.js'
import { attack, type AttackPlan } from './attack.js'
import { judge } from './judge.js'
import { ballotsOf, isRight, majorityOf } from './majority.js'
import type { RunInput, RunResult } from './run.js'
import { bookOf } from './stored.js'

/** One kind of attack, drawn several times. */
export interface AttackOptions extends Omit<AttackPlan, 'draw'> {
  readonly draws: number
}

/** Mean accuracies over the draws. */
export interface AttackReport {
  /** Items that the sybils lie about. */
  readonly attacked: Accuracies
  readonly all: Accuracies
  /** Draws in which Consensus fell below majority on the attacked items, or 0.06 below the clean run. */
  readonly failures: number
  /** Consensus on the attacked items, by draw. */
  readonly draws_attacked: readonly number[]
}

interface Accuracies {
  readonly consensus: number
  readonly majority: number
  /** Consensus without the sybils and their votes. */
  readonly clean: number
}

type Settled = GoldFact & { readonly value: ClaimValue }

const ALLOWED_LOSS = 0.06
const SETTINGS_MAX = 1_000_000

/** How claims and votes become ballots. */
export type Runner = (input: RunInput) => Promise<RunResult>

/** A data set with its gold facts. */
export interface AttackedSet {
  readonly claims: readonly Claim[]
  readonly gold: readonly GoldFact[]
  readonly tolerance: number | undefined
}

/** Draws attacks and runs each. */
export async function evaluateAttack(
  set: AttackedSet, options: AttackOptions, run: Runner
): Promise<AttackReport> {
  const facts = set.gold.filter((fact): fact is Settled => fact.value !== undefined)
  const runs: Drawn[] = []
  for (let draw = 0; draw < options.draws; draw += 1) {
    runs.push(await attackOnce(set, facts, { ...options, draw }, run))
  }
  const mean = (of: (drawn: Drawn) => number): number =>
    rounded(runs.reduce((sum, drawn) => sum + of(drawn), 0) / runs.length)
  const accuracies = (part: 'attacked' | 'all'): Accuracies => ({
    consensus: mean((drawn) => drawn[part].consensus), majority: mean((drawn) => drawn[part].majority),
    clean: mean((drawn) => drawn[part].clean)
  })
  return {
    attacked: accuracies('attacked'), all: accuracies('all'),
    failures: runs.filter(({ attacked: { consensus, majority, clean } }) =>
      consensus < majority || consensus < clean - ALLOWED_LOSS).length,
    draws_attacked: runs.map((drawn) => rounded(drawn.attacked.consensus))
  }
}

function rounded(share: number): number {
  return Math.round(share * 10_000) / 10_000
}

interface Drawn {
  readonly attacked: Accuracies
  readonly all: Accuracies
}

async function attackOnce(
  { claims, tolerance }: AttackedSet, facts: readonly Settled[], plan: AttackPlan, run: Runner
): Promise<Drawn> {
  const drawn = attack(claims, facts, plan)
  const left = await run({
    claims: drawn.claims, votes: drawn.votes, rules: { tolerance }, facts,
    network: {
      seedSources: drawn.seeds,
      trust: {
        standing: 'votes', roundMs: Number.MAX_SAFE_INTEGER,
        voteBudget: Math.min(SETTINGS_MAX, claims.length)
      }
    }
  })
  const keys = drawn.sybils.map((name) => createSigner(seedFromName(name)).publicKey)
  const sybils: ReadonlySet<string> = new Set(keys)
  const honest = (agent: string): boolean => !sybils.has(agent)
  const { stored, epochs, policy } = left
  const clean = computeTrust(bookOf(stored.ballots, policy, honest).columns(), policy).snapshot
  const ballots = ballotsOf(drawn.claims)
  const given = {
    consensus: judge(left, facts).answers.get('consensus'),
    clean: answersOf(recordsWithout(stored, honest), facts, epochs, clean).get('consensus'),
    majority: new Map(facts.map(({ item }) =>
      [item, { value: majorityOf(ballots.get(item) ?? new Map(), tolerance)?.winner }]))
  }
  const part = (of: readonly Settled[]): Accuracies => {
    const accuracy = (answers: ReadonlyMap<string, Pick<Given, 'value'>> | undefined): number =>
      of.filter(({ item, value }) => isRight(answers?.get(item)?.value, value, tolerance)).length / of.length
    return {
      consensus: accuracy(given.consensus), majority: accuracy(given.majority), clean: accuracy(given.clean)
    }
  }
  return { attacked: part(facts.filter(({ item }) => drawn.targets.has(item))), all: part(facts) }
}
