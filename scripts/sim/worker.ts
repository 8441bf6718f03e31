// A worker process of the simulator: runs the seeds that it is sent, one after the other.

import '../../src/base/index.js'
import { drawFaults } from '../../test/sim/faults.js'
import { drawOptions } from '../../test/sim/options.js'
import { runSim } from '../../test/sim/run.js'
import { summaryOf } from './report.js'

// A failure is run again by hand, and tells where it came from then: stacks of errors that are caught, and of
// those that a log line names, cost a thirtieth of all time.
Error.stackTraceLimit = 0

process.on('message', (seed: number) => {
  const options = drawOptions(seed)
  void runSim(options, drawFaults(options)).then((result) => process.send?.(summaryOf(seed, result)))
})
process.on('disconnect', () => process.exit())
