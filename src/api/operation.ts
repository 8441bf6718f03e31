// One operation of the node as the interfaces offer it: name, input, output, cost, access. HTTP routes and
// the OpenAPI document follow from the table of them; handlers know neither sockets nor headers.

import { Compile } from 'typebox/compile'
import type { Static, TObject, TSchema } from 'typebox'
import type { StemeNode } from '../node/index.js'
import { ApiError } from './errors.js'
import { describeFault } from './input-rule.js'

/** What a handler may use. */
export interface OperationDeps {
  readonly node: StemeNode
}

/** The checked parts of a request. */
export interface OperationInput<P = unknown, Q = unknown, B = unknown> {
  readonly params: P
  readonly query: Q
  readonly body: B
  /** Media type of the body without parameters; empty without a body. */
  readonly mediaType: string
  /** The Accept header; empty when there is none. */
  readonly accept: string
  /** Aborts when the connection is gone. */
  readonly signal: AbortSignal
}

/** What an operation gives. `text` is JSON that was serialised already. */
export type Outcome =
  | { readonly kind: 'json'; readonly status: number; readonly value: object; readonly etag?: string }
  | { readonly kind: 'text'; readonly status: number; readonly text: string; readonly etag?: string }
  | { readonly kind: 'bytes'; readonly mediaType: string; readonly bytes: Uint8Array; readonly etag: string }
  | { readonly kind: 'stream'; readonly mediaType: string; readonly chunks: AsyncIterable<Uint8Array> }

/** How much work a call may cause: one read, a bounded batch or range, a walk, all there is. */
export type Cost = 'point' | 'batch' | 'range' | 'scan' | 'stream'

/** One entry of the table. */
export interface Operation {
  readonly name: string
  readonly summary: string
  readonly method: 'GET' | 'POST'
  /** Route patterns; the first is the documented one. */
  readonly paths: readonly [string, ...string[]]
  readonly access: 'read' | 'write'
  readonly cost: Cost
  readonly params?: TSchema
  readonly query?: TSchema
  readonly body?: TSchema
  /** The body is JSON unless this names the media types of its bytes. */
  readonly bodyTypes?: readonly string[]
  readonly bodyLimit?: 'query' | 'records'
  readonly output: TSchema
  /** Statuses of success. */
  readonly statuses: readonly number[]
  /** Media types of success besides JSON. */
  readonly outputTypes?: readonly string[]
  /** Media type of success instead of JSON. */
  readonly outputType?: string
  run(deps: OperationDeps, input: OperationInput): Promise<Outcome>
}

/** An entry before its handler's types are forgotten. */
export interface OperationSource<P extends TSchema, Q extends TSchema, B extends TSchema>
  extends Omit<Operation, 'params' | 'query' | 'body' | 'run'> {
  readonly params?: P
  readonly query?: Q
  readonly body?: B
  run(deps: OperationDeps, input: OperationInput<Static<P>, Static<Q>, Static<B>>): Promise<Outcome>
}

/**
 * Makes an entry whose handler is typed by its own schemas.
 * Sound since routes check the input against those schemas before they call `run`.
 */
export function defineOperation<
  P extends TSchema = TObject, Q extends TSchema = TObject, B extends TSchema = TObject
>(source: OperationSource<P, Q, B>): Operation {
  return source as unknown as Operation
}

/** Checks one part of a request. @throws ApiError INPUT_INVALID with the first field that breaks its rule */
export type PartCheck = (value: unknown) => void

/** Compiles the check of a schema. @param part what the schema is of, for people: `the body` */
export function compileCheck(schema: TSchema, part: string): PartCheck {
  const validator = Compile(schema)
  return (value) => {
    if (validator.Check(value)) return
    const { field, text } = describeFault(schema, validator.Errors(value), part)
    throw new ApiError({ code: 'INPUT_INVALID', field }, text)
  }
}
