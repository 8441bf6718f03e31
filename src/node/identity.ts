// The feed a node seals into, from its key and its incarnation.

import { feedOf } from '../dag/index.js'
import type { FeedIdentity } from '../ingest/index.js'
import type { Wal } from '../wal/index.js'
import { chooseIncarnation } from './incarnation.js'
import type { NodeParts, NodeSetup } from './setup.js'

/** Feed to seal into; a new incarnation is durable when this resolves. */
export async function chooseIdentity(setup: NodeSetup, parts: NodeParts, wal: Wal): Promise<FeedIdentity> {
  const { signer, certificate, incarnationPath, dataDirectory } = setup
  const { disk, random } = parts
  const incarnation = await chooseIncarnation(incarnationPath, dataDirectory, { disk, random, wal })
  const feed = feedOf(signer.publicKey, incarnation)
  return { signer, incarnation, feed, ...(certificate === undefined ? {} : { certificate }) }
}
