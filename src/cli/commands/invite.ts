// stemedb invite: one line that lets another node join the network.

import type { PublicKey } from '../../base/index.js'
import { issueCertificate } from '../../dag/index.js'
import { loadConfig, readDirectory, type NodeDirectory } from '../../node/index.js'
import { encodeInvite, peerNameOf, INVITE_LIMITS, type Membership } from '../../p2p/index.js'
import { agentSigner } from '../agent.js'
import { keyArgument, repeated } from '../arguments.js'
import { connect } from '../client.js'
import { CliError, usageError } from '../errors.js'
import { directoryOf, type AddCommand, type Shell } from '../shell.js'

interface InviteOptions {
  readonly address: readonly string[]
  readonly node?: PublicKey
  readonly key?: string
}

/** Adds `stemedb invite`. */
export const addInvite: AddCommand = (program, shell) => {
  program.command('invite')
    .description('print an invite: genesis, addresses to dial and, for a private network, its key')
    .option('--address <multiaddr>', 'address to dial; repeatable (default: those of the running node)',
      repeated((text: string) => text), [])
    .option('--node <key>', 'closed federation: the node key of who is invited', keyArgument)
    .option('--key <file>', 'closed federation: the key file of a governor (default: agent.key)')
    .action((options: InviteOptions) => invite(shell, options))
}

async function invite(shell: Shell, options: InviteOptions): Promise<void> {
  const directory = await readDirectory(directoryOf(shell))
  const { genesis, networkId } = directory.opened
  if (genesis.admission === 'closed' && options.node === undefined) {
    throw usageError('--node', "the network is closed: --node <key> names who is invited ('stemedb init --join-key')")
  }
  const bootstrap = options.address.length > 0 ? options.address : await ownAddresses(shell, directory)
  const { sharedKey } = directory.access
  const { node, key } = options
  const membership = node === undefined ? undefined : await vouch(shell, node, directory, key)
  const line = encodeInvite({
    genesis: directory.opened.bytes, bootstrap: bootstrap.slice(0, INVITE_LIMITS.bootstrapMax),
    ...(sharedKey === undefined ? {} : { sharedKey }),
    ...(membership === undefined ? {} : { membership })
  })
  shell.output.data({ invite: line, network_id: networkId, bootstrap }, () => line)
}

/** Addresses of the running node, else those that the configuration announces. */
async function ownAddresses(shell: Shell, directory: NodeDirectory): Promise<readonly string[]> {
  const running = await (await connect(shell)).get<{ readonly addresses: readonly string[] }>('/v1/network')
    .catch(() => undefined)
  if (running !== undefined && running.addresses.length > 0) return running.addresses
  const config = await loadConfig({ dataDir: directoryOf(shell) }, shell.env)
  const peer = peerNameOf(directory.nodeKey.signer.publicKey)
  const known = [...config.p2pAnnounce, ...config.p2pListen]
    .filter((address) => !/\/(0\.0\.0\.0|::|tcp\/0)(\/|$)/.test(address))
    .map((address) => address.includes('/p2p/') ? address : `${address}/p2p/${peer}`)
  if (known.length > 0) return known
  throw new CliError({ code: 'CLI_NO_PEER' }, 'no address to dial is known: start the node, or give --address')
}

async function vouch(
  shell: Shell, nodeKey: PublicKey, directory: NodeDirectory, keyFile: string | undefined
): Promise<Membership> {
  const { genesis, networkId } = directory.opened
  const governor = await agentSigner(shell, keyFile)
  if (!genesis.governors.includes(governor.publicKey)) {
    throw usageError('--key', 'the key is not that of a governor of this network')
  }
  return { nodeKey, certificate: issueCertificate(nodeKey, governor, networkId) }
}
