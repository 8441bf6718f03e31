import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadLenses } from '../../src/cli/lens-modules.js'
import { runWords } from './harness.js'

let directory = ''

function write(name: string, text: string): string {
  const path = join(directory, name)
  writeFileSync(path, text)
  return path
}

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'stemedb-lens-'))
})

afterAll(() => rmSync(directory, { recursive: true, force: true }))

describe('lens modules', () => {
  it('give one lens or several, without the view code that they may claim', async () => {
    const one = write('one.mjs', 'export default { name: "One", viewCode: 1, resolve: () => undefined }')
    const two = write('two.mjs', 'export default ["A", "B"].map((name) => ({ name, resolve: () => undefined }))')
    const lenses = await loadLenses([one, two])
    expect(lenses.map(({ name, viewCode }) => [name, viewCode])).toEqual(
      [['One', undefined], ['A', undefined], ['B', undefined]])
  })

  it('are refused by name when they hold no lens', async () => {
    const texts = ['export default {}', 'export const a = 1', 'export default [1]', 'syntax error here']
    for (const [at, text] of texts.entries()) {
      const path = write(`bad${at}.mjs`, text)
      await expect(loadLenses([path])).rejects.toMatchObject({ code: 'CLI_LENS_FILE', detail: { path } })
    }
    const ended = await runWords(['--data-dir', directory, 'start', '--lens', join(directory, 'none.mjs')])
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining('CLI_LENS_FILE')])
  })
})
