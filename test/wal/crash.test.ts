// Crashes at any disk operation, by seed: what was acknowledged is there afterwards, the rest whole or gone.

import { describe, expect, it } from 'vitest'
import type { Random } from '../../src/base/index.js'
import { scanWal, type Wal } from '../../src/wal/index.js'
import { createMemoryDisk, type MemoryDisk } from '../fakes/memory-disk.js'
import { seededRandom } from '../fakes/seeded-random.js'
import { directory, framesOf, networkId, numberOf, openOn, payloadOf } from './log-kit.js'

const seeds = 20
const livesPerSeed = 6

/** One machine with its memory of what it was told. */
interface Machine {
  readonly random: Random
  readonly disk: MemoryDisk
  /** Disk operations until the next failure; none is due at 0. */
  operationsLeft: number
  /** Payload number and length by acknowledged sequence. */
  readonly acknowledged: Map<number, Offer>
  /** Every offer ever made. */
  readonly offered: Offer[]
  certain: number
}

interface Offer {
  readonly number: number
  readonly length: number
}

function createMachine(seed: number): Machine {
  const random = seededRandom(seed)
  const pause = async (): Promise<void> => {
    if (machine.operationsLeft === 0) return
    machine.operationsLeft -= 1
    if (machine.operationsLeft === 0) failNow(machine)
  }
  const disk = createMemoryDisk(random, { pause })
  const acknowledged = new Map<number, Offer>()
  const machine: Machine = { random, disk, operationsLeft: 0, acknowledged, offered: [], certain: 0 }
  return machine
}

/** Power loss, a killed process, a failed sync, or a full disk for a while. */
function failNow({ random, disk }: Machine): void {
  const kind = random.integer(8)
  if (kind < 4) disk.crash()
  else if (kind < 6) disk.kill()
  else if (kind === 6) disk.inject({ operation: 'sync', code: 'EIO' })
  else disk.inject({ operation: 'write', code: 'ENOSPC', times: 3 })
}

function nextOffer(machine: Machine): Offer {
  const { random, offered } = machine
  const sizes = [8, 60, 700, 5_000, 90_000]
  const sizeMax = sizes[random.integer(sizes.length)] ?? 8
  const offer = { number: offered.length, length: 8 + random.integer(sizeMax) }
  offered.push(offer)
  return offer
}

async function write(machine: Machine, wal: Wal, rounds: number): Promise<void> {
  const { random, acknowledged } = machine
  for (let round = 0; round < rounds; round += 1) {
    const offers = Array.from({ length: 1 + random.integer(3) }, () => nextOffer(machine))
    try {
      const frames = offers.map(({ number, length }) => ({ type: 1, payload: payloadOf(number, length) }))
      const sequences = await wal.appendMany(frames)
      for (const [index, sequence] of sequences.entries()) {
        const offer = offers[index]
        if (acknowledged.has(sequence)) throw new Error(`sequence ${sequence} was given twice`)
        if (offer !== undefined) acknowledged.set(sequence, offer)
      }
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'WalError') throw error
      if (wal.failure !== undefined) return
    }
  }
}

/** All acknowledged is there, all that is there was offered; whatever an open has shown must stay. */
async function check(machine: Machine, wal: Wal): Promise<void> {
  const { acknowledged, offered } = machine
  const frames = await framesOf(wal)
  expect(frames.length).toBeGreaterThanOrEqual(Math.max(0, ...acknowledged.keys()))
  for (const [index, frame] of frames.entries()) {
    const number = numberOf(frame)
    const offer = acknowledged.get(frame.sequence) ?? offered[number]
    const whole = offer?.number === number && payloadOf(number, offer.length).equals(frame.payload)
    if (!whole || frame.sequence !== index + 1) throw new Error(`frame ${frame.sequence} is not what was written`)
    acknowledged.set(frame.sequence, offer)
  }
}

/** Opens until it succeeds: the open itself may be struck. */
async function openAnew(machine: Machine): Promise<Wal> {
  for (;;) {
    machine.disk.clearFaults()
    // The store has covered some of what was acknowledged, or nothing.
    const provenSequence = machine.random.integer(2) * machine.certain
    try {
      return await openOn(machine.disk, { provenSequence, groupBytesMax: 1024 * 1024 })
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'WAL_IO') throw error
    }
  }
}

async function live(machine: Machine): Promise<void> {
  const { random, disk } = machine
  const wal = await openAnew(machine)
  machine.operationsLeft = 0
  await check(machine, wal)
  machine.certain = wal.lastSynced
  disk.setShortWrites(random.integer(3) === 0)
  machine.operationsLeft = 1 + random.integer(60)
  await Promise.all(Array.from({ length: 1 + random.integer(6) }, () => write(machine, wal, 12)))
  machine.operationsLeft = random.integer(2) * (1 + random.integer(12))
  if (random.integer(3) > 0) disk.kill()
  await wal.close()
}

describe('crashes', () => {
  it('lose nothing that was acknowledged and tear no frame', async () => {
    for (let seed = 1; seed <= seeds; seed += 1) {
      const machine = createMachine(seed)
      try {
        for (let life = 0; life < livesPerSeed; life += 1) await live(machine)
        machine.operationsLeft = 0
        const wal = await openAnew(machine)
        await check(machine, wal)
        await wal.close()
        const scan = await scanWal({ directory, networkId }, { disk: machine.disk })
        expect(scan).toMatchObject({ damagedCount: 0, torn: undefined, lastSequence: wal.lastSynced })
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error })
      }
    }
  }, 120_000)
})
