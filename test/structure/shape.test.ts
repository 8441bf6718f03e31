// Every file of the product has the shape of the house, and the check finds each planted fault.

import { describe, expect, it } from 'vitest'
import { checkShape } from './shape.js'
import { productSources } from './sources.js'

const clean: Readonly<Record<string, string>> = {
  'wal/index.ts': "// Front.\n\nimport './polyfill.js'\n\nexport { a, type B } from './frame-reader.js'\n",
  'wal/frame-reader.ts': '// Frames.\n\n/** One. */\nexport const a = 1\n\nconst hidden = 2\n\n/** Two. */\nexport type B = 1',
  'cli/main.ts': '#!/usr/bin/env node\n// Entry.\n',
  'wal/late.ts': '// Exported below.\n\n/** Late. */\nfunction late() {}\n\nexport { late }',
  'wal/overload.ts': '// One doc serves all overloads.\n\n/** O. */\nexport function o(): void\nexport function o(a?: 1) {}'
}

function faultsWith(path: string, text: string): readonly string[] {
  return checkShape(new Map(Object.entries({ ...clean, [path]: text }))).map((fault) => fault.what)
}

describe('shape of files', () => {
  it('holds in src', () => {
    expect(checkShape(productSources)).toEqual([])
  })

  it('finds nothing in a clean set', () => {
    expect(checkShape(new Map(Object.entries(clean)))).toEqual([])
  })

  it('fails on an empty scan', () => {
    expect(checkShape(new Map())).toHaveLength(1)
  })

  it.each([
    ['export const bare = 1', 'bare'],
    ['export function bare() {}', 'bare'],
    ['export class Bare {}', 'Bare'],
    ['export interface Bare {}', 'Bare'],
    ['export type Bare = 1', 'Bare'],
    ['const bare = 1\nexport { bare }', 'bare'],
    ['const bare = 1\nexport { bare as dressed }', 'bare'],
    ['// A line comment is none.\nexport const bare = 1', 'bare'],
    ['/** */\nexport const bare = 1', 'bare'],
    ['export default function () {}', 'default']
  ])('finds an exported name without a doc comment in %j', (text, name) => {
    expect(faultsWith('wal/planted.ts', `// Header.\n\n${text}`)).toEqual([`no doc comment: ${name}`])
  })

  it.each([
    ['no header comment', 'wal/planted.ts', 'const a = 1'],
    ['no header comment', 'wal/planted.ts', '/** Docs are no header. */\nexport const a = 1'],
    ['no header comment', 'cli/main.ts', '#!/usr/bin/env node\nconst a = 1'],
    ['a name that says nothing', 'wal/utils.ts', '// Header.'],
    ['a name that is not kebab-case', 'wal/frameReader.ts', '// Header.'],
    ['a front that does more than name its exports', 'wal/index.ts', "// Front.\nexport * from './a.js'"],
    ['a front that does more than name its exports', 'wal/index.ts', '// Front.\n/** A. */\nexport const a = 1'],
    ['a front that does more than name its exports', 'wal/index.ts', "// Front.\nexport * as a from './a.js'"]
  ])('finds %s', (what, path, text) => {
    expect(faultsWith(path, text)).toEqual([what])
  })
})
