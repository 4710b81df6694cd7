import { existsSync, readFileSync } from 'node:fs'

const [path] = process.argv.slice(2)
const report = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined
const files = report?.testResults ?? []
const unloadable = files.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length
const passed = report?.numPassedTests ?? 0
const failed = (report?.numFailedTests ?? 0) + unloadable
const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0)
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
