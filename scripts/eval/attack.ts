// Attacks: sybil agents that push chosen wrong answers, with the votes that a network would see.
// Models: clique = they claim the same lies and nothing else; camouflage = they are right elsewhere; noisy =
// likewise, with one claim in twenty turned round. Each sybil is as active as the mean honest agent. Honest
// agents vote for one claimant of each answer that they claim too; sybils vote for one another.

import { blake3, utf8Bytes } from '../../src/base/index.js'
import type { Claim, ClaimValue, GoldFact } from '../../src/node/index.js'

/** Kinds of attack. */
export const ATTACKS = ['clique', 'camouflage', 'noisy'] as const

/** What is asked of an attack. */
export interface AttackPlan {
  readonly kind: (typeof ATTACKS)[number]
  /** Sybils as a share of all agents, 0..0.9. */
  readonly share: number
  /** Honest agents that are trust seeds. */
  readonly seeds: number
  /** Votes of honest agents for sybils, for each honest agent. */
  readonly endorsements: number
  readonly draw: number
}

/** A vote of a source for the claim of another one. */
export interface SourceVote {
  readonly source: string
  readonly claim: Claim
}

/** A data set under attack. */
export interface Attacked {
  readonly claims: readonly Claim[]
  readonly votes: readonly SourceVote[]
  readonly seeds: readonly string[]
  /** Items that the sybils lie about. */
  readonly targets: ReadonlySet<string>
  readonly sybils: readonly string[]
}

/** Votes of honest agents for sybils, for each honest agent, unless asked otherwise. */
export const ENDORSEMENTS = 0.5

const TARGET_SHARE = 0.3
const NOISE = 0.05
/** Other sybils that each sybil votes for. */
const FRIENDS = 5
const SYBIL = '~sybil'

type Settled = GoldFact & { readonly value: ClaimValue }

/** Attacks a data set. Equal plans give equal attacks. */
export function attack(claims: readonly Claim[], facts: readonly Settled[], plan: AttackPlan): Attacked {
  const random = drawsOf(plan)
  const sources = [...new Set(claims.map(({ source }) => source))].sort()
  const items = shuffled(facts.map(({ item }) => item).sort(), random)
  const targets = new Set(items.slice(0, Math.round(items.length * TARGET_SHARE)))
  const gold = new Map(facts.map(({ item, value }) => [item, value]))
  const lies = liesOf(claims, gold, random)
  const sybils = Array.from(
    { length: Math.round((plan.share / (1 - plan.share)) * sources.length) }, (_, at) => `${SYBIL}${at}`)
  const activity = claims.length / sources.length / Math.max(1, items.length)
  const forged = sybils.flatMap((source) => items.flatMap((item): readonly Claim[] => {
    const [truth, lie] = [gold.get(item), lies.get(item)]
    if (random() >= activity || truth === undefined || lie === undefined) return []
    const lying = targets.has(item)
    if (!lying && plan.kind === 'clique') return []
    const turned = plan.kind === 'noisy' && random() < NOISE
    return [{ source, item, value: lying === turned ? truth : lie }]
  }))
  return {
    claims: [...claims, ...forged], targets, sybils, seeds: seedsOf(claims, sources, plan.seeds, random),
    votes: [
      ...honestVotes(claims, random), ...sybilVotes(forged, sybils, random),
      ...endorsements(sources, forged, targets, Math.round(plan.endorsements * sources.length), random)
    ]
  }
}

/** For each item a wrong value: one that is claimed, or on a short list one of the list. */
function liesOf(
  claims: readonly Claim[], gold: ReadonlyMap<string, ClaimValue>, random: () => number
): ReadonlyMap<string, ClaimValue> {
  const claimed = new Map<string, Map<string, ClaimValue>>()
  const all = new Map<string, ClaimValue>()
  for (const { item, value } of claims) {
    const values = claimed.get(item) ?? new Map<string, ClaimValue>()
    claimed.set(item, values)
    values.set(JSON.stringify(value), value)
    all.set(JSON.stringify(value), value)
  }
  const lies = new Map<string, ClaimValue>()
  for (const item of [...gold.keys()].sort()) {
    const values = all.size <= 30 ? all : claimed.get(item) ?? all
    const wrong = [...values].filter(([name]) => name !== JSON.stringify(gold.get(item)))
      .sort(([a], [b]) => (a < b ? -1 : 1))
    lies.set(item, wrong[Math.floor(random() * wrong.length)]?.[1] ?? 'no such value')
  }
  return lies
}

/** Founders of a federation: drawn from the most active fifth. */
function seedsOf(
  claims: readonly Claim[], sources: readonly string[], seeds: number, random: () => number
): readonly string[] {
  const active = new Map<string, number>()
  for (const { source } of claims) active.set(source, (active.get(source) ?? 0) + 1)
  const order = [...sources].sort((a, b) => (active.get(b) ?? 0) - (active.get(a) ?? 0) || (a < b ? -1 : 1))
  return shuffled(order.slice(0, Math.max(seeds, Math.ceil(sources.length / 5))), random).slice(0, seeds)
}

function honestVotes(claims: readonly Claim[], random: () => number): readonly SourceVote[] {
  const answers = new Map<string, Claim[]>()
  for (const claim of claims) {
    const name = JSON.stringify([claim.item, claim.value])
    const backers = answers.get(name) ?? []
    answers.set(name, backers)
    backers.push(claim)
  }
  return [...answers.values()].flatMap((backers) => {
    const chosen = backers[Math.floor(random() * backers.length)]
    if (chosen === undefined) return []
    return backers.filter(({ source }) => source !== chosen.source)
      .map(({ source }) => ({ source, claim: chosen }))
  })
}

function sybilVotes(
  forged: readonly Claim[], sybils: readonly string[], random: () => number
): readonly SourceVote[] {
  if (forged.length === 0) return []
  const drawn = (): Claim | undefined => forged[Math.floor(random() * forged.length)]
  return sybils.flatMap((source) => Array.from({ length: FRIENDS }, drawn)
    .flatMap((claim) => (claim === undefined || claim.source === source ? [] : [{ source, claim }])))
}

/** Honest agents that take a sybil for one of their own, by a claim that is true where there is one. */
function endorsements(
  sources: readonly string[], forged: readonly Claim[], targets: ReadonlySet<string>, count: number,
  random: () => number
): readonly SourceVote[] {
  const harmless = forged.filter(({ item }) => !targets.has(item))
  const shown = harmless.length > 0 ? harmless : forged
  return Array.from({ length: shown.length === 0 ? 0 : count }).flatMap(() => {
    const source = sources[Math.floor(random() * sources.length)]
    const claim = shown[Math.floor(random() * shown.length)]
    return source === undefined || claim === undefined ? [] : [{ source, claim }]
  })
}

function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  return items.map((item) => [random(), item] as const).sort(([a], [b]) => a - b).map(([, item]) => item)
}

/** Numbers in [0, 1) that follow from the plan alone. */
function drawsOf({ kind, share, draw }: AttackPlan): () => number {
  let number = 0
  return () => {
    number += 1
    const bytes = blake3(utf8Bytes(`${kind} ${share} ${draw} ${number}`))
    return Buffer.from(bytes.buffer, bytes.byteOffset).readUIntBE(0, 6) / 2 ** 48
  }
}
