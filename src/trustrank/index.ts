// TrustRank: what agents have earned, published in snapshots that lenses read.

export { neutralTrust } from './neutral.js'
export { encodePublished, publishedDigest } from './published.js'
export { type AgentTrust, STEPS_PER_ONE, type TrustSnapshot } from './types.js'
