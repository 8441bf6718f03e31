// Readers of packages that keep their data in files beside their main module; each gets those files in order.
// Rule: as in readers.ts. Reasons: README.md.

import { callingDigits, currencyCode } from './normalise.js'
import {
  type Fields, type Statement, type WorldPredicate, about, amount, fields, list, text
} from './statements.js'

/** Files of country-json, the codes first; each says one thing about countries that it knows by name. */
export const COUNTRY_JSON_FILES: readonly string[] = [
  'src/country-by-abbreviation.json', 'src/country-by-name.json', 'src/country-by-capital-city.json',
  'src/country-by-currency-code.json', 'src/country-by-calling-code.json', 'src/country-by-population.json',
  'src/country-by-surface-area.json'
]

/** Files of cldr-core: population by territory, and currencies by region with the dates they were in use. */
export const CLDR_FILES: readonly string[] = ['supplemental/territoryInfo.json', 'supplemental/currencyData.json']

/** The file of country-js: its main module only searches it. */
export const COUNTRY_JS_FILES: readonly string[] = ['countries.json']

/** country-json: a country that the file of codes does not name in the same words is left out. */
export function readCountryJson(files: unknown): readonly Statement[] {
  const [codes, names, capitals, currencies, callingCodes, populations, areas] = list(files)
  const codeOf = new Map(list(codes).map(fields).map((row) => [row['country'], text(row['abbreviation'])]))
  const rows = (file: unknown, predicate: WorldPredicate, valueOf: (row: Fields) => Value): Statements =>
    list(file).map(fields).flatMap((row) => about(codeOf.get(row['country']), { [predicate]: valueOf(row) }))
  return [
    ...rows(names, 'name', (row) => text(row['country'])),
    ...rows(capitals, 'capital', (row) => text(row['city'])),
    ...rows(currencies, 'currency', (row) => text(row['currency_code'])),
    ...rows(callingCodes, 'calling_code', (row) => callingDigits(String(row['calling_code'] ?? ''))),
    ...rows(populations, 'population', (row) => amount(row['population'])),
    ...rows(areas, 'area', (row) => amount(row['area']))
  ]
}

/** cldr-core: a currency is in use when it is legal tender and has no last day. */
export function readCldr(files: unknown): readonly Statement[] {
  const [territories, currencies] = list(files).map((file) => fields(fields(file)['supplemental']))
  const populations = fields(territories?.['territoryInfo'])
  const regions = fields(fields(currencies?.['currencyData'])['region'])
  return [
    ...Object.entries(populations).flatMap(([code, row]) => about(code, { population: populationOf(row) })),
    ...Object.entries(regions).flatMap(([code, uses]) => about(code, { currency: currencyInUse(uses) }))
  ]
}

/** country-js: its names are search keys (`KOREA-SOUTH`, `POLYNESIA (FRENCH)`), so they are left out. */
export function readCountryJs(files: unknown): readonly Statement[] {
  const [countries] = list(files)
  return list(countries).flatMap((entry) => {
    const country = fields(entry)
    return about(text(country['code']), {
      capital: text(country['capital']),
      currency: text(fields(country['currency'])['currencyCode']),
      calling_code: callingDigits(text(country['phone']) ?? '')
    })
  })
}

type Statements = readonly Statement[]
type Value = string | number | undefined

function populationOf(territory: unknown): number | undefined {
  const digits = text(fields(territory)['_population']) ?? ''
  return /^\d+$/.test(digits) ? Number(digits) : undefined
}

function currencyInUse(uses: unknown): string | undefined {
  const current = list(uses).flatMap((use) => Object.entries(fields(use))).filter(([, dates]) => {
    return fields(dates)['_to'] === undefined && fields(dates)['_tender'] !== 'false'
  })
  return currencyCode(current.map(([code]) => code))
}
