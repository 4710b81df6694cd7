import { defineConfig } from 'vitest/config'

/** What `test/storage/node-sqlite.test.ts` runs on a Node that has node:sqlite. */
export default defineConfig({ test: { include: ['test/newer-node/*.suite.ts'] } })
