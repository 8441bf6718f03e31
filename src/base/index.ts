// Ground floor: what every folder may use. Pure, but for system.ts.

import './polyfill.js'

export { assert, unreachable } from './assert.js'
export { blake3, blake3Hash, createKeyedBlake3, type KeyedHash } from './blake3.js'
export {
  type Brand, type Hash, type NetworkId, type PublicKey,
  hashAt, hashOf, idBytes, networkIdOf, parseHash, parseNetworkId, parsePublicKey, publicKeyAt, publicKeyOf
} from './brand.js'
export { createBucket, type Bucket } from './bucket.js'
export {
  asBuffer, compareBytes, concatBytes, equalBytes, fromHex, ownBytes, toHex, utf8Bytes, utf8Length, utf8Text
} from './bytes.js'
export { CodedError, type ErrorDetail } from './errors.js'
export { EXP2_ONE, halfPower } from './exp2.js'
export { Q, timesQ } from './fixed.js'
export { BLOCK_LIMITS, RECORD_LIMITS, TIME_LIMITS, TRUST_LIMITS } from './limits.js'
export { log2Q } from './log2.js'
export type {
  Clock, Disk, DiskFile, DiskStat, FrameStream, Log, Network, PeerLink, PeerName, Random, Timer, Verdict
} from './ports.js'
export { saysForbidden, saysMissing, systemCode, systemText } from './system-fault.js'
export { systemClock, systemRandom } from './system.js'
export { wait } from './wait.js'
