import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blake3Hash, concatBytes, utf8Bytes } from '../../src/base/index.js'
import {
  consensus, createLensInput, createViewDigest, decodeView, encodeView, evidenceSteps, hashedPart,
  type KeyRecords, type LensView, NO_EPOCHS, readViewPart, recency, runSteps, settleSteps, type View,
  VIEW_WINNERS_MAX
} from '../../src/lenses/index.js'
import { objectValue } from '../../src/record/index.js'
import { judgedBy, key, said, seeded, shuffled, trustOf, vote } from './make.js'

function settle(records: KeyRecords, epochs = NO_EPOCHS, computedAtMs = 0): View {
  const view = runSteps(settleSteps(createLensInput(records, { epochs, trust: trustOf() }), computedAtMs))
  if (view === undefined) throw new Error('no view')
  return view
}

function someRecords(random: (below: number) => number): KeyRecords {
  const candidates = Array.from({ length: 1 + random(30) }, (_, at) => said(`agent ${random(7)}`, random(6), {
    timestampMs: random(4), confidence: 1_000_000 - random(2), source: `source ${at}`,
    ...(random(3) === 0 ? { epoch: blake3Hash(utf8Bytes('epoch')) } : {})
  }))
  const votes = Array.from({ length: random(30) }, () =>
    vote(`agent ${random(9)}`, candidates[random(candidates.length)] ?? said('x', 'x'), random(4) * 300_000, random(4)))
  return key(candidates, votes)
}

describe('views', () => {
  it('have the same bytes for twenty shuffles of the same records', () => {
    const random = seeded(3)
    for (let run = 0; run < 60; run += 1) {
      const records = someRecords(random)
      const epochs = judgedBy({ cardinality: run % 2 === 0 ? 'one' : 'many', ...(run % 3 === 0 ? { tolerance: 1 } : {}) })
      const bytes = Array.from({ length: 20 }, () => {
        const { candidates, votes } = records
        const mixed = key(shuffled(candidates, random), shuffled(votes, random))
        return Buffer.from(encodeView(settle(mixed, epochs))).toString('hex')
      })
      expect(new Set(bytes).size, `seed 3, run ${run}`).toBe(1)
    }
  })

  it('decode to what was encoded', () => {
    const random = seeded(5)
    for (let run = 0; run < 100; run += 1) {
      const view = settle(someRecords(random), judgedBy({ cardinality: run % 2 === 0 ? 'one' : 'many' }), run)
      const decoded = decodeView(encodeView(view))
      expect(decoded && encodeView(decoded)).toEqual(encodeView(view))
      expect(decoded?.counts).toEqual(view.counts)
      expect(decoded?.evidence).toBe(view.evidence)
      expect(decoded?.local).toEqual(view.local)
    }
  })

  it('keep object, assertion, agent, timestamp, epoch and source of the winner', () => {
    const epoch = blake3Hash(utf8Bytes('epoch'))
    const records = key([said('ann', ['a', { ref: 'b' }], { timestampMs: 2 ** 52, epoch, source: 'https://ü' })])
    const part = readViewPart(encodeView(settle(records)), consensus.viewCode ?? 0)
    if (part === undefined || part === 'absent') throw new Error('no part')
    const [winner] = part.lens.winners
    expect(winner).toMatchObject({
      score: 65_536, share: 65_536, agents: 1,
      claim: { id: records.candidates[0]?.id, timestampMs: 2 ** 52, epoch, source: 'https://ü' }
    })
    expect(objectValue(winner?.claim.objectBytes ?? new Uint8Array(0))).toEqual(['a', { ref: 'b' }])
  })

  it('keep negative and large scores', () => {
    const view = settle(key([said('ann', 'x')]))
    for (const score of [-1, -(2 ** 40) - 7, 2 ** 52 + 1, 0]) {
      const lenses = view.lenses.map((lens): LensView =>
        ({ ...lens, winners: lens.winners.map((winner) => ({ ...winner, score })) }))
      expect(decodeView(encodeView({ ...view, lenses }))?.lenses[0]?.winners[0]?.score).toBe(score)
    }
  })

  it('keep at most 64 winners and tell how many there are', () => {
    const names = Array.from({ length: VIEW_WINNERS_MAX + 1 }, (_, at) => `value ${at}`)
    const many = judgedBy({ cardinality: 'many' })
    const kept = (count: number): LensView | undefined =>
      decodeView(encodeView(settle(key(names.slice(0, count).map((name) => said('ann', name))), many)))?.lenses[0]
    expect(kept(64)).toMatchObject({ winnersTotal: 64 })
    expect(kept(64)?.winners).toHaveLength(64)
    expect(kept(65)).toMatchObject({ winnersTotal: 65 })
    expect(kept(65)?.winners).toHaveLength(64)
  })

  it('leave out lenses without an answer and still count the candidates', () => {
    const closed = judgedBy({ vocabulary: ['yes', 'no'] })
    const bytes = encodeView(settle(key([said('ann', 'maybe')]), closed))
    const counts = { candidates: 1, ballots: 0, clusters: 0 }
    expect(decodeView(bytes)).toMatchObject({ lenses: [], counts })
    expect(readViewPart(bytes, 1)).toBe('absent')
  })

  it('do not exist without candidates', () => {
    const nothing = createLensInput(key([]), { epochs: NO_EPOCHS, trust: trustOf() })
    expect(runSteps(settleSteps(nothing, 0))).toBeUndefined()
  })

  it('have local fields outside the hashed part', () => {
    const records = key([said('ann', 'x')])
    const [early, late] = [encodeView(settle(records)), encodeView(settle(records, NO_EPOCHS, 99))]
    expect(early).not.toEqual(late)
    expect(hashedPart(early)).toEqual(hashedPart(late))
  })

  it('carry the BLAKE3 of all sorted ids as evidence', () => {
    const candidates = [said('ann', 'x'), said('bob', 'y')]
    const votes = [vote('cid', candidates[0] ?? said('ann', 'x'), 5)]
    const ids = [...candidates, ...votes].map(({ id }) => id).sort()
    const expected = blake3Hash(concatBytes(...ids.map((id) => Buffer.from(id, 'hex'))))
    expect(runSteps(evidenceSteps({ candidates, votes }))).toBe(expected)
  })
})

describe('the reader of views', () => {
  const bytes = encodeView(settle(someRecords(seeded(9))))

  it('answers undefined, and never throws, for bytes that are no view', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (value) => {
      decodeView(value)
      readViewPart(value, 1)
      hashedPart(value)
    }), { seed: 1, numRuns: 500 })
    for (let length = 0; length < bytes.length; length += 1) {
      expect(decodeView(bytes.subarray(0, length))).toBeUndefined()
    }
  })

  it('survives each byte of a view being changed', () => {
    for (let at = 0; at < bytes.length; at += 1) {
      for (const flip of [1, 0x80, 0xff]) {
        const broken = Uint8Array.from(bytes)
        broken[at] = (broken[at] ?? 0) ^ flip
        decodeView(broken)
        readViewPart(broken, 1)
        readViewPart(broken, 3)
      }
    }
  })

  it('knows no other version', () => {
    const other = Uint8Array.from(bytes)
    other[4] = 3
    for (const read of [decodeView, hashedPart, (value: Uint8Array) => readViewPart(value, 1)]) {
      expect(read(other)).toBeUndefined()
    }
  })

  it('gives one lens as the whole view has it', () => {
    const whole = decodeView(bytes)
    for (const lens of [consensus, recency]) {
      const part = readViewPart(bytes, lens.viewCode ?? 0)
      expect(part).toEqual({
        counts: whole?.counts, evidence: whole?.evidence, local: whole?.local,
        lens: whole?.lenses.find(({ code }) => code === lens.viewCode)
      })
    }
    expect(readViewPart(bytes, 99)).toBe('absent')
  })
})

describe('the view digest', () => {
  const views = ['a', 'b'].map((name) => [utf8Bytes(name), encodeView(settle(key([said(name, 'x')])))] as const)

  it('depends on keys and hashed parts alone', () => {
    const digestOf = (entries: typeof views): string => {
      const digest = createViewDigest()
      for (const [name, value] of entries) digest.add(name, value)
      return digest.digest()
    }
    const later = views.map(([name]) =>
      [name, encodeView(settle(key([said(Buffer.from(name).toString(), 'x')]), NO_EPOCHS, 7))] as const)
    expect(digestOf(later)).toBe(digestOf(views))
    expect(digestOf(views.slice(1))).not.toBe(digestOf(views))
    expect(digestOf([...views].reverse())).not.toBe(digestOf(views))
    expect(digestOf([])).toBe('0'.repeat(64))
  })
})
