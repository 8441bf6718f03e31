import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import {
  consensus, createLensInput, type KeyRecords, lensSteps, NO_EPOCHS, runSteps, trustBallotSteps
} from '../../src/lenses/index.js'
import { computeTrust, createBallotBook, OPEN_POLICY } from '../../src/trustrank/index.js'
import { key, said } from '../lenses/make.js'

const data = new URL('../../../shared/data/', import.meta.url)

function lines<T>(path: string): readonly T[] {
  const text = gunzipSync(readFileSync(new URL(path, data))).toString().trim()
  return text.split('\n').map((line) => JSON.parse(line) as T)
}

function recordsOf(set: string): readonly KeyRecords[] {
  const items = new Map<string, ReturnType<typeof said>[]>()
  for (const { source, item, value } of lines<Record<string, string>>(`${set}/claims.jsonl.gz`)) {
    const claims = items.get(item ?? '') ?? []
    items.set(item ?? '', claims)
    claims.push(said(source ?? '', value ?? ''))
  }
  return [...items].map(([subject, claims]) => ({ ...key(claims), subject }))
}

// Accuracies through the whole pipeline: npm run eval.
describe('Consensus on data sets, under trust', () => {
  it.skipIf(!existsSync(data)).each([['rte', 0.925], ['senti_sp', 0.914]] as const)(
    'is right on %s on a share of %d at least', (set, least) => {
      const book = createBallotBook(OPEN_POLICY.roundMs)
      const records = recordsOf(set)
      for (const each of records) book.put(runSteps(trustBallotSteps(each, NO_EPOCHS.judging('predicate'))))
      const trust = computeTrust(book.columns(), OPEN_POLICY).snapshot
      const facts = lines<Record<string, string>>(`${set}/gold.jsonl.gz`)
      const gold = new Map(facts.map(({ item, value }) => [item, value]))
      const right = records.filter((each) => {
        const result = runSteps(lensSteps(consensus, createLensInput(each, { epochs: NO_EPOCHS, trust })))
        return result?.winners[0]?.candidate.object === gold.get(each.subject)
      })
      expect(right.length / gold.size).toBeGreaterThanOrEqual(least)
    })
})
