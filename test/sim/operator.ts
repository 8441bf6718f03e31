// The operator: starts nodes, starts them again when they fell, and replaces what is beyond repair.
// Rule: a node that does not start, or that stops working, needs an excuse: a fault of its disk or index.

import type { Parts } from '../../src/node/parts.js'
import type { Machine, Death, Life } from './machine.js'
import type { Inspector } from './inspector.js'
import type { World } from './world.js'

/** Who looks after the machines. */
export interface Operator {
  start(): void
  crash(machine: Machine, death: Death, downMs: number): void
  stop(machine: Machine, downMs: number): void
  /** A fault that explains why the node of a machine may fail, until some time. */
  excuse(machine: Machine, why: string, forMs: number): void
  /** Nothing is an excuse any more, a minute from now. */
  endExcuses(): void
  /** Starts what is down, at once. */
  startAll(): void
}

/** What the operator works on. */
export interface OperatorDeps {
  readonly world: World
  readonly machines: readonly Machine[]
  readonly inspector: Pick<Inspector, 'checkStarted' | 'checkRunning'>
  /** Leaves a node alone whose index has no room. */
  readonly patient: boolean
}

const LOOK_MS = 500
const RESTART_MS = 1_000
/** What a fault leaves behind may show this much later. */
const EXCUSE_MS = 60_000

/** An operator who rests until started. */
export function createOperator(deps: OperatorDeps): Operator {
  return new Keeper(deps)
}

class Keeper implements Operator {
  readonly #deps: OperatorDeps
  /** Until when what is an excuse. */
  readonly #excuses = new Map<Machine, Map<string, number>>()
  readonly #stopping = new Set<Machine>()
  readonly #seen = new WeakSet<Parts>()

  constructor(deps: OperatorDeps) {
    this.#deps = deps
  }

  start(): void {
    const { world, machines } = this.#deps
    for (const machine of machines) {
      world.plan(machine.index * 37, 'boot', undefined, () => this.#boot(machine))
      world.plan(LOOK_MS + machine.index, 'look', undefined, () => this.#look(machine))
    }
  }

  crash(machine: Machine, death: Death, downMs: number): void {
    machine.crash(death)
    this.#stopping.delete(machine)
    if (death.index !== 'kept' && death.index !== 'unsynced-lost') {
      this.excuse(machine, `index ${death.index}`, downMs + EXCUSE_MS)
    }
    this.#deps.world.plan(downMs, 'boot', undefined, () => this.#boot(machine))
  }

  stop(machine: Machine, downMs: number): void {
    const { life } = machine
    if (life?.started !== true || this.#stopping.has(machine)) return
    this.#stopping.add(machine)
    const { world } = this.#deps
    machine.stop().then(
      () => {
        this.#stopping.delete(machine)
        world.plan(downMs, 'boot', undefined, () => this.#boot(machine))
      },
      (error: unknown) => world.fail('a node can be stopped', `machine ${machine.index}: ${String(error)}`)
    )
  }

  excuse(machine: Machine, why: string, forMs: number): void {
    const known = this.#excuses.get(machine) ?? new Map<string, number>()
    const untilMs = this.#deps.world.nowMs + forMs
    this.#excuses.set(machine, known.set(why, Math.max(untilMs, known.get(why) ?? 0)))
  }

  endExcuses(): void {
    const untilMs = this.#deps.world.nowMs + EXCUSE_MS
    for (const known of this.#excuses.values()) {
      for (const [why, ms] of known) known.set(why, Math.min(ms, untilMs))
    }
  }

  startAll(): void {
    for (const machine of this.#deps.machines) this.#boot(machine)
  }

  #boot(machine: Machine): void {
    if (machine.life !== undefined || this.#stopping.has(machine)) return
    this.#deps.world.count('boots')
    machine.boot()
  }

  #look(machine: Machine): void {
    const { world, inspector, patient } = this.#deps
    world.plan(LOOK_MS, 'look', undefined, () => this.#look(machine))
    const { life } = machine
    if (life === undefined || this.#stopping.has(machine)) return
    if (life.failure !== undefined) return this.#failedStart(machine, life.failure)
    if (!life.started) return
    const { parts } = life
    if (parts !== undefined && !this.#seen.has(parts)) {
      this.#seen.add(parts)
      void inspector.checkStarted(machine)
    }
    inspector.checkRunning(machine)
    const failure = failureOf(life, patient)
    if (failure === undefined) return
    if (!this.#excused(machine)) {
      return world.fail('nothing fails without a fault', `machine ${machine.index}: ${String(failure)}`)
    }
    world.count('restarts after a failure')
    this.stop(machine, RESTART_MS)
  }

  #failedStart(machine: Machine, failure: unknown): void {
    const { world } = this.#deps
    const code: unknown = failure instanceof Error ? Reflect.get(failure, 'code') : undefined
    if (!this.#excused(machine)) {
      const text = failure instanceof Error ? failure.stack ?? failure.message : String(failure)
      return world.fail('a node starts again', `machine ${machine.index}: ${text}`)
    }
    world.count(`failed starts ${String(code)}`)
    machine.crash({ power: false, index: 'kept', draw: 0 })
    const rotten = this.#excuses.get(machine)?.has('bit rot') === true && code === 'WAL_CORRUPT'
    if (!rotten) return void world.plan(RESTART_MS, 'boot', undefined, () => this.#boot(machine))
    world.count('disks replaced')
    void machine.replaceDisk().then(() => this.#boot(machine))
  }

  #excused(machine: Machine): boolean {
    if (machine.level.rotten) return true
    for (const untilMs of this.#excuses.get(machine)?.values() ?? []) {
      if (untilMs >= this.#deps.world.nowMs) return true
    }
    return false
  }
}

function failureOf({ parts }: Life, patient: boolean): unknown {
  if (parts === undefined) return undefined
  const { wal, ingest, store, materializer, scan } = parts
  const ofStore = patient && store.failure?.code === 'STORE_NO_SPACE' ? undefined : store.failure
  const failure = wal.failure ?? ingest.failure ?? ofStore ?? materializer.failure
  return failure ?? (scan.damaged ? 'the index is damaged' : undefined)
}
