// The state of the network: which faults of it are on at the moment, and what they mean for one direction of
// one link. Faults overlap; the worst one counts.

/** A fault of the network. Machines are named by index; `from` and `to` absent = everyone. */
export type NetworkFault =
  | { readonly kind: 'loss'; readonly perMille: number }
  | { readonly kind: 'duplicate'; readonly perMille: number }
  | { readonly kind: 'delay'; readonly lowMs: number; readonly highMs: number }
  | { readonly kind: 'clog'; readonly from: number; readonly to: number; readonly addMs: number }
  | { readonly kind: 'one-way'; readonly from: number; readonly to: number }
  | { readonly kind: 'partition'; readonly side: readonly number[]; readonly oneWay: boolean }
  | { readonly kind: 'mute'; readonly from: number; readonly to: number }

/** What a message meets on its way. */
export interface Path {
  readonly blocked: boolean
  /** Gossip alone dies here, in silence. */
  readonly muted: boolean
  readonly lossPerMille: number
  readonly duplicatePerMille: number
  readonly lowMs: number
  readonly highMs: number
}

/** The faults that are on. */
export interface Weather {
  begin(fault: NetworkFault): void
  end(fault: NetworkFault): void
  clear(): void
  path(from: number, to: number): Path
}

const QUIET_MS = { lowMs: 1, highMs: 20 } as const

/** Fair weather. */
export function createWeather(): Weather {
  const active = new Set<NetworkFault>()
  return {
    begin: (fault) => void active.add(fault),
    end: (fault) => void active.delete(fault),
    clear: () => active.clear(),
    path: (from, to) => pathThrough(active, from, to)
  }
}

function pathThrough(active: ReadonlySet<NetworkFault>, from: number, to: number): Path {
  let [blocked, muted, lossPerMille, duplicatePerMille] = [false, false, 0, 0]
  let { lowMs, highMs }: { lowMs: number; highMs: number } = QUIET_MS
  let addMs = 0
  for (const fault of active) {
    switch (fault.kind) {
      case 'loss':
        lossPerMille = Math.max(lossPerMille, fault.perMille)
        break
      case 'duplicate':
        duplicatePerMille = Math.max(duplicatePerMille, fault.perMille)
        break
      case 'delay':
        lowMs = Math.max(lowMs, fault.lowMs)
        highMs = Math.max(highMs, fault.highMs)
        break
      case 'clog':
        if (fault.from === from && fault.to === to) addMs = Math.max(addMs, fault.addMs)
        break
      case 'one-way':
        blocked ||= fault.from === from && fault.to === to
        break
      case 'partition':
        blocked ||= cuts(fault, from, to)
        break
      case 'mute':
        muted ||= fault.from === from && fault.to === to
        break
    }
  }
  return { blocked, muted, lossPerMille, duplicatePerMille, lowMs: lowMs + addMs, highMs: highMs + addMs }
}

function cuts({ side, oneWay }: Extract<NetworkFault, { kind: 'partition' }>, from: number, to: number): boolean {
  const [fromIn, toIn] = [side.includes(from), side.includes(to)]
  return oneWay ? fromIn && !toIn : fromIn !== toIn
}
