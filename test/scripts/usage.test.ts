// Scripts say how they are used.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { printReport, runScript, ScriptError, UsageError } from '../../scripts/usage.js'
import { NodeError } from '../../src/node/index.js'

const usage = 'usage: npm run thing -- [--name TEXT]'
const options = { name: { type: 'string' } } as const

afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
})

async function run(words: readonly string[], script: (name?: string) => void): Promise<object> {
  const said = { out: [] as string[], err: [] as string[] }
  vi.spyOn(console, 'log').mockImplementation((text: string) => void said.out.push(text))
  vi.spyOn(console, 'error').mockImplementation((text: string) => void said.err.push(text))
  await runScript(usage, options, async ({ name }) => script(name), words)
  return { ...said, code: process.exitCode }
}

describe('a script', () => {
  it('prints its usage for --help and does nothing else', async () => {
    const script = vi.fn()
    for (const word of ['--help', '-h']) {
      expect(await run([word], script)).toEqual({ out: [usage], err: [], code: undefined })
    }
    expect(script).not.toHaveBeenCalled()
  })

  it('ends 2 with its usage for an unknown option and for a word that it cannot use', async () => {
    const unknown = await run(['--fly'], () => undefined)
    expect(unknown).toMatchObject({ out: [], code: 2, err: [expect.stringContaining(usage)] })
    const refused = await run(['--name', 'x'], (name) => { throw new UsageError(`no thing is named ${name}`) })
    expect(refused).toEqual({ out: [], code: 2, err: [`no thing is named x\n${usage}`] })
  })

  it('ends 1 with the text alone for a failure that is to be expected', async () => {
    const coded = new NodeError({ code: 'NODE_CLAIMS_READ', path: 'x' }, 'cannot read x: no such file')
    for (const error of [new ScriptError('nothing to score'), coded]) {
      expect(await run([], () => { throw error })).toEqual({ out: [], err: [error.message], code: 1 })
    }
  })

  it('takes as many words beside its options as it says', async () => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const given: (readonly string[])[] = []
    const take = async (_values: object, names: readonly string[]): Promise<void> => void given.push(names)
    await runScript(usage, options, take, ['one', '--name', 'x'], 1)
    expect([given, process.exitCode]).toEqual([[['one']], undefined])
    await runScript(usage, options, take, ['one', 'two'], 1)
    expect([given.length, process.exitCode]).toEqual([1, 2])
    expect(said).toHaveBeenCalledWith(`one word too many: two\n${usage}`)
  })

  it('prints its report as a table or as one JSON object, never both', () => {
    const out: string[] = []
    vi.spyOn(console, 'log').mockImplementation((text: string) => void out.push(text))
    printReport({ records: 5, shares: { a: 1 } }, false)
    printReport({ records: 5, shares: { a: 1 } }, true)
    expect(out).toEqual(['records  5', 'shares   {"a":1}', '{"records":5,"shares":{"a":1}}'])
  })

  it('passes other failures on', async () => {
    await expect(run([], () => { throw new Error('broken') })).rejects.toThrow('broken')
  })
})
