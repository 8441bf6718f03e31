// The words of the README, in real processes: a node, two agents, an invite, a second node.

import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitFor, waitForEqualTags, type ProcessNode } from '../../scripts/cluster/process-node.js'
import { createStage, type Stage } from './shell.js'

interface Answer {
  readonly winner: { readonly object: unknown; readonly assertion_hash: string }
  readonly score: number
  readonly undecided: boolean
  readonly evidence: object
}
interface Receipt {
  readonly result: string
  readonly id: string
}

let stage: Stage
let first: ProcessNode
let a: string

beforeAll(async () => {
  stage = createStage()
  a = stage.path('a')
  await stage.json('init', '--data-dir', a, '--name', 'e2e')
  first = await stage.start('a')
})

afterAll(() => stage.end())

const on = (directory: string): readonly string[] => ['--data-dir', directory]

describe('one node and two agents', () => {
  let gitega: string

  it('shows the winner with its evidence', async () => {
    await stage.json('key', stage.path('bob.key'))
    const { id } = await stage.json<Receipt>('assert', 'BI', 'capital', 'Gitega', '--source', 'atlas', ...on(a))
    gitega = id
    const alone = await stage.json<Answer>('get', 'BI', 'capital', '--fresh', ...on(a))
    expect(alone).toMatchObject({ winner: { object: 'Gitega' }, undecided: false, score: 6 })
    await stage.json('assert', 'BI', 'capital', 'Bujumbura', '--key', stage.path('bob.key'), ...on(a))
    await stage.json('key', stage.path('eve.key'))
    const vote = await stage.json<Receipt>('vote', gitega, '--weight', '0.5', '--key', stage.path('eve.key'), ...on(a))
    // The founder, whom trust starts from, holds 6 bits from the first answer on.
    const answer = await stage.json<Answer>('get', 'BI', 'capital', '--fresh', '--explain', ...on(a))
    expect(answer).toMatchObject({ winner: { object: 'Gitega', assertion_hash: gitega }, undecided: false })
    expect(answer.score).toBeGreaterThanOrEqual(6)
    expect(answer.evidence).toMatchObject({ assertions: 2, votes: 1, backing: [gitega, vote.id].sort() })
    const shown = await stage.run('get', 'BI', 'capital', ...on(a))
    expect(shown.stdout).toMatch(/^Gitega\n/)
    expect(shown.stdout).toContain('Bujumbura')
    expect(shown.stderr).toBe('')
  })

  it('answers curl under the seed\'s names', async () => {
    const answer = await first.get<Answer>('/query?subject=BI&predicate=capital&lens=Consensus')
    expect(answer.winner).toMatchObject({ object: 'Gitega', assertion_hash: gitega, source: 'atlas' })
  })

  it('holds a record of the future in quarantine', async () => {
    const at = String(Date.now() + 3_600_000)
    const receipt = await stage.json<Receipt>('assert', 'x', 'p', 'later', '--at', at, ...on(a))
    expect(receipt.result).toBe('quarantined')
    const { records } = await stage.json<{ records: readonly Receipt[] }>('quarantine', ...on(a))
    expect(records.map(({ id }) => id)).toEqual([receipt.id])
    expect((await stage.run('get', 'x', 'p', ...on(a))).code).toBe(3)
  })

  it('lets a second node join by invite, which then answers the same', async () => {
    const { invite } = await stage.json<{ invite: string }>('invite', ...on(a))
    const b = stage.path('b')
    const joined = await stage.run('join', invite, '--yes', '--listen', '/ip4/127.0.0.1/tcp/0', ...on(b))
    expect([joined.code, joined.stderr]).toEqual([0, expect.stringContaining('e2e')])
    expect(joined.stdout).toMatch(/^converged at [0-9a-f]{64}/)
    const second = await stage.start('b')
    const [one, other] = await waitForEqualTags([first, second], 60_000)
    expect(other?.tag).toMatchObject({ view_digest: one?.tag?.view_digest, records: one?.records })
    const theirs = await stage.json<Answer>('get', 'BI', 'capital', ...on(b))
    expect(theirs.winner.assertion_hash).toBe(gitega)
    const { peers } = await stage.json<{ peers: readonly { equal_frontier: boolean }[] }>('peers', ...on(b))
    expect(peers).toHaveLength(1)
    const shared = await stage.run('assert', 'ack', 'is', 'shared', '--ack', 'peers:1', ...on(b))
    expect([shared.code, shared.stdout]).toEqual([0, expect.stringContaining('1 of 1 other nodes')])
    const short = await stage.run('assert', 'ack', 'is', 'short', '--ack', 'peers:2', '--timeout', '1s', ...on(b))
    expect([short.code, short.stdout]).toEqual([1, expect.stringContaining('1 of 2 other nodes')])
    await second.kill('SIGTERM')
    expect((await stage.json<{ sound: boolean }>('verify', ...on(b))).sound).toBe(true)
  })
})

describe('import and export', () => {
  it('skips bad lines by number, and is idempotent', async () => {
    const file = stage.path('claims.jsonl')
    const line = (source: string, item: string, value: unknown): string =>
      JSON.stringify({ source, item, value })
    writeFileSync(file, [
      line('s1', 'A|B|colour', 'red'), 'not json', line('s2', 'A|B|colour', 'red'), '{"source":"s"}',
      line('s3', 'A|B|colour', [[1]]), line('s3', 'A|B|colour', 'blue'), line('s1', 'no bar', 5)
    ].join('\n'))
    const ran = await stage.run('--json', 'import', file, ...on(a))
    expect([ran.code, JSON.parse(ran.stdout)]).toMatchObject([1, { lines: 7, bad: 3, admitted: 4, known: 0 }])
    const remarks = ran.stderr.trim().split('\n').map((text) => JSON.parse(text) as { note?: string })
    expect(remarks.flatMap(({ note = '' }) => note.match(/^line \d+/) ?? [])).toEqual(['line 2', 'line 4', 'line 5'])
    const again = await stage.run('--json', 'import', file, ...on(a))
    expect(JSON.parse(again.stdout)).toMatchObject({ admitted: 0, known: 4 })
    expect(await stage.json('get', 'A|B', 'colour', '--fresh', ...on(a))).toMatchObject({ winner: { object: 'red' } })
    expect(await stage.json('get', 'no bar', 'value', ...on(a))).toMatchObject({ winner: { object: 5, timestamp: 0 } })
    const strict = await stage.run('import', file, '--strict', ...on(a))
    expect([strict.code, strict.stderr]).toEqual([1, expect.stringContaining('line 2')])
  })

  it('goes on where a killed import was', async () => {
    const file = stage.path('many.jsonl')
    const claim = (i: number): string => JSON.stringify({ source: `s${i % 7}`, item: `i${i}|p`, value: i })
    writeFileSync(file, Array.from({ length: 6_000 }, (_, i) => claim(i)).join('\n'))
    const journal = stage.path('journal.json')
    const killed = stage.spawn('import', file, '--state', journal, ...on(a))
    const before = (await first.state()).records
    for (let noted = false; !noted;) {
      noted = await import('node:fs/promises').then((fs) => fs.access(journal)).then(() => true, () => false)
    }
    killed.kill('SIGKILL')
    await killed.ended
    const rest = await stage.json<{ resumed: number; lines: number; admitted: number; known: number }>(
      'import', file, '--state', journal, ...on(a))
    expect(rest.lines).toBe(6_000)
    expect(rest.resumed).toBeGreaterThan(0)
    expect(rest.resumed + rest.admitted + rest.known).toBe(6_000)
    await stage.json('get', 'i5999', 'p', '--fresh', ...on(a))
    expect((await first.state()).records - before).toBeLessThanOrEqual(6_000)
    expect(await first.get('/v1/query?subject=i0&predicate=p')).toMatchObject({ winner: { object: 0 } })
  })

  it('carries a whole network in a CAR file into a node that knows nobody', async () => {
    const file = stage.path('all.car')
    const exported = await stage.json<{ records: number }>('export', file, ...on(a))
    const asClaims = await stage.run('import', file, ...on(a))
    expect([asClaims.code, asClaims.stderr]).toEqual([2, expect.stringContaining('--format records')])
    const { invite } = await stage.json<{ invite: string }>('invite', '--address', '/ip4/127.0.0.1/tcp/1', ...on(a))
    const c = stage.path('c')
    expect((await stage.run('join', invite, '--yes', '--no-sync', ...on(c))).code).toBe(0)
    const third = await stage.start('c')
    const result = await stage.json<{ blocks: { accepted: number } }>('import', '--format', 'records', file, ...on(c))
    expect(result.blocks.accepted).toBeGreaterThan(0)
    const [one, other] = await waitForEqualTags([first, third], 60_000)
    expect(other?.records).toBe(exported.records)
    expect(other?.frontier_root).toBe(one?.frontier_root)
    writeFileSync(stage.path('cut.car'), readFileSync(file).subarray(0, -7))
    const cut = await stage.run('import', '--format', 'records', stage.path('cut.car'), ...on(c))
    expect([cut.code, cut.stderr]).toEqual([1, expect.stringContaining('CLI_BAD_CAR')])
    await third.kill('SIGTERM')
  })
})

describe('bad input', () => {
  it('ends with its exit code', async () => {
    const cases = [
      [['fly'], 2, 'unknown command'], [['get', 'nobody', 'knows'], 3, 'LENS_NO_CANDIDATES'],
      [['get', 'a', 'b', '--lens', 'rose'], 2, 'LENS_UNKNOWN'], [['init'], 1, 'NODE_DIRECTORY_EXISTS'],
      [['verify'], 1, 'STORE_LOCKED'], [['status', '--api', 'http://127.0.0.1:1'], 6, 'CLI_UNREACHABLE']
    ] as const
    for (const [words, code, said] of cases) {
      const ended = await stage.run(...words, ...on(a))
      expect([ended.code, ended.stdout, ended.stderr]).toEqual([code, '', expect.stringContaining(said)])
    }
  })

  it('refuses a second node on one directory, and says who has it', async () => {
    const ended = await stage.run('start', '--api-port', '0', '--listen', '/ip4/127.0.0.1/tcp/0', ...on(a))
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining(String(first.pid))])
  })

  it('refuses a public bind without the flag', async () => {
    const d = stage.path('d')
    await stage.json('init', ...on(d))
    const ended = await stage.run('start', '--api-host', '0.0.0.0', '--api-port', '0', '--listen',
      '/ip4/127.0.0.1/tcp/0', ...on(d))
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining('API_PUBLIC_BIND')])
  })

  it('refuses the data directory of another network', async () => {
    const d = stage.path('other')
    await stage.json('init', ...on(d))
    const { invite } = await stage.json<{ invite: string }>('invite', ...on(a))
    const ended = await stage.run('join', invite, '--yes', ...on(d))
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining('NODE_OTHER_NETWORK')])
  })

  it('does not join without a yes', async () => {
    const { invite } = await stage.json<{ invite: string }>('invite', ...on(a))
    const ended = await stage.run('join', invite, ...on(stage.path('unasked')))
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining('CLI_DECLINED')])
  })
})

describe('signals', () => {
  it('stops cleanly on SIGTERM with 0 and on SIGINT with 130', async () => {
    const d = stage.path('signals')
    await stage.json('init', ...on(d))
    for (const [signal, code] of [['SIGTERM', 0], ['SIGINT', 130]] as const) {
      const words = ['start', '--api-port', '0', '--listen', '/ip4/127.0.0.1/tcp/0', '--log-level', 'info']
      const node = stage.spawn(...words, ...on(d))
      const url = await apiOf(d)
      await waitFor('ready', 20_000, async () => (await fetch(`${url}/readyz`)).status === 200)
      node.kill(signal)
      const stderr: unknown = expect.stringMatching(/^stopped$/m)
      expect(await node.ended).toMatchObject({ code, signal: null, stderr })
      await expect(fetch(`${url}/readyz`)).rejects.toThrow()
      expect(await stage.json('verify', ...on(d))).toMatchObject({ sound: true, replay: 0 })
    }
  })

  /** The URL that a starting node notes in its directory. */
  async function apiOf(directory: string): Promise<string> {
    for (;;) {
      try {
        const url = readFileSync(`${directory}/api-url`, 'utf8').trim()
        if (url !== '') return url
      } catch {
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
  }
})
