import { relative } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { defaultRules } from '../../src/core/policy/model/rules-of-conduct.ts'
import { compilerOptions, entryPoints, exportsIn, isValue, root, tagsOf } from './public-api.ts'

const program = ts.createProgram([...entryPoints.values()], compilerOptions)
const checker = program.getTypeChecker()
const exported = exportsIn(program)
const sources = program.getSourceFiles().filter(({ fileName }) => relative(root, fileName).startsWith('src/'))

/** The names of what an application writes down and hands in. */
const inputs =
  'InProject PolicyMatch ChangeOf External Move DirectoryUser Label Vocabulary PolicyFacts ResourceWords Approvers Account ResourceRef ActionDefinition WantedMove ChangeAmount Crosses HostPredicate'
const taken = new RegExp(`(Options|Filter|Input)$|^(${inputs.replaceAll(' ', '|')})$`)

/** Functions whose file is being taken apart. */

/** What throws nothing but what every call can throw. */
const throwsNothingOfItsOwn = [
  'ActingApprovals.freezes.list',
  'ActingRequests.list',
  'ActingRequests.count',
  'ActingRequests.inbox',
  'ActingRequests.followUps',
  'ActingPolicies.list',
  'ActingPolicies.get',
  'ActingPolicies.check',
  'ActingDelegations.list',
  'ActingWorkflow.isEnabled',
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

describe('the comments of what is exported', () => {
  const functions = distinct(exported).filter(({ symbol }) => isFunction(symbol))

  it('give an example of each function', () => {
    expect(functions.length).toBeGreaterThan(100)
    expect(without('example', functions)).toEqual([])
  })

  it('say after @returns by which codes a function refuses', () => {
    const all = codesOf('ErrorCode')
    const refusing = functions.flatMap(({ name, symbol }) => {
      const codes = refusalsOf(symbol)
      if (!codes) return []
      const isNarrow = codes.length > 0 && codes.length < all.length
      const said = tagsOf(symbol, checker, 'returns').flatMap((text) =>
        [...text.matchAll(/`([a-z_]+)`/g)].map(([, code]) => code),
      )
      return [{ name, codes: isNarrow ? [...codes].sort() : undefined, said: said.sort() }]
    })
    expect(refusing.length).toBeGreaterThan(20)
    expect(refusing.filter(({ said }) => said.length === 0 || said.some((code) => !all.includes(`${code}`)))).toEqual(
      [],
    )
    for (const { name, codes, said } of refusing) expect({ name, said }).toEqual({ name, said: codes ?? said })
  })
})

describe('the comments of what is optional', () => {
  it('say the default of each option', () => {
    const options = sources.flatMap((source) => declared(source, taken))
    const optional = options.flatMap(optionalIn)
    expect(optional.map(({ name }) => name)).toContain('SubmitOptions.base')
    expect(optional.map(({ name }) => name)).toContain('LogFilter.limit')
    expect(optional.length).toBeGreaterThan(80)
    expect(without('defaultValue', optional)).toEqual([])
  })

  it('say the default of each rule of conduct as it is', () => {
    const rules = exported.find(({ name }) => name === 'RulesOfConduct')
    const members = rules ? checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(rules.symbol)) : []
    const said = members.map((member) => [member.name, tagsOf(member, checker, 'defaultValue').map(read)])
    expect(Object.fromEntries(said)).toEqual(
      Object.fromEntries(Object.entries(defaultRules).map(([name, value]) => [name, [value]])),
    )
  })
})

describe('the comments of the source', () => {
  it('say "if", and not "where", of what may be absent', () => {
    const wrong = /where left out|undefined where|where there is none/
    const found = sources.flatMap((source) =>
      commentsIn(source).filter(({ text }) => wrong.test(text.replace(/\s*\n\s*\*\s*/g, ' '))),
    )
    expect(found).toEqual([])
  })

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

/** Tells whether something is there at run time, and can be called. */
function isFunction(symbol: ts.Symbol): boolean {
  return isValue(symbol) && checker.getTypeOfSymbol(symbol).getCallSignatures().length > 0
}

/** The codes by which a function can refuse, as its type says; `undefined` if it does not answer with a result. */
function refusalsOf(symbol: ts.Symbol): readonly string[] | undefined {
  const [signature] = checker.getTypeOfSymbol(symbol).getCallSignatures()
  const answer = signature?.getReturnType()
  if (answer?.aliasSymbol?.name !== 'Result') return undefined
  const codes = answer.aliasTypeArguments?.[1]
  const all = codes?.isUnion() ? codes.types : codes ? [codes] : []
  return all.flatMap((one) => (one.isStringLiteral() ? one.value : []))
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
  const group = type.getSymbol()
  const isGroup = group?.name.startsWith('Acting') && !exported.some((one) => one.symbol === group)
  if (!isWrittenOut && !isGroup) return []
  return checker.getPropertiesOfType(type).flatMap((member) => methodsIn(member, `${name}.${member.name}`))
}

const literal = ts.SyntaxKind.TypeLiteral

/** The names of those whose comments lack a tag. */
function without(tag: string, all: readonly Documented[]): readonly string[] {
  return all.filter(({ symbol }) => tagsOf(symbol, checker, tag).length === 0).map(({ name }) => name)
}

/** The interfaces and types of a file whose names end so. */
function declared(source: ts.SourceFile, name: RegExp): readonly (ts.InterfaceDeclaration | ts.TypeAliasDeclaration)[] {
  return source.statements.filter(
    (one) => (ts.isInterfaceDeclaration(one) || ts.isTypeAliasDeclaration(one)) && name.test(one.name.text),
  ) as (ts.InterfaceDeclaration | ts.TypeAliasDeclaration)[]
}

/** The optional properties that a declaration writes out, but for those that only keep others away. */
function optionalIn(declaration: ts.InterfaceDeclaration | ts.TypeAliasDeclaration): readonly Documented[] {
  const found: Documented[] = []
  const visit = (node: ts.Node) => {
    if (ts.isPropertySignature(node) && isOptional(node)) {
      const symbol = checker.getSymbolAtLocation(node.name)
      if (symbol) found.push({ name: `${declaration.name.text}.${symbol.name}`, symbol })
    }
    ts.forEachChild(node, visit)
  }
  visit(declaration)
  return found
}

/** Tells whether a property may be left out by whoever writes it down: one that nobody can name, or give, is none. */
function isOptional({ name, questionToken, type }: ts.PropertySignature): boolean {
  return questionToken !== undefined && ts.isIdentifier(name) && type?.kind !== ts.SyntaxKind.NeverKeyword
}

/** Reads a default as it is written in the source: a text, a number, a list, true or false. */
function read(said: string): unknown {
  return JSON.parse(said.replaceAll("'", '"').replaceAll('_', /^\d/.test(said) ? '' : '_'))
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
