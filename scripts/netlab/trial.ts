// One trial: nodes on hosts of their own write, are cut into two parts, write on, and meet again.

import type { ProcessNode, State } from '../cluster/process-node.js'
import { areEqual, comparable, waitFor } from '../cluster/process-node.js'
import type { Federation } from '../cluster/federation.js'
import type { Hosts } from './hosts.js'

/** Sizes of a trial. */
export interface TrialOptions {
  readonly nodes: number
  /** Records written on each node in each of the three phases. */
  readonly recordsEach: number
  /** How long the parts stay apart, at least. */
  readonly apartMs: number
  readonly say: (text: string) => void
}

/** How long things took, and what the state tags say that are equal at the end. */
export interface TrialResult {
  /** From the start of the processes until every node had a peer. */
  readonly linkedSeconds: number
  /** From the first writes, and from the healing, until all state tags were equal. */
  readonly firstSeconds: number
  readonly healedSeconds: number
  readonly apartSeconds: number
  readonly records: number
  /** Of all nodes: dials beside silent links, gossip links closed to redial them, failed sync sessions. */
  readonly silenceDials: number
  readonly gossipRedials: number
  readonly syncFailures: number
  readonly tag: string
}

const port = 4001
const linkMsMax = 240_000
const equalMsMax = 240_000

/** Runs a trial on the hosts. */
export async function runTrial(
  federation: Federation, hosts: Hosts, options: TrialOptions
): Promise<TrialResult> {
  const { say } = options
  const startMs = performance.now()
  const nodes = await startNodes(federation, hosts, options)
  await waitFor('every node has a peer', linkMsMax, async () =>
    (await peerCounts(nodes)).every((peers) => peers > 0))
  const linkedSeconds = secondsSince(startMs)
  say(`${nodes.length} nodes up and linked after ${linkedSeconds} s`)
  await writeOn(federation, nodes, options.recordsEach, 'together')
  const firstSeconds = await secondsUntilEqual(nodes)
  say(`written on every node: tags equal after ${firstSeconds} s`)

  const [left, right] = [[0, 1], nodes.map((_, i) => i).slice(2)]
  const apartMs = performance.now()
  hosts.cut([left, right])
  say(`cut apart: ${left.map((i) => `n${i}`).join(' ')} | ${right.map((i) => `n${i}`).join(' ')}`)
  await writeOn(federation, nodes, options.recordsEach, 'apart')
  await waitFor('the parts differ, and have stood apart', options.apartMs + equalMsMax, async () =>
    performance.now() - apartMs >= options.apartMs && !areEqual(await statesOf(nodes)))
  showStates(nodes, await statesOf(nodes), say)

  hosts.cut([])
  const healedMs = performance.now()
  await writeOn(federation, nodes, options.recordsEach, 'again')
  const healedSeconds = await secondsUntilEqual(nodes, healedMs)
  const states = await statesOf(nodes)
  showStates(nodes, states, say)
  const apartSeconds = Math.round((healedMs - apartMs) / 1_000)
  say(`healed after ${apartSeconds} s: tags equal ${healedSeconds} s later`)
  const [state] = states
  const tag = state === undefined ? '' : comparable(state) ?? ''
  const records = state?.records ?? 0
  return { linkedSeconds, firstSeconds, apartSeconds, healedSeconds, records, tag, ...await countsOf(nodes) }
}

/** Each node knows the two before it, so that every cut leaves some that knew each other. */
async function startNodes(
  federation: Federation, hosts: Hosts, options: TrialOptions
): Promise<readonly ProcessNode[]> {
  const members = [federation.founder]
  for (let i = 1; i < options.nodes; i++) members.push(await federation.member(`n${i}`))
  const addresses = members.map(({ peer }, i) => `/ip4/${hosts.addresses[i]}/tcp/${port}/p2p/${peer}`)
  return Promise.all(members.map((member, i) => federation.start(
    member, addresses.slice(Math.max(0, i - 2), i),
    {
      launcher: hosts.launcher(i), listen: `/ip4/${hosts.addresses[i]}/tcp/${port}`,
      ...(hosts.addresses[i] === undefined ? {} : { apiHost: hosts.addresses[i] })
    }
  )))
}

async function writeOn(
  federation: Federation, nodes: readonly ProcessNode[], count: number, word: string
): Promise<void> {
  await Promise.all(nodes.map((node, i) => node.send(
    Array.from({ length: count }, (_, number) => federation.record(`${word} ${i} ${number}`)))))
}

async function secondsUntilEqual(
  nodes: readonly ProcessNode[], startMs: number = performance.now()
): Promise<number> {
  await waitFor('equal state tags', equalMsMax, async () => areEqual(await statesOf(nodes)))
  return secondsSince(startMs)
}

function statesOf(nodes: readonly ProcessNode[]): Promise<readonly State[]> {
  return Promise.all(nodes.map((node) => node.state()))
}

async function peerCounts(nodes: readonly ProcessNode[]): Promise<readonly number[]> {
  return Promise.all(nodes.map(async (node) =>
    (await node.get<{ readonly peers: readonly unknown[] }>('/v1/peers')).peers.length))
}

async function countsOf(
  nodes: readonly ProcessNode[]
): Promise<Pick<TrialResult, 'silenceDials' | 'gossipRedials' | 'syncFailures'>> {
  const texts = await Promise.all(nodes.map(async ({ api }) => (await fetch(`${api}/metrics`)).text()))
  const sumOf = (name: string): number => texts
    .map((text) => Number(new RegExp(`^stemedb_${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0))
    .reduce((sum, one) => sum + one, 0)
  return {
    silenceDials: sumOf('p2p_silence_dials_total'),
    gossipRedials: sumOf('p2p_gossip_redials_total'),
    syncFailures: sumOf('p2p_sync_failures_total')
  }
}

function showStates(
  nodes: readonly ProcessNode[], states: readonly State[], say: (text: string) => void
): void {
  for (const [i, state] of states.entries()) {
    say(`  n${i} ${nodes[i]?.api}: ${state.records} records, frontier ${state.frontier_root.slice(0, 16)}`)
  }
}

function secondsSince(startMs: number): number {
  return Math.round((performance.now() - startMs) / 100) / 10
}
