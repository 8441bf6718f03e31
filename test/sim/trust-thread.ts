// The simulated thread that computes trust: answers come in the order of the requests, and a computation
// takes its time, in which ballots change, the node stops or dies.

import { NodeError } from '../../src/node/errors.js'
import type { TrustLane } from '../../src/node/trust-lane.js'
import { createTrustDesk, type TrustPolicy } from '../../src/trustrank/index.js'
import type { Prng } from './prng.js'
import type { Owner, World } from './world.js'

/** Opens lanes of one life. @param msMax longest computation */
export function createTrustThread(
  msMax: number, prng: Prng, world: World, owner: Owner
): (policy: TrustPolicy) => TrustLane {
  return (policy) => {
    const desk = createTrustDesk(policy)
    const ended = Promise.withResolvers<never>()
    ended.promise.catch(() => undefined)
    let last: Promise<unknown> = Promise.resolve()
    return {
      ask(request) {
        const before = last
        const answer = (async () => {
          await before
          if (request.kind === 'compute') await world.sleep(prng.between(1, msMax), 'trust', owner)
          return desk.answer(request)
        })()
        last = answer
        return Promise.race([answer, ended.promise])
      },
      proven: true,
      stop() {
        ended.reject(new NodeError({ code: 'NODE_TRUST_WORKER' }, 'the trust worker ended'))
        return Promise.resolve()
      }
    }
  }
}
