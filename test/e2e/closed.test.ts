// A closed federation in real processes: who was named by a governor takes part, who was not stays out.

import { afterAll, expect, it } from 'vitest'
import { waitFor } from '../../scripts/cluster/process-node.js'
import { createStage } from './shell.js'

const stage = createStage()

afterAll(() => stage.end())

it('a closed federation admits the node that its invite names, and no other', async () => {
  await stage.json('--data-dir', stage.path('founder'), 'init', '--name', 'guild', '--admission', 'closed')
  const founder = await stage.start('founder')
  const said = await stage.json<{ id: string }>('--data-dir', stage.path('founder'), 'assert', 'guild', 'motto', 'care')
  await waitFor('the founder\'s own record in a block', 10_000, async () => (await founder.state()).records === 1)

  const member = await stage.json<{ node_key: string }>('--data-dir', stage.path('member'), 'init', '--join-key')
  const { invite } = await stage.json<{ invite: string }>(
    '--data-dir', stage.path('founder'), 'invite', '--node', member.node_key)
  const joined = await stage.start('member', 'join', invite, '--yes', '--start')
  await waitFor('the record at the member', 10_000, async () => (await joined.state()).records === 1)
  await joined.get(`/v1/assertions/${said.id}`)

  const stranger = await stage.run(
    '--data-dir', stage.path('stranger'), 'join', invite, '--yes', '--listen', '/ip4/127.0.0.1/tcp/0')
  expect(stranger.code).not.toBe(0)
  expect(stranger.stderr).toContain('the invite is for node')
  expect((await founder.state()).records).toBe(1)
})
