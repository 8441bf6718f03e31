// A newcomer that is killed while it fetches, again and again: it goes on where it was. All that reaches it
// passes a relay that counts bytes: what it had fetched is not fetched again.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { parseNetworkId } from '../../src/base/index.js'
import { SYNC_DEFAULTS } from '../../src/dag/index.js'
import { buildAssertion, createSigner, seedFromName } from '../../src/record/index.js'
import { startNode, waitFor, type ProcessNode } from '../../scripts/cluster/process-node.js'
import { freePort, openRelay, type Relay } from '../../scripts/cluster/relay.js'
import { createStage, type Stage } from './shell.js'

const kills = 2
const authors = 10
const recordsEach = 400
const count = authors * recordsEach
const valueBytes = 8_000
const { creditBytes } = SYNC_DEFAULTS

let stage: Stage
let relay: Relay
let founder: ProcessNode
let invite: string

beforeAll(async () => {
  stage = createStage()
  relay = await openRelay()
  const directory = stage.path('founder')
  await stage.json('init', '--name', 'cold', '--data-dir', directory)
  const port = await freePort()
  relay.target = port
  founder = await startNode('founder', directory, {
    listen: `/ip4/127.0.0.1/tcp/${port}`, announce: `/ip4/127.0.0.1/tcp/${relay.port}`
  })
  await founder.send(await makeRecords())
  await waitFor('all in blocks', 60_000, async () => (await founder.state()).unsealed === 0)
  ;({ invite } = await stage.json<{ invite: string }>('invite', '--data-dir', directory))
})

afterAll(async () => {
  await founder.kill('SIGKILL')
  await relay.close()
  await stage.end()
})

async function makeRecords(): Promise<readonly Uint8Array[]> {
  const { network_id: id } = await founder.get<{ network_id: string }>('/v1/network')
  const networkId = parseNetworkId(id)
  if (networkId === undefined) throw new Error('no network id')
  return Array.from({ length: authors }, (_, author) => createSigner(seedFromName(`author ${author}`)))
    .flatMap((signer) => Array.from({ length: recordsEach }, (_, i) => {
      const said = { subject: `s${i}`, predicate: 'p', object: `${i} `.padEnd(valueBytes, 'x') }
      return buildAssertion({ timestampMs: 1_700_000_000_000, ...said }, signer, networkId)
    }))
}

it(`is killed ${kills} times, and fetches nothing again that it held`, async () => {
  const on = ['--data-dir', stage.path('newcomer')]
  const words = [invite, '--yes', '--listen', '/ip4/127.0.0.1/tcp/0', ...on]
  const held: number[] = []
  for (let round = 0; round < kills; round += 1) {
    // Of two windows of credit one at least is in the ledger: only then was more sent.
    const goal = relay.bytes + 2 * creditBytes
    const joining = stage.spawn('join', ...words)
    await waitFor('a part of it', 60_000, () => Promise.resolve(relay.bytes >= goal))
    joining.kill('SIGKILL')
    expect((await joining.ended).signal).toBe('SIGKILL')
    const { sound, records } = await stage.json<{ sound: boolean; records: number }>('verify', ...on)
    expect([sound, records > (held.at(-1) ?? 0)]).toEqual([true, true])
    held.push(records)
  }
  const before = relay.bytes
  const { frontier_root: root } = await founder.state()
  expect(await stage.json('join', ...words)).toMatchObject({ converged: true, records: count, frontier_root: root })
  const left = (count - (held.at(-1) ?? 0)) * valueBytes
  expect(relay.bytes - before).toBeLessThan(left * 1.1)
  expect(await stage.json('verify', ...on)).toMatchObject({ sound: true, records: count })
}, 240_000)
