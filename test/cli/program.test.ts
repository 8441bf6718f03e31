import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LensError } from '../../src/lenses/index.js'
import { lockDataDirectory, whileLocked } from '../../src/node/index.js'
import { createFakeNode, fakeNowMs } from '../fakes/fake-node.js'
import { createBench, runWords, type Bench } from './harness.js'

let bench: Bench

beforeAll(async () => {
  bench = await createBench(createFakeNode({
    query: async () => { throw new LensError({ code: 'LENS_NO_CANDIDATES', lens: 'Consensus' }, 'nothing is said') }
  }))
})

afterAll(() => bench.end())

describe('a write that waits for peers', () => {
  it('shows how many hold the record, and ends with 1 when they are too few', async () => {
    const at = ['--at', String(fakeNowMs)]
    const held = await bench.run('assert', 'a', 'b', 'c', ...at, '--ack', 'peers:2', '--timeout', '5s')
    expect([held.code, held.stderr]).toEqual([0, ''])
    expect(held.stdout).toContain('2 of 2 other nodes')
    const short = await createBench(createFakeNode({
      admitAcknowledged: async (records, { peers: wanted }) => (await createFakeNode().admit(records))
        .map((result) => ({ result, ack: { wanted, acknowledgedBy: 1, code: 'ACK_TIMEOUT' } }))
    }))
    const ended = await short.run('--json', 'assert', 'a', 'b', 'c', ...at, '--ack', 'peers:2')
    await short.end()
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining('CLI_ACK_SHORT')])
    expect(ended.stderr).toContain('durable here; 1 of 2 other nodes hold it in time')
    expect(JSON.parse(ended.stdout)).toMatchObject({ result: 'admitted', ack: { acknowledged_by: 1 } })
  })
})

describe('exit codes', () => {
  const cases: readonly (readonly [string, readonly string[], number, string])[] = [
    ['an unknown command', ['fly'], 2, 'unknown command'],
    ['an unknown option', ['status', '--fly'], 2, 'unknown option'],
    ['a missing argument', ['assert', 'a', 'b'], 2, 'missing required argument'],
    ['one argument too many', ['status', 'x'], 2, 'too many arguments'],
    ['a bad hash', ['vote', 'xyz'], 2, '64 lower-case hex digits'],
    ['a weight over 1', ['vote', '00'.repeat(32), '--weight', '1.1'], 2, 'at most 6 places'],
    ['a weight of 7 places', ['vote', '00'.repeat(32), '--weight', '0.1234567'], 2, 'at most 6 places'],
    ['a port over 65,535', ['start', '--api-port', '65536'], 2, 'from 0 to 65535'],
    ['a format that is none', ['import', 'x', '--format', 'xml'], 2, 'Allowed choices'],
    ['an object that is no value', ['assert', 'a', 'b', '[[1]]'], 2, 'CLI_USAGE'],
    ['a subject of 513 bytes', ['assert', 'x'.repeat(513), 'b', 'c'], 2, 'subject must be a text of 1 to 512 bytes'],
    ['an empty subject', ['assert', '', 'b', 'c'], 2, 'subject must be a text of 1 to 512 bytes (CLI_USAGE)'],
    ['a list of 65 entries', ['assert', 'a', 'b', JSON.stringify(Array(65).fill(1))], 2, 'a list of at most 64 entries'],
    ['a time that is none', ['assert', 'a', 'b', 'c', '--at', 'soon'], 2, '--at'],
    ['an ack of no peer', ['assert', 'a', 'b', 'c', '--ack', 'peers:0'], 2, 'n from 1 to 64'],
    ['an ack of 65 peers', ['vote', '00'.repeat(32), '--ack', 'peers:65'], 2, 'n from 1 to 64'],
    ['a wait over 20 s', ['epoch', 'e', '--ack', 'peers:1', '--timeout', '20001ms'], 2, 'at most 20s'],
    ['a wait for nothing', ['assert', 'a', 'b', 'c', '--timeout', '5s'], 2, '--timeout is how long'],
    ['nothing said', ['get', 'a', 'b'], 3, 'LENS_NO_CANDIDATES'],
    ['nobody there', ['status', '--api', 'http://127.0.0.1:1'], 6, 'CLI_UNREACHABLE'],
    ['a cut invite', ['join', 'ep1AAAA', '--yes'], 1, 'INVITE_DAMAGED'],
    ['no invite at all', ['join', 'hello', '--yes'], 1, 'INVITE_NOT_ONE'],
    ['a missing key file', ['assert', 'a', 'b', 'c', '--key', '/nowhere/key'], 1,
      'cannot read /nowhere/key: no such file or directory (NODE_FILE_UNREADABLE)'],
    ['a missing file of claims', ['import', '/nowhere/claims'], 1,
      'cannot read /nowhere/claims: no such file or directory (CLI_FILE)'],
    ['a directory of claims', ['import', '/tmp'], 1, 'cannot read /tmp: it is a directory'],
    ['a missing CAR file', ['import', '/nowhere/car', '--format', 'records'], 1,
      'cannot read /nowhere/car: no such file or directory (CLI_FILE)'],
    ['a plan that is not there', ['preflight', 's', '--plan', '/nowhere/plan'], 1,
      'cannot read /nowhere/plan: no such file or directory (CLI_FILE)'],
    ['a directory without a node', ['invite'], 1, 'NODE_DIRECTORY_MISSING'],
    ['settings that are no JSON', ['epoch', 'e', '--predicates', '/etc/hostname'], 1, 'is not JSON']
  ]
  it.each(cases)('tell %s', async (_what, words, code, said) => {
    const ended = await bench.run(...words)
    expect([ended.code, ended.stderr]).toEqual([code, expect.stringContaining(said)])
    expect(ended.stdout).toBe('')
  })

  it('are 6 for a directory whose node does not run, though another node may', async () => {
    for (const directory of [bench.directory, bench.path('nowhere')]) {
      const ended = await runWords(['--data-dir', directory, 'status'])
      expect([ended.code, ended.stderr]).toEqual([6, expect.stringContaining(`no node runs on ${directory}`)])
    }
  })

  it('are 0 for help and version, which are data', async () => {
    const help = await runWords(['--help'])
    expect([help.code, help.stderr]).toEqual([0, ''])
    expect(help.stdout).toContain('Exit codes: 0 ok, 1 failure, 2 usage, 3 not found, 4 constraint violated, 6 node unreachable, 130 interrupted')
    expect(await runWords(['--version'])).toEqual({ code: 0, stdout: '1.2.3\n', stderr: '' })
    expect((await runWords(['get', '--help'])).stdout).toContain('--json')
  })

  it('are 2 for a lens that there is not, with those that there are', async () => {
    const unknown = new LensError({ code: 'LENS_UNKNOWN', lens: 'x', known: ['Consensus', 'Recency'] }, 'no lens is named x')
    const other = await createBench(createFakeNode({ query: async () => { throw unknown } }))
    const ended = await other.run('get', 'a', 'b', '--lens', 'x')
    await other.end()
    expect([ended.code, ended.stdout]).toEqual([2, ''])
    expect(ended.stderr).toBe('stemedb: no lens is named x; there are Consensus, Recency (LENS_UNKNOWN)\n')
  })

  it('are 2 for words that only the node can judge', async () => {
    const ended = await bench.run('get', 'a', 'x'.repeat(513))
    expect([ended.code, ended.stderr]).toEqual([2, expect.stringContaining('predicate must have at most')])
  })

  it('are 130 when a signal came', async () => {
    const stop = new AbortController()
    stop.abort('SIGINT')
    expect((await runWords(['status', '--api', 'http://127.0.0.1:1'], stop.signal)).code).toBe(130)
  })

  it('come with an object on stderr when JSON is asked for', async () => {
    const ended = await bench.run('--json', 'get', 'a', 'b')
    expect(JSON.parse(ended.stderr)).toEqual({ error: { code: 'LENS_NO_CANDIDATES', message: 'nothing is said' } })
  })
})

describe('signing', () => {
  const at = ['--at', String(fakeNowMs)]

  it('happens here, with the agent key of the directory or of a file', async () => {
    const first = await bench.run('--json', 'assert', 's', 'p', 'o', ...at)
    expect([first.code, JSON.parse(first.stdout).result]).toEqual([0, 'admitted'])
    const again = await bench.run('--json', 'assert', 's', 'p', 'o', ...at)
    expect(JSON.parse(again.stdout)).toEqual({ status: 200, result: 'known', id: JSON.parse(first.stdout).id })
    const made = await bench.run('--json', 'key', bench.path('second.key'))
    const second = await bench.run('--json', 'assert', 's', 'p', 'o', '--key', bench.path('second.key'), ...at)
    expect(JSON.parse(second.stdout).id).not.toBe(JSON.parse(first.stdout).id)
    const shown = await bench.run('--json', 'key', bench.path('second.key'), '--show')
    expect(shown.stdout).toBe(made.stdout)
    const vote = await bench.run('vote', JSON.parse(first.stdout).id, '--weight', '0.25', ...at)
    expect(vote.stdout).toMatch(/^result +admitted\nid +[0-9a-f]{64}\n$/)
  })

  it('takes every field of an assertion, and settings of an epoch', async () => {
    const hash = 'ab'.repeat(32)
    const full = await bench.run('assert', 's', 'p', '5', '--type', 'text', '--confidence', '0.5', '--source', 'src',
      '--epoch', hash, '--lineage', hash, '--lineage', 'cd'.repeat(32), ...at)
    expect([full.code, full.stderr]).toEqual([0, ''])
    writeFileSync(bench.path('settings.json'), '{"p": {"cardinality": "many"}}')
    const epoch = await bench.run('epoch', 'e', '--predicates', bench.path('settings.json'), '--supersedes', hash, ...at)
    expect([epoch.code, epoch.stderr]).toEqual([0, ''])
  })

  it('says when a record is released that waits', async () => {
    const later = await bench.run('assert', 's', 'p', 'later', '--at', String(fakeNowMs + 90_000))
    expect(later.stdout).toContain('released  1970-01-01T00:17:40.000Z')
  })

  it('tells when the assertion of a vote is not here yet; the vote is taken', async () => {
    const unknown = 'ab'.repeat(32)
    const vote = await bench.run('vote', unknown, ...at)
    expect([vote.code, vote.stderr]).toEqual([0,
      `note: no assertion ${unknown} is here yet; the vote is kept and counts once it arrives\n`])
    const asserted = await bench.run('--json', 'assert', 's', 'hinted', 'o', ...at)
    const known = await bench.run('vote', JSON.parse(asserted.stdout).id, ...at)
    expect([known.code, known.stderr]).toEqual([0, ''])
    const onVote = await bench.run('vote', /^id +(.*)$/m.exec(known.stdout)?.[1] ?? '', ...at)
    expect([onVote.code, onVote.stderr]).toEqual([0, expect.stringContaining('is no assertion')])
  })

  it('never overwrites a key, and refuses one that others can read or that is none', async () => {
    const file = bench.path('third.key')
    await bench.run('key', file)
    expect((await bench.run('key', file)).code).toBe(1)
    chmodSync(file, 0o640)
    const loose = await bench.run('assert', 'a', 'b', 'c', '--key', file)
    expect([loose.code, loose.stderr]).toEqual([1, expect.stringContaining('NODE_KEY_MODE')])
    writeFileSync(file, 'no key')
    chmodSync(file, 0o600)
    const none = await bench.run('assert', 'a', 'b', 'c', '--key', file)
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('NODE_FILE_INVALID')])
  })
})

describe('a new directory', () => {
  it('is followed by the command that starts it, with the words that name it', async () => {
    const plain = join(bench.directory, 'fresh')
    expect((await runWords(['init', '--data-dir', plain])).stderr).toBe(`next: stemedb start --data-dir ${plain}\n`)
    const odd = join(bench.directory, "it's new")
    const quoted = `'${odd.replace("'", "'\\''")}'`
    expect((await runWords(['--data-dir', odd, 'init'])).stderr).toBe(`next: stemedb start --data-dir ${quoted}\n`)
  })

  it('that is in use says by whom, before the port is tried', async () => {
    const place = join(bench.directory, 'used')
    await runWords(['init', '--data-dir', place])
    const taken = new URL(bench.url).port
    await whileLocked(place, async () => {
      for (const words of [['start', '--api-port', taken], ['verify']]) {
        const ended = await runWords(['--data-dir', place, ...words])
        expect([ended.code, ended.stdout]).toEqual([1, ''])
        expect(ended.stderr).toBe(`stemedb: ${place} is in use by process ${process.pid} (STORE_LOCKED)\n`)
      }
    })
    const free = await runWords(['--data-dir', place, 'start', '--api-port', taken, '--log-level', 'silent'])
    expect([free.code, free.stderr]).toEqual([1,
      `stemedb: cannot listen on 127.0.0.1:${taken}: the address is in use; give another port with --api-port (API_ADDRESS)\n`])
    await (await lockDataDirectory(place)).release()
  })
})

describe('a node', () => {
  it('says that it has stopped, to people alone', async () => {
    const place = join(bench.directory, 'stopping')
    await runWords(['init', '--data-dir', place])
    const stop = new AbortController()
    stop.abort('SIGTERM')
    const words = ['--data-dir', place, 'start', '--api-port', '0', '--listen', '/ip4/127.0.0.1/tcp/0', '--log-level', 'silent']
    expect(await runWords(words, stop.signal)).toEqual({ code: 0, stdout: '', stderr: 'stopped\n' })
    expect((await runWords(['--json', ...words], stop.signal)).stderr).toBe('')
  })
})

describe('tables', () => {
  it('show status, state, peers and quarantine', async () => {
    for (const command of ['status', 'state', 'peers', 'quarantine']) {
      const human = await bench.run(command)
      expect([human.code, human.stderr]).toEqual([0, ''])
      const json = await bench.run('--json', command)
      expect(JSON.parse(json.stdout)).toBeTypeOf('object')
      expect(human.stdout).not.toBe(json.stdout)
    }
  })
})
