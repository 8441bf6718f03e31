// Constraints and verdicts on plans as JSON.

import { Type, type TSchema } from 'typebox'
import type { ConstraintsReport, Demand, PreflightReport } from '../query/index.js'
import { standing, viewSchema } from './answer-schema.js'
import { countSchema, hashSchema, timeSchema } from './schemas.js'
import { present, standingJson } from './standing.js'

const demandSchema = Type.Object({
  subject: Type.String(),
  predicate: Type.Union([Type.Literal('must_use'), Type.Literal('forbidden')]),
  ...standing,
  backing: Type.Array(hashSchema, { description: 'the assertions and votes that say so, at most 1,000' })
})

const page = {
  subjects: Type.Array(Type.String()),
  as_of: Type.Optional(timeSchema),
  cursor: Type.Optional(Type.String({ description: 'send it back for the next page; absent on the last' })),
  view: viewSchema
}

/** Schema of a page of constraints. */
export const constraintsSchema: TSchema = Type.Object({
  ...page,
  constraints: Type.Array(demandSchema, { description: 'by subject, must_use first, best supported first' })
})

/** Schema of a verdict on a plan. */
export const preflightSchema: TSchema = Type.Object({
  ...page,
  allowed: Type.Boolean({ description: 'nothing forbidden is in the plan and nothing demanded is missing' }),
  violated: Type.Array(demandSchema, { description: 'what forbids a value of the plan' }),
  missing: Type.Array(demandSchema, { description: 'what demands a value that the plan lacks' }),
  violated_total: countSchema,
  missing_total: countSchema
})

/** A page of constraints without its view. */
export function constraintsJson({ subjects, asOfMs, constraints, cursor }: ConstraintsReport): object {
  return present({ subjects, as_of: asOfMs, constraints: constraints.map(demandJson), cursor })
}

/** A verdict without its view. */
export function preflightJson(report: PreflightReport): object {
  return present({
    subjects: report.subjects, as_of: report.asOfMs, allowed: report.allowed,
    violated: report.violated.map(demandJson), missing: report.missing.map(demandJson),
    violated_total: report.violatedTotal, missing_total: report.missingTotal, cursor: report.cursor
  })
}

function demandJson(demand: Demand): object {
  const { subject, kind, backing } = demand
  return { subject, predicate: kind, ...standingJson(demand), backing }
}
