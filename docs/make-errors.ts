// Makes docs/errors.md from the table of errors: `npm run docs:errors`.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { argv } from 'node:process'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'
import type { ErrorCode } from '../src/errors/error-details.ts'
import { type ErrorKind, errorTable, statusOf } from '../src/errors/error-table.ts'

const root = join(import.meta.dirname, '..')

const kinds: { readonly [K in ErrorKind]: string } = {
  input: 'An argument is wrong: the caller corrects it.',
  unauthenticated: 'Nobody knows who acts.',
  forbidden: 'Somebody else may do it.',
  not_found: 'There is no such thing here. What belongs to another tenant is as unknown as what never was.',
  conflict: 'It is not possible as things stand now: read again.',
  unprocessable: 'The arguments are well-formed, and what they ask for cannot be.',
  unavailable: 'Something that the library relies on failed. Nothing was applied; trying again may help.',
}

/** The page about all errors. */
export function errorsPage(): string {
  const files = ['error-details.ts', 'access-error-details.ts', 'lifecycle-error-details.ts', 'system-error-details.ts']
  const causes = new Map(files.flatMap((file) => [...causesOf(readFileSync(join(root, 'src/errors', file), 'utf8'))]))
  const sections = (Object.keys(kinds) as ErrorKind[]).map((kind) => {
    const codes = (Object.keys(errorTable) as ErrorCode[]).filter((code) => errorTable[code].kind === kind).toSorted()
    const rows = codes.map((code) => `| \`${code}\` | ${causes.get(code)} | ${errorTable[code].remedy} |`)
    return [
      `## ${kind}`,
      `HTTP status ${statusOf[kind]}. ${kinds[kind]}`,
      ['| code | cause | remedy |', '|---|---|---|', ...rows].join('\n'),
    ].join('\n\n')
  })
  const intro = `<!-- Made by docs/make-errors.ts from src/errors: change it there, then run npm run docs:errors. -->

Whatever this library refuses is an \`ApprovalError\`. Its \`code\` is stable, \`details\` follows the code, and \`message\` says what happened, to which thing, and what to do.
\`kindOf(code)\` says what sort of error it is. A programmer's mistake, such as an option that does not exist, is a \`TypeError\` instead.`
  return `# Errors\n\n${[intro, ...sections].join('\n\n')}\n`
}

/** What the doc comment of each code says. */
function causesOf(text: string): ReadonlyMap<string, string> {
  const source = ts.createSourceFile('error-details.ts', text, ts.ScriptTarget.Latest, true)
  const found = source.statements.find(
    (one) => ts.isInterfaceDeclaration(one) && one.name.text.endsWith('ErrorDetails'),
  )
  const { members } = found as ts.InterfaceDeclaration
  return new Map(
    members.map((member) => {
      const [comment] = ts.getJSDocCommentsAndTags(member)
      const said = comment && ts.isJSDoc(comment) ? ts.getTextOfJSDocComment(comment.comment) : undefined
      return [member.name?.getText() ?? '', (said ?? '').replaceAll(/\s+/g, ' ').trim()]
    }),
  )
}

if (import.meta.url === pathToFileURL(argv[1] ?? '').href) writeFileSync(join(root, 'docs/errors.md'), errorsPage())
