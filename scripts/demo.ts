// npm run demo [-- --nodes 3 --keep --json]: real processes over real libp2p on loopback and the example of
// examples/world. Sources are spread over the nodes; one node is killed with SIGKILL and comes back with all
// that it had acknowledged; one joins late by invite. Ends 0 only when all state tags are equal.

import '../src/base/index.js'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { blake3Hash, parseNetworkId, type NetworkId } from '../src/base/index.js'
import { createClaimSigner } from '../src/node/index.js'
import { readWorldClaims, type WorldClaim } from '../examples/world/index.js'
import {
  areEqual, missingRecords, runCli, startNode, waitForEqualTags, type ProcessNode, type State
} from './cluster/process-node.js'
import { playAudit } from './demo/audit.js'
import { printConflict } from './demo/judge.js'
import { createStory, type Story } from './demo/story.js'
import { runScript, UsageError } from './usage.js'

const NODES_MAX = 16
const CONVERGE_MS = 60_000
/** The node that is killed. */
const VICTIM = 1

interface Cast {
  readonly directory: string
  readonly nodes: ProcessNode[]
  readonly networkId: NetworkId
}

const USAGE = `usage: npm run demo [-- --nodes N --keep --json]
  --nodes N   nodes of the network, 2 to ${NODES_MAX}; 3 when absent
  --keep      leave the data directories
  --json      the story on stderr, one object on stdout`

const options = {
  nodes: { type: 'string', default: '3' }, keep: { type: 'boolean' }, json: { type: 'boolean' }
} as const

interface Choices {
  readonly nodes: string
  readonly keep?: boolean
  readonly json?: boolean
}

async function main(values: Choices): Promise<void> {
  const count = Number(values.nodes)
  if (!Number.isInteger(count) || count < 2 || count > NODES_MAX) {
    throw new UsageError(`--nodes takes a whole number from 2 to ${NODES_MAX}`)
  }
  const story = createStory(values.json === true ? process.stderr : process.stdout)
  const directory = await mkdtemp(join(tmpdir(), 'stemedb-demo-'))
  const nodes: ProcessNode[] = []
  try {
    const report = await play(directory, nodes, count, story)
    if (values.json === true) console.log(JSON.stringify(report))
    if (report['converged'] !== true) process.exitCode = 1
  } finally {
    await Promise.all(nodes.map((node) => node.kill('SIGTERM')))
    if (values.keep === true) story.say(`kept: ${directory}`)
    else await rm(directory, { recursive: true, force: true })
  }
}

async function play(
  directory: string,
  nodes: ProcessNode[],
  count: number,
  story: Story
): Promise<Record<string, unknown>> {
  const startMs = performance.now()
  const networkId = await openNetwork(directory, nodes, count, story)
  const cast: Cast = { directory, nodes, networkId }
  const claims = await readWorldClaims()
  const { records, seconds } = await tellClaims(cast, claims, story)
  await waitForEqualTags(nodes, CONVERGE_MS)
  const joinSeconds = await joinLate(cast, story)
  const states = await waitForEqualTags(nodes, CONVERGE_MS)
  showStates(nodes, states, story)
  const { before, audited, after, flipped } = await playAudit(
    { nodes, networkId, claims, limitMs: CONVERGE_MS }, story)
  await printConflict(nodes, story)
  const last = await waitForEqualTags(nodes, CONVERGE_MS)
  const total = (performance.now() - startMs) / 1_000
  story.chapter('Figures')
  story.say(`${records} signed records in ${seconds.toFixed(1)} s (${Math.round(records / seconds)}/s, durable), ` +
    `late join ${joinSeconds.toFixed(1)} s, all in ${total.toFixed(1)} s`)
  return {
    nodes: nodes.length,
    records: last[0]?.records ?? 0,
    converged: areEqual(last),
    frontier_roots: last.map((state) => state.frontier_root),
    view_digests: last.map((state) => state.tag?.view_digest),
    trust_digests: last.map((state) => state.tag?.trust_digest),
    accuracy: after.accuracy,
    accuracy_before_audit: before.accuracy,
    accuracy_after_audit: audited.accuracy,
    majority_accuracy: after.majorityAccuracy,
    answers_flipped: flipped,
    cold_join_seconds: tenths(joinSeconds),
    seconds: tenths(total)
  }
}

async function openNetwork(
  directory: string,
  nodes: ProcessNode[],
  count: number,
  story: Story
): Promise<NetworkId> {
  story.chapter(`A network of ${count} nodes`)
  const first = join(directory, 'node-1')
  await runCli('--data-dir', first, 'init', '--name', 'demo')
  nodes.push(await startNode('node-1', first))
  const invite = await runCli('--data-dir', first, 'invite')
  for (let number = 2; number <= count; number += 1) nodes.push(await joinNode(directory, number, invite))
  for (const node of nodes) story.say(`${node.name}  pid ${node.pid}  ${node.api}  ${node.addresses[0] ?? ''}`)
  const { network_id: id } = await (nodes[0] ?? missing()).get<{ network_id: string }>('/v1/network')
  return parseNetworkId(id) ?? missing()
}

function joinNode(directory: string, number: number, invite: string): Promise<ProcessNode> {
  const name = `node-${number}`
  return startNode(name, join(directory, name), { words: ['join', invite, '--yes', '--start'] })
}

/** Each source speaks through one node; halfway through, the second node dies and comes back. */
async function tellClaims(
  cast: Cast,
  claims: readonly WorldClaim[],
  story: Story
): Promise<{ readonly records: number; readonly seconds: number }> {
  const { nodes, networkId } = cast
  const sources = [...new Set(claims.map((claim) => claim.source))]
  story.chapter(`${sources.length} npm packages say what they know about the world's countries`)
  const sign = createClaimSigner(networkId)
  const shares = nodes.map((_, index) => {
    const own = claims.filter((claim) => sources.indexOf(claim.source) % nodes.length === index)
    return own.flatMap((claim) => {
      const record = sign(claim)
      return record.kind === 'record' ? [record.bytes] : []
    })
  })
  nodes.forEach((node, index) => {
    const names = sources.filter((_, number) => number % nodes.length === index)
    story.say(`${node.name}  ${shares[index]?.length ?? 0} records from ${names.join(', ')}`)
  })
  const startMs = performance.now()
  await sendHalves(nodes, shares, 0)
  const seconds = (performance.now() - startMs) / 1_000
  const told = shares[VICTIM] ?? []
  await killAndRestart(cast, told.slice(0, Math.floor(told.length / 2)), story)
  const againMs = performance.now()
  await sendHalves(nodes, shares, 1)
  const records = shares.reduce((sum, share) => sum + share.length, 0)
  return { records, seconds: seconds + (performance.now() - againMs) / 1_000 }
}

async function sendHalves(
  nodes: readonly ProcessNode[],
  shares: readonly (readonly Uint8Array[])[],
  half: 0 | 1
): Promise<void> {
  await Promise.all(nodes.map((node, index) => {
    const share = shares[index] ?? []
    const middle = Math.floor(share.length / 2)
    return node.send(half === 0 ? share.slice(0, middle) : share.slice(middle))
  }))
}

/** Kills a node that has acknowledged these records. @throws Error when one is not there afterwards */
async function killAndRestart(cast: Cast, told: readonly Uint8Array[], story: Story): Promise<void> {
  const { nodes } = cast
  const victim = nodes[VICTIM] ?? missing()
  story.chapter(`${victim.name} is killed (SIGKILL) and comes back`)
  const before = await victim.state()
  await victim.kill('SIGKILL')
  const startMs = performance.now()
  const back = await startNode(victim.name, victim.directory)
  nodes[VICTIM] = back
  const seconds = (performance.now() - startMs) / 1_000
  const after = await back.state()
  story.say(`held ${before.records} records in blocks before, ${after.records} after ${seconds.toFixed(1)} s`)
  const lost = await missingRecords(back.api, told.map((record) => blake3Hash(record)))
  if (lost.length > 0) throw new Error(`${victim.name} lost ${lost.length} acknowledged records: ${lost[0]} …`)
  story.say(`asked for each of the ${told.length} records that it had acknowledged: all are there`)
}

async function joinLate(cast: Cast, story: Story): Promise<number> {
  const { nodes, directory } = cast
  const first = nodes[0] ?? missing()
  const number = nodes.length + 1
  story.chapter(`node-${number} joins late, by invite`)
  const invite = await runCli('--data-dir', first.directory, 'invite')
  story.say(`invite: ${invite.slice(0, 60)}… (${invite.length} characters)`)
  const startMs = performance.now()
  const late = await joinNode(directory, number, invite)
  nodes.push(late)
  await waitForEqualTags(nodes, CONVERGE_MS)
  const seconds = (performance.now() - startMs) / 1_000
  story.say(`${(await late.state()).records} records fetched, checked and resolved in ${seconds.toFixed(1)} s`)
  return seconds
}

function showStates(nodes: readonly ProcessNode[], states: readonly State[], story: Story): void {
  story.chapter('All nodes hold the same and answer the same')
  states.forEach((state, index) => {
    story.say(`${nodes[index]?.name}  frontier ${state.frontier_root.slice(0, 16)}  ` +
      `views ${state.tag?.view_digest.slice(0, 16)}  ${state.records} records in ${state.blocks} blocks`)
  })
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10
}

function missing(): never {
  throw new Error('the demo lacks a part')
}

await runScript(USAGE, options, main)
