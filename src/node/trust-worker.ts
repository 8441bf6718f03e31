// The trust worker: a trust desk in a thread of its own. Started by trust-lane.ts.

import { parentPort, workerData } from 'node:worker_threads'
import { assert } from '../base/index.js'
import { createTrustDesk, type TrustPolicy, type TrustRequest } from '../trustrank/index.js'

const port = parentPort
assert(port !== null, 'trust-worker runs as a worker thread')
const desk = createTrustDesk(workerData as TrustPolicy)
port.on('message', (request: TrustRequest) => port.postMessage(desk.answer(request)))
