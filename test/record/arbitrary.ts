// Arbitrary values for property tests of records.

import fc from 'fast-check'
import { hashOf } from '../../src/base/index.js'
import { Link, linkTo, type CborInput, type Scalar, type Value } from '../../src/record/index.js'

const codePoint = fc.oneof(
  fc.integer({ min: 0x20, max: 0x7e }), fc.nat(0xd7ff), fc.integer({ min: 0xe000, max: 0x10ffff })
)

/** Text that a record can hold, up to `max` code points. */
export function plainText(max: number, min: number = 0): fc.Arbitrary<string> {
  return fc.array(codePoint, { minLength: min, maxLength: max })
    .map((points) => String.fromCodePoint(...points))
    .filter((text) => text.charCodeAt(0) !== 0xfeff)
}

/** A hash. */
export const someHash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(hashOf)

const integer = fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -300, max: 300 }))
const bigInteger = fc.oneof(
  fc.bigInt(2n ** 53n, 2n ** 64n - 1n), fc.bigInt(-(2n ** 63n), -(2n ** 53n))
)
const float = fc.double({ noNaN: true, noDefaultInfinity: true })
  .filter((value) => !Number.isInteger(value) || Math.abs(value) > 2 ** 53)

/** Any scalar that an assertion can hold. */
export const someScalar: fc.Arbitrary<Scalar> = fc.oneof(
  plainText(40), fc.boolean(), integer, bigInteger, float, fc.uint8Array({ maxLength: 40 }),
  plainText(40, 1).map((ref) => ({ ref })), fc.maxSafeInteger().map((time) => ({ time }))
)

/** Any value that an assertion can hold. */
export const someValue: fc.Arbitrary<Value> = fc.oneof(someScalar, fc.array(someScalar, { maxLength: 8 }))

const otherLinks = fc.constantFrom('01551e20', '01711220', '1220', '01f0011e20')
  .chain((head) => fc.uint8Array({ minLength: 32, maxLength: 32 })
    .map((digest) => new Link(Buffer.concat([Buffer.from(head, 'hex'), digest]))))
const leaf: fc.Arbitrary<CborInput> = fc.oneof(
  fc.constantFrom(null, true, false), plainText(40), integer, bigInteger, fc.constant(-(2n ** 64n)), float,
  fc.uint8Array({ maxLength: 300 }), someHash.map(linkTo), otherLinks
)
const key = plainText(30).filter((text) => text !== '__proto__' && text !== '/')

/** Any value of DAG-CBOR, at most 5 levels deep. */
export const cborValue: fc.Arbitrary<CborInput> = fc.letrec<{ value: CborInput }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    leaf,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.uniqueArray(fc.tuple(key, tie('value')), { maxLength: 5, selector: ([name]) => name })
      .map((entries) => new Map(entries))
  )
})).value
