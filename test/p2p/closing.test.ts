import { describe, expect, it } from 'vitest'
import { closeConnection } from '../../src/p2p/greeter.js'
import { createManualClock } from '../fakes/manual-clock.js'
import { settle } from '../fakes/until.js'

const options = { closeMsMax: 2_000 }

// A connection that closes when told to, and its abortions.
function connectionOf(): {
  readonly aborts: Error[]
  readonly connection: Parameters<typeof closeConnection>[0]
  readonly closing: PromiseWithResolvers<void>
} {
  const closing = Promise.withResolvers<void>()
  const aborts: Error[] = []
  const abort = (error: Error): void => {
    aborts.push(error)
    closing.resolve()
  }
  return { aborts, closing, connection: { close: () => closing.promise, abort } }
}

describe('closing a connection', () => {
  it('is left to itself while it has time', async () => {
    const clock = createManualClock(0)
    const { aborts, closing, connection } = connectionOf()
    const closed = closeConnection(connection, options, clock)
    clock.advance(1_999)
    closing.resolve()
    await closed
    clock.advance(10_000)
    expect(aborts).toEqual([])
  })

  it('becomes an abort when its time is over, as over a line that is dead', async () => {
    const clock = createManualClock(0)
    const { aborts, connection } = connectionOf()
    const closed = closeConnection(connection, options, clock)
    clock.advance(1_999)
    await settle()
    expect(aborts).toEqual([])
    clock.advance(1)
    await closed
    expect(aborts).toHaveLength(1)
  })

  it('becomes an abort when it fails', async () => {
    const { aborts, closing, connection } = connectionOf()
    const closed = closeConnection(connection, options, createManualClock(0))
    closing.reject(new Error('reset'))
    await closed
    expect(aborts.map(String)).toEqual(['Error: reset'])
  })
})
