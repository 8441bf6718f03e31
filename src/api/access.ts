// Who may ask: names in the Host header (against DNS rebinding) and the bearer token of writes.

import { timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import { blake3, utf8Bytes } from '../base/index.js'

/** Tells whether a Host header names this node. */
export type HostCheck = (header: string | undefined) => boolean

/** What an Authorization header is worth. */
export type TokenVerdict = 'right' | 'missing' | 'wrong'

const loopbackNames: readonly string[] = ['localhost', '127.0.0.1', '::1']

/** True when only this machine reaches an address that is bound to `host`. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/**
 * Makes the check of Host headers: loopback names, the names given, and, for a public bind, any IP address.
 * A page of a foreign site reaches this port under the site's name alone, never under an address.
 */
export function createHostCheck(allowedHosts: readonly string[], publicBind: boolean): HostCheck {
  const names = new Set([...loopbackNames, ...allowedHosts.map((name) => name.toLowerCase())])
  return (header) => {
    if (header === undefined) return false
    const name = hostNameOf(header)
    return names.has(name) || (publicBind && isIP(name) !== 0)
  }
}

/** Makes the check of Authorization headers. Constant time in the token, whatever its length. */
export function createTokenCheck(token: string): (header: string | undefined) => TokenVerdict {
  const expected = blake3(utf8Bytes(token))
  return (header) => {
    const given = /^bearer +(\S+) *$/i.exec(header ?? '')?.[1]
    if (given === undefined) return 'missing'
    return timingSafeEqual(blake3(utf8Bytes(given)), expected) ? 'right' : 'wrong'
  }
}

function hostNameOf(header: string): string {
  const end = header.startsWith('[') ? header.indexOf(']') + 1 : header.indexOf(':')
  const name = end > 0 ? header.slice(0, end) : header
  return name.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '').toLowerCase()
}
