// Answers in pages, fetched to the end.

import { CliError } from './errors.js'

/** Pages of one answer, in order. */
export type Pages<Page> = readonly [Page, ...Page[]]

/** The first page without its cursor: what all pages say alike. */
export function headOf<Page extends { readonly cursor?: string }>([first]: Pages<Page>): Omit<Page, 'cursor'> {
  const { cursor, ...head } = first
  return cursor === undefined ? first : head
}

/** Times that a list is begun anew because it changed while it was read. */
const RESTARTS_MAX = 3

/**
 * All pages of an answer, in order.
 * @param ask gives the page after a cursor, the first without one
 * @throws whatever `ask` does; CliError CLI_REFUSED QUERY_CHANGED when the answer changes again and again
 */
export async function allPages<Page extends { readonly cursor?: string }>(
  ask: (cursor: string | undefined) => Promise<Page>
): Promise<Pages<Page>> {
  for (let restarts = 0; ; restarts += 1) {
    try {
      const first = await ask(undefined)
      const pages: [Page, ...Page[]] = [first]
      for (let { cursor } = first; cursor !== undefined;) {
        const page = await ask(cursor)
        pages.push(page)
        cursor = page.cursor
      }
      return pages
    } catch (error) {
      if (restarts >= RESTARTS_MAX || !hasChanged(error)) throw error
    }
  }
}

function hasChanged(error: unknown): boolean {
  return error instanceof CliError && error.detail.code === 'CLI_REFUSED' && error.detail.problem === 'QUERY_CHANGED'
}
