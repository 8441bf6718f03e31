// The example: what npm packages claim about the countries of the world.

export { contestedItems, factsOf, readWorldClaims, type WorldClaim, type WorldFacts } from './claims.js'
export { worldSettings } from './settings.js'
export { SOURCES, readSource, type WorldSource } from './sources.js'
