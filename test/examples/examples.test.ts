import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { promisedOutput, root, runProgram } from '../built-package.ts'

const examples = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.ts'))

describe('the examples', () => {
  it.each(examples)('%s prints what its comments say', { timeout: 30_000 }, async (name) => {
    const path = join(root, 'examples', name)
    const { code, output } = await runProgram(path)
    expect(output.trimEnd().split('\n')).toEqual(promisedOutput(readFileSync(path, 'utf8')))
    expect(code).toBe(0)
  })
})

describe('the demo', () => {
  it('shows a flag change waiting, taking effect in flagd, and a changed byte found', { timeout: 60_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-demo-'))
    const { code, output } = await runProgram(join(root, 'examples/demo/main.ts'), folder)
    rmSync(folder, { recursive: true })
    expect(output).not.toContain('✘')
    expect(output).toMatch(/found: event 2 of request\/\w+/)
    expect(output.match(/✔/g)?.length).toBe(20)
    expect(code).toBe(0)
  })
})
