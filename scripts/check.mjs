// npm run check: types and lint side by side, since neither uses a second core, then the quick tests and a
// few simulations.
// Ends with the first failure's code. Timings go to stderr.

import { spawn } from 'node:child_process'

function run(name, words) {
  const startedMs = performance.now()
  return new Promise((resolve) => {
    const [program, ...rest] = words[0] === 'node' ? [process.execPath, ...words.slice(1)] : ['npx', '--no-install', ...words]
    const child = spawn(program, rest, { stdio: 'inherit', shell: process.platform === 'win32' })
    child.on('exit', (code) => {
      console.error(`${name}: ${code === 0 ? 'ok' : 'FAILED'} in ${((performance.now() - startedMs) / 1_000).toFixed(1)} s`)
      resolve(code ?? 1)
    })
  })
}

/** One after the other until one fails; gives its code, 0 when none does. */
async function inTurn(...steps) {
  for (const [name, words] of steps) {
    const code = await run(name, words)
    if (code !== 0) return code
  }
  return 0
}

const before = await Promise.all([
  inTurn(['types', ['tsc', '-p', 'tsconfig.test.json']]),
  // The simulations run from dist; what they are made of is checked beside them.
  inTurn(['lint', ['eslint', '.']], ['emit', ['tsc', '-p', 'tsconfig.json', '--noCheck']])
])
const after = before.some((code) => code !== 0) ? [] : await Promise.all([
  run('tests', ['vitest', 'run', '--project', 'unit']),
  run('simulations', ['node', 'dist/scripts/sim.js', '--seeds', '1..6'])
])
process.exitCode = [...before, ...after].find((code) => code !== 0) ?? 0
