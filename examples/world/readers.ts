// Readers: one function a package shape, from what it exports to plain statements.
// Rule: a reader takes the field that the package names for the purpose, and the first value where it lists
// several. It never repairs a value, and a missing field is no statement. Reasons: README.md.

import { callingDigits, currencyCode, shortName } from './normalise.js'

/** What a statement is about. */
export type WorldPredicate = 'area' | 'calling_code' | 'capital' | 'currency' | 'name'

/** One field of one country as a package gives it; text is not yet normalised. */
export interface Statement {
  /** ISO 3166-1 alpha-2 code. */
  readonly country: string
  readonly predicate: WorldPredicate
  readonly value: string | number
}

type Fields = Readonly<Record<string, unknown>>

/** world-countries: an array; a calling code is a root and its suffixes. */
export function readWorldCountries(exported: unknown): readonly Statement[] {
  return list(exported).flatMap((entry) => {
    const country = fields(entry)
    return about(text(country['cca2']), {
      name: text(fields(country['name'])['common']),
      capital: firstText(country['capital']),
      currency: currencyCode(Object.keys(fields(country['currencies']))),
      calling_code: dialOf(fields(country['idd'])),
      area: typeof country['area'] === 'number' ? country['area'] : undefined
    })
  })
}

/** countries-list: a map by code; calling codes are numbers. */
export function readCountriesList(exported: unknown): readonly Statement[] {
  return Object.entries(fields(fields(exported)['countries'])).flatMap(([code, entry]) => {
    const country = fields(entry)
    return about(code, {
      name: text(country['name']),
      capital: text(country['capital']),
      currency: currencyCode(texts(country['currency'])),
      calling_code: callingDigits(String(list(country['phone'])[0] ?? ''))
    })
  })
}

/** country-data and its fork country-data-list. Deleted entries, on former holders of a code, are skipped. */
export function readCountryData(exported: unknown): readonly Statement[] {
  return list(fields(fields(exported)['countries'])['all']).flatMap((entry) => {
    const country = fields(entry)
    if (country['status'] === 'deleted') return []
    return about(text(country['alpha2']), {
      name: text(country['name']),
      currency: currencyCode(texts(country['currencies'])),
      calling_code: callingDigits(firstText(country['countryCallingCodes']) ?? '')
    })
  })
}

/** country-codes-list: an array behind `all()`. */
export function readCodesList(exported: unknown): readonly Statement[] {
  return list(called(fields(exported)['all'])).flatMap((entry) => {
    const country = fields(entry)
    return about(text(country['countryCode']), {
      name: text(country['countryNameEn']),
      currency: text(country['currencyCode']),
      calling_code: callingDigits(text(country['countryCallingCode']) ?? '')
    })
  })
}

/** country-to-currency: a map from country to currency, nothing else. */
export function readCurrencyMap(exported: unknown): readonly Statement[] {
  const map = fields(exported)
  return Object.entries(map).flatMap(([code, currency]) => about(code, { currency: text(currency) }))
}

/** iso-country-currency: an array behind `getAllISOCodes()`. */
export function readCurrencyInfo(exported: unknown): readonly Statement[] {
  return list(called(fields(exported)['getAllISOCodes'])).flatMap((entry) => {
    const country = fields(entry)
    return about(text(country['iso']), {
      name: text(country['countryName']),
      currency: text(country['currency'])
    })
  })
}

/** country-locale-map: an array behind `getAllCountries()`. */
export function readLocaleMap(exported: unknown): readonly Statement[] {
  return list(called(fields(exported)['getAllCountries'])).flatMap((entry) => {
    const country = fields(entry)
    return about(text(country['alpha2']), {
      name: text(country['name']),
      capital: text(country['capital']),
      currency: text(country['currency'])
    })
  })
}

/** country-list-js: a map by code; several calling codes stand in one text, joined by "and". */
export function readListJs(exported: unknown): readonly Statement[] {
  return Object.entries(fields(fields(exported)['all'])).flatMap(([code, entry]) => {
    const country = fields(entry)
    return about(code, {
      name: text(country['name']),
      capital: text(country['capital']),
      currency: text(country['currency']),
      calling_code: callingDigits((text(country['dialing_code']) ?? '').split(' and ')[0] ?? '')
    })
  })
}

/** country-telephone-data: an array; a name carries the local name behind it in parentheses. */
export function readTelephoneData(exported: unknown): readonly Statement[] {
  return list(fields(exported)['allCountries']).flatMap((entry) => {
    const country = fields(entry)
    return about(text(country['iso2'])?.toUpperCase(), {
      name: shortName(text(country['name']) ?? ''),
      calling_code: callingDigits(text(country['dialCode']) ?? '')
    })
  })
}

/** The roots +1 and +7 are codes of whole numbering plans: there, several suffixes are area codes. */
function dialOf(idd: Fields): string | undefined {
  const root = text(idd['root']) ?? ''
  const suffixes = texts(idd['suffixes'])
  const shared = suffixes.length > 1 && (root === '+1' || root === '+7')
  return callingDigits(shared ? root : root + (suffixes[0] ?? ''))
}

function about(
  code: string | undefined,
  found: Readonly<Partial<Record<WorldPredicate, string | number | undefined>>>
): readonly Statement[] {
  if (code === undefined || !/^[A-Z]{2}$/.test(code)) return []
  const statements: Statement[] = []
  for (const [predicate, value] of Object.entries(found)) {
    if (value !== undefined && value !== '') {
      statements.push({ country: code, predicate: predicate as WorldPredicate, value })
    }
  }
  return statements
}

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? value as Fields : {}
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function texts(value: unknown): readonly string[] {
  return list(value).filter((entry): entry is string => typeof entry === 'string')
}

function firstText(value: unknown): string | undefined {
  return texts(value)[0]
}

function called(value: unknown): unknown {
  return typeof value === 'function' ? (value as () => unknown)() : undefined
}
