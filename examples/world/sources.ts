// The packages that make claims about countries: which version, when it was released, and what reads it.
// Rule: nothing of a package's data stands here. An installed version other than the pinned one is an error:
// neither its release date nor the gold list would fit it.

import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import {
  type Statement, readCodesList, readCountriesList, readCountryData, readCurrencyInfo, readCurrencyMap,
  readListJs, readLocaleMap, readTelephoneData, readWorldCountries
} from './readers.js'

/** One package: a source of claims. */
export interface WorldSource {
  /** Package name; it is the name of the claiming source too. */
  readonly name: string
  readonly version: string
  /** Release date of the version as `npm view NAME time` gives it, ms since 1970. */
  readonly releasedMs: number
  /** Statements of the package's default export, or of all it exports where it has none, in its own order. */
  readonly read: (exported: unknown) => readonly Statement[]
}

/** Every source, by name. */
export const SOURCES: readonly WorldSource[] = [
  source('countries-list', '3.4.1', '2026-07-14T23:44:10.147Z', readCountriesList),
  source('country-codes-list', '3.2.0', '2026-09-21T16:55:11.927Z', readCodesList),
  source('country-data', '0.0.31', '2024-12-07T08:28:07.122Z', readCountryData),
  source('country-data-list', '1.6.3', '2026-05-24T11:29:02.120Z', readCountryData),
  source('country-list-js', '3.1.8', '2024-12-13T04:00:29.183Z', readListJs),
  source('country-locale-map', '1.9.14', '2026-09-08T03:57:00.748Z', readLocaleMap),
  source('country-telephone-data', '0.6.3', '2024-12-12T23:22:13.378Z', readTelephoneData),
  source('country-to-currency', '3.0.1', '2026-08-10T15:27:35.148Z', readCurrencyMap),
  source('iso-country-currency', '0.7.2', '2024-12-11T19:10:09.345Z', readCurrencyInfo),
  source('world-countries', '5.1.0', '2025-06-03T12:09:39.442Z', readWorldCountries)
]

/**
 * What an installed package states.
 * @throws Error when the package is missing, of another version, or of an unexpected shape
 */
export async function readSource(from: WorldSource): Promise<readonly Statement[]> {
  const installed = await installedVersion(from.name)
  if (installed !== from.version) {
    throw new Error(`${from.name} is ${installed}, but the example describes ${from.version}: run npm ci`)
  }
  const module = await import(from.name) as { readonly default?: unknown }
  const statements = from.read(module.default ?? module)
  if (statements.length === 0) throw new Error(`${from.name} ${from.version} states nothing`)
  return statements
}

function source(name: string, version: string, released: string, read: WorldSource['read']): WorldSource {
  return { name, version, releasedMs: Date.parse(released), read }
}

/** Reads package.json from disk: the `exports` of some packages hide it from the module loader. */
async function installedVersion(name: string): Promise<string> {
  for (const directory of createRequire(import.meta.url).resolve.paths(name) ?? []) {
    const text = await readFile(join(directory, name, 'package.json'), 'utf8').catch(() => undefined)
    if (text !== undefined) return String((JSON.parse(text) as { version?: unknown }).version)
  }
  throw new Error(`${name} is not installed: run npm ci`)
}
