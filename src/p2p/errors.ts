// What can go wrong in networking, in a genesis and in an invite: closed unions of coded details.
// Rule: a peer's bad bytes never throw out of a handler; these errors answer our own callers.

import { CodedError } from '../base/index.js'

/** Failures of the network adapter and of replication. */
export type P2pErrorDetail =
  | { readonly code: 'P2P_NOT_STARTED' }
  | { readonly code: 'P2P_LISTEN_FAILED' }
  | { readonly code: 'P2P_BAD_KEY'; readonly lengthBytes: number }
  | { readonly code: 'P2P_BAD_ADDRESS'; readonly address: string }
  | { readonly code: 'P2P_DIAL_FAILED'; readonly address: string }
  | { readonly code: 'P2P_NO_LINK'; readonly peer: string }
  | { readonly code: 'P2P_REFUSED'; readonly peer: string }
  | { readonly code: 'P2P_HELLO_INVALID'; readonly rule: string }
  | { readonly code: 'P2P_HELLO_FAILED'; readonly peer: string }
  | { readonly code: 'P2P_WRONG_NETWORK'; readonly peer: string }
  | { readonly code: 'P2P_NO_COMMON_VERSION'; readonly peer: string }
  | { readonly code: 'P2P_PAYLOAD_TOO_LARGE'; readonly sizeBytes: number; readonly limitBytes: number }
  | { readonly code: 'P2P_FRAME_TOO_LARGE'; readonly sizeBytes: number; readonly limitBytes: number }
  | { readonly code: 'P2P_STREAM_CLOSED'; readonly peer: string }
  | { readonly code: 'P2P_STREAM_STALLED'; readonly peer: string }
  | { readonly code: 'P2P_SESSION_SLOW'; readonly peer: string }
  | { readonly code: 'P2P_SESSION_DISPLACED'; readonly peer: string }
  | { readonly code: 'P2P_STOPPED' }

/** An expected failure of networking. */
export class P2pError extends CodedError<P2pErrorDetail> {}

/** Why bytes are no genesis of version 1. `field` names the member that breaks the rule. */
export type GenesisErrorDetail =
  | { readonly code: 'GENESIS_TOO_LARGE'; readonly sizeBytes: number }
  | { readonly code: 'GENESIS_NOT_JSON' }
  | { readonly code: 'GENESIS_NOT_CANONICAL' }
  | { readonly code: 'GENESIS_VERSION'; readonly version: number }
  | { readonly code: 'GENESIS_MISSING_FIELD'; readonly field: string }
  | { readonly code: 'GENESIS_UNKNOWN_FIELD'; readonly field: string }
  | { readonly code: 'GENESIS_BAD_FIELD'; readonly field: string }

/** A genesis that cannot be read or made. */
export class GenesisError extends CodedError<GenesisErrorDetail> {}

/** Why a line is no usable invite. */
export type InviteErrorDetail =
  | { readonly code: 'INVITE_NOT_ONE' }
  | { readonly code: 'INVITE_TOO_LARGE'; readonly sizeBytes: number }
  | { readonly code: 'INVITE_DAMAGED' }
  | { readonly code: 'INVITE_NEWER'; readonly version: number }
  | { readonly code: 'INVITE_BAD_FIELD'; readonly field: string }
  | { readonly code: 'INVITE_BAD_GENESIS' }
  | { readonly code: 'INVITE_NETWORK_MISMATCH' }

/** An invite that cannot be read or made. */
export class InviteError extends CodedError<InviteErrorDetail> {}

/** The text of any thrown value, for a log line. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Why no port is listened on, in words and with what to do; `reason` is the text of the failure. */
export function listenFailure(reason: string): string {
  if (/EADDRINUSE/.test(reason)) return 'the address is in use; give another one with --listen'
  if (!/EACCES/.test(reason)) return reason.slice(0, 200)
  return 'permission denied; ports below 1024 are reserved for the system: give another one with --listen'
}
