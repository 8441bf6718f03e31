// Asker of a sync session: one question at a time, and how much to ask for.
// Rule: a session that fetches alone asks for all that is missing. Beside others it asks for about two
// seconds of work at the rate at which its peer serves, so that a slow peer holds little and whoever is
// through finds something left. A question that is too large for others to wait for is cut short by STOP.

import { type Clock } from '../base/index.js'
import { type SyncError } from './errors.js'
import { type BlockHeader } from './header.js'
import { prefixOf, type WantRange } from './sync-frames.js'
import { type Intake } from './sync-intake.js'
import { type Arrival } from './sync-novelty.js'
import { type Outbox } from './sync-outbox.js'

/** One range of a question, and the feed that it is of: first 16 bytes of its id, in hex. */
export interface AskedRange extends WantRange {
  readonly feed: string
}

/** What came of a question. */
export interface Answer {
  /** Positions that the peer could not serve. */
  readonly missed: ReadonlySet<number>
  /** Resolves when all that came is admitted, parked or dropped. */
  readonly through: Promise<void>
}

/** The asking side. */
export interface Asker {
  /**
   * Asks, and waits for the end of the answer.
   * @param bounded the question is as small as one beside others should be
   * @throws SyncError when the session ended
   */
  ask(ranges: readonly AskedRange[], bounded: boolean): Promise<Answer>
  /** Others wait for what was asked here. True when the peer was told to stop. */
  share(): boolean
  /** Counts blocks that came in; false when one stands in no range asked for, or they are too many. */
  arrived(arrivals: readonly Arrival[]): boolean
  /** False when nothing was asked. */
  missed(positions: readonly number[]): boolean
  answered(): boolean
  stop(error: SyncError): void
  /** Blocks to ask for beside others. */
  readonly blocksAtOnce: number
  /** Bytes of the largest block that came of late. */
  readonly largestBytes: number
  /** A question is not answered yet. */
  readonly waiting: boolean
  readonly questions: number
  readonly blocksWanted: number
  readonly stopped: SyncError | undefined
}

/** What the asker needs. */
export interface AskDeps {
  readonly clock: Clock
  readonly outbox: Outbox
  readonly intake: Intake
}

interface Question {
  readonly ranges: readonly AskedRange[]
  /** The ranges by feed. */
  readonly feeds: ReadonlyMap<string, readonly AskedRange[]>
  readonly bounded: boolean
  readonly askedMs: number
  left: number
  bytes: number
  readonly missed: Set<number>
  readonly answered: PromiseWithResolvers<void>
  cut: boolean
}

/** A question beside others is worth about this much time. */
const askMs = 2_000
const firstBytes = 262_144
const bytesMin = 65_536
const bytesMax = 16_777_216
/** How much larger a question is than the one before, at most. */
const growthMax = 4
/** Size of a block before any came: what a node seals at most without being forced to. */
const usualBytes = 61_440
/** Of a hundred: how much the last frame counts in the mean size of blocks. */
const freshPercent = 20
/** A question with fewer blocks left is not worth cutting. */
const cutBlocksMin = 8

/** An asker that has asked nothing. */
export function createAsker(deps: AskDeps): Asker {
  return new OneQuestion(deps)
}

class OneQuestion implements Asker {
  questions = 0
  blocksWanted = 0
  largestBytes = usualBytes
  stopped: SyncError | undefined
  private readonly deps: AskDeps
  private question: Question | undefined
  private meanBytes = usualBytes
  private askBytes = firstBytes
  private sized = false

  constructor(deps: AskDeps) {
    this.deps = deps
  }

  get waiting(): boolean {
    return this.question !== undefined
  }

  get blocksAtOnce(): number {
    return Math.max(1, Math.floor(this.askBytes / this.meanBytes))
  }

  async ask(ranges: readonly AskedRange[], bounded: boolean): Promise<Answer> {
    if (this.stopped !== undefined) throw this.stopped
    const { clock, intake, outbox } = this.deps
    const left = ranges.reduce((sum, range) => sum + range.high - range.low + 1, 0)
    const question: Question = {
      ranges, feeds: byFeed(ranges), bounded, askedMs: clock.monotonicMs(), left, bytes: 0, missed: new Set(),
      answered: Promise.withResolvers(), cut: false
    }
    const close = intake.begin()
    this.question = question
    this.questions += 1
    this.blocksWanted += left
    outbox.post({ kind: 'want', ranges })
    await question.answered.promise
    this.question = undefined
    this.blocksWanted -= question.left
    if (this.stopped !== undefined) throw this.stopped
    this.pace(question)
    return { missed: question.cut ? new Set() : question.missed, through: close() }
  }

  share(): boolean {
    const { question } = this
    if (question === undefined || question.cut || question.left < cutBlocksMin) return false
    if (question.bounded && this.deps.clock.monotonicMs() - question.askedMs < 2 * askMs) return false
    question.cut = true
    this.deps.outbox.post({ kind: 'stop' })
    return true
  }

  arrived(arrivals: readonly Arrival[]): boolean {
    const { question } = this
    if (question === undefined || question.left < arrivals.length) return false
    if (arrivals.some(({ header }) => header !== undefined && !isAsked(question, header))) return false
    const sizes = arrivals.map(({ block }) => block.length)
    const bytes = sizes.reduce((sum, size) => sum + size, 0)
    question.left -= arrivals.length
    question.bytes += bytes
    this.size(bytes / arrivals.length, Math.max(...sizes))
    return true
  }

  missed(positions: readonly number[]): boolean {
    const { question } = this
    if (question === undefined) return false
    if (positions.some((position) => position >= question.ranges.length)) return false
    for (const position of positions) question.missed.add(position)
    return true
  }

  answered(): boolean {
    this.question?.answered.resolve()
    return this.question !== undefined
  }

  stop(error: SyncError): void {
    this.stopped ??= error
    this.question?.answered.resolve()
  }

  private size(meanBytes: number, largestBytes: number): void {
    const share = this.sized ? freshPercent / 100 : 1
    this.meanBytes = Math.max(1, this.meanBytes + (meanBytes - this.meanBytes) * share)
    const faded = this.sized ? this.largestBytes * (1 - share / 10) : 0
    this.largestBytes = Math.max(largestBytes, faded)
    this.sized = true
  }

  /** The next question's size, from how long this one took, however large it was. */
  private pace(question: Question): void {
    if (question.bytes === 0) return
    const elapsedMs = Math.max(1, this.deps.clock.monotonicMs() - question.askedMs)
    const atRate = (question.bytes * askMs) / elapsedMs
    this.askBytes = Math.min(bytesMax, growthMax * this.askBytes, Math.max(bytesMin, atRate))
  }
}

function byFeed(ranges: readonly AskedRange[]): ReadonlyMap<string, readonly AskedRange[]> {
  const feeds = new Map<string, AskedRange[]>()
  for (const range of ranges) {
    const list = feeds.get(range.feed) ?? []
    feeds.set(range.feed, list)
    list.push(range)
  }
  return feeds
}

function isAsked({ feeds }: Question, { feed, seq }: BlockHeader): boolean {
  return feeds.get(prefixOf(feed))?.some(({ low, high }) => low <= seq && seq <= high) === true
}
