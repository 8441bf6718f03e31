// Prints of LevelDB's append-only files. LevelDB opens without an error after its manifest was cut, after
// CURRENT was deleted and after damage to its log, so what its files were at the last checkpoint is kept in
// the marker and compared before the next open.
// Source: LevelDB doc/impl.md; measured behaviour in docs/formats/keyspace.md#marker.

import { open, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { blake3, equalBytes } from '../base/index.js'
import type { FilePrint, FileSize, PrintVerdict } from './level.js'

const CHUNK_BYTES = 1_048_576
const CURRENT = 'CURRENT'

/**
 * Sizes of CURRENT, the manifest it names, and the database's logs. Logs are synced first: LevelDB never
 * syncs one that it has closed but not yet merged into a table.
 */
export async function measureFiles(directory: string): Promise<readonly FileSize[]> {
  const sizes: FileSize[] = []
  for (const name of await namesToPrint(directory)) {
    if (isLog(name)) await syncFile(join(directory, name))
    const sizeBytes = await sizeOf(join(directory, name))
    if (sizeBytes !== undefined) sizes.push({ name, sizeBytes })
  }
  return sizes
}

/** Prints of files up to the sizes measured; files that are gone by then are left out. */
export async function takePrints(
  directory: string, sizes: readonly FileSize[]
): Promise<readonly FilePrint[]> {
  const prints: FilePrint[] = []
  for (const { name, sizeBytes } of sizes) {
    const hash = await hashPrefix(directory, name, sizeBytes)
    if (hash !== undefined) prints.push({ name, sizeBytes, hash })
  }
  return prints
}

/** Compares a closed database's files with earlier prints. */
export async function comparePrints(
  directory: string, prints: readonly FilePrint[]
): Promise<PrintVerdict> {
  const manifest = prints.find(({ name }) => isManifest(name))
  const current = await currentManifest(directory)
  if (current === undefined) return 'missing'
  if (manifest === undefined || numberOf(current) > numberOf(manifest.name)) return 'reopened'
  const size = await sizeOf(join(directory, current))
  if (current !== manifest.name || size === undefined || size < manifest.sizeBytes) return 'damaged'
  const grown = size > manifest.sizeBytes
  let verdict: PrintVerdict = grown ? 'grown' : 'same'
  for (const print of prints) {
    const held = await comparePrint(directory, print)
    // A log goes away when it was merged into a table, which the manifest then tells.
    if (held === 'gone' && isLog(print.name) && grown) continue
    if (held === 'gone' || held === 'damaged') return 'damaged'
    if (held === 'grown') verdict = 'grown'
  }
  return verdict
}

async function comparePrint(
  directory: string, print: FilePrint
): Promise<'same' | 'grown' | 'gone' | 'damaged'> {
  const size = await sizeOf(join(directory, print.name))
  if (size === undefined) return 'gone'
  const hash = size < print.sizeBytes ? undefined : await hashPrefix(directory, print.name, print.sizeBytes)
  if (hash === undefined || !equalBytes(hash, print.hash)) return 'damaged'
  return size > print.sizeBytes ? 'grown' : 'same'
}

async function namesToPrint(directory: string): Promise<readonly string[]> {
  const manifest = await currentManifest(directory)
  return manifest === undefined ? [] : [CURRENT, manifest, ...await logNames(directory)]
}

/** The database's logs, oldest first. */
export async function logNames(directory: string): Promise<readonly string[]> {
  return (await readdir(directory).catch(() => [])).filter(isLog).sort()
}

async function currentManifest(directory: string): Promise<string | undefined> {
  const text = await readFile(join(directory, CURRENT), 'latin1').catch(() => '')
  const name = text.trimEnd()
  return isManifest(name) ? name : undefined
}

function numberOf(manifest: string): number {
  return Number(manifest.slice(manifest.indexOf('-') + 1))
}

function isManifest(name: string): boolean {
  return /^MANIFEST-\d{6,20}$/.test(name)
}

function isLog(name: string): boolean {
  return /^\d{6,20}\.log$/.test(name)
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+').catch(() => undefined)
  if (file === undefined) return
  try {
    await file.datasync()
  } finally {
    await file.close()
  }
}

// BLAKE3 chained over chunks: h = BLAKE3(h || chunk). undefined when the file went away or is shorter.
async function hashPrefix(
  directory: string, name: string, sizeBytes: number
): Promise<Uint8Array | undefined> {
  const file = await open(join(directory, name), 'r').catch(() => undefined)
  if (file === undefined) return undefined
  try {
    let hash: Uint8Array = new Uint8Array(32)
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, sizeBytes))
    for (let at = isManifest(name) ? Math.max(0, sizeBytes - CHUNK_BYTES) : 0; at < sizeBytes;) {
      const wanted = Math.min(CHUNK_BYTES, sizeBytes - at)
      const { bytesRead } = await file.read(chunk, 0, wanted, at)
      if (bytesRead !== wanted) return undefined
      hash = blake3(hash, chunk.subarray(0, wanted))
      at += wanted
    }
    return hash
  } finally {
    await file.close()
  }
}
