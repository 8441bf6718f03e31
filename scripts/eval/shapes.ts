// Synthetic data sets of many shapes, with the gold they were drawn from: crowds with few or many workers,
// spammers, rare classes, hard items whose errors agree, cliques that copy; sources that conflict, copy, age.
// Numbers follow from the name and the seed alone. They judge robustness: no set is real.

import { blake3, utf8Bytes } from '../../src/base/index.js'
import type { Claim, GoldFact } from '../../src/node/index.js'

/** A drawn data set. */
export interface Shape {
  readonly name: string
  readonly claims: readonly Claim[]
  readonly gold: readonly GoldFact[]
}

/** Workers that label items. `skill` is a mean in log-odds; `spread`, `bias` and `hard` are deviations. */
interface Crowd {
  readonly items: number
  readonly workers: number
  /** Labels for each item, at least and at most. */
  readonly labels: readonly [number, number]
  readonly classes: number
  /** How frequent each class is; absent = all alike. */
  readonly base?: readonly number[]
  readonly skill: number
  readonly spread: number
  readonly bias: number
  readonly hard: number
  /** Share of errors that are the one that the item invites. */
  readonly lure: number
  readonly spam: number
  /** Errors are a neighbouring class. */
  readonly ordinal?: boolean
  /** Share of workers in cliques that copy on 70 % of items, and number of cliques. */
  readonly cliques?: readonly [number, number]
}

/** Sources that state facts. */
interface Sources {
  readonly items: number
  readonly sources: number
  /** Accuracies, lowest and highest. */
  readonly accuracy: readonly [number, number]
  readonly coverage: readonly [number, number]
  readonly hard: number
  /** Share of errors that are the popular one. */
  readonly popular: number
  /** Values in all; absent = each item has its own. */
  readonly values?: number
  /** Blocs of copiers: members, accuracy of the copied one, share of items that are copied. */
  readonly blocs?: readonly (readonly [number, number, number])[]
}

const CROWD: Omit<Crowd, 'items' | 'workers' | 'labels' | 'classes'> = {
  skill: 1.2, spread: 0.8, bias: 0.6, hard: 0.8, lure: 0.5, spam: 0.05
}

const CROWDS: Readonly<Record<string, Crowd>> = {
  'all label all': { ...CROWD, items: 108, workers: 39, labels: [39, 39], classes: 2, skill: 0.6, bias: 1, spam: 0 },
  'ten labels': { ...CROWD, items: 800, workers: 164, labels: [10, 10], classes: 2, skill: 1.6, spread: 1 },
  'noisy pairs': { ...CROWD, items: 2_000, workers: 200, labels: [2, 8], classes: 2, skill: 0.5, spam: 0.1 },
  'ordinal five': {
    ...CROWD, items: 1_200, workers: 150, labels: [6, 6], classes: 5, base: [3, 3, 3, 2, 1], skill: 0.7,
    ordinal: true
  },
  'ordinal, hard, small': {
    ...CROWD, items: 100, workers: 38, labels: [10, 10], classes: 5, skill: 0.2, spread: 0.4, hard: 1.2,
    lure: 0.8, ordinal: true
  },
  'agreeing errors': { ...CROWD, items: 584, workers: 27, labels: [9, 9], classes: 4, skill: 0.9, hard: 1.6, lure: 0.85 },
  'rare class': { ...CROWD, items: 3_000, workers: 176, labels: [3, 3], classes: 2, base: [7, 1], skill: 2.2, hard: 1.5 },
  'skewed four': {
    ...CROWD, items: 1_500, workers: 200, labels: [2, 8], classes: 4, base: [8, 1, 1, 2], bias: 0.8, hard: 1,
    ordinal: true
  },
  'many workers': { ...CROWD, items: 300, workers: 461, labels: [6, 6], classes: 5, skill: 1.6, hard: 1.2, lure: 0.7 },
  'ten classes': { ...CROWD, items: 700, workers: 44, labels: [4, 4], classes: 10, skill: 1, spread: 1 },
  'three labels': { ...CROWD, items: 1_000, workers: 100, labels: [3, 3], classes: 3, skill: 1.3 },
  'few items': { ...CROWD, items: 200, workers: 150, labels: [5, 5], classes: 4, base: [5, 2, 1, 1], hard: 1.2, lure: 0.7 },
  'cliques': { ...CROWD, items: 800, workers: 40, labels: [8, 8], classes: 2, skill: 1.3, cliques: [0.4, 3] },
  'cliques of four': { ...CROWD, items: 800, workers: 40, labels: [8, 8], classes: 4, skill: 1.1, cliques: [0.5, 2] },
  'equal workers': { ...CROWD, items: 400, workers: 20, labels: [20, 20], classes: 3, spread: 0.2, bias: 0.2, hard: 1.5, lure: 0.9 }
}

const SOURCE: Omit<Sources, 'items' | 'sources'> = {
  accuracy: [0.6, 0.95], coverage: [0.3, 0.9], hard: 0.5, popular: 0.4
}

const SOURCED: Readonly<Record<string, Sources>> = {
  'independent': { ...SOURCE, items: 800, sources: 15 },
  'accurate': { ...SOURCE, items: 800, sources: 10, accuracy: [0.93, 0.995], coverage: [0.8, 1], hard: 0.3 },
  'long tail': { ...SOURCE, items: 200, sources: 200, accuracy: [0.3, 0.95], coverage: [0.02, 0.15], popular: 0.5 },
  'five copies': { ...SOURCE, items: 800, sources: 12, blocs: [[5, 0.6, 1]] },
  'two blocs': { ...SOURCE, items: 1_000, sources: 15, blocs: [[6, 0.65, 1], [4, 0.8, 0.98]] },
  'copies of a good one': { ...SOURCE, items: 800, sources: 8, accuracy: [0.5, 0.8], blocs: [[4, 0.97, 1]] },
  'stale': { ...SOURCE, items: 700, sources: 10, accuracy: [0.8, 0.95], popular: 1, hard: 1.2, blocs: [[4, 0.6, 0.97]] },
  'list of eight, copies': { ...SOURCE, items: 600, sources: 12, values: 8, blocs: [[5, 0.6, 1]] },
  'list of twenty': { ...SOURCE, items: 250, sources: 20, values: 20, accuracy: [0.5, 0.9], hard: 1.2, popular: 0.7 },
  'loose bloc': { ...SOURCE, items: 800, sources: 12, blocs: [[5, 0.6, 0.9]] },
  'loose bloc, yes or no': { ...SOURCE, items: 400, sources: 12, values: 2, accuracy: [0.6, 0.9], blocs: [[5, 0.65, 0.9]] }
}

/** All shapes, each with these seeds. */
export function* shapes(seeds: readonly number[]): Generator<Shape, void, undefined> {
  for (const seed of seeds) {
    for (const [name, crowd] of Object.entries(CROWDS)) yield drawCrowd(name, crowd, seed)
    for (const [name, sources] of Object.entries(SOURCED)) yield drawSources(name, sources, seed)
  }
}

/** Random numbers that follow from a name. */
interface Draws {
  /** In [0, 1). */
  unit(): number
  below(limit: number): number
  /** Standard normal. */
  normal(): number
}

function drawsOf(name: string): Draws {
  let state = Buffer.from(blake3(utf8Bytes(name))).readUInt32LE(0)
  const unit = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    unit, below: (limit) => Math.floor(unit() * limit),
    normal: () => Math.sqrt(-2 * Math.log(unit() + 1e-12)) * Math.cos(2 * Math.PI * unit())
  }
}

function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x))
}

function weighted(draws: Draws, weights: readonly number[]): number {
  let left = draws.unit() * weights.reduce((sum, weight) => sum + weight, 0)
  return Math.max(0, weights.findIndex((weight) => (left -= weight) <= 0 && weight > 0))
}

/** Share of items on which members of a clique copy. */
const COPIED = 0.7

interface Question {
  readonly truth: number
  readonly lure: number
  readonly hard: number
}

interface Worker {
  readonly skill: number
  /** By class. */
  readonly bias: readonly number[]
  /** What a spammer says: always the same class, -1 = any. */
  readonly spam: number | undefined
  readonly activity: number
  readonly clique: number | undefined
}

function drawCrowd(name: string, crowd: Crowd, seed: number): Shape {
  const draws = drawsOf(`${name} ${seed}`)
  const { classes, base = new Array<number>(classes).fill(1), labels: [least, most] } = crowd
  const easier = Array.from({ length: classes }, () => 0.4 * draws.normal())
  const workers = Array.from({ length: crowd.workers }, () => drawWorker(draws, crowd, easier))
  const claims: Claim[] = []
  const gold: GoldFact[] = []
  for (let at = 0; at < crowd.items; at += 1) {
    const item = `item ${at}`
    const truth = weighted(draws, base)
    const lure = lureOf(draws, truth, crowd)
    const hard = crowd.hard * draws.normal()
    const cliques = new Map<number, number>()
    gold.push({ item, value: `class ${truth}` })
    for (const number of drawn(draws, workers, least + draws.below(most - least + 1))) {
      const worker = workers[number]
      if (worker === undefined) continue
      const copied = worker.clique === undefined ? undefined : cliques.get(worker.clique)
      const copies = copied !== undefined && draws.unit() < COPIED
      const said = copies ? copied : sayOf(draws, worker, { truth, lure, hard }, crowd)
      if (worker.clique !== undefined && copied === undefined) cliques.set(worker.clique, said)
      claims.push({ source: `worker ${number}`, item, value: `class ${said}` })
    }
  }
  return { name: `crowd: ${name}`, claims, gold }
}

function drawWorker(draws: Draws, crowd: Crowd, easier: readonly number[]): Worker {
  const [share, number] = crowd.cliques ?? [0, 1]
  return {
    skill: crowd.skill + crowd.spread * draws.normal(),
    bias: easier.map((mean) => mean + crowd.bias * draws.normal()),
    spam: draws.unit() >= crowd.spam ? undefined : draws.unit() < 0.5 ? -1 : draws.below(crowd.classes),
    activity: 1 / (1 + draws.unit() * crowd.workers),
    clique: draws.unit() < share ? draws.below(number) : undefined
  }
}

function lureOf(draws: Draws, truth: number, { classes, ordinal }: Crowd): number {
  if (ordinal !== true) return (truth + 1 + draws.below(classes - 1)) % classes
  const near = truth + (draws.unit() < 0.5 ? -1 : 1)
  return near < 0 ? 1 : near >= classes ? classes - 2 : near
}

/** Distinct workers, the active ones more often. */
function drawn(draws: Draws, workers: readonly Worker[], number: number): readonly number[] {
  const keys = workers.map(({ activity }, at) => [draws.unit() ** (1 / activity), at] as const)
  return keys.sort(([a], [b]) => b - a).slice(0, number).map(([, at]) => at)
}

function sayOf(
  draws: Draws, worker: Worker, { truth, lure, hard }: Question, crowd: Crowd
): number {
  if (worker.spam !== undefined) return worker.spam < 0 ? draws.below(crowd.classes) : worker.spam
  const odds = worker.skill + (worker.bias[truth] ?? 0) - hard - 0.3 * Math.log(crowd.classes - 1)
  if (draws.unit() < logistic(odds)) return truth
  if (draws.unit() < crowd.lure) return lure
  return weighted(draws, worker.bias.map((bias, said) => (said === truth ? 0 : Math.exp(1.5 * bias))))
}

interface Source {
  readonly accuracy: number
  readonly coverage: number
  /** Index of the one that it copies, and on what share. */
  readonly copies?: readonly [number, number]
}

function drawSources(name: string, shape: Sources, seed: number): Shape {
  const draws = drawsOf(`${name} ${seed}`)
  const list = sourceList(draws, shape)
  const claims: Claim[] = []
  const gold: GoldFact[] = []
  for (let at = 0; at < shape.items; at += 1) {
    const item = `item ${at}`
    const own = shape.values === undefined ? `${item} ` : ''
    const valueOf = (number: number): string => `${own}value ${number}`
    const values = shape.values ?? 6
    const truth = draws.below(values)
    const popular = (truth + 1 + draws.below(values - 1)) % values
    const hard = shape.hard * draws.normal()
    const said: (number | undefined)[] = []
    gold.push({ item, value: valueOf(truth) })
    for (const [number, source] of list.entries()) {
      const copied = source.copies === undefined ? undefined : said[source.copies[0]]
      const think = (): number => {
        if (draws.unit() < logistic(Math.log(source.accuracy / (1 - source.accuracy)) - hard)) return truth
        return draws.unit() < shape.popular ? popular : (truth + 1 + draws.below(values - 1)) % values
      }
      const speaks = draws.unit() < source.coverage
      const value = copied !== undefined && draws.unit() < (source.copies?.[1] ?? 0) ? copied : think()
      said.push(speaks ? value : undefined)
      if (speaks) claims.push({ source: `source ${number}`, item, value: valueOf(value) })
    }
  }
  return { name: `sources: ${name}`, claims, gold }
}

function sourceList(draws: Draws, shape: Sources): readonly Source[] {
  const { sources, accuracy: [low, high], coverage: [least, most], blocs } = shape
  const plain = (): Source => (
    { accuracy: low + (high - low) * draws.unit(), coverage: least + (most - least) * draws.unit() })
  const list = Array.from({ length: sources }, plain)
  for (const [members, accuracy, share] of blocs ?? []) {
    const copied = list.push({ accuracy, coverage: 0.9 }) - 1
    for (let at = 1; at < members; at += 1) list.push({ ...plain(), copies: [copied, share] })
  }
  return list
}
