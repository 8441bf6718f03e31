// The model: a node that never saw a fault, given the same blocks in another order.

import type { StateTag } from '../../src/dag/index.js'
import type { Parts } from '../../src/node/parts.js'
import { createMachine } from './machine.js'
import type { InspectorDeps } from './inspector.js'
import { createPrng } from './prng.js'

const SETTLE_MS_MAX = 120_000

/** The tag of a new node that admitted all blocks of another one, in an order of its own. */
export async function rebuildElsewhere(parts: Parts, deps: InspectorDeps): Promise<StateTag | undefined> {
  const { world, options } = deps
  const prng = createPrng(`${options.seed}/model`)
  // Of this moment: liars may still be about to bring one more.
  const blocks = shuffledBlocks(parts, prng)
  const machine = await createMachine(
    {
      index: options.machines, genesis: deps.genesis, governor: deps.workload.governor, dial: [],
      expectsPeers: false, ingest: {}, dag: {}, syncMs: 0, indexMs: 2, trustMs: 0
    },
    { world, hub: deps.hub, prng, verifier: deps.verifier, onLog: deps.onLog }
  )
  const life = machine.boot()
  await world.run(world.nowMs + SETTLE_MS_MAX, () => life.started || life.failure !== undefined)
  const model = life.parts
  if (model === undefined || !life.started) {
    world.fail('view = recomputed', `the model did not start: ${String(life.failure)}`)
    return undefined
  }
  for (const bytes of blocks) {
    let verdict: string | undefined
    void model.ingest.admitBlock(bytes, 'model').then(({ kind }) => (verdict = kind))
    await world.run(world.nowMs + SETTLE_MS_MAX, () => verdict !== undefined)
    if (verdict !== 'accept') world.fail('view = recomputed', `the model does not admit a block: ${verdict}`)
  }
  await world.run(
    world.nowMs + SETTLE_MS_MAX,
    () => model.trust.quiet && model.ingest.counts().behind === 0 && model.materializer.lag().marks === 0
  )
  return model.tags.make()
}

/** Each feed in its order, the feeds mixed. */
function shuffledBlocks({ dag }: Parts, prng: ReturnType<typeof createPrng>): readonly Uint8Array[] {
  const left = dag.frontier().tips().map(({ id }) => {
    const chain: Uint8Array[] = []
    for (let at = dag.header(id); at !== undefined;) {
      const bytes = dag.readBlock(at.id)
      if (bytes !== undefined) chain.push(bytes)
      at = at.prev === undefined ? undefined : dag.header(at.prev)
    }
    return chain
  })
  const blocks: Uint8Array[] = []
  const seen = new Set<string>()
  while (left.some((chain) => chain.length > 0)) {
    const block = prng.pick(left.filter((chain) => chain.length > 0)).pop()
    const key = block === undefined ? '' : Buffer.from(block).toString('latin1')
    if (block === undefined || seen.has(key)) continue
    seen.add(key)
    blocks.push(block)
  }
  return blocks
}
