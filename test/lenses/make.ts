// Records for tests of lenses: hand-made, unsigned, with ids that follow from their content.

import { blake3, blake3Hash, type Hash, type PublicKey, publicKeyOf, utf8Bytes } from '../../src/base/index.js'
import {
  createEpochView, createLensInput, type Candidate, type EpochView, type Judgement, type KeyRecords,
  type Lens, type LensResult, lensSteps, NO_EPOCHS, runSteps, type TrustView, type VoteInput
} from '../../src/lenses/index.js'
import {
  type CborInput, encodeCanonical, type PredicateSettings, type Scalar, type Value
} from '../../src/record/index.js'

export function agent(name: string): PublicKey {
  return publicKeyOf(blake3(utf8Bytes(`agent ${name}`)))
}

export function bytesOf(value: Value): Uint8Array {
  return encodeCanonical(Array.isArray(value) ? value.map(inputOf) : inputOf(value as Scalar))
}

function inputOf(scalar: Scalar): CborInput {
  if (typeof scalar !== 'object' || scalar instanceof Uint8Array) return scalar
  return 'time' in scalar ? { t: scalar.time } : { r: scalar.ref }
}

export interface Said {
  readonly timestampMs?: number
  readonly confidence?: number
  readonly epoch?: Hash
  readonly source?: string
}

export function said(by: string, object: Value, fields: Said = {}): Candidate {
  const objectBytes = bytesOf(object)
  const { timestampMs = 0, confidence = 1_000_000, epoch, source } = fields
  const id = blake3Hash(utf8Bytes(`${by} ${timestampMs} ${confidence} ${source ?? ''} `), objectBytes)
  return { id, agentId: agent(by), timestampMs, object, objectBytes, confidence, epoch, source }
}

export function vote(by: string, on: Candidate, weight: number, timestampMs = 0): VoteInput {
  const id = blake3Hash(utf8Bytes(`${by} votes ${weight} at ${timestampMs} on ${on.id}`))
  return { id, assertion: on.id, agentId: agent(by), timestampMs, weight }
}

export function key(candidates: readonly Candidate[], votes: readonly VoteInput[] = []): KeyRecords {
  return { subject: 'subject', predicate: 'predicate', candidates, votes }
}

/** A view of epochs in which `predicate` has these settings. */
export function judgedBy(settings: Partial<PredicateSettings>, predicate = 'predicate'): EpochView {
  const record = {
    id: blake3Hash(utf8Bytes('epoch')), agentId: agent('governor'), timestampMs: 0, name: 'epoch',
    settings: new Map([[predicate, { cardinality: 'one', ...settings } as const]])
  }
  return createEpochView([record], new Set([agent('governor')]))
}

/** Trust that gives every agent one bit, or what `weights` says by name; `groups` joins names. */
export function trustOf(
  weights: Readonly<Record<string, number>> = {}, groups: readonly (readonly string[])[] = []
): TrustView {
  const byAgent = new Map(Object.entries(weights).map(([name, weight]) => [agent(name), weight]))
  const members = groups.flatMap((names, group) => names.map((name) => [agent(name), group] as const))
  const groupOf = new Map(members)
  return {
    generation: 0,
    weightQ: (of) => byAgent.get(of) ?? 65_536,
    gateQ: () => 65_536,
    closedWorth: () => undefined,
    groupOf: (of) => groupOf.get(of),
    accuracy: () => 682,
    standing: () => 1_024
  }
}

export function ask(
  lens: Lens, records: KeyRecords, judgement: Partial<Judgement> = {}
): LensResult | undefined {
  const input = createLensInput(records, { epochs: NO_EPOCHS, trust: trustOf(), ...judgement })
  return runSteps(lensSteps(lens, input))
}

/** A small deterministic generator (mulberry32) of whole numbers below `below`. */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

export function shuffled<T>(items: readonly T[], random: (below: number) => number): T[] {
  const result = [...items]
  for (let at = result.length - 1; at > 0; at -= 1) {
    const other = random(at + 1)
    const [left, right] = [result[at] as T, result[other] as T]
    result[at] = right
    result[other] = left
  }
  return result
}
