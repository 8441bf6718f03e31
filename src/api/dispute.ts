// A dispute as JSON: sides with their backers, how far apart they are, how it came about.

import { Type, type TSchema } from 'typebox'
import type { Backer } from '../lenses/index.js'
import type { DisputeReport, DisputeSide } from '../query/index.js'
import { STEPS_PER_ONE } from '../trustrank/index.js'
import { standing, viewSchema } from './answer-schema.js'
import { countSchema, hashSchema, keySchema, timeSchema } from './schemas.js'
import { decimal, present, standingJson } from './standing.js'

/** Schema of an agent behind an answer. */
export const backerSchema: TSchema = Type.Object({
  agent_id: keySchema,
  record: Type.String({ description: 'hash of the assertion or vote that says so' }),
  timestamp: timeSchema,
  weight: Type.Number({ description: 'how strongly, 0 to 1' }),
  ballot: Type.Number({ description: 'the same, where the answers share one ballot' }),
  gate: Type.Number({ description: 'share that its vote budget leaves' }),
  trust: Type.Number({ description: 'bits that trust gives a whole ballot of it here' }),
  accuracy: Type.Number({ description: 'under the predicate, as published: rounded down to 1/1024; standing likewise' }),
  standing: Type.Number(),
  bits: Type.Number({ description: 'bits that the answer gets; 0 when another of the clone group speaks' }),
  group: Type.Optional(Type.Integer({ description: 'agents of one number are one voice' }))
})

/** Schema of one answer of a dispute. */
export const sideSchema: TSchema = Type.Object({
  ...standing,
  assertions: countSchema,
  backers: Type.Array(backerSchema, { description: 'the heaviest 100; with assertion=, a page of them all' })
})

/** Schema of the clone groups that speak about a key. */
export const cloneGroupsSchema: TSchema = Type.Array(
  Type.Object({ group: Type.Integer(), agents: Type.Array(keySchema) })
)

/** Schema of a page of a dispute. */
export const disputeSchema: TSchema = Type.Object({
  subject: Type.String(),
  predicate: Type.String(),
  lens: Type.Literal('Skeptic'),
  as_of: Type.Optional(timeSchema),
  epoch: Type.Union([hashSchema, Type.Null()], { description: 'the epoch whose settings apply' }),
  cardinality: Type.Union([Type.Literal('one'), Type.Literal('many')]),
  tolerance: Type.Optional(Type.Number()),
  conflict: Type.Number({ minimum: 0, maximum: 1, description: '1 - share of the first answer' }),
  entropy: Type.Optional(Type.Number({ minimum: 0, description: 'bits; absent where many answers hold' })),
  variance: Type.Optional(Type.Number({ minimum: 0, description: 'of the answers that are numbers, by share' })),
  undecided: Type.Boolean(),
  clusters: Type.Array(sideSchema, { description: 'best supported first' }),
  clusters_total: countSchema,
  clone_groups: cloneGroupsSchema,
  history: Type.Optional(Type.Object({
    complete: Type.Boolean({ description: 'a moment for every time at which anything was said' }),
    moments: Type.Array(Type.Object({
      as_of: timeSchema, winner: Type.Object(standing), undecided: Type.Boolean(), clusters: countSchema,
      ballots: countSchema, records: countSchema
    }), { description: 'ascending; each is the answer of Consensus as of that time' })
  }, { description: 'on the first page' })),
  candidates: countSchema,
  ballots: countSchema,
  evidence: Type.Object({ digest: hashSchema, assertions: countSchema, votes: countSchema }),
  cursor: Type.Optional(Type.String({ description: 'send it back for the next page; absent on the last' })),
  view: viewSchema
})

/** A page of a dispute without its view. */
export function disputeJson(report: DisputeReport): object {
  const { judging, history } = report
  return present({
    subject: report.subject, predicate: report.predicate, lens: 'Skeptic', as_of: report.asOfMs,
    epoch: report.epoch ?? null, cardinality: judging.cardinality, tolerance: judging.tolerance,
    conflict: decimal(report.conflict),
    entropy: report.entropy === undefined ? undefined : decimal(report.entropy), variance: report.variance,
    undecided: report.undecided,
    clusters: report.clusters.map(sideJson), clusters_total: report.clustersTotal,
    clone_groups: report.groups,
    history: history === undefined ? undefined : {
      complete: history.complete,
      moments: history.moments.map(({ asOfMs, leader, undecided, clusters, ballots, records }) => (
        { as_of: asOfMs, winner: standingJson(leader), undecided, clusters, ballots, records }))
    },
    candidates: report.candidates, ballots: report.ballots, evidence: report.evidence, cursor: report.cursor
  })
}

/** One answer of a dispute. */
export function sideJson(side: DisputeSide): object {
  return { ...standingJson(side), assertions: side.assertions, backers: side.backers.map(backerJson) }
}

/** An agent behind an answer. */
export function backerJson(backer: Backer): object {
  return present({
    agent_id: backer.agentId, record: backer.statement, timestamp: backer.timestampMs,
    weight: decimal(backer.weight), ballot: decimal(backer.ballot), gate: decimal(backer.gate),
    trust: decimal(backer.trust),
    accuracy: backer.accuracy / STEPS_PER_ONE, standing: backer.standing / STEPS_PER_ONE,
    bits: decimal(backer.bits), group: backer.group
  })
}
