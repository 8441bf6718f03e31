// The lane to the trust worker, from the built product: a worker is a file of its own.

import { describe, expect, it } from 'vitest'
import type * as Lane from '../../src/node/trust-lane.js'
import { silentLog } from '../../src/node/index.js'
import { OPEN_POLICY } from '../../src/trustrank/index.js'

const built = new URL('../../dist/src/node/trust-lane.js', import.meta.url)

describe('a trust lane', () => {
  it('that is ended while answers are under way rejects whoever waits, and takes them without harm', async () => {
    const { openTrustLane } = await import(built.href) as typeof Lane
    for (let time = 0; time < 3; time += 1) {
      const lane = openTrustLane(1, OPEN_POLICY, silentLog)
      const answers = Array.from({ length: 200 }, () => lane.ask({ kind: 'records', agents: [] }))
      const settled = Promise.allSettled(answers)
      await answers[0]
      const stopped = lane.stop()
      expect((await settled).at(-1)).toMatchObject({ status: 'rejected', reason: { code: 'NODE_TRUST_WORKER' } })
      await stopped
    }
  })
})
