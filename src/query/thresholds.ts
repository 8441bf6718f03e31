// Thresholds of a request: whom the lens Authority hears, at least as strictly as the network does.
// Rule: a request tightens; below what the genesis asks it changes nothing.

import { authority, type AuthorityThresholds, DEFAULT_AUTHORITY, type Lens } from '../lenses/index.js'
import { STEPS_PER_ONE } from '../trustrank/index.js'
import type { QueryRequest } from './answer.js'
import { outOfRange } from './errors.js'

type Asked = Pick<QueryRequest, 'minStanding' | 'minAccuracy'>

/** True when the request names a threshold of its own: no view keeps that answer. */
export function tightens({ minStanding, minAccuracy }: Asked): boolean {
  return minStanding !== undefined || minAccuracy !== undefined
}

/** The thresholds that a request with some of its own is answered under; undefined for any other. */
export function heardBy(
  network: AuthorityThresholds | undefined = DEFAULT_AUTHORITY, request: Asked
): AuthorityThresholds | undefined {
  if (!tightens(request)) return undefined
  const { minStanding = 0, minAccuracy = 0 } = request
  return {
    standing: Math.max(network.standing, minStanding), accuracy: Math.max(network.accuracy, minAccuracy)
  }
}

/** Thresholds belong to the lens Authority and to custom lenses. @throws QueryError QUERY_RANGE */
export function checkThresholds(request: Asked, lens: Lens): void {
  for (const field of ['minStanding', 'minAccuracy'] as const) {
    const steps = request[field]
    if (steps === undefined) continue
    const inRange = Number.isInteger(steps) && steps >= 0 && steps <= STEPS_PER_ONE
    if (!inRange) throw outOfRange(field)
    if (lens.viewCode !== undefined && lens !== authority) {
      throw outOfRange(field, `${field} is for the lens Authority, not for ${lens.name}`)
    }
  }
}
