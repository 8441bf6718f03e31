// A node on this machine: configuration and data directory to real ports.

import { systemClock, systemRandom, type Log } from '../base/index.js'
import { decodeCertificate, encodeCertificate } from '../dag/index.js'
import { DEFAULTS } from '../ingest/index.js'
import type { Lens } from '../lenses/index.js'
import { createLibp2pNetwork, type Greeting, type PeerNetwork } from '../p2p/index.js'
import { openLevel } from '../store/index.js'
import { createFileDisk } from '../wal/index.js'
import type { NodeConfig } from './config.js'
import { checkMember, readDirectory, type NodeDirectory } from './directory.js'
import { lockDataDirectory } from './directory-lock.js'
import { NodeError } from './errors.js'
import { createLog } from './log.js'
import { createNode } from './node.js'
import type { StemeNode } from './types.js'
import { pathExists } from './whole-file.js'

const MIB = 1_048_576

/** What a node is opened for. */
export type NodeMode = 'serving' | 'offline'

/** A node of a data directory, not started, and what the API needs beside it. */
export interface OpenedNode {
  readonly node: StemeNode
  readonly directory: NodeDirectory
  readonly log: Log
}

/**
 * Locks and reads the data directory and builds its node with real ports. The directory is given back when
 * the node has stopped: whoever opens a node stops it, started or not.
 * @param mode `offline`: it replays and computes, but talks to nobody and seals nothing
 * @param lenses answered by name beside the standard ones: pure functions, see docs/lenses.md
 * @throws NodeError, GenesisError, StoreError STORE_LOCKED, LensError LENS_NAME
 */
export async function openNode(
  config: NodeConfig, mode: NodeMode = 'serving', lenses: readonly Lens[] = []
): Promise<OpenedNode> {
  const lock = await lockDataDirectory(config.dataDir)
  try {
    const opened = await buildNode(config, mode, lenses)
    const stop = (): Promise<void> => opened.node.stop().finally(() => lock.release())
    return { ...opened, node: { ...opened.node, stop } }
  } catch (error) {
    await lock.release()
    throw error
  }
}

async function buildNode(
  config: NodeConfig, mode: NodeMode, lenses: readonly Lens[]
): Promise<OpenedNode> {
  const directory = await readDirectory(config.dataDir)
  await refuseUnfinished(config.dataDir, directory)
  const log = createLog(config.logLevel)
  const { paths, opened, access, nodeKey } = directory
  checkMember(nodeKey.signer.publicKey, access.certificate, opened)
  const node = createNode(
    {
      genesis: opened,
      signer: nodeKey.signer,
      ...(access.certificate === undefined ? {} : { certificate: access.certificate }),
      walDirectory: paths.wal,
      markerPath: paths.marker,
      incarnationPath: paths.incarnation,
      dataDirectory: config.dataDir,
      expectsPeers: dialled(config, directory).length > 0,
      seals: mode === 'serving', lenses,
      keyBytesPerHour: config.nodeMibPerHour === 0 ? Infinity : config.nodeMibPerHour * MIB,
      ingest: { ...DEFAULTS, verifyWorkers: config.verifyWorkers },
      trust: { workers: config.trustWorkers === 0 ? 0 : 1 }
    },
    {
      clock: systemClock,
      random: systemRandom,
      disk: createFileDisk(),
      log,
      level: openLevel({ directory: paths.index, cacheBytes: config.cacheMib * MIB }),
      yieldNow: () => new Promise((resolve) => setImmediate(resolve)),
      ...(mode === 'serving' ? { createNetwork: () => createNetwork(config, directory, log) } : {})
    }
  )
  return { node, directory, log }
}

/** Between two ledgers there is none: a start would make a new, empty one. */
async function refuseUnfinished(path: string, { paths }: NodeDirectory): Promise<void> {
  if (!await pathExists(paths.repaired)) return
  const detail = { code: 'NODE_REPAIR_UNFINISHED', directory: path } as const
  throw new NodeError(detail, `a repair of ${path} was cut off: run 'stemedb repair' again`)
}

function createNetwork(config: NodeConfig, directory: NodeDirectory, log: Log): Promise<PeerNetwork> {
  const { access, opened, nodeKey } = directory
  return createLibp2pNetwork(
    {
      networkId: opened.networkId,
      seed: nodeKey.seed,
      listen: config.p2pListen,
      announce: config.p2pAnnounce,
      dial: dialled(config, directory),
      ...(access.sharedKey === undefined ? {} : { sharedKey: access.sharedKey }),
      ...(access.certificate === undefined ? {} : { certificate: encodeCertificate(access.certificate) })
    },
    { clock: systemClock, random: systemRandom, log, gate: (greeting) => mayConnect(directory, greeting) }
  )
}

function dialled(config: NodeConfig, { access }: NodeDirectory): readonly string[] {
  return [...new Set([...access.bootstrap, ...config.p2pBootstrap])]
}

/** A closed federation talks only to nodes that a governor vouched for. */
function mayConnect(directory: NodeDirectory, { certificate, publicKey }: Greeting): boolean {
  try {
    const decoded = certificate === undefined ? undefined : decodeCertificate(certificate)
    checkMember(publicKey, decoded, directory.opened)
    return true
  } catch (error) {
    if (error instanceof NodeError) return false
    throw error
  }
}
