// The product keeps the import law, and the check finds each kind of planted breach.

import { describe, expect, it } from 'vitest'
import { checkImportLaw, type ViolationKind } from './import-law.js'
import { productSources } from './sources.js'

const clean: Readonly<Record<string, string>> = {
  'base/index.ts': "export { a } from './a.js'",
  'base/a.ts': "import { createBLAKE3 } from 'hash-wasm'\nexport const a = createBLAKE3",
  'record/index.ts': "import { a } from '../base/index.js'\nimport { encode } from '@ipld/dag-cbor'",
  'record/verify.ts': "import { createHash } from 'node:crypto'\nimport { CID } from 'multiformats/cid'",
  'store/index.ts': "import { Level } from 'level'\nimport { readFile } from 'node:fs/promises'",
  'p2p/index.ts': "import { tcp } from '@libp2p/tcp'\nimport { pipe } from 'it-pipe'",
  'lenses/index.ts': "import { a } from '../base/index.js'",
  'ingest/index.ts': "import type { a } from '../record/index.js'",
  'node/index.ts': "import { x } from '../p2p/index.js'\nimport { y } from '../ingest/index.js'"
}

function kindsWith(planted: Readonly<Record<string, string>>): readonly ViolationKind[] {
  return checkImportLaw(new Map(Object.entries({ ...clean, ...planted }))).map((violation) => violation.kind)
}

describe('import law', () => {
  it('holds in src', () => {
    expect(checkImportLaw(productSources)).toEqual([])
  })

  it('scans the real files', () => {
    expect([...productSources.keys()]).toContain('base/index.ts')
    expect([...productSources.keys()]).toContain('node/types.ts')
  })

  it('finds nothing in a clean set', () => {
    expect(kindsWith({})).toEqual([])
  })

  it('fails on an empty scan', () => {
    expect(checkImportLaw(new Map()).map((violation) => violation.kind)).toEqual(['empty'])
  })

  const planted: readonly (readonly [ViolationKind, string, Readonly<Record<string, string>>])[] = [
    ['upward', 'an upward import', { 'base/up.ts': "import { a } from '../record/index.js'" }],
    ['upward', 'an upward type import', { 'base/up.ts': "import type { a } from '../record/index.js'" }],
    ['upward', 'an upward re-export', { 'base/up.ts': "export { a } from '../record/index.js'" }],
    ['upward', 'an upward dynamic import', { 'base/up.ts': "const a = await import('../record/index.js')" }],
    ['upward', 'an upward import type', { 'base/up.ts': "export type A = import('../record/index.js').A" }],
    ['upward', 'an upward worker file', { 'base/up.ts': "new URL('../record/index.js', import.meta.url)" }],
    ['sibling', 'an import on one floor', { 'lenses/side.ts': "import { a } from '../store/index.js'" }],
    ['deep', 'an import past index.ts', { 'record/deep.ts': "import { a } from '../base/a.js'" }],
    ['door', 'a package outside its door', { 'record/x.ts': "import { Level } from 'level'" }],
    ['door', 'a package of a scope outside its door', { 'store/x.ts': "import { tcp } from '@libp2p/tcp'" }],
    ['door', 'a package without a door', { 'store/x.ts': "import left from 'left-pad'" }],
    ['door', 'a package that only begins like one', { 'store/x.ts': "import x from 'level-party'" }],
    ['door', 'a required package outside its door', { 'store/x.ts': "const x = require('pino')" }],
    ['impure', 'files read in a pure folder', { 'lenses/x.ts': "import { readFile } from 'node:fs/promises'" }],
    ['impure', 'a built-in without its prefix', { 'record/x.ts': "import { connect } from 'net'" }],
    ['unresolved', 'a file that is not there', { 'record/x.ts': "import { b } from './missing.js'" }],
    ['outside', 'an import that leaves src', { 'record/x.ts': "import { b } from '../../test/setup.js'" }],
    ['homeless', 'a file in no folder', { 'main.ts': '' }],
    ['homeless', 'a folder on no floor', { 'utils/index.ts': '' }],
    ['circle', 'a circle of two files', {
      'store/one.ts': "import { two } from './two.js'", 'store/two.ts': "import { one } from './one.js'"
    }],
    ['circle', 'a circle through the folder front', {
      'dag/index.ts': "export { one } from './one.js'", 'dag/one.ts': "import { one } from './index.js'"
    }],
    ['circle', 'a file that imports itself', { 'dag/self.ts': "import { self } from './self.js'" }]
  ]
  it.each(planted)('finds as %s: %s', (kind, _what, files) => {
    expect(kindsWith(files)).toEqual([kind])
  })

  it('names file, line and specifier', () => {
    const files = new Map(Object.entries({ ...clean, 'base/up.ts': "\nimport { a } from '../record/index.js'" }))
    expect(checkImportLaw(files)).toEqual([{ kind: 'upward', where: 'base/up.ts:2', what: '../record/index.js' }])
  })
})
