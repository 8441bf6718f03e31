// Where a setting comes from, and what is no setting.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { dataDirectory, loadConfig, NodeError, type ConfigFlags, type Environment } from '../../src/node/index.js'

const root = mkdtempSync(join(tmpdir(), 'steme-config-'))
let dataDir = ''
let count = 0

beforeEach(() => {
  dataDir = mkdtempSync(join(root, `${count++}-`))
})
afterAll(() => rmSync(root, { recursive: true }))

function toml(text: string): void {
  writeFileSync(join(dataDir, 'stemedb.toml'), text)
}

async function failing(flags: ConfigFlags, env: Environment = {}): Promise<unknown> {
  try {
    return await loadConfig({ dataDir, ...flags }, env)
  } catch (error) {
    if (error instanceof NodeError) return error.detail
    throw error
  }
}

describe('settings', () => {
  it('have their defaults where nothing names them', async () => {
    expect(await loadConfig({ dataDir }, {})).toEqual({
      dataDir, apiHost: '127.0.0.1', apiPort: 8470, apiPublic: false, apiHosts: [],
      p2pListen: ['/ip4/0.0.0.0/tcp/8471'], p2pAnnounce: [], p2pBootstrap: [],
      logLevel: 'info', verifyWorkers: 2, trustWorkers: 1, cacheMib: 128, nodeMibPerHour: 64
    })
  })

  it('come from the file before the default, the environment before the file, a flag before all', async () => {
    toml('[api]\nport = 1\n')
    expect((await loadConfig({ dataDir }, {})).apiPort).toBe(1)
    expect((await loadConfig({ dataDir }, { STEMEDB_API_PORT: '2' })).apiPort).toBe(2)
    expect((await loadConfig({ dataDir, apiPort: 3 }, { STEMEDB_API_PORT: '2' })).apiPort).toBe(3)
    expect((await loadConfig({ dataDir, apiPort: undefined }, { STEMEDB_API_PORT: '2' })).apiPort).toBe(2)
  })

  it('can each be named in the file', async () => {
    toml([
      '[api]', 'host = "::1"', 'port = 0', 'public = true', 'hosts = ["a.example", "b.example"]',
      '[p2p]', 'listen = []', 'announce = ["/dns4/a.example/tcp/1"]', 'bootstrap = ["/ip4/1.2.3.4/tcp/1"]',
      '[log]', 'level = "debug"', '[ingest]', 'verify_workers = 0',
      '[trust]', 'workers = 0', '[store]', 'cache_mib = 8'
    ].join('\n'))
    expect(await loadConfig({ dataDir }, {})).toEqual({
      dataDir, apiHost: '::1', apiPort: 0, apiPublic: true, apiHosts: ['a.example', 'b.example'],
      p2pListen: [], p2pAnnounce: ['/dns4/a.example/tcp/1'], p2pBootstrap: ['/ip4/1.2.3.4/tcp/1'],
      logLevel: 'debug', verifyWorkers: 0, trustWorkers: 0, cacheMib: 8, nodeMibPerHour: 64
    })
  })

  it('can each be named in the environment, lists with commas', async () => {
    expect(await loadConfig({}, {
      STEMEDB_DATA_DIR: dataDir, STEMEDB_API_HOST: '::1', STEMEDB_API_PORT: '65535', STEMEDB_API_PUBLIC: '1',
      STEMEDB_API_HOSTS: 'a.example, b.example,', STEMEDB_P2P_LISTEN: '', STEMEDB_P2P_ANNOUNCE: '/a,/b',
      STEMEDB_P2P_BOOTSTRAP: '/c', STEMEDB_LOG_LEVEL: 'silent', STEMEDB_VERIFY_WORKERS: '64',
      STEMEDB_TRUST_WORKERS: '1', STEMEDB_CACHE_MIB: '65536', STEMEDB_NODE_MIB_PER_HOUR: '0'
    })).toEqual({
      dataDir, apiHost: '::1', apiPort: 65_535, apiPublic: true, apiHosts: ['a.example', 'b.example'],
      p2pListen: [], p2pAnnounce: ['/a', '/b'], p2pBootstrap: ['/c'],
      logLevel: 'silent', verifyWorkers: 64, trustWorkers: 1, cacheMib: 65_536, nodeMibPerHour: 0
    })
  })

  it.each([
    ['apiPort', -1], ['apiPort', 65_536], ['apiPort', 1.5], ['apiPort', 'http'], ['apiPort', ''], ['apiPort', '0x10'],
    ['verifyWorkers', 65], ['trustWorkers', 2], ['trustWorkers', -1], ['cacheMib', 7], ['cacheMib', 65_537],
    ['nodeMibPerHour', 1_048_577], ['apiPublic', 'yes'], ['apiPublic', 2],
    ['logLevel', 'loud'], ['apiHost', ''], ['apiHost', 5], ['p2pListen', 5], ['apiHosts', true]
  ] as const)('refuse %s = %j by its name', async (setting, value) => {
    expect(await failing({ [setting]: value })).toEqual({ code: 'NODE_CONFIG', setting })
  })

  it('refuse a list with something else than texts', async () => {
    toml('[p2p]\nlisten = ["/a", 5]\n')
    expect(await failing({})).toEqual({ code: 'NODE_CONFIG', setting: 'p2pListen' })
  })
})

describe('stemedb.toml', () => {
  it.each([
    ['[api]\nprot = 1\n', 'api.prot'],
    ['[apis]\nport = 1\n', 'apis.port'],
    ['[data]\ndir = "/elsewhere"\n', 'data.dir'],
    ['port = 1\n', 'port']
  ])('is refused when it names what is no setting: %j', async (text, setting) => {
    toml(text)
    expect(await failing({})).toEqual({ code: 'NODE_CONFIG', setting })
  })

  it('is refused when it is not TOML', async () => {
    toml('[api\n')
    expect(await failing({})).toEqual({ code: 'NODE_CONFIG', setting: join(dataDir, 'stemedb.toml') })
  })

  it('is refused when it is there and cannot be read', async () => {
    mkdirSync(join(dataDir, 'stemedb.toml'))
    expect(await failing({})).toEqual({ code: 'NODE_CONFIG', setting: join(dataDir, 'stemedb.toml') })
  })
})

describe('data directory', () => {
  it('is named by the flag before the environment, and lies in the home directory without either', () => {
    expect(dataDirectory({ dataDir: '/flag' }, { STEMEDB_DATA_DIR: '/env' })).toBe('/flag')
    expect(dataDirectory({}, { STEMEDB_DATA_DIR: '/env' })).toBe('/env')
    expect(dataDirectory({}, {})).toBe(join(homedir(), '.stemedb'))
    expect(dataDirectory({ dataDir: 'flag' }, {})).toBe(join(process.cwd(), 'flag'))
  })
})
