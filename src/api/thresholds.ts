// Thresholds of requests: shares of one as the steps in which trust is published, never lowered by rounding.

import type { QueryRequest } from '../query/index.js'
import { millionthsFromJson } from '../record/index.js'
import { STEPS_PER_ONE } from '../trustrank/index.js'
import { ApiError } from './errors.js'

/** The thresholds of a request in published steps. @throws ApiError INPUT_INVALID */
export function thresholdsOf({ minStanding, minAccuracy }: {
  readonly minStanding?: unknown
  readonly minAccuracy?: unknown
}): Pick<QueryRequest, 'minStanding' | 'minAccuracy'> {
  return {
    ...(minStanding === undefined ? {} : { minStanding: stepsOf('minStanding', minStanding) }),
    ...(minAccuracy === undefined ? {} : { minAccuracy: stepsOf('minAccuracy', minAccuracy) })
  }
}

/** Steps of 1/1024 that a decimal asks for at least. @throws ApiError INPUT_INVALID */
function stepsOf(field: string, decimal: unknown): number {
  const millionths = millionthsFromJson(decimal)
  if (typeof millionths === 'number') return Math.ceil((millionths * STEPS_PER_ONE) / 1_000_000)
  throw new ApiError({ code: 'INPUT_INVALID', field }, `${field} must be 0 to 1, at most 6 places`)
}
