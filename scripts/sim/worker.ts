// A worker process of the simulator: runs the seeds that it is sent, or numbers of a scene, one after the
// other.

import '../../src/base/index.js'
import { runSim } from '../../test/sim/run.js'
import { worldOf } from '../../test/sim/scenes.js'
import { summaryOf } from './report.js'

// A failure is run again by hand, and tells where it came from then: stacks of errors that are caught, and of
// those that a log line names, cost a thirtieth of all time.
Error.stackTraceLimit = 0

const scene = process.env['STEMEDB_SIM_SCENE'] ?? ''

process.on('message', (seed: number) => {
  const { options, faults } = worldOf(seed, scene === '' ? undefined : scene)
  void runSim(options, faults).then((result) => process.send?.(summaryOf(seed, result)))
})
process.on('disconnect', () => process.exit())
