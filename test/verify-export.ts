import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import type { ActingApprovals } from '../src/index.ts'

/** The export of a tenant, as the lines of a file. */
export async function exported(actor: ActingApprovals): Promise<readonly string[]> {
  const lines: string[] = []
  for await (const line of actor.audit.export()) lines.push(JSON.stringify(line))
  return lines
}

/** Gives the program that verifies exports without the library: whether it is content, and what it says. */
export function verifier() {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-export-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  return (lines: readonly string[], keys?: Readonly<Record<string, string>>) => {
    const [file, named] = [join(folder, 'export.jsonl'), join(folder, 'keys.json')]
    writeFileSync(file, `${lines.join('\n')}\n`)
    if (keys) writeFileSync(named, JSON.stringify(keys))
    const options = ['examples/verify-export.mjs', file, ...(keys ? ['', named] : [])]
    try {
      return { ok: true, output: execFileSync(process.execPath, options, { encoding: 'utf8', stdio: 'pipe' }) }
    } catch (error) {
      return { ok: false, output: String((error as { stderr: string }).stderr) }
    }
  }
}
