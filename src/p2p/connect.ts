// Connecting: one dial, bounded in time, that can be given up.
// TCP repeats its first packet after a second at first, then after two, four and more: a dial that goes on
// while nobody answers finds a peer late that is back. So the first answer has a bound of its own.

import type { Connection, PeerId } from '@libp2p/interface'
import { isMultiaddr, type Multiaddr } from '@multiformats/multiaddr'
import type { Clock, Timer } from '../base/index.js'
import { P2pError, reasonOf } from './errors.js'
import type { StemeLibp2p } from './libp2p-node.js'

/** What is dialled, and how. */
export interface ConnectOptions {
  readonly target: Multiaddr | PeerId
  /** How the target is named in errors. */
  readonly shown: string
  /** Time to the first answer of an address, and to the end of the handshake. */
  readonly connectMsMax: number
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
  const { target, shown, connectMsMax, dialMsMax, beside } = options
  const late = new AbortController()
  const giveUp = (): void => late.abort(new Error('no answer in time'))
  const timer = clock.setTimer(dialMsMax, giveUp)
  let connecting: Timer | undefined
  const onProgress = ({ type }: { readonly type: string }): void => {
    connecting?.cancel()
    // A peer may have several addresses, of which a dead one must not use up the dial of the next.
    if (type === 'tcp:open-connection' && isMultiaddr(target)) connecting = clock.setTimer(connectMsMax, giveUp)
  }
  try {
    const signal = AbortSignal.any([late.signal, ...(beside === undefined ? [] : [beside])])
    return await node.dial(target, { force: beside !== undefined, signal, onProgress })
  } catch (cause) {
    const detail = { code: 'P2P_DIAL_FAILED', address: shown } as const
    throw new P2pError(detail, `cannot reach ${shown}: ${reasonOf(cause)}`, { cause })
  } finally {
    timer.cancel()
    connecting?.cancel()
  }
}
