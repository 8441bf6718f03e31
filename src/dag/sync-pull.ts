// Pulling side of a sync session: asks for what is missing until nothing more can be got from this peer.
// Rule: one question at a time. First the runs that the peer lists, then gaps by hash with windows of 1, 4,
// 16 … 4,096 blocks, then again what made progress. A missing block is asked for once: a peer that lists
// what it does not serve costs one question.

import { type Clock, type Hash } from '../base/index.js'
import { type SyncError } from './errors.js'
import { type PendingRun } from './pending.js'
import { prefixOf, SYNC_LIMITS, type Run, type WantRange } from './sync-frames.js'
import { type Intake } from './sync-intake.js'
import { type Outbox } from './sync-outbox.js'
import { lackOf, pendingTops } from './sync-wants.js'
import { type Dag } from './types.js'

/** The pulling side. */
export interface Puller {
  /** Asks for what of these runs is missing; resolves when nothing more can be got. */
  run(runs: readonly Run[]): Promise<void>
  /** True when all of these runs are here, but for blocks that wait for the local clock. */
  holds(runs: readonly Run[]): Promise<boolean>
  /** Counts blocks that came in; false when they were not asked for. */
  arrived(count: number): boolean
  /** False when nothing was asked. */
  missed(positions: readonly number[]): boolean
  answered(): boolean
  stop(error: SyncError): void
  /** A question is not answered yet. */
  readonly waiting: boolean
  readonly questions: number
  readonly blocksWanted: number
}

/** What the pulling side needs. */
export interface PullDeps {
  readonly dag: Dag
  readonly clock: Clock
  readonly outbox: Outbox
  readonly intake: Intake
  /** Who holds the claims of this session, and whose blocks it repairs. */
  readonly peer: string
  readonly owner: object
}

interface Question {
  readonly ranges: readonly WantRange[]
  left: number
  readonly missed: Set<number>
  readonly answered: PromiseWithResolvers<void>
}

interface Repair {
  readonly root: Hash
  readonly asks: number
}

interface Goal {
  readonly run: Run
  low: number
  asks: number
  root: Hash | undefined
}

const windowMax = 4_096
/** Pending runs that a repair looks at. */
const pendingRunsMax = 4_096
/** Questions about one run or one missing block that bring nothing nearer. */
const asksMax = 32

/** A puller over the graph. */
export function createPuller(deps: PullDeps): Puller {
  return new BlockPuller(deps)
}

class BlockPuller implements Puller {
  questions = 0
  blocksWanted = 0
  private readonly deps: PullDeps
  private question: Question | undefined
  private stopped: SyncError | undefined
  /** Missing blocks that were asked for by hash: the frontier then, and how often. */
  private readonly repairs = new Map<Hash, Repair>()

  constructor(deps: PullDeps) {
    this.deps = deps
  }

  get waiting(): boolean {
    return this.question !== undefined
  }

  async run(runs: readonly Run[]): Promise<void> {
    const feeds = new Set(runs.map((run) => run.feed))
    let goals: readonly Goal[] = runs.map((run) => ({ run, low: 0, asks: 0, root: undefined }))
    do {
      goals = await this.pullRuns(goals)
      await this.repairGaps(feeds)
    } while (goals.length > 0)
  }

  async holds(runs: readonly Run[]): Promise<boolean> {
    const { dag, clock } = this.deps
    const nothing = new Set<string>()
    for (const run of runs) if (await lackOf(dag, run, clock.nowMs(), nothing) !== undefined) return false
    return true
  }

  arrived(count: number): boolean {
    if (this.question === undefined || this.question.left < count) return false
    this.question.left -= count
    return true
  }

  missed(positions: readonly number[]): boolean {
    const { question } = this
    if (question === undefined) return false
    if (positions.some((position) => position >= question.ranges.length)) return false
    for (const position of positions) question.missed.add(position)
    return true
  }

  answered(): boolean {
    this.question?.answered.resolve()
    return this.question !== undefined
  }

  stop(error: SyncError): void {
    this.stopped ??= error
    this.question?.answered.resolve()
  }

  /** One question and all that comes of it; gives the positions that the peer could not serve. */
  private async ask(ranges: readonly WantRange[]): Promise<ReadonlySet<number>> {
    if (this.stopped !== undefined) throw this.stopped
    const left = ranges.reduce((sum, range) => sum + range.high - range.low + 1, 0)
    const question: Question = { ranges, left, missed: new Set(), answered: Promise.withResolvers() }
    this.question = question
    this.questions += 1
    this.blocksWanted += left
    this.deps.outbox.post({ kind: 'want', ranges })
    await question.answered.promise
    this.question = undefined
    await this.deps.intake.idle()
    await this.deps.dag.applied()
    if (this.stopped !== undefined) throw this.stopped
    return question.missed
  }

  /** One pass over the goals; returns those that may need another. */
  private async pullRuns(goals: readonly Goal[]): Promise<readonly Goal[]> {
    const again: Goal[] = []
    const tops = pendingTops(this.deps.dag, pendingRunsMax)
    let asked: { readonly goal: Goal, readonly want: WantRange }[] = []
    const flush = async (): Promise<void> => {
      if (asked.length === 0) return
      const missed = await this.ask(asked.map(({ want }) => want))
      for (const [position, { goal }] of asked.entries()) if (!missed.has(position)) again.push(goal)
      asked = []
    }
    for (const goal of goals) {
      const want = await this.nextFor(goal, tops)
      if (want !== undefined) asked.push({ goal, want })
      if (asked.length === SYNC_LIMITS.rangesMax) await flush()
    }
    await flush()
    return again
  }

  /** The range to ask for; undefined when the goal is reached, given up, or another session's. */
  private async nextFor(goal: Goal, tops: ReadonlySet<string>): Promise<WantRange | undefined> {
    const { dag, clock, owner } = this.deps
    const want = await lackOf(dag, goal.run, clock.nowMs(), tops)
    if (want === undefined) return undefined
    const { root } = dag.frontier()
    const nearer = want.low > goal.low
    if (!nearer && (root === goal.root || goal.asks >= asksMax)) return undefined
    if (!dag.claims.take(goal.run.feed, owner)) return undefined
    goal.asks = nearer ? 1 : goal.asks + 1
    goal.low = want.low
    goal.root = root
    return want
  }

  private async repairGaps(feeds: ReadonlySet<string>): Promise<void> {
    const windows = new Map<Hash, number>()
    for (;;) {
      const gaps = gapsToAsk(this.deps, feeds, this.repairs)
      if (gaps.length === 0) return
      const { root } = this.deps.dag.frontier()
      const missed = await this.ask(gaps.map(({ feed, low, missing }) => (
        { top: missing, low: Math.max(1, low - (windows.get(feed) ?? 1)), high: low - 1 }
      )))
      for (const [position, { missing }] of gaps.entries()) {
        const asks = missed.has(position) ? asksMax : (this.repairs.get(missing)?.asks ?? 0) + 1
        this.repairs.set(missing, { root, asks })
      }
      const touched = new Set(gaps.map(({ feed }) => feed))
      for (const feed of touched) windows.set(feed, Math.min(windowMax, 4 * (windows.get(feed) ?? 1)))
    }
  }
}

/**
 * Missing blocks to ask for: of feeds that the peer has more of, or under blocks that it delivered. One
 * that was asked for in vain is asked for again only when something was admitted since.
 */
function gapsToAsk(
  deps: PullDeps, feeds: ReadonlySet<string>, repairs: ReadonlyMap<Hash, Repair>
): readonly PendingRun[] {
  const { root } = deps.dag.frontier()
  const gaps = new Map<Hash, PendingRun>()
  for (const run of deps.dag.pending.runs(pendingRunsMax)) {
    if (gaps.size === SYNC_LIMITS.rangesMax) break
    const before = repairs.get(run.missing)
    if (before !== undefined && (before.root === root || before.asks >= asksMax)) continue
    if (deps.dag.holds(run.missing)) continue
    if (run.from !== deps.peer && !feeds.has(prefixOf(run.feed))) continue
    if (deps.dag.claims.take(prefixOf(run.feed), deps.owner)) gaps.set(run.missing, run)
  }
  return [...gaps.values()]
}
