import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: process.env['COUNTERSIGN_DEEP'] === '1' ? 3_600_000 : 120_000,
    // A worker imports what many files share once, and keeps one place on each database: no file may count on its own.
    isolate: false,
    globalSetup: 'test/storage/sweep.ts',
    setupFiles: 'test/choose-storages.ts',
    // Most files wait for a database half of the time.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    reporters: process.env['CI'] ? ['default', 'json'] : ['default'],
    outputFile: { json: '.ci/report.json' },
  },
})
