// Inside a run nothing may ask the real world for time or chance: whoever does, throws.

const forbidden = (name: string) => (): never => {
  throw new Error(`${name} inside the simulation`)
}

/** Takes the real clock and chance away; the result gives them back. */
export function forbidRealWorld(): () => void {
  const kept = {
    now: Date.now, random: Math.random, setTimeout: globalThis.setTimeout,
    setInterval: globalThis.setInterval, performanceNow: performance.now
  }
  Date.now = forbidden('Date.now')
  Math.random = forbidden('Math.random')
  globalThis.setTimeout = forbidden('setTimeout') as never
  globalThis.setInterval = forbidden('setInterval') as never
  performance.now = forbidden('performance.now')
  return () => {
    Date.now = kept.now
    Math.random = kept.random
    globalThis.setTimeout = kept.setTimeout
    globalThis.setInterval = kept.setInterval
    performance.now = kept.performanceNow
  }
}
