// What the system refuses is told in words, and only what is missing counts as missing.

import { describe, expect, it } from 'vitest'
import { saysForbidden, saysMissing, systemCode, systemText } from '../../src/base/index.js'

const refused = (code: string): Error => Object.assign(new Error(`${code}: as the system says it`), { code })

describe('a refusal of the system', () => {
  it.each([
    ['ENOENT', 'no such file or directory'], ['EACCES', 'permission denied'], ['EPERM', 'permission denied'],
    ['EISDIR', 'it is a directory'], ['EADDRINUSE', 'the address is in use'], ['Z_BUF_ERROR', 'its gzip data ends early'],
    ['EODD', 'EODD: as the system says it']
  ])('%s is told in words, or in its own', (code, text) => {
    expect([systemCode(refused(code)), systemText(refused(code))]).toEqual([code, text])
  })

  it('is told from failures of other kinds', () => {
    const others = [new Error('x'), refused('ERR_INVALID_ARG_TYPE'), refused('NODE_CONFIG'), 'ENOENT', undefined]
    expect(others.map(systemCode)).toEqual(others.map(() => undefined))
    expect(systemText('text')).toBe('text')
  })

  it('says that something is missing only by ENOENT and ENOTDIR', () => {
    const codes = ['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ELOOP', 'EIO']
    expect(codes.filter((code) => saysMissing(refused(code)))).toEqual(['ENOENT', 'ENOTDIR'])
    expect(codes.filter((code) => saysForbidden(refused(code)))).toEqual(['EACCES', 'EPERM'])
  })
})
