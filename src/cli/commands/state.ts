// stemedb state: frontier, counters and, when no work is left, the digests that converged peers share.

import { connect } from '../client.js'
import { facts, timeText } from '../output.js'
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
  /** The last comparison of the index with a peer since the start. */
  readonly last_audit?: {
    readonly at: number
    readonly peer: string
    readonly blocks: number
    readonly damaged: number
    readonly repaired: number
    readonly open: number
  }
  readonly tag?: { readonly view_digest: string; readonly trust_digest: string }
}

/** Adds `stemedb state`. */
export const addState: AddCommand = (program, shell) => {
  program.command('state')
    .description('frontier, digests and counters; nodes whose first three lines are equal hold and answer the same')
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
      `records unsealed, ${answer.quarantined} in quarantine`],
    ['audited', auditText(answer)]
  ]))
}

/** The last audit in a line. */
export function auditText({ last_audit: last }: StateAnswer): string {
  if (last === undefined) return 'not since the start'
  const { at, blocks, damaged, repaired, open } = last
  const found = damaged === 0
    ? 'none damaged' : `${damaged} damaged, ${repaired} put back, ${open} not given back yet`
  return `${timeText(at)}, ${blocks} blocks, ${found}`
}
