// The Maelstrom protocol: one JSON message a line, {src, dest, body}; an answer names the message it is for.
// Source: https://github.com/jepsen-io/maelstrom/blob/main/doc/protocol.md

/** The body of a message; fields that depend on its type are read where they count. */
export interface Body {
  readonly type: string
  readonly msg_id?: number
  readonly [field: string]: unknown
}

/** A message. */
export interface Message {
  readonly src: string
  readonly dest: string
  readonly body: Body
}

/** Error codes of Maelstrom that are used here. */
export const ERROR_CODES = { notSupported: 10, temporarilyUnavailable: 11, malformed: 12, crash: 13 } as const

/** Reads a line; undefined for what is no message. */
export function readMessage(line: string): Message | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  const { src, dest, body } = (value ?? {}) as Partial<Message>
  if (typeof src !== 'string' || typeof dest !== 'string' || typeof body?.type !== 'string') return undefined
  return { src, dest, body }
}

/** The body that answers a request. */
export function replyTo(request: Body, type: string, fields: object = {}): Body {
  const { msg_id: id } = request
  return { type, ...(id === undefined ? {} : { in_reply_to: id }), ...fields }
}
