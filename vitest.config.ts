import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    setupFiles: ['test/setup.ts'],
    // Two cores: more forks only make each test slower.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        // Generous, for a shared machine under load: no test waits on purpose.
        test: { testTimeout: 60_000, hookTimeout: 60_000, name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/e2e/**', 'test/sim/**'] }
      },
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
