import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { errorsPage } from '../../docs/make-errors.ts'
import type { ErrorCode, ErrorDetails } from '../../src/errors/error-details.ts'
import { errorTable, kindOf, statusOf } from '../../src/errors/error-table.ts'
import { refuse } from '../../src/errors/result.ts'
import { verbPhrases } from '../../src/errors/verb-phrases.ts'
import { samples } from './samples.ts'

const codes = Object.keys(samples) as ErrorCode[]
const messagesOf = <C extends ErrorCode>(code: C) =>
  samples[code].map((details: ErrorDetails[C]) => refuse(code, details).refusal.message)
const root = join(import.meta.dirname, '../..')

describe('the message of a refusal', () => {
  it.each(codes)('[ME-01] of %s is a sentence, whatever it speaks of', (code) => {
    for (const message of messagesOf(code)) {
      expect(message).toMatch(/^["A-Za-z].*\.$/)
      expect(message).not.toMatch(/undefined|null|NaN|\[object|\.\.$|\s{2}|\s\(\)|: \.|, ,|1970-01/)
      // No code of a verb, a state or a verdict stands in a sentence: what is quoted is a name of somebody's.
      expect(message.replaceAll(/"[^"]*"|create[A-Za-z]*\(.*\)/g, '')).not.toMatch(/[a-z]_[a-z]/)
    }
  })

  it('[ME-01] says every verb with what it is done to, and no two verbs that people tell apart alike', () => {
    const same = [
      ['resubmit', 'reopen'],
      ['apply', 'retry'],
    ]
    const phrases = Object.entries(verbPhrases).filter(([verb]) => !same.some(([, other]) => verb === other))
    expect(new Set(phrases.map(([, phrase]) => phrase)).size).toBe(phrases.length)
    for (const [, phrase] of phrases) expect(phrase.split('%')).toHaveLength(2)
    expect(refuse('not_open', { request: 'r1', status: 'draft', verb: 'request_changes' }).refusal.message).toBe(
      'Request "r1" is a draft: nobody can request changes on it now.',
    )
  })

  it('[ME-03] of a digest that does not match gives away no other digest', () => {
    const { details } = refuse('digest_mismatch', { request: 'r1', seen: 'sha256:seen' }).refusal
    expect(Object.keys(details)).toEqual(['request', 'seen'])
    expect(Object.keys(refuse('preview_outdated', { seen: 'sha256:seen' }).refusal.details)).toEqual(['seen'])
  })
})

describe('the table of errors', () => {
  it('[ME-06] has a kind, a status and a remedy for every code, and for nothing else', () => {
    expect(Object.keys(errorTable).toSorted()).toEqual(codes.toSorted())
    for (const code of codes) {
      expect(statusOf[kindOf(code)]).toBeGreaterThanOrEqual(400)
      expect(errorTable[code].remedy).toMatch(/^.{5,}\.$/)
    }
  })

  it('[ME-06] is the page docs/errors.md: npm run docs:errors makes it anew', () => {
    const page = errorsPage()
    for (const code of codes)
      expect(page).toMatch(new RegExp(`^\\| \`${code}\` \\| [A-Z].{10,}\\. \\| .{5,}\\. \\|$`, 'm'))
    expect(existsSync(join(root, 'docs/errors.md')) && readFileSync(join(root, 'docs/errors.md'), 'utf8')).toBe(page)
  })
})
