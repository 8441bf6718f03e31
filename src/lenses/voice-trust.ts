// What published trust says of those who speak about one key.
// Why in one walk: all that is asked of an agent is asked at once, so trust looks it up once.

import type { PublicKey } from '../base/index.js'
import type { Ballots } from './join.js'
import { type Steps, TURNS_PER_STEP } from './steps.js'
import type { TrustView } from './types.js'

/** Trust by voice, and by row of the ballots. */
export interface VoiceTrust {
  /** By voice: Q16 bits of its whole ballot. */
  readonly weights: readonly number[]
  /** By voice: its clone group; undefined = it stands alone. */
  readonly groups: readonly (number | undefined)[]
  /** By row: Q16 share of its weight that the ballot keeps. */
  readonly gates: readonly number[]
}

/** Trust in voices and their ballots. @param clusters answers that a ballot tells apart */
export function* voiceTrustSteps(
  voices: readonly PublicKey[], ballots: Ballots, trust: TrustView, clusters: number, predicate: string
): Steps<VoiceTrust> {
  const weights = new Array<number>(voices.length).fill(-1)
  const groups = new Array<number | undefined>(voices.length).fill(undefined)
  const ask = (voice: number, agent: PublicKey): void => {
    if ((weights[voice] ?? 0) >= 0) return
    weights[voice] = trust.weightQ(agent, clusters, predicate)
    groups[voice] = trust.groupOf(agent)
  }
  const gates: number[] = []
  for (let row = 0; row < ballots.voice.length; row += 1) {
    if (row % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    const voice = ballots.voice[row] ?? 0
    const agent = voices[voice]
    if (agent !== undefined) ask(voice, agent)
    gates.push(agent === undefined ? 0 : trust.gateQ(agent, ballots.timeMs[row] ?? 0))
  }
  for (const [voice, agent] of voices.entries()) {
    if (voice % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    ask(voice, agent)
  }
  return { weights, groups, gates }
}
