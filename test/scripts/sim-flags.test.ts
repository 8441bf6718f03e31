// What npm run sim is asked for.

import { describe, expect, it } from 'vitest'
import { readFlags, USAGE } from '../../scripts/sim/flags.js'
import { commandOf } from '../../scripts/sim/one.js'
import { SCENES, worldOf } from '../sim/scenes.js'

const scene = Object.keys(SCENES).at(-1) ?? ''

describe('the simulator', () => {
  it('runs a seed in its own world, or as a number of a scene', () => {
    expect(readFlags(['--seed', '7'])?.mode).toEqual({ kind: 'seed', seed: 7 })
    expect(readFlags(['--scene', scene, '--seed', '7'])?.mode).toEqual({ kind: 'seed', seed: 7, scene })
    expect(worldOf(7, scene)).toEqual(SCENES[scene]?.(7))
    expect(worldOf(7).options.seed).toBe(7)
    expect(() => worldOf(7, 'none')).toThrow('no scene is named none')
  })

  it('names the scenes in its usage, and takes no other, nor one without a seed', () => {
    for (const name of Object.keys(SCENES)) expect(USAGE).toContain(name)
    for (const words of [['--scene', scene], ['--scene', scene, '--seeds', '1..2'], ['--scene', scene, '--mutants'],
      ['--scene', 'none', '--seed', '7'], ['--scene', 'toString', '--seed', '7']]) {
      expect([words, readFlags(words)]).toEqual([words, undefined])
    }
  })

  it('tells of a failure the command that runs it again', () => {
    expect(commandOf({ seed: 7 })).toBe('npm run sim -- --seed 7')
    expect(commandOf({ seed: 7, scene })).toBe(`npm run sim -- --scene '${scene}' --seed 7`)
    expect(commandOf({ path: 'a.json' })).toBe('npm run sim -- --replay a.json')
  })
})
