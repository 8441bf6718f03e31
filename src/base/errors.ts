// The carrier of expected failures: each folder's errors.ts closes a union of details over this class.

/** What every failure's detail holds. Codes are API, texts are not. */
export interface ErrorDetail {
  readonly code: string
}

/** An expected failure with a stable code. Each folder derives a class from it, over its own closed union. */
export class CodedError<D extends ErrorDetail = ErrorDetail> extends Error {
  readonly detail: D

  constructor(detail: D, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.detail = detail
  }

  get code(): D['code'] {
    return this.detail.code
  }
}
