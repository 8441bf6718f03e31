// The same run without a node: records that nobody signed or stored, then ballots, trust and lenses as
// everywhere. For many draws; `npm run eval` itself takes the whole path.

import { blake3Hash, type Hash, type PublicKey, utf8Bytes } from '../../src/base/index.js'
import {
  type Candidate, createEpochView, type EpochView, type KeyRecords, NO_EPOCHS, runSteps, trustBallotSteps,
  type VoteInput
} from '../../src/lenses/index.js'
import { type Claim, splitItem } from '../../src/node/index.js'
import { createSigner, encodeCanonical, seedFromName } from '../../src/record/index.js'
import { OPEN_POLICY } from '../../src/trustrank/index.js'
import type { SourceVote } from './attack.js'
import { type Rules, settingsOf } from './load.js'
import type { RunInput, RunResult } from './run.js'
import { keyName } from './stored.js'

const FULL_WEIGHT = 1_000_000

/** Runs claims and votes through ballots alone. */
export function runInMemory({ claims, votes, rules, network }: Omit<RunInput, 'facts'>): RunResult {
  const keys = new KeyRing()
  const epochs = epochsOf(claims, rules, keys)
  const records = recordsOf(claims, votes, keys)
  const seeds = (network.seedSources ?? []).map((source) => keys.of(source)).sort()
  return {
    stored: {
      records, ballots: [...records.values()].map((key) =>
        runSteps(trustBallotSteps(key, epochs.judging(key.predicate))))
    },
    epochs, policy: { ...OPEN_POLICY, ...network.trust, seeds }
  }
}

/** Keys of sources by name, the same as those of a real run. */
class KeyRing {
  readonly #keys = new Map<string, PublicKey>()

  of(source: string): PublicKey {
    const key = this.#keys.get(source) ?? createSigner(seedFromName(source)).publicKey
    this.#keys.set(source, key)
    return key
  }
}

interface Lists {
  readonly candidates: Candidate[]
  readonly votes: VoteInput[]
}

function recordsOf(
  claims: readonly Claim[], votes: readonly SourceVote[], keys: KeyRing
): ReadonlyMap<string, KeyRecords> {
  const lists = new Map<string, Lists & ReturnType<typeof splitItem>>()
  const listOf = (item: string): Lists => {
    const { subject, predicate } = splitItem(item)
    const name = keyName(subject, predicate)
    const list = lists.get(name) ?? { subject, predicate, candidates: [], votes: [] }
    lists.set(name, list)
    return list
  }
  for (const claim of claims) {
    const { source, item, value, ts = 0 } = claim
    const object = value as string | number | boolean
    listOf(item).candidates.push({
      id: idOf(claim), agentId: keys.of(source), timestampMs: ts, confidence: FULL_WEIGHT,
      object, objectBytes: encodeCanonical(object)
    })
  }
  for (const { source, claim } of votes) {
    listOf(claim.item).votes.push({
      id: blake3Hash(utf8Bytes(`${source} votes for ${idOf(claim)}`)), assertion: idOf(claim),
      agentId: keys.of(source), timestampMs: claim.ts ?? 0, weight: FULL_WEIGHT
    })
  }
  return lists
}

function idOf(claim: Claim): Hash {
  return blake3Hash(utf8Bytes(JSON.stringify([claim.source, claim.item, claim.value, claim.ts ?? 0])))
}

function epochsOf(claims: readonly Claim[], rules: Rules, keys: KeyRing): EpochView {
  const settings = settingsOf(claims, rules)
  if (settings === undefined) return NO_EPOCHS
  const governor = keys.of('governor')
  const epoch = { id: blake3Hash(utf8Bytes('epoch')), agentId: governor, timestampMs: 0, name: 'eval', settings }
  return createEpochView([epoch], new Set([governor]))
}
