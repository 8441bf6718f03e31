// The life of a node's parts: opened and started once, opened anew when the node asks for it, stopped once.

import type { Log } from '../base/index.js'
import { NodeError } from './errors.js'
import type { Parts } from './parts.js'

/** The parts of one node through its life. */
export interface Lifecycle {
  /** Opens and starts the parts. Later calls get the same promise. */
  start(): Promise<void>
  stop(): Promise<void>
  /** The parts while they are open, started or not. */
  readonly parts: Parts | undefined
  /** Started, and not stopping. */
  readonly running: boolean
  /** The parts of a node that is in use. @throws NodeError NODE_NOT_READY, NODE_STOPPED */
  use(): Parts
}

/** @param open makes the parts; `onStale` asks for them to be stopped and opened anew */
export function createLifecycle(open: (onStale: () => void) => Promise<Parts>, log: Log): Lifecycle {
  let parts: Parts | undefined
  let starting: Promise<void> | undefined
  let stopping: Promise<void> | undefined
  let started = false

  const begin = async (): Promise<void> => {
    parts = await open(reopen)
    try {
      await parts.start()
      started = true
    } catch (error) {
      await parts.stop().catch(() => undefined)
      throw error
    }
  }
  const reopen = (): void => {
    starting = (starting ?? Promise.resolve()).then(async () => {
      const old = parts
      if (!started || old === undefined) return
      parts = undefined
      started = false
      await old.stop()
      if (stopping === undefined) await begin()
    })
    starting.catch((error: unknown) => log.error({ error: String(error) }, 'the node could not be opened anew'))
  }
  return {
    start: () => (starting ??= begin()),
    stop: () => (stopping ??= (async () => {
      await starting?.catch(() => undefined)
      if (started) await parts?.stop()
    })()),
    get parts() { return parts },
    get running() { return started && stopping === undefined },
    use() {
      if (parts !== undefined && stopping === undefined) return parts
      const code = stopping === undefined ? 'NODE_NOT_READY' : 'NODE_STOPPED'
      throw new NodeError({ code }, 'the node is not running')
    }
  }
}
