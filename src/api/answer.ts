// Answers of the query side as JSON text, under the names that the interfaces use.
// Rule: all but `view` is canonical: equal on any two nodes that hold the same records, so it is what the
// entity tag is made of. Scores and shares are Q16 inside and decimals here.
// The text is put together by hand: ids, numbers and names of ours need no escaping, and a general serialiser
// takes three times as long on the hottest path of the server. A test holds it against the schema.

import type { Hash } from '../base/index.js'
import type { Answer, AnswerStanding } from '../query/index.js'
import { valueToJson } from '../record/index.js'
import { STEPS_PER_ONE } from '../trustrank/index.js'

/** An answer in two texts. */
export interface AnswerText {
  /** JSON without `view`. */
  readonly canonical: string
  /** JSON with `view`. */
  readonly whole: string
}

const one = 65_536

/** An answer as JSON. */
export function answerText(answer: Answer): AnswerText {
  const canonical = canonicalText(answer)
  return { canonical, whole: `${canonical.slice(0, -1)},"view":${viewText(answer)}}` }
}

function canonicalText(answer: Answer): string {
  const { asOfMs, heard, winner, winners, runnerUp, evidence } = answer
  const asOf = asOfMs === undefined ? '' : `,"as_of":${asOfMs}`
  const thresholds = heard === undefined ? ''
    : `,"min_standing":${heard.standing / STEPS_PER_ONE},"min_accuracy":${heard.accuracy / STEPS_PER_ONE}`
  const all = winners.length < 2 ? ''
    : `,"winners":[${winners.map(standingText).join()}],"winners_total":${answer.winnersTotal}`
  const runner = runnerUp === undefined ? '' : `,"runner_up":${standingText(runnerUp)}`
  const backing = listText('backing', evidence.backing) + listText('superseded', evidence.superseded)
  return `{"subject":${JSON.stringify(answer.subject)},"predicate":${JSON.stringify(answer.predicate)}` +
    `,"lens":${JSON.stringify(answer.lens)}${asOf}${thresholds},"winner":{${claimText(winner)}},${supportText(winner)}` +
    `${all}${runner},"undecided":${answer.undecided},"candidates":${answer.candidates}` +
    `,"clusters":${answer.clusters},"ballots":${answer.ballots}` +
    `,"evidence":{"digest":"${evidence.digest}","assertions":${evidence.assertions}` +
    `,"votes":${evidence.votes}${backing}}}`
}

function listText(name: string, ids: readonly Hash[] | undefined): string {
  return ids === undefined ? '' : `,"${name}":${JSON.stringify(ids)}`
}

/** What this node alone says of an answer. */
function viewText({ view }: Answer): string {
  const frontier = view.trustFrontier === undefined ? 'null' : `"${view.trustFrontier}"`
  return `{"version":${view.version},"trust_frontier":${frontier},` +
    `"trust_generation":${view.trustGeneration},"lag_ms":${view.lagMs},"trust_lag_ms":${view.trustLagMs}}`
}

function standingText(standing: AnswerStanding): string {
  return `{${claimText(standing)},${supportText(standing)}}`
}

function supportText({ score, share, agents }: AnswerStanding): string {
  return `"score":${score / one},"share":${share / one},"agents":${agents}`
}

function claimText(standing: AnswerStanding): string {
  const { object, epoch, source } = standing
  const value = typeof object === 'string' ? object : valueToJson(object)
  return `"object":${JSON.stringify(value)},"assertion_hash":"${standing.assertion}"` +
    `,"agent_id":"${standing.agentId}","timestamp":${standing.timestampMs}` +
    `,"epoch":${epoch === undefined ? 'null' : `"${epoch}"`}` +
    `,"source":${source === undefined ? 'null' : JSON.stringify(source)}`
}
