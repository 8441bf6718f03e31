// npm run curves -- --claims FILE --gold FILE --out FILE.svg [--draws N]
// Draws how Consensus and majority voting fare on attacked items as the share of sybils grows, from the
// attack models of eval/attack.ts over ballots in memory. Same files, same picture.

import '../src/base/index.js'
import { writeFile } from 'node:fs/promises'
import { ATTACKS, ENDORSEMENTS } from './eval/attack.js'
import { type AttackReport, evaluateAttack } from './eval/attack-run.js'
import { runInMemory } from './eval/in-memory.js'
import { loadDataSet } from './eval/load.js'
import { runScript, UsageError } from './usage.js'

const SHARES = [0.1, 0.3, 0.5, 0.6, 0.7, 0.8]
const SEEDS = 5
const WIDTH = 300
const HEIGHT = 220
const MARGIN = 40

interface Point {
  readonly share: number
  readonly report: AttackReport
}

const USAGE = 'usage: npm run curves -- --claims FILE --gold FILE --out FILE.svg [--draws N]'

const options = {
  claims: { type: 'string' }, gold: { type: 'string' }, out: { type: 'string' }, draws: { type: 'string' }
} as const

interface Choices {
  readonly claims?: string
  readonly gold?: string
  readonly out?: string
  readonly draws?: string
}

async function main({ claims, gold, out, draws = '10' }: Choices): Promise<void> {
  if (claims === undefined || gold === undefined || out === undefined) {
    throw new UsageError('--claims, --gold and --out are needed')
  }
  const set = { ...await loadDataSet(claims, gold), tolerance: undefined }
  const panels: string[] = []
  for (const [at, kind] of ATTACKS.entries()) {
    const points: Point[] = []
    for (const share of SHARES) {
      const plan = { kind, share, seeds: SEEDS, endorsements: ENDORSEMENTS, draws: Number(draws) }
      const report = await evaluateAttack(set, plan, (input) => Promise.resolve(runInMemory(input)))
      points.push({ share, report })
      console.log(JSON.stringify({ kind, share, ...report }))
    }
    panels.push(panel(kind, points, at * (WIDTH + MARGIN)))
  }
  await writeFile(out, picture(panels))
}

function picture(panels: readonly string[]): string {
  const width = panels.length * (WIDTH + MARGIN) + MARGIN
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${HEIGHT + 3 * MARGIN}" ` +
    'font-family="sans-serif" font-size="12">\n' +
    `<rect width="100%" height="100%" fill="white"/>\n${panels.join('\n')}\n` +
    `<text x="${MARGIN}" y="${HEIGHT + 2.6 * MARGIN}">Accuracy on attacked items against the share of sybils among ` +
    'all agents. <tspan fill="#0a5">Consensus</tspan>, ' +
    '<tspan fill="#c33">majority</tspan>, <tspan fill="#888">Consensus without sybils</tspan></text>\n</svg>\n'
}

function panel(title: string, points: readonly Point[], left: number): string {
  const x = (share: number): number => left + MARGIN + share * WIDTH
  const y = (accuracy: number): number => MARGIN + (1 - accuracy) * HEIGHT
  const line = (color: string, of: (report: AttackReport) => number): string =>
    `<polyline fill="none" stroke="${color}" stroke-width="2" points="` +
    points.map(({ share, report }) => `${x(share).toFixed(1)},${y(of(report)).toFixed(1)}`).join(' ') + '"/>'
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((at) =>
    `<path d="M${x(0)} ${y(at)}H${x(1)}" stroke="#ddd"/>` +
    `<text x="${x(0) - 4}" y="${y(at) + 4}" text-anchor="end">${at}</text>` +
    `<text x="${x(at)}" y="${y(0) + 16}" text-anchor="middle">${at}</text>`)
  return [
    `<text x="${x(0)}" y="${MARGIN - 12}" font-weight="bold">${title}</text>`, ...ticks,
    line('#888', ({ attacked }) => attacked.clean), line('#c33', ({ attacked }) => attacked.majority),
    line('#0a5', ({ attacked }) => attacked.consensus)
  ].join('\n')
}

await runScript(USAGE, options, main)
