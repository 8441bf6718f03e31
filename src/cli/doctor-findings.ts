// What a check of `stemedb doctor` comes to.

import { CodedError, systemCode, systemText } from '../base/index.js'

/** One finding. `bad` keeps the node from working, `doubtful` may. */
export interface DoctorFinding {
  readonly what: string
  readonly verdict: 'good' | 'doubtful' | 'bad'
  readonly text: string
  /** Code of the failure behind a bad one. */
  readonly code?: string
}

/** All is well. */
export function good(what: string, text: string): DoctorFinding {
  return { what, verdict: 'good', text }
}

/** Something that an operator should know. */
export function doubtful(what: string, text: string): DoctorFinding {
  return { what, verdict: 'doubtful', text }
}

/** Something that must be mended. */
export function bad(what: string, text: string, code?: string): DoctorFinding {
  return code === undefined ? { what, verdict: 'bad', text } : { what, verdict: 'bad', text, code }
}

/** Runs a check whose expected failures are findings: its texts say what to do. */
export async function checked(
  what: string, check: () => Promise<readonly DoctorFinding[]>
): Promise<readonly DoctorFinding[]> {
  try {
    return await check()
  } catch (error) {
    if (error instanceof CodedError) return [bad(what, error.message, error.code)]
    const code = systemCode(error)
    if (code === undefined || !(error instanceof Error)) throw error
    const path: unknown = Reflect.get(error, 'path')
    return [bad(what, typeof path === 'string' ? `${path}: ${systemText(error)}` : systemText(error), code)]
  }
}
