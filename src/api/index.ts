// The HTTP interface of a node.

export { type ApiErrorDetail, ApiError } from './errors.js'
export { API_DEFAULTS, API_LIMITS, type ApiOptions } from './options.js'
export { type ApiDeps } from './app.js'
export { type ApiServer, startApi } from './server.js'
