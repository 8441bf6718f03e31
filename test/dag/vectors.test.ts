// The vectors hold, and are what their maker makes: `npx vitest run test/dag/vectors.test.ts -u` writes them.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fromHex, parseHash, parseNetworkId, toHex } from '../../src/base/index.js'
import {
  decodeBlock, decodeHeader, decodeTag, encodeBlock, frontierRootOf, recordsRoot, verifyBody, verifyHeader,
  verifyTag, type Tip
} from '../../src/dag/index.js'
import { decodeFrame } from '../../src/dag/sync-decode.js'
import { encodeFrame } from '../../src/dag/sync-encode.js'
import { makeVectors, vectorRules, type BlockVectors, type HeaderVector } from './make-vectors.js'

const path = new URL('../vectors/blocks.json', import.meta.url)

function bytesOf(vector: { readonly bytes: string }): Uint8Array {
  return fromHex(vector.bytes) ?? expect.fail('not hex')
}

function read(): BlockVectors {
  return JSON.parse(readFileSync(path, 'utf8'))
}

function judgeHeader(vector: HeaderVector): string {
  const decoded = decodeHeader(bytesOf(vector))
  if (decoded.kind !== 'ok') return decoded.kind === 'newer' ? 'newer' : decoded.rule
  const { header } = decoded
  if (vector.id !== undefined) expect([header.id, header.feed]).toEqual([vector.id, vector.feed])
  return verifyHeader(header, vectorRules[vector.rules]) ?? 'ok'
}

describe('block vectors', () => {
  it('are what their maker makes', async () => {
    await expect(`${JSON.stringify(makeVectors(), undefined, 1)}\n`).toMatchFileSnapshot('../vectors/blocks.json')
  })

  it('give the roots of records and of frontiers', () => {
    for (const { ids, root } of read().roots) expect(recordsRoot(ids)).toBe(root)
    for (const { tips, root } of read().frontiers) expect(frontierRootOf(tips as readonly Tip[])).toBe(root)
  })

  it('judge headers', () => {
    for (const vector of read().headers) expect(judgeHeader(vector), vector.name).toBe(vector.result)
  })

  it('judge encoded blocks', () => {
    const networkId = parseNetworkId(read().network_id) ?? expect.fail('no network id')
    for (const vector of read().blocks) {
      const decoded = decodeBlock(bytesOf(vector))
      if (decoded.kind !== 'ok') {
        expect(decoded.kind === 'newer' ? 'newer' : decoded.rule, vector.name).toBe(vector.result)
        continue
      }
      const body = verifyBody(decoded.block, networkId)
      expect(body.kind === 'ok' ? 'ok' : body.rule, vector.name).toBe(vector.result)
      if (vector.records !== undefined) expect(decoded.block.ids).toEqual(vector.records)
      expect(toHex(encodeBlock(decoded.block.header, decoded.block.records))).toBe(vector.bytes)
    }
  })

  it('judge state tags', () => {
    const networkId = parseNetworkId(read().network_id) ?? expect.fail('no network id')
    for (const vector of read().tags) {
      const decoded = decodeTag(bytesOf(vector))
      const good = decoded.kind === 'ok' && verifyTag(decoded.tag, networkId)
      expect(decoded.kind === 'ok' && !good ? 'tag-signature' : decoded.kind, vector.name).toBe(vector.result)
    }
  })

  it('read and write sync frames', () => {
    for (const vector of read().frames) {
      const frame = decodeFrame(bytesOf(vector))
      if (frame.kind === 'malformed' || frame.kind === 'extension') expect.fail(vector.name)
      expect([frame.kind, toHex(encodeFrame(frame))]).toEqual([vector.name, vector.bytes])
    }
    expect(parseHash(read().governor)).toBeDefined()
  })

  it('fall with any byte of a golden block changed: none opens as another valid block', () => {
    const networkId = parseNetworkId(read().network_id) ?? expect.fail('no network id')
    const golden = bytesOf(read().blocks[0] ?? expect.fail('no block'))
    for (let at = 1; at < golden.length; at++) {
      const changed = Buffer.from(golden)
      changed[at] = (changed[at] ?? 0) ^ 0x10
      const decoded = decodeBlock(changed)
      if (decoded.kind !== 'ok') continue
      const rule = verifyHeader(decoded.block.header, vectorRules.open)
      expect(rule ?? verifyBody(decoded.block, networkId).kind, `byte ${at}`).not.toBe('ok')
    }
  })
})
