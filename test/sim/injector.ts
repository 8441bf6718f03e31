// Puts the faults of a list into the heap and does them when their time comes.

import { hashOf, TIME_LIMITS, type Hash } from '../../src/base/index.js'
import type { Parts } from '../../src/node/parts.js'
import { openRecord } from '../../src/record/index.js'
import { keys, type LevelOperation } from '../../src/store/index.js'
import type { AimedLiar } from './aimed-liar.js'
import type { Aim } from './aims.js'
import type { Fault } from './faults.js'
import type { Liar } from './liar.js'
import { START_MS, type Machine } from './machine.js'
import type { SimHub } from './network.js'
import type { Operator } from './operator.js'
import type { Weather } from './weather.js'
import type { Workload } from './workload.js'
import type { World } from './world.js'

/** What faults are done to. */
export interface InjectorDeps {
  readonly world: World
  readonly weather: Weather
  readonly hub: SimHub
  readonly machines: readonly Machine[]
  readonly liars: readonly Liar[]
  /** A liar that aims joins. */
  joinLiar(aim: Aim): AimedLiar
  readonly operator: Operator
  readonly workload: Workload
}

/** The one who does harm. */
export interface Injector {
  plan(faults: readonly Fault[]): void
  /** Ends every fault, lasting and to come, and has everything started. @param liarsStay but for liars */
  heal(liarsStay: boolean): void
  /** Liars that stayed leave. */
  dismiss(): void
}

/** Nothing is planned yet. */
export function createInjector(deps: InjectorDeps): Injector {
  let healed = false
  const harm: Harm = { ...deps, rotten: new Set(), aimed: [] }
  const dismiss = (): void => {
    for (const liar of [...deps.liars, ...harm.aimed]) liar.leave()
  }
  return {
    dismiss,
    plan(faults) {
      for (const fault of faults) {
        if (fault.kind === 'restore') {
          const beforeMs = Math.max(0, fault.atMs - fault.backMs)
          deps.world.plan(beforeMs, 'snapshot', undefined, () => deps.machines[fault.machine]?.snapshot())
        }
        deps.world.plan(fault.atMs, 'fault', undefined, () => {
          if (!healed) inject(fault, harm)
        })
      }
    },
    heal(liarsStay) {
      healed = true
      deps.weather.clear()
      if (!liarsStay) dismiss()
      for (const machine of deps.machines) {
        machine.disarm()
        // Clients of a machine whose clock is set back go on: with records that are not ahead of it.
        if (machine.offsetMs > 0) {
          const write = (): void => deps.workload.write(machine, `clock of ${machine.index} set right`)
          deps.world.plan(SET_RIGHT_MS, 'call', undefined, write)
        }
        machine.setClock(0)
        machine.disk.clearFaults()
        machine.disk.setCapacity(Number.MAX_SAFE_INTEGER)
        machine.disk.setShortWrites(false)
        machine.level.setFull(false)
        machine.level.failBatches(0)
        if (machine.life !== undefined) machine.life.heldUntilMs = 0
      }
      deps.operator.endExcuses()
      deps.operator.startAll()
    }
  }
}

/** Pause between the writes of those who waited for a restored machine. */
const WRITES_MS = 150

/** From the end of the faults to the first write under a clock that is right again. */
const SET_RIGHT_MS = 8_000

/** What is remembered of earlier faults. */
interface Harm extends InjectorDeps {
  /** Machines whose log rotted. */
  readonly rotten: Set<Machine>
  /** Liars that came. */
  readonly aimed: AimedLiar[]
}

function inject(fault: Fault, deps: Harm): void {
  const { world, weather, hub, machines, operator } = deps
  if (fault.kind === 'network') {
    weather.begin(fault.fault)
    return void world.plan(fault.forMs, 'fault over', undefined, () => weather.end(fault.fault))
  }
  if (fault.kind === 'break-link') return hub.breakLink(fault.a, fault.b)
  if (fault.kind === 'aimed liar') {
    const liar = deps.joinLiar(fault)
    deps.aimed.push(liar)
    return liar.start()
  }
  const machine = machines[fault.machine]
  if (machine === undefined) return
  const later = (forMs: number, action: () => void): void => void world.plan(forMs, 'fault over', undefined, action)
  switch (fault.kind) {
    case 'crash':
      if (machine.life === undefined) return
      if (fault.within === 'none') return operator.crash(machine, fault, fault.downMs)
      return machine.arm(fault.within, fault.draw, () => operator.crash(machine, fault, fault.downMs))
    case 'stop':
      return operator.stop(machine, fault.downMs)
    case 'stall':
      if (machine.life !== undefined) machine.life.heldUntilMs = world.nowMs + fault.forMs
      return
    case 'disk-error':
      operator.excuse(machine, 'disk error', Number.MAX_SAFE_INTEGER)
      return machine.disk.inject({ operation: fault.operation, code: 'EIO', after: fault.after })
    case 'index-error':
      operator.excuse(machine, 'index error', Number.MAX_SAFE_INTEGER)
      return machine.level.failBatches(1)
    case 'short-writes':
      machine.disk.setShortWrites(true)
      return later(fault.forMs, () => machine.disk.setShortWrites(false))
    case 'full-disk':
      operator.excuse(machine, 'full disk', fault.forMs + 60_000)
      if (!fault.indexOnly) machine.disk.setCapacity(0)
      machine.level.setFull(true)
      return later(fault.forMs, () => {
        machine.disk.setCapacity(Number.MAX_SAFE_INTEGER)
        machine.level.setFull(false)
      })
    case 'bit-rot':
      return void rot(machine, fault, deps)
    case 'row-rot':
      return rotRows(machine, fault, deps)
    case 'restore':
      return restore(machine, fault, deps)
    case 'lie':
      return deps.liars[fault.liar]?.tell(fault.what, machine, fault.draw)
    case 'clock':
      return machine.setClock(fault.offsetMs)
  }
}

/** An old state comes back; the machine may be alone at first, and clients have waited for it. */
function restore(machine: Machine, fault: Extract<Fault, { kind: 'restore' }>, deps: Harm): void {
  const { operator, rotten, weather, workload, world } = deps
  const { atMs, downMs, aloneMs, copied, writes } = fault
  if (machine.life === undefined || !mayForget(machine, deps)) return
  operator.crash(machine, { power: false, index: 'kept', draw: 0 }, downMs)
  if (!machine.restore(copied)) return
  rotten.add(machine)
  operator.excuse(machine, 'restored', downMs + 60_000)
  if (aloneMs > 0) {
    const alone = { kind: 'partition', side: [machine.index], oneWay: false } as const
    weather.begin(alone)
    world.plan(downMs + aloneMs, 'fault over', undefined, () => weather.end(alone))
  }
  for (let write = 1; write <= writes; write += 1) {
    world.plan(downMs + write * WRITES_MS, 'call', undefined, () =>
      workload.write(machine, `restored ${machine.index} ${atMs} ${write}`))
  }
}

/** Changes a bit of a log at rest. */
async function rot(
  machine: Machine, { draw, bit, downMs }: Extract<Fault, { kind: 'bit-rot' }>, deps: Harm
): Promise<void> {
  const { operator } = deps
  if (machine.life === undefined || !mayForget(machine, deps)) return
  deps.rotten.add(machine)
  operator.crash(machine, { power: false, index: 'kept', draw: 0 }, downMs)
  // A disk that lost power before the log had a directory has nothing that could rot.
  const names = await machine.disk.list('/data/wal').catch((error: unknown): readonly string[] => {
    if (Reflect.get(Object(error), 'code') === 'ENOENT') return []
    throw error
  })
  const segments = names.filter((name) => name.endsWith('.log'))
  const segment = segments[Math.floor(draw * segments.length)]
  if (segment === undefined) return
  const path = `/data/wal/${segment}`
  const used = machine.disk.contents(path).findLastIndex((byte) => byte !== 0) + 1
  machine.disk.flip(path, Math.floor(draw * used), 1 << bit)
  operator.excuse(machine, 'bit rot', Number.MAX_SAFE_INTEGER)
}

/** Loses or changes rows of a block that another good machine holds too. */
function rotRows(machine: Machine, fault: Extract<Fault, { kind: 'row-rot' }>, deps: Harm): void {
  const { world, machines, rotten } = deps
  const { life } = machine
  if (life?.started !== true || life.parts === undefined) return
  const good = machines.filter((other) => other !== machine && !rotten.has(other) && !other.level.rotten)
  const isHeld = (id: Hash): boolean =>
    good.some(({ life: other }) => other?.started === true && other.parts?.dag.readBlock(id) !== undefined)
  const held = machine.level.keysOf('b/').map((key) => hashOf(key.subarray(2))).filter(isHeld)
  const id = held[Math.floor(fault.draw * held.length)]
  const operations = id === undefined ? [] : rotOf(life.parts, id, fault, START_MS + world.nowMs)
  if (operations.length === 0) return world.count('row rot spared')
  machine.level.rot(operations)
}

function rotOf(
  { dag, store }: Parts, id: Hash, { draw, rows }: Extract<Fault, { kind: 'row-rot' }>, nowMs: number
): readonly LevelOperation[] {
  const header = dag.header(id)
  const records = dag.recordIds(id)
  const record = records?.[Math.floor(draw * 1_000_003) % records.length]
  if (header === undefined || records === undefined || record === undefined) return []
  // It leaves the index of its own node when the clock of that is set right: then this copy is the last.
  if (header.sealedAtMs > nowMs + TIME_LIMITS.blockAheadMsMax) return []
  const lose = (key: Uint8Array): LevelOperation => ({ type: 'del', key })
  const place = keys.feed(header.feed, header.seq, id)
  switch (rows) {
    case 'block': return [lose(keys.block(id))]
    case 'place': return [lose(place)]
    case 'holder': return [lose(keys.holder(record, id))]
    case 'record': return [lose(keys.record(record))]
    case 'changed record': {
      const value = Buffer.from(store.get(keys.record(record)) ?? [])
      value[value.length - 1] = (value.at(-1) ?? 0) ^ 1
      return value.length === 0 ? [] : [{ type: 'put', key: keys.record(record), value }]
    }
    case 'all': {
      const own = records.flatMap((one) =>
        [keys.record(one), keys.holder(one, id), ...answerRows(store, one)])
      return [keys.block(id), place, ...own].map(lose)
    }
  }
}

/** The rows of a record from which views are computed. */
function answerRows(store: Parts['store'], id: Hash): readonly Uint8Array[] {
  const opened = openRecord(store.get(keys.record(id)) ?? new Uint8Array())
  if (opened.grade !== 'effective') return []
  const { record } = opened
  switch (record.kind) {
    case 'assertion': return [keys.candidate(record.subject, record.predicate, id)]
    case 'vote': return [keys.vote(record.assertion, record.agentId, record.timestampMs, id)]
    case 'epoch': return [keys.epoch(id)]
  }
}

/** True when all that was ever acknowledged is on a good disk elsewhere. */
function mayForget(machine: Machine, { world, machines, workload, rotten }: Harm): boolean {
  // What rotted or was set back once is no good copy of anything until the run is over.
  const good = machines.filter((other) => other !== machine && !rotten.has(other) && !other.level.rotten)
  for (const { id, machine: index } of workload.acknowledged.values()) {
    const isSafe = good.some((other) => other.index === index ||
      (other.life?.started === true && other.life.parts?.store.get(keys.record(id)) !== undefined))
    if (isSafe) continue
    world.count('machines spared as the last good copy')
    return false
  }
  return true
}
