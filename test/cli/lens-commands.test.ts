// The commands that ask lenses for more than an answer, over a real node behind a real HTTP server.

import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { allPages } from '../../src/cli/pages.js'
import { headsText, percent } from '../../src/cli/commands/get.js'
import { CliError, exitCodeOf } from '../../src/cli/errors.js'
import { backs, idOf, saidMs, startNeutral, states, type Asked } from '../api/real-node.js'
import { createBench, type Bench } from './harness.js'

let real: Asked
let bench: Bench
const sides = 103
const old = states('ann', 'SLL', { subject: 'Sierra Leone', predicate: 'currency' })
const current = states('bob', 'SLE', { subject: 'Sierra Leone', predicate: 'currency', timestampMs: saidMs + 9 })

const withdrawn = states('ann', 'x', { subject: 'even', predicate: 'withdrawn' })

beforeAll(async () => {
  real = await startNeutral()
  const rule = (by: string, predicate: string, object: string): Uint8Array =>
    states(by, object, { subject: 'web', predicate })
  await real.admit(
    old, current, backs('cid', idOf(current), 1_000_000, saidMs + 10),
    rule('ann', 'must_use', 'tls'), rule('ann', 'forbidden', 'eval'), rule('bob', 'forbidden', 'md5\u001b[2J'),
    ...Array.from({ length: sides }, (_, at) => states(`agent ${at}`, at, { predicate: 'many' })),
    states('ann', 'red', { subject: 'even', predicate: 'colour' }),
    states('bob', 'blue', { subject: 'even', predicate: 'colour', timestampMs: saidMs + 1 }),
    withdrawn, backs('ann', idOf(withdrawn), 0),
    states('ann', 'crowd'), ...Array.from({ length: 7 }, (_, at) => backs(`fan ${at}`, idOf(states('ann', 'crowd'))))
  )
  bench = await createBench(real.node)
})

afterAll(async () => {
  await bench.end()
  await real.stop()
})

describe('stemedb get', () => {
  it('says when the answer shown is one of several that are worth the same', async () => {
    const even = await bench.run('get', 's', 'many')
    expect([even.code, even.stderr]).toEqual([0, ''])
    expect(even.stdout).toMatch(/lens +Consensus, a tie: the smaller hash is shown\n/)
    const clear = await bench.run('get', 'Sierra Leone', 'currency')
    expect(clear.stdout).toMatch(/lens +Consensus\nshare +66\.7 % \(score 2\.00 bits\)\nrunner-up +SLL with/)
  })

  it('does not call it a tie where the last word decides, but for words of one time', async () => {
    const later = await bench.run('get', 'even', 'colour', '--lens', 'recency')
    expect(later.stdout).toMatch(/^blue\nlens +Recency\nshare +50\.0 %/)
    const both = await bench.run('get', 's', 'many', '--lens', 'recency')
    expect(both.stdout).toMatch(/lens +Recency, equally late: the greater assertion hash is shown\n/)
  })

  it('counts the agents behind an undecided answer, and behind its rival', async () => {
    for (const command of ['get', 'explain']) {
      const { stdout } = await bench.run(command, 'even', 'withdrawn')
      expect(stdout, command).toMatch(/undecided: no ballot has weight\nshare +0 of 0 agents\n/)
    }
  })

  it('shows the agents of an undecided answer, not one share for each answer', () => {
    expect(headsText({ agents: 3 }, { ballots: 4 })).toBe('3 of 4 agents, 75.0 %')
  })

  it('ends 2 when the node refuses the words: thresholds of another lens, or a cursor that is none', async () => {
    const ended = await bench.run('get', 's', 'p', '--lens', 'recency', '--min-standing', '0.5')
    expect([ended.code, ended.stderr]).toEqual([2, expect.stringContaining('QUERY_RANGE')])
    const codes = ['QUERY_CURSOR', 'NODE_CURSOR', 'QUERY_CHANGED'].map((problem) =>
      exitCodeOf(new CliError({ code: 'CLI_REFUSED', problem, status: 400 }, problem)))
    expect(codes).toEqual([2, 2, 1])
  })

  it.each([
    [0, '0.0 %'], [0.000_4, '< 0.1 %'], [0.000_5, '0.1 %'], [0.5, '50.0 %'], [0.999_4, '99.9 %'],
    [0.999_5, '> 99.9 %'], [1, '100.0 %']
  ])('shows a share of %d as %s', (share, text) => {
    expect(percent(share)).toBe(text)
  })
})

describe('stemedb skeptic', () => {
  it('shows the sides, their backers and how the dispute came about', async () => {
    const ended = await bench.run('skeptic', 'Sierra Leone', 'currency')
    expect([ended.code, ended.stderr]).toEqual([0, ''])
    expect(ended.stdout).toMatch(/answers +2\nconflict +33\.3 %\nentropy +0\.92 bits/)
    expect(ended.stdout).toContain(`SLE: 66.7 %, score 2.00, agents 2, assertions 1, ${idOf(current)}`)
    expect(ended.stdout).toMatch(/backer +ballot +gate +trust +bits +group +record/)
    expect(ended.stdout).toMatch(/said up to +answer under present trust/)
    for (const line of ended.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(130)
    const then = await bench.run('--json', 'skeptic', 'Sierra Leone', 'currency', '--as-of', String(saidMs))
    expect(JSON.parse(then.stdout)).toMatchObject({ as_of: saidMs, clusters_total: 1, clusters: [{ object: 'SLL' }] })
  })

  it('shows 100 sides, and all with --all', async () => {
    const some = await bench.run('skeptic', 's', 'many')
    expect(some.stdout).toContain(`${sides - 100} more: --all`)
    const all = JSON.parse((await bench.run('--json', 'skeptic', 's', 'many', '--all')).stdout)
    expect([all.clusters.length, all.cursor]).toEqual([sides, undefined])
  })

  it('shows five backers of a side, and all when it is named', async () => {
    const crowd = idOf(states('ann', 'crowd'))
    expect((await bench.run('skeptic', 's', 'p')).stdout).toContain('3 more backers')
    const whole = await bench.run('skeptic', 's', 'p', '--assertion', crowd)
    expect(whole.stdout).not.toContain('more backers')
    const json = await bench.run('--json', 'skeptic', 's', 'p', '--assertion', crowd)
    expect(JSON.parse(json.stdout).clusters[0].backers).toHaveLength(8)
  })

  it('ends 3 where nothing is said', async () => {
    const ended = await bench.run('skeptic', 'nobody', 'nothing')
    expect([ended.code, ended.stdout, ended.stderr]).toEqual([3, '', expect.stringContaining('LENS_NO_CANDIDATES')])
  })
})

describe('stemedb explain', () => {
  it('says why an answer won and what would change it', async () => {
    const ended = await bench.run('explain', 'Sierra Leone', 'currency')
    expect([ended.code, ended.stderr]).toEqual([0, ''])
    expect(ended.stdout).toMatch(/^SLE\n\nlens +Consensus\nshare +66\.7 % \(score 2\.00 bits\)\n/)
    expect(ended.stdout).toMatch(/runner-up +SLL, 33\.3 %/)
    expect(ended.stdout).toMatch(/what would change it:\nweight +1(\.\d+)? more bits for SLL\n/)
    expect(ended.stdout).toMatch(/others +no other agent alone/)
    const key = ['Sierra Leone', 'currency'] as const
    const json = await bench.run('--json', 'explain', ...key, '--lens', 'recency')
    expect(JSON.parse(json.stdout)).toMatchObject({ answer: { lens: 'Recency' }, what_would_change_it: { later_than: saidMs + 9 } })
    const past = await bench.run('explain', ...key, '--as-of', String(saidMs), '--lens', 'epochaware')
    expect(past.stdout).toMatch(/^SLL\n/)
    expect((await bench.run('explain', 'nobody', 'nothing')).code).toBe(3)
    expect((await bench.run('explain', 'a', 'b', '--lens', 'none')).code).toBe(2)
  })
})

describe('stemedb constraints', () => {
  it('lists what subjects demand and forbid, printable', async () => {
    const ended = await bench.run('constraints', 'web', 'bank')
    expect([ended.code, ended.stdout.split('\n').length]).toEqual([0, 5])
    expect(ended.stdout).toMatch(/web +must_use +tls/)
    expect(ended.stdout).toContain('md5\\u{1b}[2J')
    const only = await bench.run('--json', 'constraints', 'web', '--only', 'must_use')
    expect(JSON.parse(only.stdout).constraints).toHaveLength(1)
    expect((await bench.run('constraints', 'bank')).stdout).toBe('no constraints\n')
    expect((await bench.run('constraints', 'web', '--only', 'may')).code).toBe(2)
  })
})

describe('stemedb preflight', () => {
  it('ends 0 for a plan that keeps to all, 4 for one that does not, and says why', async () => {
    const fine = await bench.run('preflight', 'web', '--use', 'tls')
    expect([fine.code, fine.stdout, fine.stderr]).toEqual([0, 'allowed\n', ''])
    writeFileSync(bench.path('plan.json'), '["eval", 7]')
    const broken = await bench.run('preflight', 'web', '--plan', bench.path('plan.json'))
    expect([broken.code, broken.stderr]).toEqual([4, 'stemedb: the plan breaks 2 constraints (CLI_VIOLATED)\n'])
    expect(broken.stdout).toMatch(/forbidden, and in the plan:\n.*\nweb +forbidden +eval/)
    expect(broken.stdout).toMatch(/demanded, and not in the plan:\n.*\nweb +must_use +tls/)
    const json = await bench.run('--json', 'preflight', 'web', '--use', 'eval', '--use', 'tls')
    expect(json.code).toBe(4)
    expect(JSON.parse(json.stdout)).toMatchObject({ allowed: false, violated_total: 1, missing: [] })
  })

  it('refuses a plan that is no list', async () => {
    writeFileSync(bench.path('plan.json'), '{"a": 1}')
    expect((await bench.run('preflight', 'web', '--plan', bench.path('plan.json'))).code).toBe(2)
    expect((await bench.run('preflight', 'web', '--plan', '/nowhere')).stderr).toContain('CLI_FILE')
  })
})

describe('answers in pages', () => {
  it('are begun anew when they change while they are read, three times at most', async () => {
    const changed = new CliError({ code: 'CLI_REFUSED', problem: 'QUERY_CHANGED', status: 409 }, 'changed')
    let asked = 0
    const failing = (times: number) => async (cursor?: string): Promise<{ readonly cursor?: string }> => {
      asked += 1
      if (cursor === 'second' && times > 0) {
        times -= 1
        throw changed
      }
      return cursor === undefined ? { cursor: 'second' } : {}
    }
    expect(await allPages(failing(3))).toHaveLength(2)
    expect(asked).toBe(8)
    await expect(allPages(failing(4))).rejects.toBe(changed)
  })
})
