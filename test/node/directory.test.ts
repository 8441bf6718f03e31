// A data directory is made once, belongs to one network, and is read only when it is whole.

import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { toHex, type PublicKey } from '../../src/base/index.js'
import { issueCertificate, verifyCertificate } from '../../src/dag/index.js'
import {
  createKeys, directoryPaths, initDirectory, joinDirectory, NodeError, readDirectory, readKeyFile
} from '../../src/node/index.js'
import { createGenesis, decodeInvite, encodeInvite, type Invite, type InviteFields } from '../../src/p2p/index.js'
import { createSigner, seedFromName } from '../../src/record/index.js'
import { seededRandom } from '../fakes/seeded-random.js'

const root = mkdtempSync(join(tmpdir(), 'steme-directory-'))
const governor = createSigner(seedFromName('governor'))
const address = '/ip4/127.0.0.1/tcp/4001/p2p/12D3KooWKnDdG3iXw9eTFijk3EWSunZcFi54Zka4wmtqtt6rPxc8'
const otherAddress = '/ip4/127.0.0.1/tcp/4002/p2p/12D3KooWKnDdG3iXw9eTFijk3EWSunZcFi54Zka4wmtqtt6rPxc8'
const founding = { name: 'one', created: 1, governors: [governor.publicKey] }
const genesis = createGenesis(founding)
const closed = createGenesis({ ...founding, admission: 'closed' })
let directory = ''
let count = 0

beforeEach(() => {
  directory = join(root, String(count++))
})
afterAll(() => rmSync(root, { recursive: true }))

const deps = { random: seededRandom(3) }
const fields = { name: 'test', created: 1_700_000_000_000 }

function invite(more: Partial<InviteFields> = {}): Invite {
  return decodeInvite(encodeInvite({ genesis: genesis.bytes, bootstrap: [address], ...more }))
}

/** An invite to the closed federation, with a governor's word for the node if one is named. */
function closedInvite(nodeKey?: PublicKey): Invite {
  if (nodeKey === undefined) return invite({ genesis: closed.bytes })
  const certificate = issueCertificate(nodeKey, governor, closed.networkId)
  return invite({ genesis: closed.bytes, membership: { nodeKey, certificate } })
}

async function failing(action: () => Promise<unknown>): Promise<unknown> {
  try {
    return await action()
  } catch (error) {
    if (error instanceof NodeError) return error.detail
    throw error
  }
}

/** Bytes of all files in the directory. */
function contents(): Readonly<Record<string, string>> {
  const files = readdirSync(directory)
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(directory, name), 'hex')]))
}

describe('a new directory', () => {
  it('is made with the directories above it, by an absolute path as by a relative one', async () => {
    for (const path of [join(directory, 'a', 'b'), relative(process.cwd(), join(directory, 'c', 'd'))]) {
      const { networkId } = await initDirectory(path, fields, deps)
      expect((await readDirectory(path)).opened.networkId).toBe(networkId)
    }
  })

  it('has keys and a token for its owner alone, and its agent governs the network', async () => {
    const created = await initDirectory(directory, fields, deps)
    const paths = directoryPaths(directory)
    for (const path of [paths.nodeKey, paths.agentKey, paths.apiToken, paths.network]) {
      expect([path, statSync(path).mode & 0o777]).toEqual([path, 0o600])
    }
    expect(statSync(directory).mode & 0o777).toBe(0o700)
    const found = await readDirectory(directory)
    expect(found.opened.networkId).toBe(created.networkId)
    expect(found.opened.genesis).toMatchObject({ governors: [created.agentKey], seeds: [created.agentKey] })
    expect(found.nodeKey.signer.publicKey).toBe(created.nodeKey)
    expect((await readKeyFile(paths.agentKey)).signer.publicKey).toBe(created.agentKey)
    expect(found.apiToken).toMatch(/^[0-9a-f]{64}$/)
    expect(found.access).toEqual({ bootstrap: [] })
  })

  it('names further governors beside its own agent, and keeps a shared key of 32 bytes', async () => {
    const created = await initDirectory(
      directory, { ...fields, governors: [governor.publicKey], sharedKey: true }, deps)
    const { opened, access } = await readDirectory(directory)
    expect(new Set(opened.genesis.governors)).toEqual(new Set([created.agentKey, governor.publicKey]))
    expect(access.sharedKey).toHaveLength(32)
  })

  it('of a closed federation has a certificate for its own node', async () => {
    const created = await initDirectory(directory, { ...fields, admission: 'closed' }, deps)
    const { certificate } = (await readDirectory(directory)).access
    expect(certificate).toMatchObject({ governor: created.agentKey })
    const governors = new Set([created.agentKey])
    expect(certificate !== undefined &&
      verifyCertificate(certificate, created.nodeKey, created.networkId, governors)).toBe(true)
  })

  it('is not made where a node is already', async () => {
    await initDirectory(directory, fields, deps)
    const before = contents()
    expect(await failing(() => initDirectory(directory, fields, deps)))
      .toEqual({ code: 'NODE_DIRECTORY_EXISTS', directory })
    expect(contents()).toEqual(before)
  })

  it('takes the keys that were made before', async () => {
    const keys = await createKeys(directory, deps.random)
    expect((await createKeys(directory, deps.random)).node.publicKey).toBe(keys.node.publicKey)
    const created = await initDirectory(directory, fields, deps)
    expect(created).toMatchObject({ nodeKey: keys.node.publicKey, agentKey: keys.agent.publicKey })
  })

  it('is not made over a key that others can read', async () => {
    await createKeys(directory, deps.random)
    chmodSync(directoryPaths(directory).agentKey, 0o644)
    expect(await failing(() => initDirectory(directory, fields, deps))).toMatchObject({ code: 'NODE_KEY_MODE' })
    expect(readdirSync(directory)).not.toContain('genesis.json')
  })
})

describe('joining', () => {
  it('makes a directory of the network with the addresses and the shared key of the invite', async () => {
    const sharedKey = new Uint8Array(32).fill(9)
    const created = await joinDirectory(directory, invite({ sharedKey }), deps)
    const { opened, access } = await readDirectory(directory)
    expect(created.networkId).toBe(genesis.networkId)
    expect(opened.networkId).toBe(genesis.networkId)
    expect(access.bootstrap).toEqual([address])
    expect(toHex(access.sharedKey ?? new Uint8Array())).toBe(toHex(sharedKey))
  })

  it('again adds the addresses of the invite, each once, and keeps the keys and what was known', async () => {
    const sharedKey = new Uint8Array(32).fill(9)
    const first = await joinDirectory(directory, invite({ sharedKey }), deps)
    const second = await joinDirectory(directory, invite({ bootstrap: [otherAddress, address] }), deps)
    expect(second).toEqual(first)
    const { access } = await readDirectory(directory)
    expect(access.bootstrap).toEqual([address, otherAddress])
    expect(access.sharedKey).toHaveLength(32)
  })

  it('is refused in the directory of another network, and changes nothing there', async () => {
    const { networkId } = await initDirectory(directory, fields, deps)
    const before = contents()
    expect(await failing(() => joinDirectory(directory, invite(), deps))).toEqual({
      code: 'NODE_OTHER_NETWORK', directory, expected: genesis.networkId, found: networkId
    })
    expect(contents()).toEqual(before)
  })

  it('keeps the certificate of an invite for this very node', async () => {
    const { node } = await createKeys(directory, deps.random)
    await joinDirectory(directory, closedInvite(node.publicKey), deps)
    const { access } = await readDirectory(directory)
    expect(access.certificate).toMatchObject({ governor: governor.publicKey })
    // An invite without a word of its own does not take it away.
    await joinDirectory(directory, closedInvite(), deps)
    expect((await readDirectory(directory)).access.certificate).toEqual(access.certificate)
  })

  it('a closed federation is refused without a certificate, and leaves no network behind', async () => {
    const { node } = await createKeys(directory, deps.random)
    expect(await failing(() => joinDirectory(directory, closedInvite(), deps)))
      .toEqual({ code: 'NODE_NOT_A_MEMBER', nodeKey: node.publicKey })
    expect(readdirSync(directory)).not.toContain('genesis.json')
  })

  it('is refused with an invite for another node, and leaves no network behind', async () => {
    const { publicKey } = createSigner(seedFromName('somebody else'))
    expect(await failing(() => joinDirectory(directory, closedInvite(publicKey), deps)))
      .toEqual({ code: 'NODE_INVITE_OF_OTHER', nodeKey: publicKey })
    expect(readdirSync(directory)).not.toContain('genesis.json')
    expect(await failing(() => readDirectory(directory))).toEqual({ code: 'NODE_DIRECTORY_MISSING', directory })
  })
})

describe('reading', () => {
  it('is refused where no node is', async () => {
    expect(await failing(() => readDirectory(directory))).toEqual({ code: 'NODE_DIRECTORY_MISSING', directory })
  })

  it('is refused when the token can be read by others', async () => {
    await initDirectory(directory, fields, deps)
    const path = directoryPaths(directory).apiToken
    chmodSync(path, 0o640)
    expect(await failing(() => readDirectory(directory))).toEqual({ code: 'NODE_KEY_MODE', path, mode: '0640' })
  })

  it('is refused when the node key is gone', async () => {
    await initDirectory(directory, fields, deps)
    const path = directoryPaths(directory).nodeKey
    rmSync(path)
    expect(await failing(() => readDirectory(directory))).toEqual({ code: 'NODE_FILE_UNREADABLE', path })
  })

  it.each([
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['no addresses', '{}'],
    ['an address that is no text', '{"bootstrap":[1]}'],
    ['a shared key that is no hex', '{"bootstrap":[],"sharedKey":"zz"}'],
    ['a shared key of 31 bytes', `{"bootstrap":[],"sharedKey":"${'00'.repeat(31)}"}`],
    ['a shared key of 33 bytes', `{"bootstrap":[],"sharedKey":"${'00'.repeat(33)}"}`],
    ['an empty shared key', '{"bootstrap":[],"sharedKey":""}'],
    ['a certificate of 95 bytes', `{"bootstrap":[],"certificate":"${'00'.repeat(95)}"}`],
    ['a certificate that is null', '{"bootstrap":[],"certificate":null}']
  ])('is refused when network.json holds %s', async (_, text) => {
    await initDirectory(directory, fields, deps)
    const path = directoryPaths(directory).network
    writeFileSync(path, text)
    expect(await failing(() => readDirectory(directory))).toEqual({ code: 'NODE_FILE_INVALID', path })
  })

  it('is refused when genesis.json was changed by one byte', async () => {
    await initDirectory(directory, fields, deps)
    const path = directoryPaths(directory).genesis
    writeFileSync(path, `${readFileSync(path, 'utf8')}\n`)
    await expect(readDirectory(directory)).rejects.toMatchObject({ code: 'GENESIS_NOT_CANONICAL' })
  })
})
