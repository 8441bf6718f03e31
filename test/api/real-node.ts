// A real node on memory disks behind the real application: what a client of the HTTP interface sees.

import type { FastifyInstance } from 'fastify'
import { onTestFinished } from 'vitest'
import { type Hash } from '../../src/base/index.js'
import type { NodeSetup, StemeNode } from '../../src/node/index.js'
import {
  type AssertionFields, buildAssertion, buildEpoch, buildVote, createSigner, type EpochFields, openRecord,
  seedFromName, type Signer
} from '../../src/record/index.js'
import { boot, createMachine, during, genesis, type Machine, startMs } from '../node/kit.js'
import { createQuery } from '../../src/query/index.js'
import { neutralTrust } from '../../src/trustrank/index.js'
import { createFakeNode } from '../fakes/fake-node.js'
import { createGraph, yieldNow } from '../materializer/graph.js'
import { buildApp } from './harness.js'

const signers = new Map<string, Signer>()

/** The agent of that name; `alice` is the governor. */
export function agentOf(name: string): Signer {
  const known = signers.get(name) ?? createSigner(seedFromName(name))
  signers.set(name, known)
  return known
}

/** Time of records that name none. */
export const saidMs: number = startMs - 1_000

/** An assertion about (s, p). */
export function states(
  by: string, object: AssertionFields['object'], fields: Partial<AssertionFields> = {}
): Uint8Array {
  const all = { timestampMs: saidMs, subject: 's', predicate: 'p', object, ...fields }
  return buildAssertion(all, agentOf(by), genesis.networkId)
}

/** A vote; weight in millionths. */
export function backs(
  by: string, assertion: Hash, weight = 1_000_000, timestampMs: number = saidMs
): Uint8Array {
  return buildVote({ timestampMs, assertion, weight }, agentOf(by), genesis.networkId)
}

/** An epoch of the governor. */
export function epochRecord(fields: Partial<EpochFields>): Uint8Array {
  const all = { timestampMs: saidMs, name: 'epoch', settings: new Map(), ...fields }
  return buildEpoch(all, agentOf('alice'), genesis.networkId)
}

/** The id of a record. */
export function idOf(bytes: Uint8Array): Hash {
  const opened = openRecord(bytes)
  if (opened.grade === 'invalid') throw new Error(opened.rule)
  return opened.id
}

/** A real node with its application. */
export interface RealNode extends Asked {
  readonly machine: Machine
}

/** An application and what it answers. */
export interface Asked {
  readonly node: StemeNode
  readonly app: FastifyInstance
  /** Admits records and waits until their views are there. */
  admit(...records: readonly Uint8Array[]): Promise<void>
  /** The JSON of a GET; the path without `/v1`. */
  get(path: string, query?: Readonly<Record<string, string | readonly string[]>>): Promise<Replied>
  post(path: string, body: object): Promise<Replied>
  stop(): Promise<void>
}

/** An answer of the application. */
export interface Replied {
  readonly status: number
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- answers are read freely by tests
  readonly json: any
  readonly headers: Readonly<Record<string, unknown>>
}

/** Starts a node with an empty ledger, or the one of a machine. */
export async function startReal(
  more: Partial<NodeSetup> = {}, on?: Machine
): Promise<RealNode> {
  const machine = on ?? await createMachine()
  const node = await during(machine, boot(machine, more))
  const { app } = await buildApp(node)
  return {
    machine, node, app, ...asking(app, (work) => during(machine, work)),
    async admit(...records) {
      for (const result of await during(machine, node.admit(records))) {
        if (result.kind !== 'admitted') throw new Error(JSON.stringify(result))
      }
      await during(machine, node.settled())
    },
    async stop() {
      await app.close()
      await during(machine, node.stop())
    }
  }
}

/** A real node that holds the records and stops with the test. */
export async function realWith(...records: readonly Uint8Array[]): Promise<RealNode> {
  const started = await startReal()
  onTestFinished(() => started.stop())
  if (records.length > 0) await started.admit(...records)
  return started
}

/**
 * The real query side and application over an index in which every ballot is worth one bit, so that what is
 * answered can be counted by hand. The rest of the node is a fake.
 */
export async function startNeutral(): Promise<Asked> {
  const governors = new Set([agentOf('alice').publicKey])
  const { store, clock, materializer, settle } = await createGraph({ governors })
  await materializer.start()
  const query = createQuery({}, {
    store, clock, yieldNow, trust: neutralTrust, epochs: (asOfMs) => materializer.epochs(asOfMs),
    lagMs: () => 0, trustLagMs: () => 0, trustSettled: async () => undefined,
    settled: (subject, predicate, signal) => materializer.settled(subject, predicate, signal)
  })
  const node = createFakeNode({
    query: (request) => query.get(request), queryMany: (requests, signal) => query.getMany(requests, signal),
    dispute: (request) => query.dispute(request), explain: (request) => query.explain(request),
    constraints: (request) => query.constraints(request), preflight: (request) => query.preflight(request)
  })
  const { app } = await buildApp(node)
  return {
    node, app, ...asking(app, (work) => work), admit: settle,
    async stop() {
      await app.close()
      await materializer.stop()
      await store.close({ clean: true })
    }
  }
}

function asking(
  app: FastifyInstance, during: <T>(work: Promise<T>) => Promise<T>
): Pick<Asked, 'get' | 'post'> {
  const reply = async (request: object): Promise<Replied> => {
    const answer = await during(app.inject(request))
    return { status: answer.statusCode, json: answer.json(), headers: answer.headers }
  }
  return {
    get: (path, query = {}) => {
      const words = Object.entries(query).flatMap(([name, value]) =>
        [value].flat().map((one): [string, string] => [name, String(one)]))
      return reply({ url: `/v1${path}?${new URLSearchParams(words)}` })
    },
    post: (path, body) => reply({ method: 'POST', url: `/v1${path}`, payload: body })
  }
}
