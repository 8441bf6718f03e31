// Failures of opening and running a node. Each says what the operator can do.

import { CodedError } from '../base/index.js'

/** Expected failures of a node. */
export type NodeFailure =
  | { readonly code: 'NODE_CONFIG'; readonly setting: string }
  | { readonly code: 'NODE_DIRECTORY_MISSING'; readonly directory: string }
  | { readonly code: 'NODE_REPAIR_UNFINISHED'; readonly directory: string }
  | { readonly code: 'NODE_DIRECTORY_EXISTS'; readonly directory: string }
  | { readonly code: 'NODE_OTHER_NETWORK'; readonly directory: string; readonly expected: string; readonly found: string }
  | { readonly code: 'NODE_FILE_UNREADABLE'; readonly path: string }
  /** This user may not look, read or write there; whether something is there cannot be told. */
  | { readonly code: 'NODE_NO_ACCESS'; readonly path: string }
  | { readonly code: 'NODE_FILE_INVALID'; readonly path: string }
  | { readonly code: 'NODE_KEY_MODE'; readonly path: string; readonly mode: string }
  | { readonly code: 'NODE_INVITE_OF_OTHER'; readonly nodeKey: string }
  | { readonly code: 'NODE_NOT_A_MEMBER'; readonly nodeKey: string }
  | { readonly code: 'NODE_LIST_TOO_LONG'; readonly max: number }
  | { readonly code: 'NODE_ACK_BUSY'; readonly max: number }
  | { readonly code: 'NODE_NOT_READY' }
  | { readonly code: 'NODE_STOPPED' }
  /** The cursor of a list is none that the list gave. */
  | { readonly code: 'NODE_CURSOR' }
  /** Too many questions wait for the thread that computes trust. */
  | { readonly code: 'NODE_TRUST_BUSY'; readonly max: number }
  /** The thread that computes trust ended. Published trust stays; another thread begins anew. */
  | { readonly code: 'NODE_TRUST_WORKER' }
  | { readonly code: 'NODE_CLAIMS_READ'; readonly path: string }

/** Carries a NodeFailure. */
export class NodeError extends CodedError<NodeFailure> {}
