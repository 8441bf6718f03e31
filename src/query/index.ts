// Query: resolved answers, from kept views or from lenses run for the request.

export type { Answer, AnswerEvidence, AnswerStanding, AnswerView, QueryRequest } from './answer.js'
export type {
  ConstraintsReport, ConstraintsRequest, Demand, PreflightReport, PreflightRequest
} from './demands.js'
export type { DisputeMoment, DisputeReport, DisputeRequest, DisputeSide } from './dispute.js'
export { QueryError, type QueryErrorDetail } from './errors.js'
export type { ExplainedWithdrawal, ExplainReport } from './explanation.js'
export { PLAN_MAX, QUERY_DEFAULTS, type QueryOptions, REQUESTS_MAX, SUBJECTS_MAX } from './options.js'
export { createQuery, type Query, type QueryDeps, type QueryStats } from './query.js'
export type { SubjectPage } from './subject-page.js'
