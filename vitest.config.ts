import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: process.env['COUNTERSIGN_DEEP'] === '1' ? 3_600_000 : 60_000,
    // Most files wait for a database most of the time: by default one processor of two would stand idle.
    maxWorkers: '100%',
    reporters: process.env['CI'] ? ['default', 'json'] : ['default'],
    outputFile: { json: '.ci/report.json' },
  },
})
