// Query: resolved answers, from kept views or from lenses run for the request.

export type { Answer, AnswerEvidence, AnswerStanding, AnswerView, QueryRequest } from './answer.js'
export { QueryError, type QueryErrorDetail } from './errors.js'
export { QUERY_DEFAULTS, type QueryOptions, REQUESTS_MAX } from './options.js'
export { createQuery, type Query, type QueryDeps, type QueryStats } from './query.js'
export type { SubjectPage } from './subject-page.js'
