import { readFileSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AdmitResult } from '../../src/node/index.js'
import { createFakeNode, type FakeNode } from '../fakes/fake-node.js'
import { createBench, type Bench } from './harness.js'

let bench: Bench
let node: FakeNode
let admit: (records: readonly Uint8Array[]) => Promise<readonly AdmitResult[]>
const calls: number[] = []

beforeEach(async () => {
  const inner = createFakeNode()
  admit = inner.admit
  calls.length = 0
  node = createFakeNode({
    admit: (records) => {
      calls.push(records.length)
      return admit(records)
    }
  })
  bench = await createBench(node)
})

afterEach(() => bench.end())

const claim = (i: number): string => JSON.stringify({ source: `s${i % 3}`, item: `i${i}|p`, value: i })

function claimsFile(count: number): string {
  const path = bench.path(`claims-${count}.jsonl`)
  writeFileSync(path, Array.from({ length: count }, (_, i) => claim(i)).join('\n'))
  return path
}

async function importJson(...words: readonly string[]): Promise<Record<string, number>> {
  const ended = await bench.run('--json', 'import', ...words)
  if (ended.code !== 0) throw new Error(ended.stderr)
  return JSON.parse(ended.stdout) as Record<string, number>
}

describe('import of claims', () => {
  it('sends batches of 500 and counts what became of them', async () => {
    const file = claimsFile(1_201)
    expect(await importJson(file)).toMatchObject({ lines: 1_201, bad: 0, admitted: 1_201, resumed: 0 })
    expect(calls.sort()).toEqual([201, 500, 500])
    expect(await importJson(file)).toMatchObject({ admitted: 0, known: 1_201 })
  })

  it('reads a packed file to the same records', async () => {
    const file = claimsFile(10)
    writeFileSync(`${file}.gz`, gzipSync(readFileSync(file)))
    await importJson(file)
    expect(await importJson(`${file}.gz`)).toMatchObject({ known: 10 })
  })

  it('reports bad lines by number and skips them, or stops at the first', async () => {
    const file = bench.path('bad.jsonl')
    writeFileSync(file, [claim(1), '{', '', '{"source":"s","item":"i"}', claim(2),
      JSON.stringify({ source: 's', item: `${'x'.repeat(513)}|p`, value: 1 })].join('\n'))
    const ended = await bench.run('--json', 'import', file)
    expect([ended.code, JSON.parse(ended.stdout)]).toMatchObject([1, { lines: 5, bad: 3, admitted: 2 }])
    expect(ended.stderr).toContain('{"error":{"code":"CLI_SKIPPED","message":"skipped 3 bad ones of 5 lines; ')
    const notes = ended.stderr.trimEnd().split('\n').map((line) => JSON.parse(line) as { readonly note?: string })
    expect(notes.map(({ note }) => note?.slice(0, 7))).toEqual(['line 2:', 'line 4:', 'line 6:', undefined])
    const plain = await bench.run('import', file)
    expect([plain.code, plain.stderr.match(/^line \d+/gm)]).toEqual([1, ['line 2', 'line 4', 'line 6']])
    const strict = await bench.run('import', file, '--strict')
    expect([strict.code, strict.stderr]).toEqual([1, expect.stringContaining('line 2')])
  })

  it('reports what the node refuses like a bad line', async () => {
    admit = async (records) => records.map(() => ({ kind: 'refused', code: 'RECORD_INERT', rule: 'unknown-field' }))
    const file = claimsFile(2)
    const ended = await bench.run('--json', 'import', file)
    expect([ended.code, JSON.parse(ended.stdout)]).toMatchObject([1, { bad: 2, refused: 2, admitted: 0 }])
    expect(ended.stderr).toContain('line 1: refused: RECORD_INERT (unknown-field)')
    expect((await bench.run('import', file, '--strict')).code).toBe(1)
  })

  it.each([
    ['version 1', '3aa265726f6f747381d82a58250001'], ['a long header', 'd102a265726f6f747389d82a58250001'],
    ['version 2', '0aa16776657273696f6e02']
  ])('refuses a CAR file of %s at once, packed or not, and says how it is imported', async (_what, start) => {
    const bytes = Buffer.from(`${start}${'0aff'.repeat(100)}`, 'hex')
    for (const [name, content] of [['all.car', bytes], ['all.car.gz', gzipSync(bytes)]] as const) {
      writeFileSync(bench.path(name), content)
      expect(await bench.run('import', bench.path(name))).toEqual({
        code: 2, stdout: '',
        stderr: `stemedb: ${bench.path(name)} is a CAR file: import it with --format records (CLI_OTHER_FORMAT)\n`
      })
    }
    expect(calls).toEqual([])
  })

  it('sends again what the node was too busy for', async () => {
    const inner = admit
    let busy = 2
    admit = async (records) => {
      const results = await inner(records.filter((_, i) => busy === 0 || i % 2 === 0))
      if (busy === 0) return results
      busy--
      return records.map((_, i) => i % 2 === 0
        ? results[i / 2] ?? { kind: 'refused', code: 'INGEST_BUSY', rule: '' }
        : { kind: 'refused', code: 'INGEST_BUSY', rule: '' })
    }
    expect(await importJson(claimsFile(8))).toMatchObject({ admitted: 8, refused: 0, bad: 0 })
    expect(calls).toEqual([8, 4, 2])
  })

  it('goes on behind the last acknowledged line, and forgets the journal when it is done', async () => {
    const inner = admit
    let left = 2
    admit = async (records) => {
      if (left-- > 0) return inner(records)
      throw new Error('the node died')
    }
    const file = claimsFile(2_000)
    const journal = bench.path('journal.json')
    const ended = await bench.run('import', file, '--state', journal)
    const { line } = JSON.parse(readFileSync(journal, 'utf8')) as { line: number }
    expect([500, 1_000]).toContain(line)
    const said = `broken off: everything up to line ${line} is imported; the same command goes on behind it\n`
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining(said)])
    admit = inner
    const rest = await importJson(file, '--state', journal)
    expect(rest).toMatchObject({ lines: 2_000, resumed: line })
    expect((rest['admitted'] ?? 0) + (rest['known'] ?? 0)).toBe(2_000 - line)
    expect(() => readFileSync(journal)).toThrow('ENOENT')
  })

  it('takes no journal of another file for its own', async () => {
    const journal = bench.path('journal.json')
    writeFileSync(journal, JSON.stringify({ subject: 'ab'.repeat(32), line: 5 }))
    expect(await importJson(claimsFile(7), '--state', journal)).toMatchObject({ resumed: 0, admitted: 7 })
    writeFileSync(journal, '{')
    expect(await importJson(claimsFile(7), '--state', journal)).toMatchObject({ resumed: 0, known: 7 })
  })
})
