// Scenes: small worlds made by hand for what chance hardly ever hits. Each is tried at many moments, by
// number, as a seed would be: a moment that moves with the code is still among them.

import { drawFaults } from './faults.js'
import { drawOptions, type SimOptions } from './options.js'
import type { Replay } from './replay.js'

/** Makes the replay of a number, from 1. */
export type Scene = (number: number) => Replay

/** The scenes by name. */
export const SCENES: Readonly<Record<string, Scene>> = {
  /** A machine dies while the views are marked that a new trust snapshot changes; nobody writes any more. */
  'trust is swept': (number) => ({
    options: CALM,
    faults: [{
      atMs: 11_300 + 4 * number, kind: 'crash', machine: 1, power: false, index: 'kept', draw: 0, downMs: 20,
      within: 'none'
    }]
  }),
  /** The index of a machine is full for a moment, when a record's time has come; nobody restarts the node. */
  'the index is full': (number) => ({
    options: PATIENT,
    faults: [{ atMs: 1_000 * number, kind: 'full-disk', machine: number % 2, forMs: 1_500, indexOnly: true }]
  })
}

/** The world of a seed, or of a number of a scene. @throws Error for a scene that is not there */
export function worldOf(seed: number, scene?: string): Replay {
  const make = scene === undefined ? ownWorldOf : SCENES[scene]
  if (make === undefined) throw new Error(`no scene is named ${scene}: ${Object.keys(SCENES).join(', ')}`)
  return make(seed)
}

function ownWorldOf(seed: number): Replay {
  const options = drawOptions(seed)
  return { options, faults: drawFaults(options) }
}

/** Two machines, a write a second, and trust that follows each vote. */
const CALM: SimOptions = {
  seed: 1, machines: 2, liars: 0, aimed: 0, siege: false, safetyMs: 12_000, calls: 12, agents: 4, topics: 4,
  large: false, closed: false, mesh: true, syncMs: [1, 1], indexMs: 30, aheadShare: 0,
  ingest: { blockRecordsTarget: 1, sealDelayMs: 1, checkpointMs: 2_000, checkpointBytes: 1_048_576 },
  dag: {}, realSignatures: false, trustMs: 50,
  trust: { seeds: 2, standing: 'votes', halfLifeMs: 0, voteBudget: 0, roundMs: 86_400_000 }
}

/** Two machines and few writes, half of them ahead of their time. */
const PATIENT: SimOptions = {
  ...CALM, seed: 3, safetyMs: 100_000, indexMs: 2, aheadShare: 0.5, trustMs: 0, patient: true,
  trust: { ...CALM.trust, seeds: 0, standing: 'off' }
}
