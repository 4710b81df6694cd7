import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const service = join(import.meta.dirname, '../../src/service')

/** Where a commit of the storage may be called: whoever reads there knows that it writes. */
const committing = ['commands/', 'tick/', 'audit/make-checkpoints.ts', 'workflow/return-to-draft.ts']

function isCommit(node: ts.Node): boolean {
  return (
    ts.isCallExpression(node) &&
    ts.isPropertyAccessExpression(node.expression) &&
    node.expression.name.text === 'commit'
  )
}

function commits(file: string): boolean {
  const source = ts.createSourceFile(file, readFileSync(join(service, file), 'utf8'), ts.ScriptTarget.Latest)
  const holds = (node: ts.Node): boolean => isCommit(node) || (ts.forEachChild(node, holds) ?? false)
  return holds(source)
}

describe('the service', () => {
  it('commits to the storage only where its commands are run, what is due is done, and what is sealed or returned', () => {
    const files = readdirSync(service, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
    const found = files.filter(commits).toSorted()
    expect(found.length).toBeGreaterThan(4)
    expect(found.filter((file) => !committing.some((place) => file.startsWith(place)))).toEqual([])
    expect(committing.filter((place) => !found.some((file) => file.startsWith(place)))).toEqual([])
  })
})
