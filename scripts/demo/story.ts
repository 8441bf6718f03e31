// What the demo prints: chapters and lines, with the seconds since its start.

/** Prints the demo. */
export interface Story {
  chapter(title: string): void
  say(line: string): void
}

/** A story told on a stream. */
export function createStory(out: NodeJS.WritableStream): Story {
  const startMs = performance.now()
  return {
    chapter(title) {
      const seconds = ((performance.now() - startMs) / 1_000).toFixed(1).padStart(5)
      out.write(`\n${seconds} s  ${title}\n`)
    },
    say(line) {
      out.write(`         ${line}\n`)
    }
  }
}
