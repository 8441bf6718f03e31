import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { initialize, load, mutate } from '../sim/mutants/hook.js'
import { GAPS } from '../sim/mutants/gaps.js'
import { MUTANTS } from '../sim/mutants/list.js'
import { SCENES } from '../sim/scenes.js'

const { compilerOptions } = ts.readConfigFile('tsconfig.json', (path) => readFileSync(path, 'utf8')).config as {
  compilerOptions: object
}
const { options } = ts.convertCompilerOptionsFromJson(compilerOptions, '.')

const all = [...MUTANTS, ...GAPS]
const named = all.map((mutant) => [mutant.name, mutant] as const)

test.each(named)('%s: its text stands in its file exactly once', (_, mutant) => {
  const mutated = mutate(mutant, compiled(mutant.file))
  expect(mutated).not.toBe(compiled(mutant.file))
  const how = { compilerOptions: { allowJs: true }, reportDiagnostics: true, fileName: 'a.js' }
  const { diagnostics } = ts.transpileModule(mutated, how)
  expect(diagnostics?.map(({ messageText }) => messageText)).toEqual([])
})

test('a text that stands twice in its file, or not at all, is refused', () => {
  const mutant = { name: 'any', file: 'any.js', find: 'a', replace: 'b', seeds: 1, why: 'any' }
  expect(mutate(mutant, '-a-')).toBe('-b-')
  expect(() => mutate(mutant, 'aa')).toThrow('mutant any: 2 places')
  expect(() => mutate(mutant, '')).toThrow('mutant any: 0 places')
})

test('a mutant is planted in the build that the hook belongs to, whatever its folder is called', async () => {
  const [mutant] = MUTANTS
  if (mutant === undefined) throw new Error('no mutants')
  const clean = compiled(mutant.file)
  const next = async (): Promise<{ format: string, source: Uint8Array }> =>
    ({ format: 'module', source: Buffer.from(clean) })
  const textAt = async (url: string): Promise<string> =>
    Buffer.from((await load(url, {}, next)).source ?? '').toString()
  initialize(mutant.name)
  expect(await textAt(new URL(`../../src/${mutant.file}`, import.meta.url).href)).toBe(mutate(mutant, clean))
  expect(await textAt(`file:///elsewhere/dist/src/${mutant.file}`)).toBe(clean)
})

test('the scenes that mutants name are there, and each of their numbers is another run', () => {
  const inScenes = all.filter(({ scene }) => scene !== undefined)
  expect(inScenes.length).toBeGreaterThan(0)
  for (const { scene = '', seeds } of inScenes) {
    const runs = Array.from({ length: seeds }, (_, index) => JSON.stringify(SCENES[scene]?.(index + 1)))
    expect(new Set(runs).size).toBe(seeds)
  }
})

test('the names of mutants are distinct, and there are at least 25', () => {
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
  expect(MUTANTS.length).toBeGreaterThanOrEqual(25)
})

const texts = new Map<string, string>()

/** What the compiler makes of the source, as the build does. */
function compiled(file: string): string {
  let text = texts.get(file)
  if (text === undefined) {
    const path = `src/${file.replace(/\.js$/, '.ts')}`
    const source = readFileSync(path, 'utf8')
    const compilerOptions = { ...options, module: ts.ModuleKind.ESNext, isolatedDeclarations: false }
    text = ts.transpileModule(source, { compilerOptions, fileName: path }).outputText
    texts.set(file, text)
  }
  return text
}
