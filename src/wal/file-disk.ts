// The real disk: node's file system behind the Disk port.
// Rule: callbacks of node:fs, not its promises, which cost twice as much a call; both wait in libuv's
// threads.

import * as fs from 'node:fs'
import type { Disk, DiskFile, DiskStat } from '../base/index.js'

/** A disk over the file system of this machine. */
export function createFileDisk(): Disk {
  return {
    makeDirectory: (path) => run((done) => fs.mkdir(path, { recursive: true }, (error) => done(error))),
    list: async (path) => (await run<string[]>((done) => fs.readdir(path, done))).sort(),
    open: async (path, mode) => fileOf(await run<number>((done) => fs.open(path, flags[mode], 0o600, done))),
    stat,
    rename: (from, to) => run((done) => fs.rename(from, to, done)),
    remove: (path) => run((done) => fs.unlink(path, done)),
    syncDirectory,
    async freeBytes(path) {
      const { bavail, bsize } = await run<fs.StatsFs>((done) => fs.statfs(path, done))
      return bavail * bsize
    },
    async totalBytes(path) {
      const { blocks, bsize } = await run<fs.StatsFs>((done) => fs.statfs(path, done))
      return blocks * bsize
    }
  }
}

const flags = {
  read: fs.constants.O_RDONLY,
  write: fs.constants.O_RDWR,
  create: fs.constants.O_RDWR | fs.constants.O_CREAT
} as const

function fileOf(opened: number): DiskFile {
  // The number of a closed file may already be another's, so it is forgotten.
  let descriptor = opened
  const onOpen = <T = void>(start: (done: Done<T>) => void): Promise<T> =>
    descriptor === -1 ? Promise.reject(closedError()) : run(start)
  return {
    read: (into, position) => onOpen((done) => fs.read(descriptor, into, 0, into.length, position, done)),
    write: (from, position) => onOpen((done) => fs.write(descriptor, from, 0, from.length, position, done)),
    sizeBytes: async () => (await onOpen<fs.Stats>((done) => fs.fstat(descriptor, done))).size,
    truncate: (sizeBytes) => onOpen((done) => fs.ftruncate(descriptor, sizeBytes, done)),
    sync: () => onOpen((done) => fs.fdatasync(descriptor, done)),
    close() {
      const closing = descriptor
      descriptor = -1
      return closing === -1 ? Promise.reject(closedError()) : run((done) => fs.close(closing, done))
    }
  }
}

async function stat(path: string): Promise<DiskStat | undefined> {
  try {
    const found = await run<fs.BigIntStats>((done) => fs.stat(path, { bigint: true }, done))
    return { device: found.dev, inode: found.ino, sizeBytes: Number(found.size) }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

async function syncDirectory(path: string): Promise<void> {
  const descriptor = await run<number>((done) => fs.open(path, fs.constants.O_RDONLY, done))
  try {
    await run((done) => fs.fsync(descriptor, done))
  } finally {
    await run((done) => fs.close(descriptor, done))
  }
}

function closedError(): Error {
  return Object.assign(new Error('EBADF: the file is closed'), { code: 'EBADF' })
}

type Done<T> = (error: NodeJS.ErrnoException | null, value?: T) => void

function run<T = void>(start: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error === null || error === undefined ? resolve(value as T) : reject(error)))
  })
}
