// The doctor finds what keeps a node from working, says what to do, and harms nothing.

import { chmodSync, copyFileSync, cpSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemRandom } from '../../src/base/index.js'
import { clockFinding, readyFinding, spaceFinding, versionFindings } from '../../src/cli/doctor-checks.js'
import type { DoctorFinding } from '../../src/cli/doctor-findings.js'
import { initDirectory, whileLocked } from '../../src/node/index.js'
import { createFakeNode } from '../fakes/fake-node.js'
import { createPlace, flip, segments, type Place } from './directory-kit.js'
import { createBench, runWords } from './harness.js'

let place: Place

beforeAll(async () => {
  place = (await createPlace(2, 5)).place
})
afterAll(() => place.end())

interface Visit {
  readonly code: number
  readonly findings: readonly DoctorFinding[]
  of(what: string): DoctorFinding | undefined
}

async function visit(directory: string, ...words: readonly string[]): Promise<Visit> {
  const ended = await runWords(['--json', '--data-dir', directory, ...words, 'doctor'])
  const { findings } = JSON.parse(ended.stdout) as { readonly findings: readonly DoctorFinding[] }
  return { code: ended.code, findings, of: (what) => findings.find((finding) => finding.what === what) }
}

/** A copy whose ports are any free ones. */
function directoryWithPorts(api = 0): string {
  const directory = place.copy()
  writeFileSync(join(directory, 'stemedb.toml'), `[api]\nport = ${api}\n[p2p]\nlisten = ["/ip4/127.0.0.1/tcp/0"]\n`)
  return directory
}

describe('the doctor', () => {
  it('finds nothing bad in a sound directory, and leaves it sound', async () => {
    const directory = directoryWithPorts()
    const found = await visit(directory)
    expect(found.findings.filter(({ verdict }) => verdict === 'bad')).toEqual([])
    expect(found.code).toBe(0)
    expect(found.of('index')).toMatchObject({ verdict: 'good' })
    expect(found.of('clock')).toMatchObject({ verdict: 'good' })
    expect((await runWords(['--data-dir', directory, 'verify'])).code).toBe(0)
    const human = await runWords(['--data-dir', directory, 'doctor'])
    expect(human.stdout).toMatch(/^ok +ledger +\d+ frames$/m)
  })

  it.each<[string, string, string, (directory: string) => void]>([
    ['a loose key', 'files', 'NODE_KEY_MODE', (directory) => chmodSync(join(directory, 'node.key'), 0o644)],
    ['a wrong key', 'agent key', 'NODE_FILE_INVALID', (directory) => {
      writeFileSync(join(directory, 'agent.key'), 'no key', { mode: 0o600 })
    }],
    ['a bad setting', 'configuration', 'NODE_CONFIG', (directory) => {
      writeFileSync(join(directory, 'stemedb.toml'), '[api]\nport = 70000\n')
    }],
    ['a cut genesis', 'files', 'GENESIS_NOT_JSON', (directory) => {
      writeFileSync(join(directory, 'genesis.json'), '{')
    }],
    ['a damaged ledger', 'ledger', 'WAL_CORRUPT', (directory) => flip(segments(directory)[0] ?? '', 200)],
    ['a ledger that is gone', 'ledger', 'WAL_CORRUPT', (directory) => {
      rmSync(join(directory, 'wal'), { recursive: true })
    }]
  ])('finds %s', async (_what, what, code, damage) => {
    const directory = directoryWithPorts()
    damage(directory)
    const found = await visit(directory)
    expect(found.code).toBe(1)
    expect(found.of(what)).toMatchObject({ verdict: 'bad', code })
    expect(found.of(what)?.text).not.toMatch(/[{}]/)
  })

  it('says in words where the ledger is damaged and what mends it, as a start and a rebuild do', async () => {
    const directory = directoryWithPorts()
    const [first = ''] = segments(directory)
    flip(first, 200)
    const said = `the ledger is damaged: ${basename(first)} holds no valid frame 1 at byte 128; ` +
      'while the node is stopped, \'stemedb repair\' saves what is left'
    expect((await visit(directory)).of('ledger')?.text).toBe(said)
    for (const command of ['start', 'rebuild']) {
      const ended = await runWords(['--data-dir', directory, command])
      expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining(`stemedb: ${said} (WAL_CORRUPT)\n`)])
    }
  })

  it('finds the directory of another network, and one without a node', async () => {
    const [directory, other] = [directoryWithPorts(), place.path('other')]
    await initDirectory(other, { name: 'other', created: 2 }, { random: systemRandom })
    copyFileSync(join(other, 'genesis.json'), join(directory, 'genesis.json'))
    expect((await visit(directory)).of('ledger')).toMatchObject({ verdict: 'bad', code: 'STORE_FOREIGN_NETWORK' })
    const empty = await visit(place.path('nowhere'))
    expect(empty.of('files')).toMatchObject({ verdict: 'bad', code: 'NODE_DIRECTORY_MISSING' })
    expect(empty.of('disk')?.text).toBe(`${place.path('nowhere')}: no such file or directory`)
  })

  it('finds an index that is to be rebuilt, and none', async () => {
    const directory = directoryWithPorts()
    rmSync(join(directory, 'index', 'CURRENT'))
    expect((await visit(directory)).of('index')).toMatchObject({ verdict: 'doubtful' })
    rmSync(join(directory, 'index'), { recursive: true })
    expect((await visit(directory)).of('index')).toMatchObject({ verdict: 'doubtful' })
  })

  it('finds a port that is taken', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const found = await visit(directoryWithPorts(port))
    server.close()
    expect(found.of('api port')).toMatchObject({
      verdict: 'bad', code: 'EADDRINUSE', text: `127.0.0.1:${port} cannot be bound: the address is in use`
    })
    expect(found.code).toBe(1)
  })

  it('asks a node that runs', async () => {
    const bench = await createBench(createFakeNode({
      ready: () => ({ ready: false, walReplayed: true, storeOpen: true, firstSync: 'done', index: 'damaged' })
    }))
    cpSync(directoryWithPorts(), bench.directory, { recursive: true, force: false, errorOnExist: false })
    const found = await whileLocked(bench.directory, () => visit(bench.directory, '--api', bench.url))
    expect(found.of('process')?.text).toContain(`process ${process.pid}`)
    expect(found.of('index')).toMatchObject({ verdict: 'bad' })
    expect(found.of('peers')).toMatchObject({ verdict: 'doubtful' })
    const silent = await whileLocked(bench.directory, () => visit(bench.directory, '--api', 'http://127.0.0.1:1'))
    expect(silent.of('api')).toMatchObject({ verdict: 'bad', code: 'CLI_UNREACHABLE' })
    await bench.end()
  })
})

describe('verdicts', () => {
  it('of versions follow what the program needs', () => {
    const verdictOf = (node: string): string | undefined => versionFindings(node)[0]?.verdict
    expect(['18.20.0', '20.18.9', '20.19.0', '22.0.0', '24.1.0'].map(verdictOf))
      .toEqual(['bad', 'bad', 'doubtful', 'good', 'good'])
  })

  it('of free space follow the reserve of the index and one segment', () => {
    const needed = 128 * 1_048_576
    expect([needed - 1, needed, 1_073_741_823, 1_073_741_824].map((bytes) => spaceFinding(bytes).verdict))
      .toEqual(['bad', 'doubtful', 'doubtful', 'good'])
  })

  it('of the clock follow what it may differ by', () => {
    expect([-5, 30_000, 30_001].map((aheadMs) => clockFinding(100_000 + aheadMs, 100_000).verdict))
      .toEqual(['good', 'good', 'doubtful'])
  })

  it('of a running node follow its readiness', () => {
    const ready = { ready: true, first_sync: 'done', index: 'counted' } as const
    expect(readyFinding(ready).verdict).toBe('good')
    expect(readyFinding({ ...ready, index: 'uncounted' }).verdict).toBe('doubtful')
    expect(readyFinding({ ...ready, ready: false }).verdict).toBe('doubtful')
    expect(readyFinding({ ...ready, read_only: 'WAL_FAILED' })).toMatchObject({ verdict: 'bad', code: 'WAL_FAILED' })
  })
})
