// Drives a hostile peer in a process of its own (hostile-main.ts).

import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { builtScript, endProcess } from './process-node.js'

/** Who a hostile peer is; bytes in hex. */
export interface HostileIdentity {
  readonly networkId: string
  readonly seed: string
  readonly sharedKey?: string
  readonly certificate?: string
}

/** What a hostile peer can be told. */
export type Order =
  | { readonly do: 'dial'; readonly address: string }
  | { readonly do: 'hang-up' }
  /** Resets its gossip streams of one direction, as it sees them. */
  | { readonly do: 'reset'; readonly direction: 'inbound' | 'outbound' }
  /** One gossip message of so many zero bytes, whatever gossipsub reads at most. */
  | { readonly do: 'oversized'; readonly bytes: number }
  | { readonly do: 'push'; readonly payload: string }
  | { readonly do: 'state'; readonly heard?: readonly string[] }
  /** Sends ignorable payloads as fast as the other side reads them: distinct ones, or one again and again. */
  | { readonly do: 'flood'; readonly payloadBytes: number; readonly fresh: boolean }
  | { readonly do: 'stop-flood' }

/** What it sees. */
export interface HostileState {
  readonly connections: number
  readonly messages: number
  readonly flooded: number
  /** Those of the asked payload hashes that gossip brought. */
  readonly heard: readonly string[]
}

/** A hostile peer. */
export interface HostilePeer {
  readonly name: string
  readonly addresses: readonly string[]
  tell(order: Order): Promise<unknown>
  state(heard?: readonly string[]): Promise<HostileState>
  kill(): Promise<void>
}

interface Line {
  readonly id?: number
  readonly value?: unknown
  readonly error?: string
}

/** Starts a hostile peer and resolves once it listens. */
export async function startHostilePeer(identity: HostileIdentity): Promise<HostilePeer> {
  const child = spawn(process.execPath, [builtScript('cluster/hostile-main.js')], {
    stdio: ['pipe', 'pipe', 'inherit']
  })
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  const ready = Promise.withResolvers<{ readonly name: string; readonly addresses: readonly string[] }>()
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as Line
    if (line.id === undefined) return ready.resolve(line as never)
    const asked = waiting.get(line.id)
    waiting.delete(line.id)
    if (line.error === undefined) asked?.resolve(line.value)
    else asked?.reject(new Error(`hostile peer: ${line.error}`))
  })
  child.once('exit', (code) => {
    const error = new Error(`the hostile peer ended with ${code}`)
    ready.reject(error)
    for (const asked of waiting.values()) asked.reject(error)
  })
  child.stdin.write(`${JSON.stringify(identity)}\n`)
  const { name, addresses } = await ready.promise
  return createHandle(child, waiting, name, addresses)
}

function createHandle(
  child: ChildProcess, waiting: Map<number, PromiseWithResolvers<unknown>>, name: string,
  addresses: readonly string[]
): HostilePeer {
  let last = 0
  const tell = (order: Order): Promise<unknown> => {
    const id = ++last
    const asked = Promise.withResolvers<unknown>()
    waiting.set(id, asked)
    child.stdin?.write(`${JSON.stringify({ id, ...order })}\n`)
    return asked.promise
  }
  return {
    name, addresses, tell,
    state: async (heard = []) => await tell({ do: 'state', heard }) as HostileState,
    kill: () => endProcess(child, 'SIGKILL')
  }
}
