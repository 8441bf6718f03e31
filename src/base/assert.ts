// Checks of our own bugs. A failed assertion is a crash, never a handled error.

/**
 * Throws unless the condition holds. For our own invariants only; foreign input gets coded errors.
 */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`)
}

/**
 * Ends a switch over a union: the compiler proves that no case is left; a value that breaks its type crashes.
 */
export function unreachable(value: never): never {
  throw new Error(`unreachable case: ${String(value)}`)
}
