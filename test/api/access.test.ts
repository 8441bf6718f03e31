import { describe, expect, it } from 'vitest'
import { createHostCheck, createTokenCheck, isLoopback } from '../../src/api/access.js'

describe('host check', () => {
  const local = createHostCheck(['Node.Example'], false)

  it.each(['localhost', 'localhost:8470', 'LOCALHOST', 'localhost.', '127.0.0.1:1', '[::1]:8470', '[::1]', 'node.example:80'])(
    'answers to %s', (host) => expect(local(host)).toBe(true))

  it.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '192.168.0.1', '[::2]', '', ':8470', '[::1'])(
    'refuses %j', (host) => expect(local(host)).toBe(false))

  it('refuses a request without a Host header', () => {
    expect(local(undefined)).toBe(false)
  })

  it('answers to any address, but no foreign name, when bound publicly', () => {
    const open = createHostCheck([], true)
    expect(open('192.168.0.1:8470')).toBe(true)
    expect(open('[fe80::1]:8470')).toBe(true)
    expect(open('evil.example')).toBe(false)
  })
})

describe('token check', () => {
  const check = createTokenCheck('secret-secret-secret')

  it('takes the token as bearer, the scheme in any case', () => {
    expect(check('Bearer secret-secret-secret')).toBe('right')
    expect(check('bearer  secret-secret-secret')).toBe('right')
  })

  it.each([undefined, '', 'secret-secret-secret', 'Basic secret-secret-secret', 'Bearer', 'Bearer a b'])(
    'finds no token in %j', (header) => expect(check(header)).toBe('missing'))

  it.each(['Bearer secret', 'Bearer secret-secret-secret-', 'Bearer SECRET-SECRET-SECRET'])(
    'tells the wrong token %j', (header) => expect(check(header)).toBe('wrong'))
})

describe('loopback', () => {
  it('is 127.0.0.0/8, ::1 and localhost alone', () => {
    expect(['localhost', '127.0.0.1', '127.8.9.1', '::1'].every(isLoopback)).toBe(true)
    expect(['0.0.0.0', '::', '10.0.0.1', 'example.org', '127.example.org', ''].some(isLoopback)).toBe(false)
  })
})
