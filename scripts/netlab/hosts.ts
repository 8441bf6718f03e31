// Several hosts on one machine: a network namespace each, with a TUN device to the hub (hub.py), which
// delays, loses and cuts. Everything made here is removed by `end`, in whatever state it is.

import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const driverAddress = 254
// The script is no TypeScript and stays with the sources.
const fromSources = !import.meta.url.includes('/dist/')
const hubScript = fileURLToPath(new URL(fromSources ? './hub.py' : '../../../scripts/netlab/hub.py', import.meta.url))

/** What the network between the hosts is like. Each ordered pair draws its own from the ranges. */
export interface Conditions {
  readonly seed: number
  readonly delayMs: readonly [least: number, most: number]
  readonly lossPercent: readonly [least: number, most: number]
}

/** What became of packets. */
export interface HubCounts {
  readonly forwarded: number
  readonly lost: number
  readonly cut: number
}

/** The hosts. */
export interface Hosts {
  readonly addresses: readonly string[]
  /** Makes the hosts and what lies between them. */
  open(conditions: Conditions): Promise<void>
  /** Words that run a program on a host. */
  launcher(host: number): readonly string[]
  /** Cuts groups of hosts apart; none heals. */
  cut(groups: readonly (readonly number[])[]): void
  /** Removes all that was made; an `open` under way fails. */
  end(): Promise<HubCounts | undefined>
}

/** Why this machine cannot have several hosts; undefined when it can. */
export async function whyNot(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'network namespaces are of Linux alone'
  try {
    await access('/dev/net/tun', constants.R_OK | constants.W_OK)
  } catch {
    return 'no right to /dev/net/tun'
  }
  const probe = `stemedb-probe-${process.pid}`
  try {
    await run('python3', ['--version'])
    await run('ip', ['netns', 'add', probe])
    await run('ip', ['netns', 'exec', probe, 'ip', 'link', 'set', 'lo', 'up'])
    return undefined
  } catch (error) {
    return `no right to make network namespaces, or ip or python3 is missing (${firstLine(error)})`
  } finally {
    await run('ip', ['netns', 'del', probe]).catch(() => undefined)
  }
}

/** Plans hosts; `open` makes them. */
export function planHosts(count: number): Hosts {
  return new NamespaceHosts(count)
}

class NamespaceHosts implements Hosts {
  readonly addresses: readonly string[]
  readonly #count: number
  readonly #subnet = `10.${200 + (process.pid >> 8) % 50}.${process.pid & 0xff}`
  readonly #device = `st${process.pid}n`
  readonly #made: string[] = []
  readonly #lines: string[] = []
  #hub: ChildProcess | undefined
  #making: Promise<unknown> = Promise.resolve()
  #ended = false

  constructor(count: number) {
    this.#count = count
    this.addresses = Array.from({ length: count }, (_, host) => `${this.#subnet}.${host + 1}`)
  }

  async open({ seed, delayMs, lossPercent }: Conditions): Promise<void> {
    const words = [hubScript, this.#device, this.#count, seed, ...delayMs, ...lossPercent].map(String)
    const hub = spawn('python3', words, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#hub = hub
    await this.#ready(hub)
    for (let host = 0; host < this.#count; host++) {
      if (this.#ended) throw new Error('the hosts are being removed')
      await (this.#making = this.#make(host))
    }
    await this.#configure([], this.#count, `${this.#subnet}.${driverAddress}`)
  }

  launcher(host: number): readonly string[] {
    return ['ip', 'netns', 'exec', this.#nameOf(host)]
  }

  cut(groups: readonly (readonly number[])[]): void {
    this.#hub?.stdin?.write(`${JSON.stringify({ groups })}\n`)
  }

  async end(): Promise<HubCounts | undefined> {
    this.#ended = true
    await this.#making.catch(() => undefined)
    const hub = this.#hub
    this.#hub = undefined
    if (hub !== undefined && hub.exitCode === null) {
      const ended = new Promise((resolve) => hub.once('close', resolve))
      hub.stdin?.end()
      await ended
    }
    for (const name of this.#made.splice(0)) await run('ip', ['netns', 'del', name]).catch(() => undefined)
    const last = this.#lines.at(-1)
    return last?.startsWith('{') === true ? JSON.parse(last) as HubCounts : undefined
  }

  async #make(host: number): Promise<void> {
    const name = this.#nameOf(host)
    await run('ip', ['netns', 'add', name])
    this.#made.push(name)
    await run('ip', ['link', 'set', `${this.#device}${host}`, 'netns', name])
    await this.#configure(['ip', 'netns', 'exec', name], host, this.addresses[host] ?? '')
  }

  #ready(hub: ChildProcess): Promise<void> {
    return new Promise((resolve, reject) => {
      let errors = ''
      hub.stderr?.on('data', (chunk: Buffer) => { errors = (errors + chunk.toString()).slice(-2_000) })
      hub.once('close', (code) => reject(new Error(`the hub ended with ${code}: ${errors}`)))
      if (hub.stdout === null) return
      createInterface({ input: hub.stdout }).on('line', (line) => {
        this.#lines.push(line)
        if (line === 'ready') resolve()
      })
    })
  }

  async #configure(where: readonly string[], device: number, address: string): Promise<void> {
    const name = `${this.#device}${device}`
    const steps = [
      ['ip', 'addr', 'add', `${address}/24`, 'dev', name], ['ip', 'link', 'set', name, 'up'],
      ...(where.length === 0 ? [] : [['ip', 'link', 'set', 'lo', 'up']])
    ]
    for (const step of steps) {
      const [program = 'ip', ...words] = [...where, ...step]
      await run(program, words)
    }
  }

  #nameOf(host: number): string {
    return `stemedb-netlab-${process.pid}-${host}`
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trim().split('\n').at(-1)?.slice(0, 200) ?? ''
}
