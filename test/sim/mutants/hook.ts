// Plants one mutant: a module loader hook that patches the compiled text of one file as it is loaded. What is
// patched knows nothing of it. Runs in the loader's own thread.

import { GAPS } from './gaps.js'
import { MUTANTS } from './list.js'
import type { Mutant } from './mutant.js'

/** What Node hands on. */
interface Loaded {
  readonly format: string
  readonly source?: string | Uint8Array
}

let planted: Mutant | undefined

/** Called once with the name of the mutant. */
export function initialize(name: string): void {
  planted = [...MUTANTS, ...GAPS].find((mutant) => mutant.name === name)
  if (planted === undefined) throw new Error(`no mutant is named ${name}`)
}

/** Loads a module, patched when it is the mutant's: the one of the build that this hook belongs to. */
export async function load(
  url: string, context: object, nextLoad: (url: string, context: object) => Promise<Loaded>
): Promise<Loaded> {
  const loaded = await nextLoad(url, context)
  if (planted === undefined || url !== new URL(`../../../src/${planted.file}`, import.meta.url).href) return loaded
  const { source = '' } = loaded
  return { ...loaded, source: mutate(planted, typeof source === 'string' ? source : Buffer.from(source).toString()) }
}

/** The text with the mutant in it. @throws Error unless what it replaces stands there exactly once */
export function mutate({ name, file, find, replace }: Mutant, text: string): string {
  const parts = text.split(find)
  if (parts.length === 2) return parts.join(replace)
  throw new Error(`mutant ${name}: ${parts.length - 1} places in ${file} match, not one`)
}
