// One run: safety under faults, then everything is healed, then liveness.
// A run is a function of (options, faults): the same two give the same trace hash on every machine.

import { createGenesis, type OpenedGenesis } from '../../src/p2p/index.js'
import { createAimedLiar, type AimedLiar } from './aimed-liar.js'
import type { Aim } from './aims.js'
import { faultName, type Fault } from './faults.js'
import { createFeedWatch } from './feed-watch.js'
import { forbidRealWorld } from './guard.js'
import { createInjector } from './injector.js'
import { createInspector, type Inspector } from './inspector.js'
import { createLiar } from './liar.js'
import { createLibrary } from './library.js'
import { createMachine, REJECTED, START_MS, type Machine } from './machine.js'
import { createVerifier } from './memo.js'
import { addressOf, createHub } from './network.js'
import { createOperator } from './operator.js'
import type { SimOptions } from './options.js'
import { createPrng } from './prng.js'
import { createWeather, type Weather } from './weather.js'
import { createWorkload, keysOf, type Workload } from './workload.js'
import { createWorld, type Violation, type World } from './world.js'

/** What a run came to. */
export interface SimResult {
  readonly violation: Violation | undefined
  readonly traceHash: string
  readonly counts: ReadonlyMap<string, number>
  readonly faults: number
  readonly acknowledged: number
  readonly records: number
  readonly virtualMs: number
  /** From healing to equal tags. */
  readonly healedMs: number
  readonly events: number
}

/** For those who watch. */
export interface RunWatch {
  readonly onEvent?: (timeMs: number, label: string) => void
  readonly onLog?: (timeMs: number, machine: number, level: string, fields: object, message: string) => void
}

/** Time that the network may take after healing until all are equal. */
export const LIVENESS_MS_MAX = 1_200_000

/** Runs a simulation; never rejects for what the nodes do. */
export async function runSim(
  options: SimOptions, faults: readonly Fault[], watch: RunWatch = {}
): Promise<SimResult> {
  const world = createWorld(watch)
  const onRejection = (error: unknown): void => {
    world.fail('no unhandled rejection', error instanceof Error ? error.stack ?? error.message : String(error))
  }
  process.on('unhandledRejection', onRejection)
  process.on('uncaughtException', onRejection)
  const restore = forbidRealWorld()
  try {
    return await runIn(world, options, faults, watch)
  } catch (error) {
    onRejection(error)
    return resultOf(world, faults, 0, 0, 0)
  } finally {
    restore()
    process.off('unhandledRejection', onRejection)
    process.off('uncaughtException', onRejection)
  }
}

async function runIn(
  world: World, options: SimOptions, faults: readonly Fault[], watch: RunWatch
): Promise<SimResult> {
  const weather = createWeather()
  const hub = createHub(world, weather, options.seed)
  const genesis = genesisOf(options)
  const { governor } = keysOf(options.seed, options.agents)
  const verifier = createVerifier(options.realSignatures)
  const names: string[] = []
  const feeds = createFeedWatch(world)
  const machines: Machine[] = []
  const onLog = (machine: Machine, level: string, fields: object, message: string): void => {
    if (tellsOfBug(fields, message)) {
      world.fail('no assertion fails', `machine ${machine.index}: ${message} ${textOf(fields)}`)
    }
    if (message === DIFFERS) {
      const of = machines.find(({ signer }) => signer.publicKey === Reflect.get(fields, 'peerKey'))
      if (of?.level.rotted === true) world.count('alarms about machines whose rows rotted')
      else world.fail('no determinism alarm', `machine ${machine.index}: ${textOf(fields)}`)
    }
    if (message === 'peer disconnected for misbehaviour' && names.includes(Reflect.get(fields, 'peer') as string)) {
      world.fail('no honest node is sent away', `machine ${machine.index}: ${textOf(fields)}`)
    }
    if (message === REJECTED && names.includes(Reflect.get(fields, 'peer') as string)) {
      world.fail('no honest message is rejected', `machine ${machine.index}: ${textOf(fields)}`)
    }
    watch.onLog?.(world.nowMs, machine.index, level, fields, message)
  }
  for (let index = 0; index < options.machines; index += 1) {
    const prng = createPrng(`${options.seed}/machine ${index}`)
    const dial = names.filter((_, other) => options.mesh || other === index - 1 || other === 0).map(addressOf)
    const syncMs = options.syncMs[index] ?? 1
    const machine = await createMachine(
      {
        index, genesis, governor, dial, expectsPeers: options.machines > 1, ingest: options.ingest,
        dag: options.dag, syncMs, indexMs: options.indexMs, trustMs: options.trustMs
      },
      {
        world, hub, prng, verifier, onLog,
        onPublish: (publisher, payload) => feeds.published(publisher, payload)
      }
    )
    names.push(machine.name)
    machines.push(machine)
  }
  const workload = createWorkload(options, genesis.networkId, world, verifier)
  const inspector = createInspector({
    world, machines, workload, genesis, verifier, options, hub, feeds, onLog
  })
  const operator = createOperator({ world, machines, inspector, patient: options.patient === true })
  const { networkId } = genesis
  const { seed, closed } = options
  const liarDeps = { world, hub, machines, networkId, governor, closed }
  const liars = Array.from({ length: options.liars }, (_, number) => createLiar(seed, number, liarDeps))
  const library = createLibrary()
  const joinLiar = (aim: Aim): AimedLiar => {
    return createAimedLiar(seed, options.machines + 1 + options.liars + aim.number, aim, library, liarDeps)
  }
  const injector = createInjector({ world, weather, hub, machines, liars, joinLiar, operator, workload })
  for (const liar of liars) liar.start()
  operator.start()
  workload.plan(machines)
  injector.plan(faults)
  await world.run(options.safetyMs)
  await inspector.checkAll('at the end of the faults')
  injector.heal(options.siege)
  const healMs = world.nowMs
  await inspector.converge(healMs + LIVENESS_MS_MAX)
  const healedMs = world.nowMs - healMs
  if (options.siege) await besiege(world, weather, machines, workload, inspector)
  injector.dismiss()
  await inspector.finish()
  return resultOf(world, faults, workload.acknowledged.size, inspector.records, healedMs)
}

/** Longer than a session may last that brings nothing. */
const SIEGE_MS = 170_000

/** Liars are all who gossip is heard from: what machines write reaches the others by sync alone, or not. */
async function besiege(
  world: World, weather: Weather, machines: readonly Machine[], workload: Workload, inspector: Inspector
): Promise<void> {
  for (const { index: from } of machines) {
    for (const { index: to } of machines) if (from !== to) weather.begin({ kind: 'mute', from, to })
  }
  for (const machine of machines) workload.write(machine, `besieged ${machine.index}`)
  await world.run(world.nowMs + SIEGE_MS)
  await inspector.converge(world.nowMs + LIVENESS_MS_MAX)
}

const DIFFERS = 'a peer holds the same blocks and answers differently'

/** What only a bug of ours throws. */
const BUGS = /assertion failed|unreachable case|TypeError|RangeError|ReferenceError/

/** Errors and texts are read alone: a log line of numbers is written out for nobody. */
function tellsOfBug(fields: object, message: string): boolean {
  return BUGS.test(message) || Object.values(fields).some((value: unknown) => {
    if (typeof value === 'string') return BUGS.test(value)
    return typeof value === 'object' && value !== null && BUGS.test(textOf({ value }))
  })
}

/** The fields of a log line, errors with their stacks. */
export function textOf(fields: object): string {
  return JSON.stringify(fields, (_, value: unknown) => {
    if (value instanceof Error) {
      return `${value.stack ?? value.message} ${value.cause === undefined ? '' : String(value.cause)}`
    }
    return typeof value === 'bigint' ? String(value) : value
  })
}

function genesisOf({ seed, agents, closed, trust: { seeds, ...trust } }: SimOptions): OpenedGenesis {
  const keys = keysOf(seed, agents)
  return createGenesis({
    name: `sim ${seed}`, created: START_MS - 1, governors: [keys.governor.publicKey],
    admission: closed ? 'closed' : 'open', trust,
    seeds: keys.agents.slice(0, seeds).map(({ publicKey }) => publicKey)
  })
}

function resultOf(
  world: World, faults: readonly Fault[], acknowledged: number, records: number, healedMs: number
): SimResult {
  const { violation, counts, nowMs: virtualMs, events } = world
  for (const fault of faults) world.count(`fault: ${faultName(fault)}`)
  return {
    violation, traceHash: world.traceHash(), counts, faults: faults.length, acknowledged, records, virtualMs,
    healedMs, events
  }
}
