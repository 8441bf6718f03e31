// Which feed a node seals into: node key and incarnation. A new incarnation is drawn when the log is new,
// or when it is not the very directory that the last incarnation was drawn for: a copy or a restored backup
// must never continue a feed that its twin continues too.

import { fromHex, toHex, utf8Bytes, utf8Text, type Disk, type PublicKey, type Random } from '../base/index.js'
import { feedOf, trailingZeroBits } from '../dag/index.js'
import type { Wal } from '../wal/index.js'
import { NodeError } from './errors.js'

/** What a draw needs. */
export interface IncarnationDeps {
  readonly disk: Disk
  readonly random: Random
  readonly wal: Wal
  readonly nodeKey: PublicKey
  /** Zero bits that a feed id ends in, by the genesis. */
  readonly workBits: number
  /** Lets other work run between two parts of a long search. */
  readonly yieldNow: () => Promise<void>
  /** Gives the search up. */
  readonly signal?: AbortSignal
}

interface Mark {
  readonly incarnation: string
  readonly device: string
  readonly inode: string
}

/** The incarnation to seal under. */
export interface ChosenIncarnation {
  /** 16 hex digits. */
  readonly incarnation: string
  /** Drawn just now: no block of its feed can be anywhere. */
  readonly isNew: boolean
}

/**
 * The incarnation to seal under. A new one is durable before it is returned.
 * @param path file that names the last incarnation and the log directory it belongs to
 */
export async function chooseIncarnation(
  path: string, directory: string, deps: IncarnationDeps
): Promise<ChosenIncarnation> {
  const { identity } = deps.wal
  const mark = await readMark(path, deps.disk)
  const device = String(identity.device)
  const inode = String(identity.inode)
  if (!identity.created && mark !== undefined && mark.device === device && mark.inode === inode) {
    return { incarnation: mark.incarnation, isNew: false }
  }
  return { incarnation: await drawIncarnation(path, directory, deps), isNew: true }
}

/**
 * A new incarnation, durable before it is returned: the feed of the last one is sealed into no more.
 * Cost: about 2^workBits hashes. @throws NodeError NODE_STOPPED when given up
 */
export async function drawIncarnation(
  path: string, directory: string, deps: IncarnationDeps
): Promise<string> {
  const { device, inode } = deps.wal.identity
  const incarnation = await search(deps)
  await writeMark(path, directory, { incarnation, device: String(device), inode: String(inode) }, deps.disk)
  return incarnation
}

/** Tries between two looks at the rest of the node: a few ms. */
const TRIES_AT_ONCE = 2_048

/** Feeds are not free where the genesis wants work: tries until the feed id ends in zeros. */
async function search({ random, nodeKey, workBits, yieldNow, signal }: IncarnationDeps): Promise<string> {
  for (;;) {
    for (let left = TRIES_AT_ONCE; left > 0; left -= 1) {
      const incarnation = toHex(random.bytes(8))
      if (trailingZeroBits(feedOf(nodeKey, incarnation)) >= workBits) return incarnation
    }
    if (signal?.aborted === true) throw new NodeError({ code: 'NODE_STOPPED' }, 'the node was stopped')
    await yieldNow()
  }
}

const MARK_BYTES_MAX = 1_024

async function readMark(path: string, disk: Disk): Promise<Mark | undefined> {
  if ((await disk.stat(path)) === undefined) return undefined
  const file = await disk.open(path, 'read')
  try {
    const bytes = new Uint8Array(MARK_BYTES_MAX)
    const length = await file.read(bytes, 0)
    return parseMark(utf8Text(bytes.subarray(0, length)) ?? '')
  } finally {
    await file.close()
  }
}

/** A damaged mark counts as none: a new incarnation costs little, a continued twin costs a fork. */
function parseMark(text: string): Mark | undefined {
  const [incarnation, device, inode, end] = text.split('\n')
  if (incarnation === undefined || device === undefined || inode === undefined || end !== '') return undefined
  return fromHex(incarnation)?.length === 8 ? { incarnation, device, inode } : undefined
}

async function writeMark(path: string, directory: string, mark: Mark, disk: Disk): Promise<void> {
  const temporary = `${path}.tmp`
  const file = await disk.open(temporary, 'create')
  try {
    const bytes = utf8Bytes(`${mark.incarnation}\n${mark.device}\n${mark.inode}\n`)
    await file.truncate(0)
    let written = 0
    while (written < bytes.length) written += await file.write(bytes.subarray(written), written)
    await file.sync()
  } finally {
    await file.close()
  }
  await disk.rename(temporary, path)
  await disk.syncDirectory(directory)
}
