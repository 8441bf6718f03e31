// stemedb state: frontier, counters and, when no work is left, the digests that converged peers share.

import { connect } from '../client.js'
import { facts } from '../output.js'
import type { AddCommand, Shell } from '../shell.js'

/** What `/v1/state` answers, as far as commands show it. */
export interface StateAnswer {
  readonly frontier_root: string
  readonly records: number
  readonly blocks: number
  readonly feeds: number
  readonly heads: readonly string[]
  readonly forks: number
  readonly pending_blocks: number
  readonly wanted_blocks: number
  readonly unsealed: number
  readonly quarantined: number
  readonly dirty_marks: number
  readonly tag?: { readonly view_digest: string; readonly trust_digest: string }
}

/** Adds `stemedb state`. */
export const addState: AddCommand = (program, shell) => {
  program.command('state')
    .description('frontier, counters and state tag; equal tags mean equal knowledge')
    .action(() => state(shell))
}

async function state(shell: Shell): Promise<void> {
  const answer = await (await connect(shell)).get<StateAnswer>('/v1/state')
  shell.output.data(answer, () => facts([
    ['frontier', answer.frontier_root],
    ['view digest', answer.tag?.view_digest ?? `none yet: ${answer.dirty_marks} views are due`],
    ['trust digest', answer.tag?.trust_digest],
    ['records', answer.records],
    ['blocks', `${answer.blocks} of ${answer.feeds} feeds, ${answer.heads.length} heads, ${answer.forks} forks`],
    ['waiting', `${answer.pending_blocks} blocks pending, ${answer.wanted_blocks} wanted, ${answer.unsealed} ` +
      `records unsealed, ${answer.quarantined} in quarantine`]
  ]))
}
