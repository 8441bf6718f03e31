// Connecting: one dial, bounded in time, that can be given up.

import type { Connection, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../base/index.js'
import { P2pError, reasonOf } from './errors.js'
import type { StemeLibp2p } from './libp2p-node.js'

/** What is dialled, and how. */
export interface ConnectOptions {
  readonly target: Multiaddr | PeerId
  /** How the target is named in errors. */
  readonly shown: string
  readonly dialMsMax: number
  /** Makes a connection beside one that is there, until the signal aborts. */
  readonly beside: AbortSignal | undefined
}

/**
 * Dials; gives the connection that is there unless one beside it is asked for.
 * @throws P2pError P2P_DIAL_FAILED
 */
export async function connectTo(
  node: Pick<StemeLibp2p, 'dial'>, options: ConnectOptions, clock: Clock
): Promise<Connection> {
  const { target, shown, dialMsMax, beside } = options
  const late = new AbortController()
  const timer = clock.setTimer(dialMsMax, () => late.abort(new Error('no answer in time')))
  try {
    const signal = AbortSignal.any([late.signal, ...(beside === undefined ? [] : [beside])])
    return await node.dial(target, { force: beside !== undefined, signal })
  } catch (cause) {
    const detail = { code: 'P2P_DIAL_FAILED', address: shown } as const
    throw new P2pError(detail, `cannot reach ${shown}: ${reasonOf(cause)}`, { cause })
  } finally {
    timer.cancel()
  }
}
