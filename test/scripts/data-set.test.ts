// A data set that cannot be scored is an error, not a score of zero.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { loadDataSet } from '../../scripts/eval/load.js'
import { ScriptError } from '../../scripts/usage.js'

const root = mkdtempSync(join(tmpdir(), 'stemedb-set-'))
const path = (name: string): string => join(root, name)

beforeAll(() => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
  writeFileSync(path('claims'), '{"source":"s","item":"a|p","value":1}\n')
  writeFileSync(path('gold'), '{"item":"a|p","value":1}\n{"item":"b|p","ambiguous":true}\n')
  writeFileSync(path('other'), '{"item":"c|p","value":1}\n')
  writeFileSync(path('open'), '{"item":"a|p","ambiguous":true}\n')
})
afterAll(() => {
  vi.restoreAllMocks()
  rmSync(root, { recursive: true })
})

describe('a data set', () => {
  it('is claims and gold facts of which some are about what is claimed', async () => {
    const { claims, gold } = await loadDataSet(path('claims'), path('gold'))
    expect([claims.length, gold.length]).toEqual([1, 2])
  })

  it.each([
    ['a file of gold facts in the place of the claims', 'gold', 'gold', 'holds no claim'],
    ['a file of ambiguous facts alone', 'claims', 'open', 'holds no gold fact'],
    ['facts about other items', 'claims', 'other', 'these are two data sets']
  ])('is refused for %s', async (_what, claims, gold, said) => {
    const failure = await loadDataSet(path(claims), path(gold)).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(ScriptError)
    expect(String(failure)).toContain(said)
  })

  it('is refused with the reason when a file is missing', async () => {
    await expect(loadDataSet(path('none'), path('gold'))).rejects.toMatchObject({
      code: 'NODE_CLAIMS_READ', message: `cannot read ${path('none')}: no such file or directory`
    })
  })
})
