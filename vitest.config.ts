import { defineConfig } from 'vitest/config'

// Tests that take seconds each by their nature: many rounds of chance, real sockets, real kills of files, the
// built program. `npm run check` leaves them out, `npm test` has them.
const long = [
  'test/cli/{rebuild,repair}.test.ts',
  'test/dag/{sync,sync-misbehaviour,pending}.test.ts',
  'test/ingest/verify-pool.test.ts',
  'test/node/trust-worker.test.ts',
  'test/node/view-digest.test.ts',
  'test/p2p/{libp2p-*,cold-join,gossip-intake}.test.ts',
  'test/store/{silent-loss,failure}.test.ts',
  'test/wal/{crash,damage}.test.ts'
]
const elsewhere = ['test/e2e/**', 'test/sim/**']
// Generous, for a shared machine under load: no test waits on purpose.
const patience = { testTimeout: 60_000, hookTimeout: 60_000 }

export default defineConfig({
  test: {
    setupFiles: ['test/setup.ts'],
    // Two cores: more forks only make each test slower.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        // Files share the modules of their process: loading them anew for each file was half of all work.
        test: {
          ...patience, name: 'unit', isolate: false, include: ['test/**/*.test.ts'], exclude: [...elsewhere, ...long]
        }
      },
      { extends: true, test: { ...patience, name: 'long', include: long } },
      {
        extends: true,
        // Whole simulations in processes of their own, from dist: both cores are theirs.
        test: {
          name: 'sim', include: ['test/sim/**/*.test.ts'], fileParallelism: false, testTimeout: 600_000
        }
      },
      {
        extends: true,
        // Real processes on loopback: one file at a time, with room for a slow machine.
        test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], fileParallelism: false, testTimeout: 120_000, hookTimeout: 120_000 }
      }
    ]
  }
})
