// Scripts say how they are used.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { runScript, UsageError } from '../../scripts/usage.js'

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

  it('passes other failures on', async () => {
    await expect(run([], () => { throw new Error('broken') })).rejects.toThrow('broken')
  })
})
