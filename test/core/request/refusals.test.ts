import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ErrorCode } from '../../../src/errors/error-details.ts'
import {
  approved,
  day,
  done,
  drafted,
  given,
  glassBroken,
  leads,
  moved,
  office,
  outside,
  owed,
  plannedRevert,
  rejected,
  rollout,
  start,
  submitted,
} from './given.ts'

type Attempt = ReturnType<ReturnType<typeof given>['when']>

const line = given(submitted({ rules: { bypass: ['admin'], breakGlass: ['admin'] } }))
const broken = given(submitted({ rules: { breakGlass: ['admin'] } }), glassBroken)
const byHand = given(submitted({ rules: { apply: 'by_hand' } }), approved('ben'))
const talkedAbout = given(
  submitted({ rules: { apply: 'by_hand', comments: 'resolved' } }),
  approved('ben'),
  done({ type: 'comment', by: 'eve', reason: 'why?' }),
)
const onTheWay = given(submitted(), approved('ben', { target: outside }))
const rebase = { from: 1, draft: {}, resolutions: [], open: 1 }

/** One line for every way in which a command on a request can be refused. */
const reached: { readonly [C in ErrorCode]?: () => Attempt } = {
  not_open: () => line.when({ type: 'apply' }),
  expired: () => line.when({ type: 'approve', by: 'ben', at: start + 14 * day }),
  not_due: () => line.when({ type: 'expire' }),
  unknown_actor: () => line.when({ type: 'edit', by: 'zoe' }),
  not_the_requester: () => line.when({ type: 'recall', by: 'ben' }),
  edit_restricted: () => given(submitted({ rules: { edit: 'requester' } })).when({ type: 'edit', by: 'ben' }),
  invalid_input: () => line.when({ type: 'schedule' }),
  nothing_changed: () => line.when({ type: 'edit' }, { next: { changes: [rollout(40, { places: [] })] } }),
  limit_reached: () => {
    const blocking = { require: leads(2), rules: { onReject: 'block' } } as const
    const objected = Array.from({ length: 201 }, (_, to) => [
      done({ type: 'reject', by: 'ben', reason: 'no' }),
      done({ type: 'edit' }, { next: { changes: [rollout(1_000 + to)] } }),
    ])
    const line = given(submitted(blocking), ...objected.flat().slice(0, 400), rejected('ben'))
    return line.when({ type: 'edit' }, { next: { changes: [rollout(1)] } })
  },
  no_policy: () => line.when({ type: 'edit' }, { next: { gated: true } }),
  reason_required: () => line.when({ type: 'comment' }),
  comments_unresolved: () => talkedAbout.when({ type: 'apply' }),
  unknown_comment: () => talkedAbout.when({ type: 'resolve_comment' }, { comment: null }),
  revert_planned: () => given(plannedRevert(start + day)).when({ type: 'cancel' }),
  time_not_open: () => line.when({ type: 'set_time' }),
  comment_open: () => line.when({ type: 'reopen_comment' }),
  comment_resolved: () =>
    line.when({ type: 'resolve_comment' }, { comment: { by: 'eve', resolved: { by: 'ann', at: 1 } } }),
  not_a_participant: () => talkedAbout.when({ type: 'resolve_comment', by: 'eve' }, { comment: { by: 'ben' } }),
  own_objection: () =>
    given(submitted({ rules: { onReject: 'block' } }), done({ type: 'reject', by: 'cat', reason: 'no' })).when(
      { type: 'take_over', by: 'cat' },
      { users: new Map([...office].filter(([one]) => one !== 'ann')), custodian: true },
    ),
  requester_present: () => line.when({ type: 'take_over', by: 'ben' }),
  digest_mismatch: () => line.when({ type: 'approve', by: 'ben', seen: 'sha256:' }),
  content_tampered: () => byHand.when({ type: 'apply' }, { target: { changes: [rollout(81)] } }),
  self_approval: () => line.when({ type: 'approve', by: 'ann' }),
  contributor: () => given(submitted(), done({ type: 'edit', by: 'ben' })).when({ type: 'approve', by: 'ben' }),
  not_an_approver: () => line.when({ type: 'approve', by: 'eve' }),
  not_delegated: () => line.when({ type: 'approve', by: 'eve', onBehalfOf: 'ben' }),
  already_reviewed: () => given(submitted({ require: leads(2) }), approved('ben')).when({ type: 'approve', by: 'ben' }),
  no_review: () => line.when({ type: 'withdraw', by: 'ben' }),
  already_reviewed_by_others: () => byHand.when({ type: 'cancel' }),
  approval_missing: () => byHand.when({ type: 'apply' }, { now: { require: leads(2) } }),
  bypass_forbidden: () => line.when({ type: 'bypass', by: 'ben', reason: 'now' }),
  break_glass_forbidden: () => line.when({ type: 'break_glass', by: 'ben', reason: 'now' }),
  follow_up_pending: () => line.when({ type: 'break_glass', by: 'root', reason: 'now' }, { followUps: [owed] }),
  no_follow_up: () => given(submitted(), approved('ben')).when({ type: 'follow_up', by: 'ben', reason: 'fine' }),
  own_follow_up: () => broken.when({ type: 'follow_up', by: 'root', reason: 'fine' }),
  locked: () => byHand.when({ type: 'apply' }, { target: { lockedBy: 'r2' } }),
  switched_off: () => line.when({ type: 'approve', by: 'ben' }, { switchedOff: 2 }),
  policies_outdated: () => line.when({ type: 'approve', by: 'ben' }, { outdated: { version: 1, recorded: 2 } }),
  workflow_off: () => line.when({ type: 'approve', by: 'ben' }, { held: true }),
  not_switched_off: () => line.when({ type: 'return' }),
  stale: () => line.when({ type: 'bypass', by: 'root', reason: 'now' }, { target: moved }),
  delivery_in_progress: () => onTheWay.when({ type: 'abandon', reason: 'gone' }),
  claim_lost: () => onTheWay.when({ type: 'confirm', fence: 6 }),
  conflicts_open: () => given(drafted()).when({ type: 'submit' }, { next: { changes: [rollout(80, { rebase })] } }),
}

/** Why a change on its way can fail, beside what refuses it. */
const failures = ['abandoned', 'host_failed']

describe('the refusals of a request', () => {
  it('[E13] are all reached', () => {
    const folder = join(import.meta.dirname, '../../../src/core/request/decide')
    const source = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'))
    const named = source.flatMap((text) => [...text.matchAll(/\brefuse\('(\w+)'/g)].map(([, code]) => code))
    expect([...Object.keys(reached), ...failures].toSorted()).toEqual([...new Set(named)].toSorted())
  })

  it.each(Object.keys(reached) as ErrorCode[])('[E13] %s', (code) => {
    reached[code]?.().refuses(code)
  })

  it('[O5] leave the request as it was', () => {
    for (const attempt of Object.values(reached)) expect(attempt().decision.ok).toBe(false)
    const ended = given(submitted(), rejected('ben'))
    const before = JSON.stringify(ended.request)
    for (const type of ['withdraw', 'edit', 'recall', 'discard'] as const) {
      expect(JSON.stringify(ended.when({ type, by: 'ben' }).request)).toBe(before)
    }
  })
})
