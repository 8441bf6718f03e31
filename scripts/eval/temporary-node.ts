// A node of its own network in a directory of its own, without peers: for evaluation and benchmarks.

import { systemRandom } from '../../src/base/index.js'
import {
  directoryPaths, initDirectory, loadConfig, openNode, readKeyFile, writeKeyFile,
  type InitFields, type StemeNode
} from '../../src/node/index.js'
import { createSigner, seedFromName, type Signer } from '../../src/record/index.js'

/** A running node and the key of its governor. */
export interface TemporaryNode {
  readonly node: StemeNode
  readonly governor: Signer
}

/** What a temporary network is founded on. */
export interface NetworkFields {
  /** Names of data-set sources that are trust seeds. */
  readonly seedSources?: readonly string[]
  readonly trust?: NonNullable<InitFields['trust']>
  readonly verifyWorkers?: number
}

/** Starts a node in an empty directory. */
export async function openTemporaryNode(
  directory: string, options: NetworkFields = {}
): Promise<TemporaryNode> {
  const seeds = (options.seedSources ?? []).map((name) => createSigner(seedFromName(name)).publicKey)
  const { trust } = options
  // The same governor each time, so that equal data gives one network id, and one digest.
  await writeKeyFile(directoryPaths(directory).agentKey, seedFromName('temporary governor'))
  const fields = {
    name: 'temporary', created: 0,
    ...(seeds.length > 0 ? { seeds } : {}), ...(trust === undefined ? {} : { trust })
  }
  await initDirectory(directory, fields, { random: systemRandom })
  const flags = { dataDir: directory, p2pListen: ['/ip4/127.0.0.1/tcp/0'], logLevel: 'error' }
  const workers = options.verifyWorkers === undefined ? {} : { verifyWorkers: options.verifyWorkers }
  const config = await loadConfig({ ...flags, ...workers }, {})
  const { node } = await openNode(config)
  await node.start()
  return { node, governor: (await readKeyFile(directoryPaths(directory).agentKey)).signer }
}
