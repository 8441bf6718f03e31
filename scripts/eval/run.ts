// One run of the whole pipeline: signed records, a node, its index, ballots, trust, views, queries.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEpochView, type EpochView, NO_EPOCHS } from '../../src/lenses/index.js'
import type { Claim, GoldFact, StateReport } from '../../src/node/index.js'
import { openRecord } from '../../src/record/index.js'
import type { TrustPolicy } from '../../src/trustrank/index.js'
import { askAll, type LensAnswers } from './answers.js'
import type { SourceVote } from './attack.js'
import { importClaims, type Rules, rulesEpoch } from './load.js'
import { readStored, type Stored } from './stored.js'
import { type NetworkFields, openTemporaryNode, type TemporaryNode } from './temporary-node.js'

/** What goes into a run. */
export interface RunInput {
  readonly claims: readonly Claim[]
  readonly votes: readonly SourceVote[]
  readonly rules: Rules
  readonly network: NetworkFields
  /** What the node is asked for when all is settled. */
  readonly facts: readonly GoldFact[]
}

/** What a run leaves. */
export interface RunResult {
  readonly stored: Stored
  readonly epochs: EpochView
  readonly policy: TrustPolicy
  /** What the node said before it stopped; absent in a run without one. */
  readonly told?: Told
}

/** What a settled node says. */
export interface Told {
  readonly state: StateReport
  readonly answers: LensAnswers
}

/** Runs claims and votes through a temporary node. */
export async function runPipeline(
  { claims, votes, rules, network, facts }: RunInput
): Promise<RunResult & { readonly told: Told }> {
  const directory = await mkdtemp(join(tmpdir(), 'stemedb-eval-'))
  try {
    const temporary = await openTemporaryNode(directory, network)
    const { node } = temporary
    const epoch = rulesEpoch(temporary, claims, rules)
    let told: Told
    try {
      await importClaims(temporary, claims, votes, epoch)
      const state = await node.state()
      told = { state, answers: await askAll(node, facts) }
    } finally {
      await node.stop()
    }
    const epochs = epochsOf(temporary, epoch)
    const stored = await readStored(directory, node.networkId, epochs)
    return { stored, epochs, told, policy: { seeds: node.genesis.seeds, ...node.genesis.trust } }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

function epochsOf({ node }: TemporaryNode, epoch: Uint8Array | undefined): EpochView {
  const opened = epoch === undefined ? undefined : openRecord(epoch)
  if (opened?.grade !== 'effective' || opened.record.kind !== 'epoch') return NO_EPOCHS
  return createEpochView([opened.record], new Set(node.genesis.governors))
}
