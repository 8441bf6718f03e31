// What the system refused (a file, a directory, a port), in words for people.
// Rule: texts alone; whoever throws names the path and gives the error its code.

const words: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'no such file or directory'],
  ['ENOTDIR', 'a part of the path is no directory'],
  ['EISDIR', 'it is a directory'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
  ['EROFS', 'the file system is read-only'],
  ['EEXIST', 'it exists already'],
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EMFILE', 'too many open files'],
  ['ENFILE', 'too many open files'],
  ['ELOOP', 'a loop of symbolic links'],
  ['ENAMETOOLONG', 'the name is too long'],
  ['EADDRINUSE', 'the address is in use'],
  ['EADDRNOTAVAIL', 'this machine has no such address'],
  ['ENOTFOUND', 'no such host name'],
  ['Z_DATA_ERROR', 'it is damaged or no gzip'],
  ['Z_BUF_ERROR', 'its gzip data ends early']
])

/** The code of what the system refused (`ENOENT`); undefined for a failure of another kind. */
export function systemCode(error: unknown): string | undefined {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
  return typeof code === 'string' && /^(E(?!RR_)[A-Z0-9]+|Z_[A-Z_]+)$/.test(code) ? code : undefined
}

/** Why a call of the system failed: `permission denied`; for a code unknown here, the error's own text. */
export function systemText(error: unknown): string {
  const known = words.get(systemCode(error) ?? '')
  return known ?? (error instanceof Error ? error.message : String(error))
}

/** True when something is not there: nothing else may be read as its absence. */
export function saysMissing(error: unknown): boolean {
  const code = systemCode(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/** True when something may be there, but not for this user. */
export function saysForbidden(error: unknown): boolean {
  const code = systemCode(error)
  return code === 'EACCES' || code === 'EPERM'
}
