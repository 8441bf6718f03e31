// Cuts a CBOR sequence (RFC 8742) into its items without decoding them.
// Definite lengths only: records know no others. Cost: one step a head, no recursion, no copies.

/** The items of a sequence, views of the given bytes, or where it stops being one. */
export type Sequence =
  | { readonly kind: 'items'; readonly items: readonly Uint8Array[] }
  | { readonly kind: 'too-many' }
  | { readonly kind: 'malformed'; readonly offset: number }

/** Cuts at most `itemsMax` items. */
export function splitSequence(bytes: Uint8Array, itemsMax: number): Sequence {
  const items: Uint8Array[] = []
  let start = 0
  while (start < bytes.length) {
    if (items.length === itemsMax) return { kind: 'too-many' }
    const end = itemEnd(bytes, start)
    if (end === undefined) return { kind: 'malformed', offset: start }
    items.push(bytes.subarray(start, end))
    start = end
  }
  return { kind: 'items', items }
}

/** Position behind the item that begins at `start`; undefined when it is cut short or malformed. */
export function itemEnd(bytes: Uint8Array, start: number): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let position = start
  for (let open = 1; open > 0; open--) {
    if (position >= bytes.length) return undefined
    const head = view.getUint8(position)
    const major = head >> 5
    const width = argumentBytes(head & 31)
    if (width === undefined || position + 1 + width > bytes.length) return undefined
    const argument = readArgument(view, position + 1, head & 31)
    position += 1 + width
    if (major === 2 || major === 3) position += argument
    else if (major === 4) open += argument
    else if (major === 5) open += 2 * argument
    else if (major === 6) open += 1
    // Each open item takes a byte at least: this ends a head that claims more than there is.
    if (position > bytes.length || open - 1 > bytes.length - position) return undefined
  }
  return position
}

function argumentBytes(info: number): number | undefined {
  if (info < 24) return 0
  return info < 28 ? 1 << (info - 24) : undefined
}

function readArgument(view: DataView, position: number, info: number): number {
  switch (info) {
    case 24: return view.getUint8(position)
    case 25: return view.getUint16(position)
    case 26: return view.getUint32(position)
    case 27: return view.getUint32(position) * 4_294_967_296 + view.getUint32(position + 4)
    default: return info
  }
}
