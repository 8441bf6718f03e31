// Entity tags: BLAKE3-128 of the canonical answer, so that equal answers of any two peers have equal tags.

import { blake3, toHex, utf8Bytes } from '../base/index.js'

/** The tag of a canonical text, in quotes as the header holds it. */
export function etagOf(text: string): string {
  return `"${toHex(blake3(utf8Bytes(text)).subarray(0, 16))}"`
}

/** True when an If-None-Match header names the tag. */
export function matchesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  return header === etag || header.split(',').some((part) => part.trim().replace(/^W\//, '') === etag || part.trim() === '*')
}
