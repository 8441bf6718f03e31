// npm run netlab [-- --nodes 5 --delay 50-200 --loss 10-30 --apart 20 --seed 1]: nodes on hosts of their own,
// in network namespaces of this machine, over slow and lossy links, cut into two parts and healed.
// Ends 0 when all state tags are equal within 30 s of the healing, or when this machine forbids it (it says
// why).

import '../../src/base/index.js'
import { createFederation } from '../cluster/federation.js'
import { runScript, UsageError } from '../usage.js'
import { planHosts, whyNot, type Conditions, type HubCounts } from './hosts.js'
import { runTrial, type TrialOptions, type TrialResult } from './trial.js'

const usage = `usage: npm run netlab -- [--nodes 5] [--delay 50-200] [--loss 10-30] [--apart 20] [--records 40]
                        [--seed 1] [--within 30] [--json]

Runs nodes on hosts of their own, in network namespaces of this machine; cuts them into two parts for --apart seconds,
and heals. Each node writes --records before, meanwhile and after. Each ordered pair of hosts has a delay (ms) and a
loss (percent) of its own, drawn by --seed from the ranges; one number is a range of itself.
Ends 0 when all state tags are equal within --within seconds of the healing, or when it may not run here.
--json: the last line is the result as JSON.`

const words = {
  nodes: { type: 'string', default: '5' }, records: { type: 'string', default: '40' },
  delay: { type: 'string', default: '50-200' }, loss: { type: 'string', default: '10-30' },
  apart: { type: 'string', default: '20' }, seed: { type: 'string', default: '1' },
  within: { type: 'string', default: '30' }, json: { type: 'boolean', default: false }
} as const

type Words = { readonly [Name in Exclude<keyof typeof words, 'json'>]: string } & { readonly json: boolean }

const limits = { nodes: 32, records: 1_000, seconds: 3_600, delayMs: 10_000, lossPercent: 90 }

const say = (text: string): void => console.log(text)

async function main(values: Words): Promise<void> {
  const options = {
    nodes: whole('--nodes', values.nodes, 3, limits.nodes),
    recordsEach: whole('--records', values.records, 1, limits.records),
    apartMs: 1_000 * whole('--apart', values.apart, 1, limits.seconds), say
  }
  const conditions = {
    seed: whole('--seed', values.seed, 0, 2 ** 31),
    delayMs: range('--delay', values.delay, limits.delayMs),
    lossPercent: range('--loss', values.loss, limits.lossPercent)
  }
  const within = whole('--within', values.within, 1, limits.seconds)
  const skipped = await whyNot()
  if (skipped !== undefined) {
    say(values.json ? JSON.stringify({ skipped }) : `netlab skipped: ${skipped}`)
    return
  }
  say(`netlab: ${values.nodes} hosts, ${values.delay} ms and ${values.loss} % loss each way, seed ${values.seed}`)
  const { packets, ...result } = await trial(options, conditions)
  const passed = result.healedSeconds <= within
  say(`packets: ${packets.forwarded} forwarded, ${packets.lost} lost, ${packets.cut} cut`)
  say(`tag of all: ${result.tag}`)
  say(`${passed ? 'passed' : 'FAILED'}: equal ${result.healedSeconds} s after the healing (at most ${within})`)
  if (values.json) {
    const tag: unknown = Object.fromEntries(JSON.parse(result.tag) as [string, unknown][])
    say(JSON.stringify({ passed, nodes: options.nodes, ...conditions, ...result, tag, packets }))
  }
  process.exitCode = passed ? 0 : 1
}

async function trial(
  options: TrialOptions, conditions: Conditions
): Promise<TrialResult & { readonly packets: HubCounts }> {
  const federation = await createFederation({ name: 'netlab' })
  const hosts = planHosts(options.nodes)
  const cleanUp = async (): Promise<HubCounts> => {
    await federation.end()
    return await hosts.end() ?? { forwarded: 0, lost: 0, cut: 0 }
  }
  let cleaned: Promise<HubCounts> | undefined
  const clean = (): Promise<HubCounts> => cleaned ??= cleanUp()
  // What an interruption breaks ends as one of this trial, which waits for the same cleaning.
  const interrupted = (): void => void clean().finally(() => process.exit(130))
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
  try {
    await hosts.open(conditions)
    const result = await runTrial(federation, hosts, options)
    return { ...result, packets: await clean() }
  } catch (error) {
    await clean()
    throw error
  }
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw new UsageError(`${name} takes a whole number from ${least} to ${most}`)
}

function range(name: string, text: string, most: number): readonly [least: number, most: number] {
  const [low = '', high = low, ...more] = text.split('-')
  const found = [whole(name, low, 0, most), whole(name, high, 0, most)] as const
  if (more.length === 0 && found[0] <= found[1]) return found
  throw new UsageError(`${name} takes a whole number, or two with - between, the lesser first`)
}

await runScript(usage, words, main)
