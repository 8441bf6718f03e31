// One run of the whole pipeline: signed records, a node, its index, ballots, trust.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Hash } from '../../src/base/index.js'
import { createEpochView, type EpochView, NO_EPOCHS } from '../../src/lenses/index.js'
import type { Claim, StateReport } from '../../src/node/index.js'
import { openRecord } from '../../src/record/index.js'
import type { TrustPolicy } from '../../src/trustrank/index.js'
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
}

/** What a run leaves. */
export interface RunResult {
  readonly stored: Stored
  readonly epochs: EpochView
  readonly policy: TrustPolicy
  readonly state: StateReport
}

/** Runs claims and votes through a temporary node. */
export async function runPipeline({ claims, votes, rules, network }: RunInput): Promise<RunResult> {
  const directory = await mkdtemp(join(tmpdir(), 'stemedb-eval-'))
  try {
    const temporary = await openTemporaryNode(directory, network)
    const { node } = temporary
    const epoch = rulesEpoch(temporary, claims, rules)
    let state: StateReport
    try {
      await importClaims(temporary, claims, votes, epoch)
      state = await node.state()
    } finally {
      await node.stop()
    }
    const epochs = epochsOf(temporary, epoch)
    const stored = await readStored(directory, node.networkId, epochs)
    return { stored, epochs, state, policy: { seeds: node.genesis.seeds, ...node.genesis.trust } }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** The trust that a node published must be the one that answers are scored under: else the run is void. */
export function checkPublished(state: StateReport, digest: Hash): void {
  const published = state.tag?.trustDigest
  if (published !== digest) throw new Error(`the node published trust ${published}, not ${digest}`)
}

function epochsOf({ node }: TemporaryNode, epoch: Uint8Array | undefined): EpochView {
  const opened = epoch === undefined ? undefined : openRecord(epoch)
  if (opened?.grade !== 'effective' || opened.record.kind !== 'epoch') return NO_EPOCHS
  return createEpochView([opened.record], new Set(node.genesis.governors))
}
