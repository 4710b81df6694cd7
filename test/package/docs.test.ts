import { relative } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { compilerOptions, entryPoints, exportsIn, root, tagsOf } from './public-api.ts'

const program = ts.createProgram([...entryPoints.values()], compilerOptions)
const checker = program.getTypeChecker()
const exported = exportsIn(program)
const sources = program.getSourceFiles().filter(({ fileName }) => relative(root, fileName).startsWith('src/'))

/** What throws nothing but what every call can throw. */
const throwsNothingOfItsOwn = [
  'ActingRequests.list',
  'ActingRequests.inbox',
  'ActingRequests.followUps',
  'ActingPolicies.list',
  'ActingPolicies.get',
  'ActingPolicies.check',
  'ActingDelegations.list',
  'ActingWorkflow.isEnabled',
  'ActingAudit.events',
  'ActingAudit.verify',
  'ActingAudit.export',
  'ActingAudit.checkpoint',
  'ActingAccess.may',
  'ActingAccess.grants',
  'ActingAccess.holders',
  'ActingAccess.accounts.get',
  'ActingAccess.defaultAccess',
  'ActingAccess.roles.list',
  'Approvals.close',
]

describe('the comments of what an application holds', () => {
  const methods = distinct(exported)
    .filter(({ name }) => name === 'Approvals' || name.startsWith('Acting'))
    .flatMap(({ name, symbol }) => methodsOf(symbol, name))

  it('are those of all methods', () => {
    expect(methods.map(({ name }) => name)).toContain('ActingRequests.approve')
    expect(methods.map(({ name }) => name)).toContain('ActingAccess.editors.save')
    expect(methods.length).toBeGreaterThan(60)
  })

  it('give an example of each method', () => {
    expect(without('example', methods)).toEqual([])
  })

  it('say what each method throws, unless that is nothing of its own', () => {
    expect([...without('throws', methods)].sort()).toEqual([...throwsNothingOfItsOwn].sort())
  })
})

describe('the comments of the source', () => {
  it('name no code after @throws that is none', () => {
    const codes = codesOf('ErrorCode')
    expect(codes).toContain('digest_mismatch')
    const named = sources.flatMap((source) =>
      commentsIn(source).flatMap(({ at, text }) =>
        [...text.matchAll(/@throws(.*?)(?=@[a-z]|\*\/)/gs)].flatMap(([, said = '']) =>
          [...said.matchAll(/`([a-z_]+)`/g)].map(([, code = '']) => ({ at, code })),
        ),
      ),
    )
    expect(named.length).toBeGreaterThan(100)
    expect(named.filter(({ code }) => !codes.includes(code))).toEqual([])
  })
})

interface Documented {
  readonly name: string
  readonly symbol: ts.Symbol
}

/** What is exported, once each. */
function distinct(all: readonly Documented[]): readonly Documented[] {
  return [...new Map(all.map((one) => [one.symbol, one])).values()]
}

/** Lists the methods of an interface, and those of the groups that it writes out itself. */
function methodsOf(owner: ts.Symbol, path: string): readonly Documented[] {
  const members = checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(owner))
  return members.flatMap((symbol) => methodsIn(symbol, `${path}.${symbol.name}`))
}

function methodsIn(symbol: ts.Symbol, name: string): readonly Documented[] {
  const type = checker.getTypeOfSymbol(symbol)
  if (type.getCallSignatures().length > 0) return [{ name, symbol }]
  const isWrittenOut = symbol.declarations?.some((one) => ts.isPropertySignature(one) && one.type?.kind === literal)
  if (!isWrittenOut) return []
  return checker.getPropertiesOfType(type).flatMap((member) => methodsIn(member, `${name}.${member.name}`))
}

const literal = ts.SyntaxKind.TypeLiteral

/** The names of those whose comments lack a tag. */
function without(tag: string, all: readonly Documented[]): readonly string[] {
  return all.filter(({ symbol }) => tagsOf(symbol, checker, tag).length === 0).map(({ name }) => name)
}

/** The members of a union of texts. */
function codesOf(name: string): readonly string[] {
  const union = exported.find((one) => one.name === name)
  const type = union && checker.getDeclaredTypeOfSymbol(union.symbol)
  return type?.isUnion() ? type.types.flatMap((one) => (one.isStringLiteral() ? one.value : [])) : []
}

/** The comments of a file. */
function commentsIn(source: ts.SourceFile): readonly { readonly at: string; readonly text: string }[] {
  const found: { at: string; text: string }[] = []
  const seen = new Set<number>()
  const take = ({ pos, end }: ts.TextRange) => {
    if (seen.has(pos)) return
    seen.add(pos)
    const { line } = source.getLineAndCharacterOfPosition(pos)
    found.push({ at: `${relative(root, source.fileName)}:${line + 1}`, text: source.text.slice(pos, end) })
  }
  const visit = (node: ts.Node) => {
    for (const range of ts.getLeadingCommentRanges(source.text, node.getFullStart()) ?? []) take(range)
    for (const range of ts.getTrailingCommentRanges(source.text, node.getEnd()) ?? []) take(range)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}
