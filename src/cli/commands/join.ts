// stemedb join: makes this node part of the network of an invite and fetches what is known there.

import { wait } from '../../base/index.js'
import { joinDirectory, loadConfig, type ReadyProgress, type StemeNode } from '../../node/index.js'
import { decodeInvite, type Invite } from '../../p2p/index.js'
import { wholeNumber } from '../arguments.js'
import { CliError } from '../errors.js'
import { facts, timeText } from '../output.js'
import { startProgress, type Pace } from '../progress.js'
import { checkInterrupt, directoryOf, type AddCommand, type Shell } from '../shell.js'
import { addNodeOptions, nodeFlags, type NodeOptions } from './start.js'

interface JoinOptions extends NodeOptions {
  readonly yes?: true
  readonly start?: true
  readonly sync: boolean
  readonly timeout: number
}

const pollMs = 100

/** Adds `stemedb join`. */
export const addJoin: AddCommand = (program, shell) => {
  const command = program.command('join')
    .summary('join the network of an invite')
    .description('join the network of an invite: show it, ask, fetch what is known there, end with ' +
      "'converged at <frontier>'; resumes after an interruption")
    .argument('<invite>', 'the line that starts with ep1')
    .option('--yes', 'do not ask')
    .option('--start', 'keep running as a node')
    .option('--no-sync', 'make the data directory alone')
    .option('--timeout <seconds>', 'give up when no peer answers that long', wholeNumber(1, 86_400), 60)
  addNodeOptions(command).action((line: string, options: JoinOptions) => join(shell, line, options))
}

async function join(shell: Shell, line: string, options: JoinOptions): Promise<void> {
  const invite = decodeInvite(line)
  shell.output.note(inviteText(invite))
  if (options.yes !== true && !await shell.confirm('Join this network?')) {
    throw new CliError({ code: 'CLI_DECLINED' }, 'not joined; --yes joins without asking')
  }
  const created = await joinDirectory(directoryOf(shell), invite, { random: shell.random })
  if (!options.sync) {
    const value = { network_id: created.networkId, node_key: created.nodeKey, agent_key: created.agentKey }
    shell.output.data(value, () => facts(Object.entries(value)))
    return
  }
  const { runNode, serve } = await import('../serve.js')
  const flags = nodeFlags(shell, options)
  const config = await loadConfig({ ...flags, logLevel: options.logLevel ?? 'warn' }, shell.env)
  const onStarted = (node: StemeNode): Promise<void> => converge(shell, node, options.timeout)
  if (options.start === true) await serve(shell, config, onStarted)
  else await runNode(shell, config, onStarted)
}

/** Waits for the first sync and tells where it ended. */
async function converge(shell: Shell, node: StemeNode, timeoutSeconds: number): Promise<void> {
  const startedMs = shell.clock.monotonicMs()
  const progress = startProgress(shell.output, shell.clock, 'joining', 'records')
  for (let ready = node.ready(); ready.firstSync !== 'done' || !ready.ready; ready = node.ready()) {
    checkInterrupt(shell)
    if (ready.index === 'damaged') {
      throw new CliError({ code: 'CLI_UNSOUND', faults: 1 }, 'the index lost rows: join again to rebuild it')
    }
    const { progress: far } = ready
    if (far !== undefined) progress.at(far.done, far.total, paceOf(far))
    const waitedMs = shell.clock.monotonicMs() - startedMs
    if (node.peers().length === 0 && waitedMs > timeoutSeconds * 1_000) {
      throw new CliError({ code: 'CLI_NO_PEER' }, 'no peer of the network answers; join again to go on')
    }
    await wait(shell.clock, pollMs, shell.signal)
  }
  progress.end()
  const { frontierRoot, records, blocks } = await node.state()
  const seconds = Math.round(shell.clock.monotonicMs() - startedMs) / 1_000
  const converged = node.peers().some((peer) => peer.equalFrontier)
  const value = { converged, frontier_root: frontierRoot, records, blocks, seconds }
  // Equal frontiers, or all that the peer had and more: it has yet to fetch the rest from here.
  const outcome = converged ? 'converged' : 'nothing left to fetch,'
  shell.output.data(value, () => `${outcome} at ${frontierRoot} (${records} records in ${seconds} s)`)
}

function paceOf({ recordsPerSecond, bytesPerSecond, leftMs }: ReadyProgress): Pace | undefined {
  if (recordsPerSecond === undefined) return undefined
  return {
    perSecond: recordsPerSecond,
    ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
    ...(leftMs === undefined ? {} : { secondsLeft: leftMs / 1_000 })
  }
}

function inviteText({ genesis, networkId, bootstrap, sharedKey }: Invite): string {
  return facts([
    ['network', genesis.name],
    ['fingerprint', networkId.replace(/(.{8})(?=.)/g, '$1 ')],
    ['created', timeText(genesis.created)],
    ['admission', genesis.admission],
    ['governors', genesis.governors.join(' ')],
    ['trust', `seeds ${genesis.seeds.length}, standing ${genesis.trust.standing}`],
    ['private', sharedKey === undefined ? 'no' : 'yes, with a pre-shared key'],
    ...bootstrap.map((address) => ['dial', address] as const)
  ])
}
