// Import of claims: each source speaks as a demo agent whose key is derived from its name.

import type { NetworkId } from '../base/index.js'
import { readClaims, splitItem, type Claim, type LineError } from '../node/index.js'
import { createSigner, seedFromName, type Signer } from '../record/index.js'
import { signFields, type Receipt } from './agent.js'
import type { ApiClient } from './client.js'
import { CliError } from './errors.js'
import { openJournal, type ImportJournal } from './import-journal.js'
import { startProgress } from './progress.js'
import { createRecordSender, type SendCounts } from './record-sender.js'
import { directoryOf, checkInterrupt, type Shell } from './shell.js'

/** What an import did. */
export interface ImportResult extends SendCounts {
  /** Lines that hold something. */
  readonly lines: number
  /** Lines of no use, each reported on stderr. */
  readonly bad: number
  /** Lines that an earlier, interrupted import had sent. */
  readonly resumed: number
  readonly seconds: number
}

/** Choices of an import. */
export interface ImportChoices {
  /** Stop at the first bad line. */
  readonly strict: boolean
  /** Where the journal lies instead of the data directory. */
  readonly statePath?: string | undefined
}

const signersMax = 10_000

/**
 * Signs and sends the claims of a file.
 * @throws CliError CLI_BAD_LINE when strict; NodeError NODE_CLAIMS_READ; CliError of the transport
 */
export async function importClaims(
  shell: Shell, api: ApiClient, networkId: NetworkId, file: string, choices: ImportChoices
): Promise<ImportResult> {
  const startedMs = shell.clock.monotonicMs()
  const place = { directory: directoryOf(shell), path: choices.statePath }
  const journal = await openJournal(place, file, networkId)
  const progress = startProgress(shell.output, shell.clock, 'importing', 'records')
  const tally = { lines: 0, bad: 0, resumed: 0 }
  const badLine = (line: number, why: string): void => {
    tally.bad += 1
    if (choices.strict) throw new CliError({ code: 'CLI_BAD_LINE', line }, `line ${line}: ${why}`)
    shell.output.note(`line ${line}: ${why}; skipped`)
  }
  let refusal: CliError | undefined
  const sender = createRecordSender(shell, api, {
    onRefused(line, receipt) {
      try {
        badLine(line, refusalText(receipt))
      } catch (error) {
        if (error instanceof CliError) refusal ??= error
      }
    },
    async onProgress(sent, acknowledgedLine) {
      progress.at(sent)
      await journal.note(acknowledgedLine)
    }
  })
  const signerOf = createSignerCache()
  const counts = await sendAll().catch(async (error: unknown) => {
    await sayWhereItStopped(shell, journal, sender.acknowledged)
    throw error
  })
  progress.end()
  await journal.complete()
  return { ...tally, ...counts, seconds: Math.round(shell.clock.monotonicMs() - startedMs) / 1_000 }

  async function sendAll(): Promise<SendCounts> {
    for await (const entry of readClaims(file)) {
      checkInterrupt(shell)
      if (refusal !== undefined) throw refusal
      tally.lines += 1
      if (entry.line <= journal.startLine) tally.resumed += 1
      else if ('error' in entry) badLine(entry.line, lineErrorText(entry.error))
      else await sendClaim(entry.line, entry.claim)
    }
    const sent = await sender.finish()
    if (refusal !== undefined) throw refusal
    return sent
  }

  async function sendClaim(line: number, claim: Claim): Promise<void> {
    let record: Uint8Array
    try {
      record = signFields('assertion', fieldsOf(claim), signerOf(claim.source), networkId)
    } catch (error) {
      if (!(error instanceof CliError)) throw error
      badLine(line, error.message)
      return
    }
    await sender.push(line, record)
  }
}

/** The journal holds what is said before it is said: then the same words go on there. */
async function sayWhereItStopped(shell: Shell, journal: ImportJournal, acknowledged: number): Promise<void> {
  const line = Math.max(journal.startLine, acknowledged)
  if (line === 0) return
  await journal.note(line)
  if (shell.options.json !== true) {
    shell.output.note(`broken off: everything up to line ${line} is imported; the same command goes on behind it`)
  }
}

/** A claim without a time gets 0, never now: imported twice it must be one record. */
function fieldsOf(claim: Claim): object {
  return { ...splitItem(claim.item), object: claim.value, timestamp: claim.ts ?? 0 }
}

function createSignerCache(): (source: string) => Signer {
  const signers = new Map<string, Signer>()
  return (source) => {
    const found = signers.get(source)
    if (found !== undefined) return found
    if (signers.size >= signersMax) signers.clear()
    const signer = createSigner(seedFromName(source))
    signers.set(source, signer)
    return signer
  }
}

function refusalText(receipt: Receipt): string {
  return `refused: ${receipt.code ?? 'unknown'}${receipt.rule === undefined ? '' : ` (${receipt.rule})`}`
}

function lineErrorText(error: LineError): string {
  switch (error.code) {
    case 'LINE_TOO_LONG': return `longer than ${error.bytesMax} bytes`
    case 'LINE_FIELD': return `the field ${error.field} is missing or broken`
    case 'LINE_NOT_JSON': return 'not JSON'
    case 'LINE_NOT_OBJECT': return 'no JSON object'
    default: return 'not UTF-8'
  }
}
