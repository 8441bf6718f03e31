// The simulated network keeps the contract of the Network port.

import { systemClock, type Timer } from '../../src/base/index.js'
import { networkContract } from '../contract/network.js'
import { NETWORK_LIMITS } from '../../src/p2p/index.js'
import { createHub } from './network.js'
import { createPrng } from './prng.js'
import { createWeather } from './weather.js'
import { createWorld } from './world.js'

networkContract('simulated', () => {
  const world = createWorld()
  const hub = createHub(world, createWeather(), 1)
  const prng = createPrng('contract')
  let index = 0
  let timer: Timer | undefined
  let stopped = false
  // A second of virtual time for each turn of the real clock.
  const pump = async (): Promise<void> => {
    await world.run(world.nowMs + 1_000)
    if (!stopped) timer = systemClock.setTimer(0, () => void pump())
  }
  void pump()
  return {
    payloadBytesMax: NETWORK_LIMITS.payloadBytesMax,
    frameBytesMax: NETWORK_LIMITS.frameBytesMax,
    make(federation = 'one') {
      index += 1
      return Promise.resolve(hub.join({
        name: `peer ${index}`, index, owner: { alive: true, heldUntilMs: 0 }, networkId: federation, dial: [],
        prng: prng.fork(String(index)), onThrow: (error) => { throw error }
      }))
    },
    cleanUp() {
      stopped = true
      timer?.cancel()
      return Promise.resolve()
    }
  }
})
