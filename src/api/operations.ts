// The table of operations: what this node offers, in one list.

import { agentOperations } from './agent-operations.js'
import { blockOperations } from './block-operations.js'
import { lensOperations } from './lens-operations.js'
import { nodeOperations } from './node-operations.js'
import type { Operation } from './operation.js'
import { queryOperations } from './query-operations.js'
import { recordOperations } from './record-operations.js'
import { writeOperations } from './write-operations.js'

/** Every operation of the node. */
export const OPERATIONS: readonly Operation[] = [
  ...queryOperations, ...lensOperations, ...writeOperations, ...recordOperations, ...agentOperations,
  ...blockOperations,
  ...nodeOperations
]
