// Pulling side of a sync session: asks for what is missing until nothing more can be got from this peer.
// Rule: first the runs that the peer lists, as far as no other session fetches them; then gaps by hash; then
// again what made progress. The next question is asked while the blocks of the last one are admitted. What a
// peer lists and does not serve costs one question, and is anybody else's from then on.

import { type Clock } from '../base/index.js'
import { createAsker, type AskedRange, type Asker } from './sync-asker.js'
import { type Run } from './sync-frames.js'
import { type Intake } from './sync-intake.js'
import { type Outbox } from './sync-outbox.js'
import { planQuestion, type Ask, type Goal, type Plan, type PlanDeps } from './sync-plan.js'
import { createRepairer, type Repairer } from './sync-repair.js'
import { lackOf } from './sync-wants.js'

/** The pulling side. */
export interface Puller {
  /** Asks for what of these runs is missing; resolves when nothing more can be got. */
  run(runs: readonly Run[]): Promise<void>
  /** True when all of these runs are here, but for blocks that wait for the local clock. */
  holds(runs: readonly Run[]): Promise<boolean>
  /** Where answers go. */
  readonly asker: Asker
}

/** What the pulling side needs. */
export interface PullDeps extends Omit<PlanDeps, 'asker'> {
  readonly clock: Clock
  readonly outbox: Outbox
  readonly intake: Intake
  /** Whose blocks this session repairs. */
  readonly peer: string
}

/** How often a session that finds nothing free looks again, and for how long before it ends. */
const lookMs = 1_000
const waitMs = 15_000

/** A puller over the graph. */
export function createPuller(deps: PullDeps): Puller {
  return new BlockPuller(deps)
}

class BlockPuller implements Puller {
  readonly asker: Asker
  private readonly deps: PullDeps & PlanDeps
  private readonly repairer: Repairer
  /** Answers whose blocks are under admission. */
  private readonly draining = new Set<Promise<void>>()

  constructor(deps: PullDeps) {
    this.asker = createAsker(deps)
    this.deps = { ...deps, asker: this.asker }
    this.repairer = createRepairer({ ...deps, ask: (ranges) => this.askWhole(ranges) })
  }

  async run(runs: readonly Run[]): Promise<void> {
    const feeds = new Set(runs.map((run) => run.feed))
    let goals: readonly Goal[] = runs.map((run) => ({ run, tried: new Map() }))
    do {
      goals = await this.pullRuns(goals)
      await this.settled()
      await this.repairer.run(feeds)
    } while (goals.length > 0)
  }

  async holds(runs: readonly Run[]): Promise<boolean> {
    const { dag, clock } = this.deps
    const nothing = new Set<string>()
    for (const run of runs) if (await lackOf(dag, run, clock.nowMs(), nothing) !== undefined) return false
    return true
  }

  /** Asks until there is nothing to ask for; gives the goals that may need another look. */
  private async pullRuns(goals: readonly Goal[]): Promise<readonly Goal[]> {
    const { clock } = this.deps
    const again = new Set<Goal>()
    let open = goals
    let sinceMs = clock.monotonicMs()
    for (;;) {
      const plan = await this.plan(open)
      open = plan.open
      if (plan.asks.length > 0) {
        const missed = await this.ask(plan)
        for (const { goal } of plan.asks) if (!missed.has(goal)) again.add(goal)
        for (const goal of missed) again.delete(goal)
        open = open.filter((goal) => !missed.has(goal))
        sinceMs = clock.monotonicMs()
      } else if (this.draining.size > 0) {
        await this.drained()
      } else if (!plan.held || clock.monotonicMs() - sinceMs >= waitMs) {
        return again.size === 0 ? [] : [...new Set([...again, ...open])]
      } else {
        await this.turn()
      }
    }
  }

  private async plan(goals: readonly Goal[]): Promise<Plan> {
    this.mustRun()
    const nothing = { asks: [], open: goals, bounded: true }
    if (goals.length === 0) return { ...nothing, held: false }
    const { dag, owner } = this.deps
    if (!dag.claims.enter(owner, () => this.share())) return { ...nothing, held: true }
    const plan = await planQuestion(this.deps, goals)
    // Another session may have taken its place meanwhile: then it could claim nothing.
    return { ...plan, held: plan.held || !dag.claims.isIn(owner) }
  }

  /** Waits for others to give something back. */
  private async turn(): Promise<void> {
    const { claims } = this.deps.dag
    claims.crowd(this.deps.owner)
    await claims.changed(lookMs)
    this.mustRun()
  }

  private share(): boolean {
    const shared = this.asker.share()
    if (shared) this.deps.dag.claims.expire(this.deps.owner)
    return shared
  }

  /** Asks, and lets the answer be admitted meanwhile; gives the goals that the peer does not serve. */
  private async ask({ asks, bounded }: Plan): Promise<ReadonlySet<Goal>> {
    const { dag, owner } = this.deps
    const { missed, through } = await this.asker.ask(asks.map(askedRange), bounded)
    dag.claims.keep(owner)
    const drained = through.then(() => {
      this.draining.delete(drained)
      for (const { goal, part } of asks) dag.claims.release(owner, goal.run.feed, part)
    })
    this.draining.add(drained)
    return new Set(asks.filter((_, position) => missed.has(position)).map(({ goal }) => goal))
  }

  private async askWhole(ranges: readonly AskedRange[]): Promise<ReadonlySet<number>> {
    const { missed } = await this.asker.ask(ranges, true)
    await this.settled()
    return missed
  }

  private async drained(): Promise<void> {
    await Promise.all(this.draining)
    this.mustRun()
  }

  /** All that came is in the index, parked or dropped. */
  private async settled(): Promise<void> {
    await this.deps.intake.idle()
    await this.drained()
    await this.deps.dag.applied()
    this.mustRun()
  }

  private mustRun(): void {
    if (this.asker.stopped !== undefined) throw this.asker.stopped
  }
}

function askedRange({ goal, want }: Ask): AskedRange {
  return { ...want, feed: goal.run.feed }
}
