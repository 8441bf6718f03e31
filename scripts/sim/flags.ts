// The flags of npm run sim.

import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { SCENES } from '../../test/sim/scenes.js'

/** What to run. */
export type SimMode =
  | { readonly kind: 'seed'; readonly seed: number; readonly scene?: string }
  | { readonly kind: 'seeds'; readonly from: number; readonly to: number }
  | { readonly kind: 'replay'; readonly path: string }
  | { readonly kind: 'mutants'; readonly name?: string }

/** What was asked for. */
export interface SimFlags {
  readonly mode: SimMode
  readonly jobs: number
  readonly minimised: boolean
  readonly logged: boolean
  readonly traced: boolean
}

/** How the command is used. */
export const USAGE: string = `usage: npm run sim -- --seed N [--trace] [--minimise] [--log]
       npm run sim -- --scene NAME --seed N [--trace] [--minimise] [--log]
       npm run sim -- --seeds A..B [--jobs J]
       npm run sim -- --mutants | --mutant NAME [--jobs J]
       npm run sim -- --replay FILE [--trace] [--minimise] [--log]
scenes: ${Object.keys(SCENES).join(', ')}`

/** The flags, or undefined for a command line that is none. */
export function readFlags(args: readonly string[]): SimFlags | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seed: { type: 'string' }, seeds: { type: 'string' }, replay: { type: 'string' }, jobs: { type: 'string' },
        trace: { type: 'boolean', default: false }, minimise: { type: 'boolean', default: false },
        log: { type: 'boolean', default: false }, scene: { type: 'string' }, mutants: { type: 'boolean' }, mutant: { type: 'string' }
      }
    })
    const mode = modeOf(values)
    const jobs = values.jobs === undefined ? availableParallelism() : Number(values.jobs)
    if (mode === undefined || !(Number.isInteger(jobs) && jobs > 0)) return undefined
    return { mode, jobs, minimised: values.minimise, logged: values.log, traced: values.trace }
  } catch {
    return undefined
  }
}

function modeOf(
  values: {
    seed?: string; scene?: string; seeds?: string; replay?: string; mutants?: boolean; mutant?: string
  }
): SimMode | undefined {
  const { seed, scene, seeds, replay, mutants, mutant: name } = values
  const given = [seed, seeds, replay, mutants, name].filter((value) => value !== undefined)
  if (given.length !== 1 || scene !== undefined && seed === undefined) return undefined
  if (mutants === true) return { kind: 'mutants' }
  if (name !== undefined) return { kind: 'mutants', name }
  if (replay !== undefined) return { kind: 'replay', path: replay }
  if (seed !== undefined) {
    if (!isSeed(seed) || scene !== undefined && !Object.hasOwn(SCENES, scene)) return undefined
    return { kind: 'seed', seed: Number(seed), ...(scene === undefined ? {} : { scene }) }
  }
  const [from = '', to = from, ...rest] = seeds?.split('..') ?? []
  if (!isSeed(from) || !isSeed(to) || rest.length > 0 || Number(from) > Number(to)) return undefined
  return { kind: 'seeds', from: Number(from), to: Number(to) }
}

function isSeed(text: string): boolean {
  return /^\d{1,9}$/.test(text)
}
