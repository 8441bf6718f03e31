// The example: the packages can be read, the claims are the same each time, and the gold list fits them.

import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  type WorldClaim, SOURCES, contestedItems, factsOf, readSource, readWorldClaims
} from '../../examples/world/index.js'
import { readCldr, readCountryJs, readCountryJson } from '../../examples/world/file-readers.js'
import {
  callingDigits, currencyCode, normaliseText, planDigits, roundedArea, withoutLocalName
} from '../../examples/world/normalise.js'
import {
  readCountriesDb, readCountryData, readCountryjs, readTelephoneData, readWorldCountries
} from '../../examples/world/readers.js'
import { fullestSpelling, saidNames, spellingKey } from '../../examples/world/spelling.js'

interface GoldLine {
  readonly item: string
  readonly value?: string | number
  readonly ambiguous?: true
  readonly reason: string
}

const goldMax = 150
const contestedMin = 500
const gold = readFileSync(new URL('../../examples/world/gold.jsonl', import.meta.url), 'utf8')
  .trimEnd().split('\n').map((line) => JSON.parse(line) as GoldLine)

let claims: readonly WorldClaim[] = []

beforeAll(async () => {
  claims = await readWorldClaims()
})

describe('claims', () => {
  it('come from at least ten packages, each with claims of its own', () => {
    const countOf = (name: string): number => claims.filter(({ source }) => source === name).length
    const counts = SOURCES.map(({ name }) => [name, countOf(name)] as const)
    console.log(Object.fromEntries(counts))
    expect(SOURCES.length).toBeGreaterThanOrEqual(10)
    for (const [name, count] of counts) expect(count, name).toBeGreaterThan(240)
  })

  it('are the same in every run, by source and then by item, one for each of them', async () => {
    const keys = claims.map(({ source, item }) => `${source}\0${item}`)
    expect(JSON.stringify(await readWorldClaims())).toBe(JSON.stringify(claims))
    expect(new Set(keys).size).toBe(keys.length)
    expect([...keys].sort()).toEqual(keys)
  })

  it('are normalised: composed, trimmed, not empty, codes in their form, the date of the package', () => {
    const dates = new Map(SOURCES.map(({ name, releasedMs }) => [name, releasedMs]))
    const odd = claims.filter(({ source, item, value, ts }) => {
      const predicate = item.slice(3)
      const text = String(value)
      return ts !== dates.get(source) ||
        !/^[A-Z]{2}\|(area|calling_code|capital|currency|name|population)$/.test(item) ||
        (predicate === 'area' || predicate === 'population') !== (typeof value === 'number') || text === '' ||
        text !== text.normalize('NFC').trim() ||
        (predicate === 'currency' && !/^[A-Z]{3}$/.test(text)) ||
        (predicate === 'calling_code' && !/^\d+$/.test(text))
    })
    expect(odd).toEqual([])
  })

  it('contest at least 500 facts, some of each predicate', () => {
    const contested = contestedItems(claims)
    console.log({ claims: claims.length, facts: factsOf(claims).size, contested: contested.length })
    expect(contested.length).toBeGreaterThanOrEqual(contestedMin)
    expect(new Set(contested.map((item) => item.slice(3)))).toEqual(
      new Set(['area', 'calling_code', 'capital', 'currency', 'name', 'population'])
    )
  })

  it('never contest a fact by form alone', () => {
    for (const [item, values] of factsOf(claims)) {
      const texts = [...values.keys()].filter((value) => typeof value === 'string')
      expect(new Set(texts.map(spellingKey)).size, item).toBe(texts.length)
    }
  })

  it('are refused for a package of another version, and for one that states nothing', async () => {
    const [source] = SOURCES
    if (source === undefined) throw new Error('no source')
    await expect(readSource({ ...source, version: '0.0.0' })).rejects.toThrow('npm ci')
    await expect(readSource({ ...source, name: 'no-such-package' })).rejects.toThrow('not installed')
    await expect(readSource({ ...source, read: () => [] })).rejects.toThrow('states nothing')
  })
})

describe('gold', () => {
  it('covers exactly the first contested facts in order of BLAKE3 over the item', () => {
    expect(gold.map(({ item }) => item)).toEqual(contestedItems(claims).slice(0, goldMax))
  })

  it('settles each fact with a claimed value and a reason, or says why it is ambiguous', () => {
    const facts = factsOf(claims)
    const settled = gold.filter(({ ambiguous }) => ambiguous !== true)
    console.log({ gold: gold.length, settled: settled.length, ambiguous: gold.length - settled.length })
    for (const { item, value, ambiguous, reason } of gold) {
      expect(reason.length, item).toBeGreaterThan(20)
      expect(value === undefined, item).toBe(ambiguous === true)
      if (value !== undefined) expect([...facts.get(item)?.keys() ?? []], item).toContain(value)
    }
  })
})

describe('readers', () => {
  it('join a split calling code, and leave out area codes of a shared numbering plan', () => {
    const country = (cca2: string, root: string, suffixes: readonly string[]): object =>
      ({ cca2, idd: { root, suffixes } })
    const codes = readWorldCountries([
      country('AW', '+2', ['97']), country('GU', '+1', ['671']), country('US', '+1', ['201', '202']),
      country('SH', '+2', ['90', '47']), country('AQ', '', [])
    ])
    expect(codes.map(({ country: code, value }) => [code, value]))
      .toEqual([['AW', '297'], ['GU', '1671'], ['US', '1'], ['SH', '290']])
  })

  it('skip an entry on a former holder of a code', () => {
    const former = { alpha2: 'AI', name: 'French Afar and Issas', status: 'deleted' }
    const all = [former, { alpha2: 'AI', name: 'Anguilla', status: 'assigned' }]
    expect(readCountryData({ countries: { all } })).toEqual([{ country: 'AI', predicate: 'name', value: 'Anguilla' }])
  })

  it('give nothing for a shape they do not know', () => {
    for (const shape of [undefined, null, 7, [], {}, [null, 7, { cca2: 'a' }]]) {
      expect(readWorldCountries(shape)).toEqual([])
      expect(readTelephoneData(shape)).toEqual([])
      expect(readCountryjs(shape)).toEqual([])
      expect(readCountriesDb(shape)).toEqual([])
      expect(readCountryJs(shape)).toEqual([])
      expect(readCountryJson(shape)).toEqual([])
      expect(readCldr(shape)).toEqual([])
    }
  })

  it('join files that know countries by name, and leave out a name without a code', () => {
    const codes = [{ country: 'Togo', abbreviation: 'TG' }]
    const areas = [{ country: 'Togo', area: 56785 }, { country: 'Wales', area: 20779 }]
    expect(readCountryJson([codes, [], [], [], [], [], areas]))
      .toEqual([{ country: 'TG', predicate: 'area', value: 56785 }])
  })

  it('take the currency that is tender and has no last day', () => {
    const uses = [{ EUR: { _from: '2026-01-01' } }, { BGN: { _from: '1999-07-05', _to: '2026-01-31' } }]
    const region = { BG: uses, CL: [{ CLF: { _tender: 'false' } }, { CLP: { _from: '1975-09-29' } }] }
    const territories = { supplemental: { territoryInfo: { BG: { _population: '6782660' }, ZZ: {} } } }
    expect(readCldr([territories, { supplemental: { currencyData: { region } } }])).toEqual([
      { country: 'BG', predicate: 'population', value: 6782660 },
      { country: 'BG', predicate: 'currency', value: 'EUR' },
      { country: 'CL', predicate: 'currency', value: 'CLP' }
    ])
  })
})

describe('normalisation', () => {
  it('folds composition, white space and apostrophes of a text, and no more', () => {
    expect(normaliseText(' Co\u0302te\u00a0 d\u2019Ivoire ')).toBe("C\u00f4te d'Ivoire")
    expect(normaliseText('Isle Of Man')).toBe('Isle Of Man')
  })

  it('keeps the digits of a calling code', () => {
    expect(callingDigits('+1-268')).toBe('1268')
    expect(callingDigits('0044')).toBe('44')
    expect(callingDigits('')).toBe('')
  })

  it('takes the first of several calling codes, or the plan that they share', () => {
    expect(planDigits(['+290', '+247'])).toBe('290')
    expect(planDigits(['1787', '1939'])).toBe('1')
    expect(planDigits(['1787'])).toBe('1787')
    expect(planDigits(['76', '77'])).toBe('7')
    expect(planDigits([])).toBe('')
  })

  it('rounds an area to three significant digits', () => {
    expect([652230, 61.19, 2.02, 0.44, 0].map(roundedArea)).toEqual([652000, 61.2, 2.02, 0.44, 0])
  })

  it('takes the first currency that is no fund code', () => {
    expect(currencyCode(['CHE', 'CHF', 'CHW'])).toBe('CHF')
    expect(currencyCode(['USN'])).toBeUndefined()
  })

  it.each([
    ['Albania (Shqipëri)', 'Albania'],
    ['Saint Martin (Saint-Martin (partie française))', 'Saint Martin'],
    ['Congo (DRC) (Jamhuri ya Kidemokrasia ya Kongo)', 'Congo (DRC)'],
    ['Cocos (Keeling) Islands', 'Cocos (Keeling) Islands'],
    ['Åland', 'Åland'],
    ['(only)', '(only)'],
    ['odd)', 'odd)']
  ])('shortens %j to %j', (name, short) => {
    expect(withoutLocalName(name)).toBe(short)
  })
})

describe('spelling', () => {
  it.each([
    ['Isle Of Man', 'Isle of Man'],
    ['San Jose', 'San Jos\u00e9'],
    ['ST. JOHNS', "Saint John's"],
    ['Timor Leste', 'Timor-Leste'],
    ['Bosnia & Herzegovina', 'Bosnia and Herzegovina'],
    ['Gambia', 'The Gambia']
  ])('takes %j and %j for one answer', (one, other) => {
    expect(spellingKey(one)).toBe(spellingKey(other))
  })

  it.each([
    ['Kiev', 'Kyiv'], ['Lisboa', 'Lisbon'], ['Noum', 'Noum\u00e9a'], ['Swaziland', 'Eswatini'], ['Niger', 'Nigeria']
  ])('takes %j and %j for two answers', (one, other) => {
    expect(spellingKey(one)).not.toBe(spellingKey(other))
  })

  it('writes an answer in its fullest spelling, in any order of the claims', () => {
    const sets = [
      ['Curacao', 'CURA\u00c7AO', 'Cura\u00e7ao'], ['Isle Of Man', 'Isle of Man', 'ISLE OF MAN'],
      ['The Gambia', 'Gambia'], ["St. John's", "Saint John's", 'St. Johns']
    ]
    const fullest = ['Cura\u00e7ao', 'Isle of Man', 'Gambia', "Saint John's"]
    expect(sets.map(fullestSpelling)).toEqual(fullest)
    expect(sets.map((set) => fullestSpelling(set.toReversed()))).toEqual(fullest)
  })

  it('drops the qualifier of an index form, and keeps what tells two countries apart', () => {
    const names = [
      ['Bolivia (Plurinational State of)', 'Bolivia'],
      ['Moldova, Republic of', 'Moldova'],
      ['Korea, Republic of', 'Republic of Korea'],
      ["Korea (Democratic People's Republic of)", "Democratic People's Republic of Korea"],
      ['Congo', 'Congo'],
      ['Congo (DRC)', 'Congo (DRC)'],
      ['Virgin Islands, British', 'British Virgin Islands'],
      ['Virgin Islands (U.S.)', 'U.S. Virgin Islands'],
      ['Bonaire, Sint Eustatius and Saba', 'Bonaire, Sint Eustatius and Saba'],
      ['Cocos (Keeling) Islands', 'Cocos (Keeling) Islands']
    ] as const
    expect(saidNames(names.map(([written]) => written))).toEqual(names.map(([, said]) => said))
  })
})
