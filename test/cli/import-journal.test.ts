import { existsSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { networkIdOf } from '../../src/base/index.js'
import { openJournal, type ImportJournal } from '../../src/cli/import-journal.js'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stemedb-journal-'))
  writeFileSync(join(directory, 'claims.jsonl'), '{}')
})

afterEach(() => rm(directory, { recursive: true, force: true }))

const path = (): string => join(directory, 'journal.json')
const open = (): Promise<ImportJournal> =>
  openJournal({ directory, path: path() }, join(directory, 'claims.jsonl'), networkIdOf(new Uint8Array(32)))

describe('the journal of an import', () => {
  it('holds nothing while the first batch is without its receipts, though the second has them', async () => {
    await (await open()).note(0)
    expect(existsSync(path())).toBe(false)
  })

  it('never goes back behind the line of an earlier import', async () => {
    await (await open()).note(500)
    const resumed = await open()
    await resumed.note(0)
    expect((await open()).startLine).toBe(500)
    await resumed.note(501)
    expect((await open()).startLine).toBe(501)
  })
})
