// Schemas of answers.

import { Type, type TSchema } from 'typebox'
import { countSchema, hashSchema, keySchema, timeSchema, valueSchema } from './schemas.js'

const claim = {
  object: valueSchema,
  assertion_hash: hashSchema,
  agent_id: keySchema,
  timestamp: timeSchema,
  epoch: Type.Union([hashSchema, Type.Null()]),
  source: Type.Union([Type.String(), Type.Null()])
}
const support = {
  score: Type.Number({ minimum: 0, description: 'trust-weighted ballots, bits' }),
  share: Type.Number({ minimum: 0, maximum: 1 }),
  agents: countSchema
}
/** Fields of an answer with the support it has. */
export const standing: Readonly<Record<string, TSchema>> = { ...claim, ...support }
const standingSchema = Type.Object(standing)

/** Fields of an answer without its view. */
export const canonical: Readonly<Record<string, TSchema>> = {
  subject: Type.String(),
  predicate: Type.String(),
  lens: Type.String(),
  as_of: Type.Optional(timeSchema),
  min_standing: Type.Optional(Type.Number({ description: 'applied, in steps of 1/1024; when the query tightens' })),
  min_accuracy: Type.Optional(Type.Number({ description: 'likewise' })),
  winner: Type.Object(claim),
  ...support,
  winners: Type.Optional(Type.Array(standingSchema, { description: 'all that hold, where many may' })),
  winners_total: Type.Optional(countSchema),
  runner_up: Type.Optional(standingSchema),
  undecided: Type.Boolean({ description: 'no trusted ballot: the plurality of agents' }),
  candidates: countSchema,
  clusters: countSchema,
  ballots: countSchema,
  evidence: Type.Object({
    digest: hashSchema,
    assertions: countSchema,
    votes: countSchema,
    backing: Type.Optional(Type.Array(hashSchema, { description: 'the records behind the winner; with explain' })),
    superseded: Type.Optional(Type.Array(hashSchema, {
      description: 'EpochAware with explain: assertions of superseded epochs'
    }))
  })
}

/** Which state of the node an answer shows: this node's own, in no entity tag. */
export const viewSchema: TSchema = Type.Object({
  version: countSchema,
  trust_frontier: Type.Union([hashSchema, Type.Null()], {
    description: 'what the trust snapshot was computed from; null = it holds for any records'
  }),
  trust_generation: Type.Integer({ minimum: 0, description: 'counts the trust snapshots of this node' }),
  lag_ms: Type.Number({ minimum: 0, description: 'how long views are behind the records; 0 = up to date' }),
  trust_lag_ms: Type.Number({
    minimum: 0,
    description: 'at most so long some admitted ballot waits to count in trust; 0 = trust covers all of them'
  })
})

/** A resolved answer. */
export const answerSchema: TSchema = Type.Object({ ...canonical, view: viewSchema })

/** A page of the answers on one subject. */
export const subjectPageSchema: TSchema = Type.Object({
  subject: Type.String(),
  answers: Type.Array(Type.Object(canonical)),
  cursor: Type.Optional(Type.String({ description: 'send it back for the next page; absent on the last' }))
})
