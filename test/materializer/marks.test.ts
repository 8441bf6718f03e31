import { describe, expect, it } from 'vitest'
import { blake3Hash, utf8Bytes } from '../../src/base/index.js'
import { broughtOf, dirtyKeyOf, noteMark } from '../../src/materializer/marks.js'
import { CAUSES_MAX } from '../../src/materializer/options.js'
import { encodeMarkRow, MARK_IDS_MAX } from '../../src/store/index.js'

const about = { subject: 'subject', predicate: 'predicate' }

describe('marks of blocks', () => {
  it('name the last records that they brought, over several marks, and count them all', () => {
    for (const each of [1, 3, MARK_IDS_MAX, MARK_IDS_MAX + 1]) {
      const key = dirtyKeyOf(about.subject, about.predicate)
      const named = Array.from({ length: CAUSES_MAX + 2 }, (_, sequence) => {
        const ids = Array.from({ length: each }, (_, at) => blake3Hash(utf8Bytes(`${sequence} ${at}`)))
        const row = encodeMarkRow({ ids, total: ids.length })
        noteMark(key, [Uint8Array.of(sequence), row], { ...about, kind: 'block', sequence })
        return ids.slice(0, MARK_IDS_MAX)
      })
      const kept = named.slice(-CAUSES_MAX).flat()
      expect(broughtOf(key)).toEqual({ ids: kept.slice(-MARK_IDS_MAX), total: each * (CAUSES_MAX + 2) })
    }
  })

  it('of sweeps and of trust bring nothing', () => {
    const key = dirtyKeyOf(about.subject, about.predicate)
    noteMark(key, [Uint8Array.of(1), new Uint8Array()], { ...about, kind: 'sweep', generation: 4, chunk: 0 })
    noteMark(key, [Uint8Array.of(2), new Uint8Array()], { ...about, kind: 'trust', generation: 5, chunk: 0 })
    expect(broughtOf(key)).toEqual({ ids: [], total: 0 })
    expect([key.told, key.swept, key.trusted]).toEqual([false, true, 5])
  })
})
