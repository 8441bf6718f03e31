import { describe, expect, it } from 'vitest'
import { MESSAGE_ROWS } from '../../src/node/trust-options.js'
import { createTrustQueue } from '../../src/node/trust-queue.js'
import { createSigner, seedFromName } from '../../src/record/index.js'
import type { KeyBallots } from '../../src/trustrank/index.js'

const agent = createSigner(seedFromName('ann')).publicKey

/** Ballots that count one more than their rows. */
function key(subject: string, rows: number): KeyBallots {
  return {
    subject, predicate: 'p', cardinality: 'one', exact: true, clusters: [{ value: '61', hash: '00' }],
    endorsements: [],
    rows: Array.from({ length: rows }, () => ({ agent, cluster: 0, weightQ: 65_536, timestampMs: 1 }))
  }
}

describe('ballots that wait for the trust desk', () => {
  it('are the last of each key, in messages of one state', () => {
    const queue = createTrustQueue(1_000)
    queue.put(key('a', 1), 1)
    queue.put(key('b', 2), 1)
    queue.put(key('a', 3), 2)
    expect(queue.rows).toBe(7)
    const taken = queue.take().map(({ asOf, keys }) => [asOf, ...keys.map((one) => `${one.subject} ${one.rows.length}`)])
    expect(taken).toEqual([[2, 'a 3'], [1, 'b 2']])
    expect([queue.rows, queue.take()]).toEqual([0, []])
  })

  it('are cut into messages of bounded size', () => {
    const queue = createTrustQueue(10 * MESSAGE_ROWS)
    for (let at = 0; at < 5; at += 1) queue.put(key(`s${at}`, MESSAGE_ROWS - 1), 1)
    expect(queue.take().map(({ keys }) => keys.length)).toEqual([1, 1, 1, 1, 1])
  })

  it('fit up to the limit; one row more, and all must be read from the index', () => {
    const queue = createTrustQueue(10)
    queue.put(key('a', 4), 1)
    queue.put(key('b', 4), 1)
    expect([queue.rows, queue.takeOverflow()]).toEqual([10, false])
    queue.put(key('c', 0), 1)
    expect([queue.rows, queue.take()]).toEqual([0, []])
    expect([queue.takeOverflow(), queue.takeOverflow()]).toEqual([true, false])
  })

  it('are taken however large a key is that comes alone', () => {
    const queue = createTrustQueue(10)
    queue.put(key('a', 50), 1)
    expect(queue.take().map(({ keys }) => keys.length)).toEqual([1])
    expect(queue.takeOverflow()).toBe(false)
  })
})
