// What this user may not look at is neither there nor missing: commands say that permission is lacking.

import { promises } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runWords } from './harness.js'

const directory = '/closed/node'
const calls = ['stat', 'statfs', 'readFile', 'mkdir'] as const
const real = { ...promises }

// Who runs the tests may be root, whom no mode stops: the calls themselves refuse, as they do others.
beforeAll(() => {
  for (const name of calls) {
    const call: (...args: never[]) => Promise<unknown> = real[name]
    const guarded = (path: unknown, ...rest: never[]): Promise<unknown> => {
      if (!String(path).startsWith('/closed')) return call(path as never, ...rest)
      const error = new Error(`EACCES: permission denied, ${name} '${String(path)}'`)
      return Promise.reject(Object.assign(error, { code: 'EACCES', syscall: name, path }))
    }
    Object.assign(promises, { [name]: guarded })
  }
  syncBuiltinESMExports()
})
afterAll(() => {
  Object.assign(promises, real)
  syncBuiltinESMExports()
})

describe('a directory that is closed to the user', () => {
  it.each([['init'], ['start'], ['verify'], ['join-key']])('is said to be so by %s', async (command) => {
    const words = command === 'join-key' ? ['init', '--join-key'] : [command]
    const ended = await runWords(['--data-dir', directory, ...words])
    expect([ended.code, ended.stdout]).toEqual([1, ''])
    expect(ended.stderr).toMatch(/^stemedb: no permission to (read|write) .*closed.* \(NODE_NO_ACCESS\)\n$/)
  })

  it('is a finding of the doctor, in words', async () => {
    const ended = await runWords(['--data-dir', directory, 'doctor'])
    expect(ended.code).toBe(1)
    expect(ended.stdout).toMatch(/^BAD +configuration +no permission to read /m)
    expect(ended.stdout).toMatch(/^BAD +disk +.*closed\/node: permission denied$/m)
    expect(ended.stdout).not.toContain('EACCES')
  })
})
