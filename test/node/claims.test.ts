// Files of claims and gold facts: what is read, what is reported, what throws.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CLAIMS_LIMITS, type ClaimLine, readClaims, readGold, splitItem } from '../../src/node/claims.js'
import { NodeError } from '../../src/node/errors.js'

let directory = ''
let files = 0

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stemedb-claims-'))
})

afterAll(() => rm(directory, { recursive: true }))

async function fileOf(content: string | Uint8Array, suffix = '.jsonl'): Promise<string> {
  const path = join(directory, `${files++}${suffix}`)
  await writeFile(path, content)
  return path
}

async function claimsIn(content: string | Uint8Array, suffix?: string): Promise<readonly ClaimLine[]> {
  return collect(readClaims(await fileOf(content, suffix)))
}

async function collect<T>(entries: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = []
  for await (const entry of entries) all.push(entry)
  return all
}

const good = '{"source":"a","item":"x|p","value":"v","ts":7}'
const claim = { source: 'a', item: 'x|p', value: 'v', ts: 7 }

/** A valid line of so many bytes. */
function lineOf(bytes: number): string {
  const frame = '{"source":"a","item":"i","value":""}'
  return frame.replace('""}', `"${'x'.repeat(bytes - frame.length)}"}`)
}

describe('splitItem', () => {
  it.each([
    ['a|b|p', 'a|b', 'p'],
    ['a|p', 'a', 'p'],
    ['a', 'a', 'value'],
    ['a|', 'a', ''],
    ['|p', '', 'p'],
    ['', '', 'value']
  ])('splits %j at its last bar', (item, subject, predicate) => {
    expect(splitItem(item)).toEqual({ subject, predicate })
  })
})

describe('readClaims', () => {
  it('gives each claim with the number of its line', async () => {
    const lines = await claimsIn(`${good}\n{"source":"b","item":"y","value":1.5}\n`)
    expect(lines).toEqual([{ line: 1, claim }, { line: 2, claim: { source: 'b', item: 'y', value: 1.5 } }])
  })

  it('reads a gzip file as it reads the plain one, of several members too', async () => {
    const half = gzipSync(`${good}\n`)
    expect(await claimsIn(Buffer.concat([half, half]), '.jsonl.gz')).toEqual([{ line: 1, claim }, { line: 2, claim }])
  })

  it('takes a last line without line feed, carriage returns, blank lines, and a byte order mark', async () => {
    const lines = await claimsIn(`\uFEFF${good}\r\n\r\n  \n${good}`)
    expect(lines).toEqual([{ line: 1, claim }, { line: 4, claim }])
  })

  it('gives nothing for an empty file', async () => {
    expect(await claimsIn('')).toEqual([])
  })

  it('reports a bad line with its number and goes on', async () => {
    const bad = Buffer.from([0x22, 0xff, 0x22, 0x0a])
    const lines = await claimsIn(Buffer.concat([Buffer.from(`nonsense\n[1]\n${good}\n`), bad, Buffer.from(good)]))
    expect(lines).toEqual([
      { line: 1, error: { code: 'LINE_NOT_JSON' } },
      { line: 2, error: { code: 'LINE_NOT_OBJECT' } },
      { line: 3, claim },
      { line: 4, error: { code: 'LINE_NOT_UTF8' } },
      { line: 5, claim }
    ])
  })

  it.each([
    ['source', '{"item":"i","value":1}'],
    ['source', '{"source":"","item":"i","value":1}'],
    ['source', '{"source":"\\ud800","item":"i","value":1}'],
    ['item', '{"source":"a","item":7,"value":1}'],
    ['item', '{"source":"a","item":"i|","value":1}'],
    ['item', '{"source":"a","item":"|p","value":1}'],
    ['value', '{"source":"a","item":"i"}'],
    ['value', '{"source":"a","item":"i","value":null}'],
    ['value', '{"source":"a","item":"i","value":"\\udc00"}'],
    ['ts', '{"source":"a","item":"i","value":1,"ts":-1}'],
    ['ts', '{"source":"a","item":"i","value":1,"ts":-0}'],
    ['ts', '{"source":"a","item":"i","value":1,"ts":1.5}'],
    ['ts', '{"source":"a","item":"i","value":1,"ts":9007199254740992}'],
    ['ts', '{"source":"a","item":"i","value":1,"ts":"1"}'],
    ['ts', '{"source":"a","item":"i","value":1,"ts":null}']
  ])('names %s as the field at fault in %s', async (field, text) => {
    expect(await claimsIn(text)).toEqual([{ line: 1, error: { code: 'LINE_FIELD', field } }])
  })

  it('takes timestamps from 0 to the greatest safe integer', async () => {
    const times = [0, Number.MAX_SAFE_INTEGER]
    const lines = await claimsIn(times.map((ts) => JSON.stringify({ ...claim, ts })).join('\n'))
    expect(lines).toEqual(times.map((ts, index) => ({ line: index + 1, claim: { ...claim, ts } })))
  })

  it('takes a line at the limit and reports one over it without keeping the rest', async () => {
    const max = CLAIMS_LIMITS.lineBytesMax
    const lines = await claimsIn([lineOf(max), lineOf(max + 1), lineOf(20 * max), good].join('\n'))
    expect(lines.map((entry) => 'claim' in entry ? 'claim' : entry.error.code))
      .toEqual(['claim', 'LINE_TOO_LONG', 'LINE_TOO_LONG', 'claim'])
    expect(lines.map(({ line }) => line)).toEqual([1, 2, 3, 4])
  })

  it('reports an endless last line once', async () => {
    const lines = await claimsIn(gzipSync('x'.repeat(4_000_000)), '.gz')
    expect(lines).toEqual([{ line: 1, error: { code: 'LINE_TOO_LONG', bytesMax: CLAIMS_LIMITS.lineBytesMax } }])
  })

  it('gives every claim of any list, whatever its texts', async () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    const item = text.filter((value) => !value.startsWith('|') && !value.endsWith('|'))
    const claims = fc.array(fc.record({ source: text, item, value: text }), { maxLength: 20 })
    await fc.assert(fc.asyncProperty(claims, async (list) => {
      const lines = await claimsIn(list.map((entry) => JSON.stringify(entry)).join('\n'))
      expect(lines).toEqual(list.map((entry, index) => ({ line: index + 1, claim: entry })))
    }), { numRuns: 30 })
  })

  it('never throws over the bytes of a file that can be read', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
      await claimsIn(bytes)
    }), { numRuns: 50 })
  })

  it('throws a coded error for a missing file, plain or gzip', async () => {
    for (const name of ['none.jsonl', 'none.jsonl.gz']) {
      const path = join(directory, name)
      const error: unknown = await collect(readClaims(path)).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(NodeError)
      expect(error).toMatchObject({ detail: { code: 'NODE_CLAIMS_READ', path }, cause: { code: 'ENOENT' } })
    }
  })

  it('throws a coded error for gzip that is cut short or no gzip at all', async () => {
    const whole = gzipSync(`${good}\n`.repeat(100))
    for (const content of [whole.subarray(0, -9), Buffer.from(good)]) {
      await expect(claimsIn(content, '.gz')).rejects.toMatchObject({ code: 'NODE_CLAIMS_READ' })
    }
  })

  it('lets a reader leave early', async () => {
    const path = await fileOf(gzipSync(`${good}\n`.repeat(100_000)), '.gz')
    for await (const entry of readClaims(path)) {
      expect(entry).toEqual({ line: 1, claim })
      break
    }
  })
})

describe('readGold', () => {
  it('gives settled facts with a value, ambiguous ones without', async () => {
    const path = await fileOf([
      '{"item":"x|p","value":"v","reason":"law"}',
      '{"item":"y|p","ambiguous":true,"reason":"two"}',
      '{"item":"z|p"}'
    ].join('\n'))
    expect(await collect(readGold(path))).toEqual([
      { line: 1, gold: { item: 'x|p', value: 'v' } },
      { line: 2, gold: { item: 'y|p' } },
      { line: 3, error: { code: 'LINE_FIELD', field: 'value' } }
    ])
  })
})
