// stemedb init: a data directory with keys and a network of its own.

import { mkdir } from 'node:fs/promises'
import { Option } from 'commander'
import type { PublicKey } from '../../base/index.js'
import { createKeys, directoryPaths, initDirectory, readKeyFile, writeKeyFile } from '../../node/index.js'
import { keyArgument, repeated, wholeNumber } from '../arguments.js'
import { facts } from '../output.js'
import { directoryOf, type AddCommand, type Shell } from '../shell.js'

interface InitOptions {
  readonly name: string
  readonly admission: 'open' | 'closed'
  readonly seed: readonly PublicKey[]
  readonly workBits: number
  readonly standing: 'off' | 'votes'
  readonly sharedKey?: true
  readonly agentKey?: string
  readonly joinKey?: true
}

/** Adds `stemedb init`. */
export const addInit: AddCommand = (program, shell) => {
  program.command('init')
    .summary('make a data directory')
    .description('make a data directory: node key, agent key, API token and a network of its own')
    .option('--name <name>', 'name of the network', 'stemedb')
    .addOption(new Option('--admission <who>', 'who may feed blocks').choices(['open', 'closed']).default('open'))
    .option('--seed <key>', 'trust seed, an agent; repeatable (else the own agent)', repeated(keyArgument), [])
    .option('--work-bits <n>', 'zero bits that a feed id must end in', wholeNumber(0, 32), 0)
    .addOption(new Option('--standing <mode>', 'how standing is given').choices(['off', 'votes']).default('off'))
    .option('--shared-key', 'make a private network: only nodes with its pre-shared key connect')
    .option('--agent-key <file>', 'use the agent key of this file')
    .option('--join-key', 'make the keys alone, to be invited into a closed federation')
    .action((options: InitOptions) => init(shell, options))
}

async function init(shell: Shell, options: InitOptions): Promise<void> {
  const directory = directoryOf(shell)
  if (options.agentKey !== undefined) await copyAgentKey(directory, options.agentKey)
  if (options.joinKey === true) {
    const keys = await createKeys(directory, shell.random)
    const value = { data_dir: directory, node_key: keys.node.publicKey, agent_key: keys.agent.publicKey }
    shell.output.data(value, () => facts(Object.entries(value)))
    return
  }
  const created = await initDirectory(directory, {
    name: options.name, created: shell.clock.nowMs(), admission: options.admission,
    feedWorkBits: options.workBits, trust: { standing: options.standing },
    sharedKey: options.sharedKey === true, ...(options.seed.length > 0 ? { seeds: options.seed } : {})
  }, { random: shell.random })
  const value = {
    data_dir: directory, network_id: created.networkId, node_key: created.nodeKey, agent_key: created.agentKey
  }
  shell.output.data(value, () => facts(Object.entries(value)))
  const place = shell.options.dataDir === undefined ? '' : ` --data-dir ${shellWord(directory)}`
  shell.output.note(`next: stemedb start${place}`)
}

/** A word as a shell takes it back. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

async function copyAgentKey(directory: string, file: string): Promise<void> {
  const { seed } = await readKeyFile(file)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await writeKeyFile(directoryPaths(directory).agentKey, seed)
}
