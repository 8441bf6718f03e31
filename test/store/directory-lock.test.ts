// One process has a directory, however it ends, and whoever comes second learns who has it.

import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { lockDirectory } from '../../src/store/index.js'

const root = mkdtempSync(join(tmpdir(), 'steme-lock-'))
const level = createRequire(import.meta.url).resolve('level')
const children: ChildProcess[] = []
let directory = ''
let place = ''
let count = 0

beforeEach(() => {
  directory = join(root, String(count++))
  mkdirSync(directory)
  place = join(directory, 'lock')
})
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(root, { recursive: true })
})

/** Another process takes the lock and says what became of it; with `stay` it keeps it. */
function otherProcess(stay = false): { readonly said: Promise<string>; readonly kill: () => Promise<void> } {
  const program = `
    const { Level } = require(${JSON.stringify(level)})
    const { writeFileSync } = require('node:fs')
    new Level(${JSON.stringify(place)}).open().then(() => {
      writeFileSync(${JSON.stringify(join(place, 'holder'))}, process.pid + '\\n')
      console.log('locked')
      ${stay ? 'setInterval(() => {}, 60_000)' : ''}
    }, (error) => console.log(error.cause.code))`
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const said = new Promise<string>((resolve) => child.stdout.once('data', (text: Buffer) => resolve(text.toString().trim())))
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    said,
    async kill() {
      child.kill('SIGKILL')
      await ended
    }
  }
}

describe('lock of a directory', () => {
  it('keeps other processes out until it is released', async () => {
    const lock = await lockDirectory(directory, place)
    expect(await otherProcess().said).toBe('LEVEL_LOCKED')
    await lock.release()
    await lock.release()
    expect(await otherProcess().said).toBe('locked')
  })

  it('is refused while another process has it, and names that; it ends with a SIGKILL of the holder', async () => {
    const holder = otherProcess(true)
    expect(await holder.said).toBe('locked')
    const pid = String(children.at(-1)?.pid)
    const refused = lockDirectory(directory, place)
    await expect(refused).rejects.toMatchObject({ detail: { code: 'STORE_LOCKED', directory, holder: pid } })
    await expect(refused).rejects.toThrow(`${directory} is in use by process ${pid}`)
    await holder.kill()
    await (await lockDirectory(directory, place)).release()
  })

  it('is refused to a second taker in this process, by whatever path, and the first one still has it', async () => {
    const lock = await lockDirectory(directory, place)
    const detail = { code: 'STORE_LOCKED', directory, holder: String(process.pid) }
    await expect(lockDirectory(directory, place)).rejects.toMatchObject({ detail })
    const alias = join(root, `alias-${count}`)
    symlinkSync(directory, alias)
    await expect(lockDirectory(alias, join(alias, 'lock'))).rejects.toMatchObject({ code: 'STORE_LOCKED' })
    expect(await otherProcess().said).toBe('LEVEL_LOCKED')
    await lock.release()
    await (await lockDirectory(directory, place)).release()
  })

  it('goes to one of two that try at once', async () => {
    const tries = await Promise.allSettled([lockDirectory(directory, place), lockDirectory(directory, place)])
    expect(tries.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    for (const one of tries) if (one.status === 'fulfilled') await one.value.release()
  })

  it('that is damaged is said to be, with what to do, and does not stay taken', async () => {
    await (await lockDirectory(directory, place)).release()
    truncateSync(join(place, 'CURRENT'))
    const refused = lockDirectory(directory, place)
    await expect(refused).rejects.toMatchObject({ detail: { code: 'STORE_LOCK_UNUSABLE', directory } })
    await expect(refused).rejects.toThrow(`remove ${place}`)
    rmSync(place, { recursive: true })
    await (await lockDirectory(directory, place)).release()
    rmSync(place, { recursive: true })
    writeFileSync(place, '')
    await expect(lockDirectory(directory, place)).rejects.toMatchObject({ code: 'STORE_LOCK_UNUSABLE' })
  })
})
