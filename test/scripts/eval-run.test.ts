// What `npm run eval` scores is what the node says; one that says anything but its records is found out.

import { describe, expect, it } from 'vitest'
import { askAll, type LensAnswers } from '../../scripts/eval/answers.js'
import { evaluateAttack } from '../../scripts/eval/attack-run.js'
import { evaluateAudit } from '../../scripts/eval/audit.js'
import { runInMemory } from '../../scripts/eval/in-memory.js'
import { judge } from '../../scripts/eval/judge.js'
import type { RunInput, RunResult, Told } from '../../scripts/eval/run.js'
import { LensError, STANDARD_LENSES } from '../../src/lenses/index.js'
import type { Claim, GoldFact } from '../../src/node/index.js'
import { type Answer, QueryError, type QueryRequest } from '../../src/query/index.js'

const facts: readonly (GoldFact & { readonly value: string })[] =
  Array.from({ length: 12 }, (_, at) => ({ item: `fact ${at}|is`, value: `v${at % 3}` }))

/** Three sources are right, and one is wrong everywhere. */
const claims: readonly Claim[] = facts.flatMap(({ item, value }) => [
  ...['ann', 'bob', 'cid'].map((source) => ({ source, item, value })), { source: 'dan', item, value: 'wrong' }
])

/** A run in memory with what a node might have said: by default what its records say. */
function runThatTells(turn: (answers: LensAnswers) => LensAnswers, digest?: string) {
  return async (input: RunInput): Promise<RunResult> => {
    const left = runInMemory(input)
    const { answers, trust } = judge(left, input.facts)
    const tag = { trustDigest: digest ?? trust.digest }
    const told = { state: { tag }, answers: turn(answers) } as Told
    return { ...left, told }
  }
}

/** The answers of the lens Consensus but one, which is changed. */
function withOneTurned(change: object | undefined) {
  return (answers: LensAnswers): LensAnswers => {
    const consensus = new Map(answers.get('consensus'))
    const given = consensus.get('fact 7|is')
    if (given === undefined) throw new Error('no answer to turn')
    if (change === undefined) consensus.delete('fact 7|is')
    else consensus.set('fact 7|is', { ...given, ...change })
    return new Map([...answers, ['consensus', consensus]])
  }
}

const attack = { kind: 'clique', share: 0.3, seeds: 2, endorsements: 0.5, draws: 1 } as const
const audit = { facts: 3, draws: 1 }
const rules = { tolerance: undefined }
const audited = { claims, gold: facts, rules }
const attacked = { claims, gold: facts, tolerance: undefined }

describe('a run of the evaluation', () => {
  it('is scored when its node said what the records say', async () => {
    const honest = runThatTells((answers) => answers)
    expect((await evaluateAudit(audited, audit, honest)).consensus).toBe(1)
    expect((await evaluateAttack(attacked, attack, honest)).all.consensus).toBeGreaterThan(0.9)
  })

  it.each([
    ['another value', { value: 'wrong' }], ['another share', { share: 1 }], ['no answer', undefined]
  ])('is void when its node said %s on one item', async (_what, change) => {
    const turned = runThatTells(withOneTurned(change))
    await expect(evaluateAudit(audited, audit, turned)).rejects.toThrow(/fact 7\|is; its records/)
    await expect(evaluateAttack(attacked, attack, turned)).rejects.toThrow(/fact 7\|is; its records/)
  })

  it('is void when its node answers where the records say nothing', async () => {
    const left = runInMemory({ claims, votes: [], rules, network: {} })
    const { answers, trust } = judge(left, facts)
    const fewer = { ...left, stored: { ...left.stored, records: new Map() } }
    const told = { state: { tag: { trustDigest: trust.digest } }, answers } as Told
    expect(() => judge({ ...fewer, told }, facts)).toThrow(/fact 0\|is; its records say undefined/)
  })

  it('is void when its node published other trust', async () => {
    const other = runThatTells((answers) => answers, 'f'.repeat(64))
    await expect(evaluateAudit(audited, audit, other)).rejects.toThrow(/published trust ffff/)
  })
})

describe('asking a node', () => {
  const answered = ({ subject }: QueryRequest): Answer =>
    ({ winner: { object: subject, score: 2, share: 3 } }) as unknown as Answer
  const none = new LensError({ code: 'LENS_NO_CANDIDATES', lens: 'Consensus' }, 'nobody')

  it('asks each lens for each fact, 1,000 in a call, and notes who wins', async () => {
    const many = Array.from({ length: 1_001 }, (_, at) => ({ item: `${at}|is` }))
    const calls: number[] = []
    const answers = await askAll({
      queryMany: async (requests) => {
        calls.push(requests.length)
        return requests.map((request) => (request.subject === '5' ? none : answered(request)))
      }
    }, many)
    expect(calls).toEqual(STANDARD_LENSES.flatMap(() => [1_000, 1]))
    expect([...answers.keys()]).toEqual(STANDARD_LENSES.map(({ name }) => name.toLowerCase()))
    for (const given of answers.values()) {
      expect(given.size).toBe(1_000)
      expect(given.get('5|is')).toBeUndefined()
      expect(given.get('1000|is')).toEqual({ value: '1000', score: 2, share: 3 })
    }
  })

  it('fails on an error that is no answer', async () => {
    const late = new QueryError({ code: 'QUERY_TIMEOUT', limitMs: 1 }, 'late')
    await expect(askAll({ queryMany: async () => [late] }, [{ item: 'a|is' }])).rejects.toThrow('no answer on a|is')
  })
})
