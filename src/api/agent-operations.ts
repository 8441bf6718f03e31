// Agents: what is published of each, and why.

import { Type } from 'typebox'
import { assert, parsePublicKey } from '../base/index.js'
import type { AgentExplanation, AgentReport, PredicateReport, TrustReport } from '../node/index.js'
import { type AgentReasons, STEPS_PER_ONE } from '../trustrank/index.js'
import { ApiError } from './errors.js'
import { defineOperation, type Operation } from './operation.js'
import { API_LIMITS } from './options.js'
import { countSchema, hashSchema, keySchema, limitSchema } from './schemas.js'

const shareSchema = Type.Number({ minimum: 0, maximum: 1 })
const amountSchema = Type.Number({ minimum: 0 })

const trustSchema = Type.Object({
  mode: Type.Union([Type.Literal('neutral'), Type.Literal('computed')]),
  generation: countSchema,
  digest: Type.String({ description: 'equal on peers that hold the same records' }),
  frontier_root: Type.Union([hashSchema, Type.Null()]),
  lag_ms: Type.Number({ minimum: 0, description: '0: it covers every ballot' }),
  agents: countSchema,
  ballots: countSchema,
  computed: Type.Boolean({
    description: 'false: not yet since the node started, so that records and reasons are not known'
  })
})

const agentFields = {
  agent_id: keySchema,
  accuracy: shareSchema,
  standing: shareSchema,
  gate: shareSchema,
  group: Type.Union([keySchema, Type.Null()], { description: 'first key of its clone group' }),
  seed: Type.Boolean(),
  ballots: Type.Union([amountSchema, Type.Null()], { description: 'in the track record' }),
  hits: Type.Union([amountSchema, Type.Null()])
}

const moversSchema = Type.Array(Type.Object({
  subject: Type.String(), predicate: Type.String(),
  share: Type.Number({ description: 'how probable the answer is that the agent backs' }),
  weight: Type.Number({ description: 'what the ballot counts in the track record' }),
  audited: Type.Boolean({ description: 'a trust seed has judged the item' })
}))

const explanationSchema = Type.Object({
  ...agentFields,
  published: Type.Boolean({ description: 'false: it has what every newcomer has' }),
  predicates: Type.Array(Type.Object({
    predicate: Type.String(), accuracy: shareSchema,
    ballots: Type.Union([amountSchema, Type.Null()]), hits: Type.Union([amountSchema, Type.Null()])
  }), { description: 'the accuracy that weighs its ballots under each, most ballots first, the first 100' }),
  predicates_total: countSchema,
  trust: trustSchema,
  reasons: Type.Union([Type.Null(), Type.Object({
    ballots: amountSchema, hits: amountSchema,
    audited: Type.Integer({ minimum: 0, description: 'ballots on items that a trust seed has judged' }),
    standing_share: Type.Optional(Type.Number({ description: 'of all standing that flows from the seeds' })),
    clones: Type.Array(keySchema), clones_total: countSchema,
    lost: moversSchema, gained: moversSchema
  })]),
  past: Type.Array(Type.Object({
    generation: countSchema, accuracy: shareSchema, standing: shareSchema, gate: shareSchema,
    group: Type.Union([keySchema, Type.Null()]),
    predicates: Type.Array(Type.Object({ predicate: Type.String(), accuracy: shareSchema }), {
      description: 'where its accuracy was another than in the next snapshot'
    })
  }))
})

/** Operations on agents. */
export const agentOperations: readonly Operation[] = [
  defineOperation({
    name: 'getAgents', summary: 'Agents with their published trust, by falling accuracy',
    method: 'GET', paths: ['/v1/agents'], access: 'read', cost: 'range',
    query: Type.Object({
      limit: limitSchema, cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 128 }))
    }, { additionalProperties: false }),
    output: Type.Object({
      trust: trustSchema, agents: Type.Array(Type.Object(agentFields)), cursor: Type.Optional(Type.String())
    }),
    statuses: [200],
    run: async ({ node }, { query }) => {
      const page = await node.agents(query.cursor, Number(query.limit ?? API_LIMITS.pageDefault))
      const value = {
        trust: trustJson(page.trust), agents: page.agents.map(agentJson),
        ...(page.cursor === undefined ? {} : { cursor: page.cursor })
      }
      return { kind: 'json', status: 200, value }
    }
  }),
  defineOperation({
    name: 'getAgent', summary: 'Published trust in an agent, and the ballots that made it what it is',
    method: 'GET', paths: ['/v1/agents/:id'], access: 'read', cost: 'scan',
    params: Type.Object({ id: keySchema }), output: explanationSchema, statuses: [200],
    run: async ({ node }, { params }) => {
      const agent = parsePublicKey(params.id)
      assert(agent !== undefined, 'the schema let no other text through')
      const found = await node.agent(agent)
      if (found === undefined) {
        throw new ApiError({ code: 'AGENT_NOT_FOUND' }, `nothing was ever heard of agent ${agent}`)
      }
      return { kind: 'json', status: 200, value: explanationJson(found) }
    }
  })
]

function trustJson(report: TrustReport): object {
  const { mode, generation, digest, frontierRoot, lagMs, agents, ballots, computed } = report
  return {
    mode, generation, digest, frontier_root: frontierRoot ?? null, lag_ms: lagMs, agents, ballots, computed
  }
}

function agentJson(report: AgentReport): object {
  const { agent, seed, record } = report
  return {
    agent_id: agent, ...valuesJson(report), seed,
    ballots: record === undefined ? null : fromQ(record.ballots),
    hits: record === undefined ? null : fromQ(record.hits)
  }
}

type AgentValues = Pick<AgentReport, 'accuracy' | 'standing' | 'gate' | 'group'>

function valuesJson({ accuracy, standing, gate, group }: AgentValues): object {
  return { accuracy: share(accuracy), standing: share(standing), gate: share(gate), group: group ?? null }
}

function predicateJson({ predicate, accuracy, record }: PredicateReport): object {
  const [ballots, hits] = record === undefined ? [null, null] : [fromQ(record.ballots), fromQ(record.hits)]
  return { predicate, accuracy: share(accuracy), ballots, hits }
}

function share(steps: number): number {
  return steps / STEPS_PER_ONE
}

function explanationJson(found: AgentExplanation): object {
  const { published, trust, predicates, predicatesTotal, reasons, past } = found
  return {
    ...agentJson(found), published, trust: trustJson(trust),
    predicates: predicates.map(predicateJson), predicates_total: predicatesTotal,
    reasons: reasons === undefined ? null : reasonsJson(reasons),
    past: past.map((step) => ({
      generation: step.generation, ...valuesJson(step),
      predicates: step.predicates.map(({ predicate, accuracy }) => ({ predicate, accuracy: share(accuracy) }))
    }))
  }
}

/** All standing that flows from the seeds. */
const WHOLE_MASS = 2 ** 40

function reasonsJson(reasons: AgentReasons): object {
  const { ballots, hits, audited, mass, clones, clonesTotal, lost, gained } = reasons
  const movers = (list: AgentReasons['lost']): object[] => list.map(({ subject, predicate, p, weight, audited: judged }) => (
    { subject, predicate, share: fromQ(p), weight: fromQ(weight), audited: judged }))
  return {
    ballots: fromQ(ballots), hits: fromQ(hits), audited,
    ...(mass === undefined ? {} : { standing_share: mass / WHOLE_MASS }),
    clones, clones_total: clonesTotal, lost: movers(lost), gained: movers(gained)
  }
}

function fromQ(value: number): number {
  return value / 65_536
}
