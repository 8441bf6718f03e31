// Blocks of a node whose clock runs an hour ahead and whose disk is lost then: they come back from elsewhere.

import { alice, createMachine, live, says, startMs, until } from './kit.js'

/** How far the clock runs ahead, in milliseconds. */
export const hour = 3_600_000

/** One block for each subject, by the key of the machine that is named 'node'. */
export async function sealedOnLostDisk(
  subjects: readonly string[], timestampMs?: number
): Promise<readonly Uint8Array[]> {
  const machine = createMachine()
  const life = await live(machine)
  machine.clock.setNow(startMs + hour)
  for (const [index, subject] of subjects.entries()) {
    await life.ingest.admitRecords([says(alice, subject, 'x', timestampMs ?? machine.clock.nowMs())])
    await until(machine, () => life.sealed.length > index && life.ingest.counts().behind === 0)
  }
  await life.stop()
  return life.sealed.map(({ block }) => block)
}
