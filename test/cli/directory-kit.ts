// A data directory as a node of real files leaves it, made once and copied for each test.

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { blake3Hash, systemClock, systemRandom, type Clock, type Hash } from '../../src/base/index.js'
import { DEFAULTS } from '../../src/ingest/index.js'
import { createNode, initDirectory, readDirectory, silentLog, type StemeNode } from '../../src/node/index.js'
import { buildAssertion, buildVote, createSigner, seedFromName } from '../../src/record/index.js'
import { openLevel } from '../../src/store/index.js'
import { createFileDisk } from '../../src/wal/index.js'

export const alice = createSigner(seedFromName('alice'))

/** A place of temporary directories. */
export interface Place {
  /** A copy of the directory that was filled. */
  copy(): string
  path(name: string): string
  end(): void
}

/** A node on a directory: small segments, no network. The caller stops it. */
export async function nodeAt(directory: string, clock: Clock = systemClock): Promise<StemeNode> {
  const { paths, opened, nodeKey } = await readDirectory(directory)
  const node = createNode({
    genesis: opened, signer: nodeKey.signer, walDirectory: paths.wal, markerPath: paths.marker,
    incarnationPath: paths.incarnation, dataDirectory: directory, expectsPeers: false,
    ingest: { ...DEFAULTS, verifyWorkers: 0 }, trust: { workers: 0 }, wal: { segmentBytes: 1_048_576 }
  }, {
    clock, random: systemRandom, disk: createFileDisk(), log: silentLog,
    level: openLevel({ directory: paths.index, cacheBytes: 8_388_608 }),
    yieldNow: () => new Promise((resolve) => setImmediate(resolve))
  })
  await node.start()
  return node
}

/** An assertion of alice's network as bytes, and its id. */
export function says(
  networkId: Parameters<typeof buildAssertion>[2], index: number, textBytes = 10
): { readonly id: Hash; readonly bytes: Uint8Array } {
  const object = `${index}`.padEnd(textBytes)
  const fields = { timestampMs: 1_000 + index, subject: `s${index % 20}`, predicate: 'p', object }
  const bytes = buildAssertion(fields, alice, networkId)
  return { id: blake3Hash(bytes), bytes }
}

/** Makes a directory and lets a node write into it; gives the ids of its records in the order written. */
export async function createPlace(
  batches: number, perBatch: number, textBytes = 10
): Promise<{ readonly place: Place; readonly ids: readonly Hash[]; readonly blocks: number }> {
  const root = mkdtempSync(join(tmpdir(), 'stemedb-offline-'))
  const first = join(root, 'first')
  const { networkId } = await initDirectory(first, { name: 'offline', created: 1 }, { random: systemRandom })
  const node = await nodeAt(first)
  const ids: Hash[] = []
  for (let batch = 0; batch < batches; batch += 1) {
    const made = Array.from({ length: perBatch }, (_, i) => says(networkId, batch * perBatch + i, textBytes))
    const [target] = made
    const ballot = { timestampMs: 2_000 + batch, assertion: target?.id ?? blake3Hash(), weight: 500_000 }
    const vote = buildVote(ballot, alice, networkId)
    await node.admit([...made.map(({ bytes }) => bytes), vote])
    await node.settled()
    ids.push(...made.map(({ id }) => id), blake3Hash(vote))
  }
  const { blocks } = await node.state()
  await node.stop()
  let copies = 0
  return {
    ids, blocks,
    place: {
      path: (name) => join(root, name),
      copy() {
        const directory = join(root, `copy-${copies++}`)
        cpSync(first, directory, { recursive: true })
        return directory
      },
      end: () => rmSync(root, { recursive: true })
    }
  }
}

/** Segment files of a directory's log, oldest first. */
export function segments(directory: string): readonly string[] {
  return readdirSync(join(directory, 'wal')).sort().map((name) => join(directory, 'wal', name))
}

/** Turns over the bits of a byte. */
export function flip(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes[at] = (bytes[at] ?? 0) ^ 0xff
  writeFileSync(path, bytes)
}

/** Size of a file in bytes. */
export function sizeOf(path: string): number {
  return statSync(path).size
}
