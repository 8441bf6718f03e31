// Turns: actions that run one after the other, in the order they were asked for.

/** Runs an action after all earlier ones have settled, whatever became of them. */
export type Turns = <T>(action: () => Promise<T>) => Promise<T>

/** A new queue. */
export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve()
  return <T>(action: () => Promise<T>): Promise<T> => {
    const result = last.then(action)
    last = result.catch(() => undefined)
    return result
  }
}
