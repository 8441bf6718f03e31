// A key that others may have read is refused, and none is ever overwritten.

import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { NodeError, readKeyFile, readOwnFile, writeKeyFile } from '../../src/node/index.js'
import { createSigner, keyToPem } from '../../src/record/index.js'

const root = mkdtempSync(join(tmpdir(), 'steme-key-'))
const seed = new Uint8Array(32).fill(7)
let path = ''
let count = 0

beforeEach(() => {
  path = join(root, `${count++}.key`)
})
afterAll(() => rmSync(root, { recursive: true }))

async function failing(action: () => Promise<unknown>): Promise<unknown> {
  try {
    return await action()
  } catch (error) {
    if (error instanceof NodeError) return error.detail
    throw error
  }
}

describe('key file', () => {
  it('is written for its owner alone and reads back as the same key', async () => {
    const signer = await writeKeyFile(path, seed)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const loaded = await readKeyFile(path)
    expect(loaded.seed).toEqual(seed)
    expect(loaded.signer.publicKey).toBe(signer.publicKey)
    expect(signer.publicKey).toBe(createSigner(seed).publicKey)
  })

  it('is never overwritten', async () => {
    await writeKeyFile(path, seed)
    const before = readFileSync(path, 'utf8')
    expect(await failing(() => writeKeyFile(path, new Uint8Array(32).fill(8))))
      .toEqual({ code: 'NODE_DIRECTORY_EXISTS', directory: path })
    expect(readFileSync(path, 'utf8')).toBe(before)
  })

  it.each([
    ['0640', 0o640], ['0604', 0o604], ['0610', 0o610], ['0601', 0o601], ['0620', 0o620], ['0666', 0o666]
  ])('of mode %s is refused, however good its key', async (mode, bits) => {
    await writeKeyFile(path, seed)
    chmodSync(path, bits)
    expect(await failing(() => readKeyFile(path))).toEqual({ code: 'NODE_KEY_MODE', path, mode })
  })

  it('of mode 0400 is fine', async () => {
    await writeKeyFile(path, seed)
    chmodSync(path, 0o400)
    expect((await readKeyFile(path)).seed).toEqual(seed)
  })

  it.each([
    ['nothing', ''],
    ['other text', 'key'],
    ['half a key', keyToPem(seed).slice(0, 60)],
    ['a public key', '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n']
  ])('that holds %s is refused', async (_, text) => {
    writeFileSync(path, text, { mode: 0o600 })
    expect(await failing(() => readKeyFile(path))).toEqual({ code: 'NODE_FILE_INVALID', path })
  })

  it('that is missing or no file is unreadable', async () => {
    expect(await failing(() => readKeyFile(path))).toEqual({ code: 'NODE_FILE_UNREADABLE', path })
    mkdirSync(path, { mode: 0o700 })
    expect(await failing(() => readKeyFile(path))).toEqual({ code: 'NODE_FILE_UNREADABLE', path })
  })

  it('in a directory that is missing cannot be written', async () => {
    const deep = join(path, 'deep.key')
    expect(await failing(() => writeKeyFile(deep, seed))).toEqual({ code: 'NODE_FILE_UNREADABLE', path: deep })
  })
})

describe('own file', () => {
  it('is read under the same rule', async () => {
    writeFileSync(path, 'token\n', { mode: 0o600 })
    expect(await readOwnFile(path)).toBe('token\n')
    chmodSync(path, 0o644)
    expect(await failing(() => readOwnFile(path))).toEqual({ code: 'NODE_KEY_MODE', path, mode: '0644' })
  })
})
