// The epoch book: the epoch records of governors, as read from the index.

import { blake3Hash, type Hash, idBytes, type PublicKey, utf8Bytes } from '../base/index.js'
import {
  createEpochView, type EpochInput, type EpochView, STANDARD_LENSES, VIEW_VERSION
} from '../lenses/index.js'
import { openRecord } from '../record/index.js'
import { decodeEpochRow, keys, parseId, ranges, type Reader } from '../store/index.js'

/** Epoch records of governors. */
export interface EpochBook {
  /** The epochs as of a time; absent = all there are. */
  view(asOfMs?: number): EpochView
  /**
   * What all views depend on besides their own records: version and lenses of views, epoch records of
   * governors.
   */
  fingerprint(): Hash
  /** Reads the index again. Cost: one range when nothing is new. */
  refresh(reader: Reader): Promise<void>
}

/** An empty book: call `refresh`. */
export function createEpochBook(governors: ReadonlySet<PublicKey>): EpochBook {
  let epochs: readonly EpochInput[] = []
  let present = createEpochView([], governors)
  let fingerprint = fingerprintOf([])
  return {
    view: (asOfMs) => (asOfMs === undefined ? present : createEpochView(epochs, governors, asOfMs)),
    fingerprint: () => fingerprint,
    async refresh(reader) {
      const ids = await governorEpochs(reader, governors)
      const found = fingerprintOf(ids)
      if (found === fingerprint) return
      epochs = ids.flatMap((id) => epochOf(reader, id) ?? [])
      present = createEpochView(epochs, governors)
      fingerprint = found
    }
  }
}

async function governorEpochs(reader: Reader, governors: ReadonlySet<PublicKey>): Promise<readonly Hash[]> {
  const ids: Hash[] = []
  for await (const rows of reader.batches(ranges.epochs())) {
    for (const [key, value] of rows) {
      if (governors.has(decodeEpochRow(value).agentId)) ids.push(parseId('epoch', key))
    }
  }
  return ids
}

function epochOf(reader: Reader, id: Hash): EpochInput | undefined {
  const bytes = reader.get(keys.record(id))
  const opened = bytes === undefined ? undefined : openRecord(bytes)
  return opened?.grade === 'effective' && opened.record.kind === 'epoch' ? opened.record : undefined
}

function fingerprintOf(ids: readonly Hash[]): Hash {
  const rules = [VIEW_VERSION, ...STANDARD_LENSES.map((lens) => lens.viewCode)].join(' ')
  return blake3Hash(utf8Bytes(rules), ...ids.map(idBytes))
}
