// What a request breaks, in words for people: the checker names a keyword of the schema, the reader of a
// problem document wants to know what to send instead.

import type { TSchema } from 'typebox'

/** A breach as the checker reports it: where in the input, where in the schema, and by which keyword. */
export interface Breach {
  readonly keyword: string
  readonly schemaPath: string
  readonly instancePath: string
  readonly params: object
}

/** The field that breaks its rule (dots between levels, empty for the whole part) and what is wrong. */
export interface InputFault {
  readonly field: string
  readonly text: string
}

const FIELD_MAX = 128
const typeNames: ReadonlyMap<string, string> = new Map([
  ['string', 'a text'], ['integer', 'a whole number'], ['number', 'a number'], ['boolean', 'true or false'],
  ['object', 'an object'], ['array', 'a list']
])

/** The first fault of a list of breaches. `part` names the part of the request: `the body`. */
export function describeFault(schema: TSchema, breaches: readonly Breach[], part: string): InputFault {
  const first = breaches[0]
  if (first === undefined) return { field: '', text: `${part} is not valid` }
  const field = fieldOf(first)
  return { field, text: `${field === '' ? part : field} ${ruleText(schema, first, breaches)}` }
}

function fieldOf({ instancePath, params }: Breach): string {
  const path = instancePath.slice(1).replaceAll('/', '.')
  const [missing] = listIn(params, 'requiredProperties')
  return [path, missing ?? ''].filter((name) => name !== '').join('.').slice(0, FIELD_MAX)
}

function ruleText(schema: TSchema, breach: Breach, all: readonly Breach[]): string {
  const limit = Reflect.get(breach.params, 'limit') as number | undefined
  switch (breach.keyword) {
    case 'required': return 'is missing'
    case 'boolean': return `is not known here; known are ${knownBeside(schema, breach)}`
    case 'const': return `must be ${choices(breach, all)}`
    case 'type': return `must be ${typeName(breach)}`
    case 'minimum': return `must be at least ${limit}`
    case 'maximum': return `must be at most ${limit}`
    case 'minLength': return limit === 1 ? 'must not be empty' : `must have at least ${limit} characters`
    case 'maxLength': return `must have at most ${limit} characters`
    case 'minItems': return limit === 1 ? 'must not be empty' : `must have at least ${limit} entries`
    case 'maxItems': return `must have at most ${limit} entries`
    default: return `must be ${descriptionAt(schema, breach.schemaPath) ?? 'of another form'}`
  }
}

function typeName({ params }: Breach): string {
  const type: unknown = Reflect.get(params, 'type')
  return (typeof type === 'string' ? typeNames.get(type) : undefined) ?? 'of another type'
}

/** The values that one field may have, each a branch of its own in the schema. */
function choices({ instancePath }: Breach, all: readonly Breach[]): string {
  const values = all.filter((one) => one.keyword === 'const' && one.instancePath === instancePath)
    .map(({ params }) => String(Reflect.get(params, 'allowedValue')))
  return values.join(' or ')
}

/** Names of the fields that the object around an unknown one may have. */
function knownBeside(schema: TSchema, { schemaPath }: Breach): string {
  const around = schemaAt(schema, schemaPath.replace(/\/additionalProperties$/, ''))
  const properties: unknown = around === undefined ? undefined : Reflect.get(around, 'properties')
  const names = typeof properties === 'object' && properties !== null ? Object.keys(properties) : []
  return names.length === 0 ? 'none' : names.join(', ')
}

function descriptionAt(schema: TSchema, path: string): string | undefined {
  const found = schemaAt(schema, path)
  const description: unknown = found === undefined ? undefined : Reflect.get(found, 'description')
  return typeof description === 'string' ? description : undefined
}

/** The part of a schema that a path such as `#/properties/limit` names. */
function schemaAt(schema: TSchema, path: string): object | undefined {
  let at: unknown = schema
  for (const step of path.split('/').slice(1)) {
    if (typeof at !== 'object' || at === null) return undefined
    at = Reflect.get(at, step)
  }
  return typeof at === 'object' && at !== null ? at : undefined
}

function listIn(params: object, name: string): readonly string[] {
  const list: unknown = Reflect.get(params, name)
  return Array.isArray(list) ? list.map(String) : []
}
