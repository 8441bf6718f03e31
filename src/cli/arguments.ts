// Reading words of the command line: numbers, ids, repeated options.

import { InvalidArgumentError } from 'commander'
import { parseHash, parsePublicKey, type Hash, type PublicKey } from '../base/index.js'

/** Reads a whole number in a range. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : -1
    if (value < least || value > most) throw new InvalidArgumentError(`a whole number from ${least} to ${most}`)
    return value
  }
}

/** Reads the hash of a record. */
export function hashArgument(text: string): Hash {
  const hash = parseHash(text)
  if (hash === undefined) throw new InvalidArgumentError('a hash has 64 lower-case hex digits')
  return hash
}

/** Reads a public key. */
export function keyArgument(text: string): PublicKey {
  const key = parsePublicKey(text)
  if (key === undefined) throw new InvalidArgumentError('a public key has 64 lower-case hex digits')
  return key
}

/** Reads a decimal share of one, kept as text: it is rounded as text. */
export function shareArgument(text: string): string {
  if (!/^(0(\.\d{1,6})?|1(\.0{1,6})?)$/.test(text)) {
    throw new InvalidArgumentError('a decimal from 0 to 1 with at most 6 places')
  }
  return text
}

/** Makes the reader of an option that may stand several times. */
export function repeated<T>(read: (text: string) => T): (text: string, before: readonly T[]) => readonly T[] {
  return (text, before) => [...before, read(text)]
}
