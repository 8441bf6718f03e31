// Several hosts: a short trial of netlab where network namespaces are permitted, and its reason where not.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { builtScript, waitFor } from '../../scripts/cluster/process-node.js'
import { whyNot } from '../../scripts/netlab/hosts.js'

interface Outcome {
  readonly packets: { readonly lost: number; readonly cut: number }
}

const run = promisify(execFile)
const reason = await whyNot()

const netlab = (...words: readonly string[]): ReturnType<typeof run> =>
  run(process.execPath, [builtScript('netlab/main.js'), ...words])

async function namespacesOf(pid: number | undefined): Promise<readonly string[]> {
  const { stdout } = await run('ip', ['netns', 'list'])
  return stdout.split('\n').filter((line) => line.startsWith(`stemedb-netlab-${pid}-`))
}

describe.skipIf(reason !== undefined)('three hosts on lossy links', () => {
  it('meet again after a cut, and leave nothing behind', async () => {
    // Whether it takes 30 s is asked of netlab itself, on a machine that does nothing else.
    const trial = netlab(
      '--nodes', '3', '--records', '5', '--apart', '5', '--seed', '11', '--delay', '50-100', '--loss', '10-20',
      '--within', '200', '--json'
    )
    const { stdout } = await trial
    const result = JSON.parse(String(stdout).trim().split('\n').at(-1) ?? '') as Outcome
    expect(result).toMatchObject({ passed: true, records: 45, delayMs: [50, 100], lossPercent: [10, 20] })
    expect(result.packets.lost).toBeGreaterThan(0)
    expect(result.packets.cut).toBeGreaterThan(0)
    expect(await namespacesOf(trial.child.pid)).toEqual([])
  }, 300_000)

  it('are removed when the trial is interrupted', async () => {
    const trial = netlab('--nodes', '3')
    const ended = trial.then(() => 0, (error: { readonly code: number }) => error.code)
    await waitFor('a host', 30_000, async () => (await namespacesOf(trial.child.pid)).length > 0)
    trial.child.kill('SIGTERM')
    expect(await ended).toBe(130)
    expect(await namespacesOf(trial.child.pid)).toEqual([])
  })
})

it.each([['--loss', '30-10'], ['--delay', 'x'], ['--loss', '91'], ['--nodes', '2'], ['--delay', '1-2-3']])(
  'netlab refuses %s %s before it makes anything', async (...words) => {
    const refusal = { code: 2, stderr: expect.stringContaining(words[0]) }
    await expect(netlab(...words)).rejects.toMatchObject(refusal)
  }
)

it.skipIf(reason === undefined)(`netlab says why it does not run here: ${reason}`, async () => {
  expect((await netlab()).stdout).toContain('netlab skipped: ')
})
