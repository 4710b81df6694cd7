import { describe, expect, it } from 'vitest'
import {
  type RequestStatus,
  type RequestVerb,
  rowOf,
  statuses,
  type VerbRow,
  verbNames,
  verbs,
} from '../../../src/core/request/model/status-table.ts'
import type { ErrorCode } from '../../../src/errors/error-details.ts'
import {
  type Asked,
  approved,
  type Beginning,
  changesRequested,
  day,
  done,
  drafted,
  given,
  glassBroken,
  hour,
  leads,
  moved,
  type Otherwise,
  outside,
  rejected,
  rollout,
  type Said,
  type Step,
  start,
  submitted,
} from './given.ts'

const quorumOf2 = {
  require: leads(2),
  rules: { apply: 'by_hand', cancel: 'any_time', remindEvery: '1d', bypass: ['admin'], breakGlass: ['admin'] },
  escalate: { after: '2d', to: { roles: ['admin'] } },
} as const
const due = start + 2 * hour

/** How a request comes into each state. Wherever somebody can have answered, Cat has. */
const histories: { readonly [S in RequestStatus]: readonly [Beginning, ...Step[]] } = {
  draft: [drafted(quorumOf2)],
  pending: [submitted(quorumOf2), approved('cat')],
  changes_requested: [submitted(quorumOf2), changesRequested('cat')],
  approved: [submitted(quorumOf2), approved('cat'), approved('dan')],
  applying: [submitted(quorumOf2), approved('cat'), approved('dan'), done({ type: 'apply' }, { target: outside })],
  applied: [submitted(quorumOf2), approved('cat'), approved('dan'), done({ type: 'apply' })],
  rejected: [submitted(quorumOf2), rejected('cat')],
  cancelled: [submitted(quorumOf2), done({ type: 'cancel' })],
  expired: [submitted(quorumOf2), approved('cat'), done({ type: 'expire', at: start + 14 * day })],
  failed: [submitted(quorumOf2), approved('cat'), approved('dan'), done({ type: 'apply' }, { target: moved })],
}

const scheduled: readonly [Beginning, ...Step[]] = [
  submitted({ ...quorumOf2, applyAt: due }),
  approved('cat'),
  approved('dan'),
]

const broken: readonly [Beginning, ...Step[]] = [submitted(quorumOf2), approved('cat'), glassBroken]

/** The glass was broken for a change that was given up on its way: nobody knows whether it got there. */
const brokenOff: readonly [Beginning, ...Step[]] = [
  submitted(quorumOf2),
  approved('cat'),
  done({ type: 'break_glass', by: 'root', reason: 'it burns' }, { target: outside }),
  done({ type: 'abandon', by: 'eve', reason: 'gone', at: start + 2 * hour }, { target: outside }),
]

/** Ben asked for changes, and took that back while the workflow was held. */
const takenBack = (asked: Asked = {}): readonly [Beginning, ...Step[]] => [
  submitted(asked),
  changesRequested('ben'),
  approved('cat'),
  done({ type: 'withdraw', by: 'ben' }, { held: true }),
]

/** The same where he had rejected it, which keeps it from being applied. */
const rejectionTakenBack: readonly [Beginning, ...Step[]] = [
  submitted({ rules: { onReject: 'block' } }),
  rejected('ben'),
  approved('cat'),
  done({ type: 'withdraw', by: 'ben' }, { held: true }),
]

/** The histories of those verbs that need more than a state. */
function special(verb: RequestVerb, status: RequestStatus) {
  if (verb === 'come_due' && status === 'approved') return scheduled
  if (verb === 'resume' && status === 'pending') return rejectionTakenBack
  if (verb === 'resume' && status === 'changes_requested') return takenBack()
  if (verb !== 'follow_up' && verb !== 'remind') return undefined
  return status === 'failed' ? brokenOff : status === 'applied' ? broken : undefined
}

/** Everybody who may try: who they are to the request, and who the directory says they are. */
const actors = {
  requester: 'ann',
  otherAccount: 'amy',
  approver: 'ben',
  reviewer: 'cat',
  bypasser: 'root',
  bystander: 'eve',
  stranger: 'zoe',
} as const

type Who = keyof typeof actors

/** Why somebody may not use a verb that exists in this state; undefined where they may. */
function reasonAgainst(verb: RequestVerb, who: Who, status: RequestStatus): ErrorCode | undefined {
  const { by } = verbs[verb]
  if (by === 'clock' || by === 'worker') return undefined
  if (who === 'stranger') return 'unknown_actor'
  switch (by) {
    case 'anyone':
      return undefined
    case 'requester':
      return who === 'requester' ? undefined : 'not_the_requester'
    case 'reviewer':
      return who === 'reviewer' ? undefined : 'no_review'
    case 'bypasser':
      return who === 'bypasser' ? undefined : 'bypass_forbidden'
    case 'breaker':
      return who === 'bypasser' ? undefined : 'break_glass_forbidden'
    case 'approver': {
      if (verb === 'follow_up') return whyNotSettle(who)
      const given = status === 'changes_requested' ? 'request_changes' : 'approve'
      if (who === 'reviewer') return verb === given ? 'already_reviewed' : undefined
      if (who === 'approver') return undefined
      return who === 'requester' || who === 'otherAccount' ? 'self_approval' : 'not_an_approver'
    }
  }
}

/** Whoever broke the glass does not settle it; a reviewer of before may. */
function whyNotSettle(who: Who): ErrorCode | undefined {
  if (who === 'bypasser') return 'own_follow_up'
  if (who === 'approver' || who === 'reviewer') return undefined
  return who === 'requester' || who === 'otherAccount' ? 'self_approval' : 'not_an_approver'
}

/** When the clock does what it does. */
const times: { readonly [V in RequestVerb]?: number } = {
  expire: start + 14 * day,
  escalate: start + 2 * day,
  reclaim: start + 2 * hour,
  abandon: start + 2 * hour,
  remind: start + 4 * day,
}

function said(verb: RequestVerb, by: string): Said {
  const at = times[verb]
  return { type: verb, by, reason: 'because', ...(at === undefined ? {} : { at }) }
}

function otherwise(verb: RequestVerb): Otherwise {
  if (verb === 'return') return { switchedOff: 2 }
  if (verb === 'reclaim' || verb === 'abandon') return { target: outside }
  if (verb === 'schedule') return { next: { applyAt: start + 3 * hour } }
  return verb === 'edit' ? { next: { changes: [rollout(70)] } } : {}
}

describe('the table of verbs', () => {
  it('[E13] names states that there are, and leads into states that there are', () => {
    for (const { from, to } of Object.values(verbs)) {
      for (const status of [...from, ...to]) expect(statuses).toContain(status)
    }
    expect(Object.keys(histories).toSorted()).toEqual(statuses.toSorted())
  })

  it('[E13] has histories that lead into the states they are named after', () => {
    for (const status of statuses) expect(given(...histories[status]).request.status).toBe(status)
  })

  for (const verb of verbNames) {
    for (const status of statuses) {
      const exists = (verbs[verb].from as readonly RequestStatus[]).includes(status)
      const history = special(verb, status) ?? histories[status]
      const asked = (who: Who) => {
        const command = said(verb, actors[who])
        return given(...history).when(verb === 'come_due' ? { ...command, at: due } : command, otherwise(verb))
      }

      if (!exists) {
        it(`[E13] [F1] there is no ${verb} while ${status}, for anybody`, () => {
          for (const who of Object.keys(actors) as Who[]) asked(who).refuses('not_open', { status, verb })
        })
        continue
      }
      it.each(Object.keys(actors) as Who[])(`[E13] [F1] ${verb} while ${status}, by the %s`, (who) => {
        const reason = reasonAgainst(verb, who, status)
        const attempt = asked(who)
        if (reason) attempt.refuses(reason)
        else {
          expect(attempt.decision).toMatchObject({ ok: true })
          expect(verbs[verb].to).toContain(attempt.request.status)
          if (status === 'applied') expect(attempt.request.status).toBe('applied')
        }
      })
    }
  }
})

/** The verbs of which the table says something special, named here once more. */
const exceptional: { readonly [C in Exclude<keyof VerbRow, 'method' | 'from' | 'by' | 'to'>]: readonly RequestVerb[] } =
  {
    brings: ['edit', 'submit', 'resubmit', 'reopen', 'rebase', 'resolve', 'schedule', 'unschedule'],
    takes: [
      ...(['edit', 'submit', 'resubmit', 'reopen', 'rebase', 'resolve', 'schedule', 'unschedule'] as const),
      ...(['apply', 'retry', 'abandon', 'bypass', 'break_glass'] as const),
    ],
    alone: ['expire', 'return', 'remind'],
    readsFollowUps: ['break_glass', 'follow_up'],
    idle: ['withdraw', 'comment', 'recall', 'cancel', 'expire', 'return'],
    resumes: ['rebase', 'retry'],
    outlasts: ['reopen', 'follow_up', 'remind'],
  }

describe('what is special about verbs', () => {
  it.each(Object.entries(exceptional))('%s: is true of these, and of no other', (column, expected) => {
    expect(verbNames.filter((verb) => column in verbs[verb])).toEqual(
      verbNames.filter((verb) => expected.includes(verb)),
    )
  })

  it('takes: is the permission to bypass for those that pass approvals by, and to edit for all others', () => {
    const bypassing = verbNames.filter((verb) => rowOf(verb).takes === 'bypass')
    expect(bypassing).toEqual(['bypass', 'break_glass'])
  })
})

describe('the verbs that take a permission in the project of what they change', () => {
  const takers = verbNames.filter((verb) => 'takes' in verbs[verb])

  it.each(takers)('%s is decided only with the content at hand, whose projects say which permission', (verb) => {
    for (const status of verbs[verb].from) {
      const allowed = (Object.keys(actors) as Who[]).find((who) => !reasonAgainst(verb, who, status))
      if (!allowed) throw new Error(`Nobody may ${verb}.`)
      const { decision } = given(...histories[status]).when(said(verb, actors[allowed]), {
        target: 'unread',
        next: 'unread',
      })
      expect(decision).toMatchObject({ ok: false, needs: 'brings' in verbs[verb] ? 'next' : 'target' })
    }
  })
})

const kept = { rules: { onEdit: 'keep' } } as const
const byHand = { rules: { apply: 'by_hand' } } as const
const keptByHand = { rules: { onEdit: 'keep', apply: 'by_hand' } } as const
const blocked = { rules: { onReject: 'block' } } as const
const ungated = { requirements: [] }
/** Approved and kept waiting by another request's lock: what comes next can conclude it. */
const waiting = { target: { lockedBy: 'r2' } }
const locked = (asked: object) => [submitted(asked), approved('ben', waiting)] as const

/** A lead and somebody for security, whom leads stand in for after two days. Cat is one. Whoever is asked for twice are two. */
const escalating = (rules: Asked['rules'] = {}): Asked => ({
  requirements: [
    { policy: 'a', version: 1, require: leads(1) },
    {
      policy: 'b',
      version: 1,
      require: { quorum: 1, from: { roles: ['security'] } },
      escalate: { after: '2d', to: { roles: ['lead'] } },
    },
  ],
  rules,
})

type Line = readonly [history: readonly [Beginning, ...Step[]], said: Said, otherwise?: Otherwise]

/** One line for every state that a verb can lead to. */
const destinations: { readonly [V in RequestVerb]: { readonly [S in (typeof verbs)[V]['to'][number]]: Line } } = {
  edit: {
    draft: [histories.draft, said('edit', 'ben'), otherwise('edit')],
    changes_requested: [histories.changes_requested, said('edit', 'ben'), otherwise('edit')],
    pending: [histories.approved, said('edit', 'ben'), otherwise('edit')],
    approved: [[submitted(keptByHand), approved('ben')], { type: 'edit', by: 'ann' }],
    applying: [locked(kept), { type: 'edit', by: 'ann' }, { target: outside }],
    applied: [locked(kept), { type: 'edit', by: 'ann' }],
    failed: [locked(kept), { type: 'edit', by: 'ann' }, { target: moved }],
  },
  submit: {
    pending: [histories.draft, { type: 'submit' }],
    applying: [[drafted(ungated)], { type: 'submit' }, { target: outside }],
    applied: [[drafted(ungated)], { type: 'submit' }],
    failed: [[drafted(ungated)], { type: 'submit' }, { target: moved }],
  },
  resubmit: { pending: [histories.changes_requested, { type: 'resubmit' }] },
  reopen: {
    pending: [histories.rejected, { type: 'reopen' }],
    applying: [
      [drafted(ungated), done({ type: 'submit' }, { target: moved })],
      { type: 'reopen' },
      { target: outside },
    ],
    applied: [[drafted(ungated), done({ type: 'submit' }, { target: moved })], { type: 'reopen' }],
    failed: [[drafted(ungated), done({ type: 'submit' }, { target: moved })], { type: 'reopen' }, { target: moved }],
  },
  rebase: {
    draft: [histories.draft, { type: 'rebase' }],
    changes_requested: [histories.changes_requested, { type: 'rebase' }],
    pending: [histories.failed, { type: 'rebase' }],
    approved: [[submitted(keptByHand), approved('ben')], { type: 'rebase' }],
    applying: [[submitted(kept), approved('ben', { target: moved })], { type: 'rebase' }, { target: outside }],
    applied: [[submitted(kept), approved('ben', { target: moved })], { type: 'rebase' }],
    failed: [[submitted(kept), approved('ben', { target: moved })], { type: 'rebase' }, { target: moved }],
  },
  resolve: {
    draft: [histories.draft, { type: 'resolve' }],
    changes_requested: [histories.changes_requested, { type: 'resolve' }],
    pending: [histories.pending, { type: 'resolve' }],
    approved: [[submitted(keptByHand), approved('ben')], { type: 'resolve' }],
    applying: [locked(kept), { type: 'resolve' }, { target: outside }],
    applied: [locked(kept), { type: 'resolve' }],
    failed: [locked(kept), { type: 'resolve' }, { target: moved }],
  },
  schedule: {
    draft: [histories.draft, { type: 'schedule' }, otherwise('schedule')],
    changes_requested: [histories.changes_requested, { type: 'schedule' }, otherwise('schedule')],
    pending: [histories.approved, { type: 'schedule' }, otherwise('schedule')],
  },
  unschedule: {
    draft: [histories.draft, { type: 'unschedule' }],
    changes_requested: [histories.changes_requested, { type: 'unschedule' }],
    pending: [scheduled, { type: 'unschedule' }],
  },
  approve: {
    pending: [[submitted(quorumOf2)], { type: 'approve', by: 'ben' }],
    changes_requested: [histories.changes_requested, { type: 'approve', by: 'ben' }],
    approved: [[submitted(byHand)], { type: 'approve', by: 'ben' }],
    applying: [[submitted()], { type: 'approve', by: 'ben' }, { target: outside }],
    applied: [[submitted()], { type: 'approve', by: 'ben' }],
    failed: [[submitted()], { type: 'approve', by: 'ben' }, { target: moved }],
  },
  reject: {
    rejected: [histories.pending, said('reject', 'ben')],
    pending: [[submitted(blocked)], said('reject', 'ben')],
    changes_requested: [[submitted(blocked), changesRequested('cat')], said('reject', 'ben')],
  },
  request_changes: { changes_requested: [histories.approved, said('request_changes', 'ben')] },
  withdraw: {
    pending: [histories.approved, said('withdraw', 'cat')],
    changes_requested: [
      [submitted(), changesRequested('ben'), changesRequested('cat')],
      { type: 'withdraw', by: 'cat' },
    ],
    approved: [[submitted(byHand), changesRequested('ben'), approved('cat')], { type: 'withdraw', by: 'ben' }],
    applying: [
      [submitted(), changesRequested('ben'), approved('cat')],
      { type: 'withdraw', by: 'ben' },
      { target: outside },
    ],
    applied: [[submitted(), changesRequested('ben'), approved('cat')], { type: 'withdraw', by: 'ben' }],
    failed: [
      [submitted(), changesRequested('ben'), approved('cat')],
      { type: 'withdraw', by: 'ben' },
      { target: moved },
    ],
  },
  comment: {
    draft: [histories.draft, said('comment', 'eve')],
    pending: [histories.pending, said('comment', 'eve')],
    changes_requested: [histories.changes_requested, said('comment', 'eve')],
    approved: [histories.approved, said('comment', 'eve')],
  },
  recall: { draft: [histories.approved, { type: 'recall' }] },
  cancel: { cancelled: [histories.approved, { type: 'cancel' }] },
  discard: { cancelled: [histories.draft, { type: 'discard' }] },
  apply: {
    applying: [histories.approved, { type: 'apply', by: 'eve' }, { target: outside }],
    applied: [histories.approved, { type: 'apply', by: 'eve' }],
    failed: [histories.approved, { type: 'apply', by: 'eve' }, { target: moved }],
  },
  retry: {
    applying: [histories.failed, { type: 'retry', by: 'eve' }, { target: outside }],
    applied: [histories.failed, { type: 'retry', by: 'eve' }],
    failed: [histories.failed, { type: 'retry', by: 'eve' }, { target: moved }],
  },
  bypass: {
    applying: [histories.changes_requested, said('bypass', 'root'), { target: outside }],
    applied: [histories.changes_requested, said('bypass', 'root')],
  },
  break_glass: {
    applying: [histories.pending, said('break_glass', 'root'), { target: outside }],
    applied: [histories.pending, said('break_glass', 'root')],
  },
  follow_up: {
    applied: [broken, said('follow_up', 'ben')],
    failed: [brokenOff, said('follow_up', 'ben')],
  },
  escalate: {
    pending: [histories.pending, said('escalate', 'root')],
    approved: [[submitted(escalating({ apply: 'by_hand' })), approved('cat')], said('escalate', 'root')],
    applying: [[submitted(escalating()), approved('cat')], said('escalate', 'root'), { target: outside }],
    applied: [[submitted(escalating()), approved('cat')], said('escalate', 'root')],
    failed: [[submitted(escalating()), approved('cat')], said('escalate', 'root'), { target: moved }],
  },
  confirm: {
    applying: [histories.applying, { type: 'confirm', found: 'unknown' }],
    applied: [histories.applying, { type: 'confirm', found: 'next' }],
    failed: [histories.applying, { type: 'confirm', found: 'other' }],
  },
  abandon: { failed: [histories.applying, said('abandon', 'eve'), otherwise('abandon')] },
  reclaim: { applying: [histories.applying, said('reclaim', 'root'), otherwise('reclaim')] },
  remind: {
    pending: [histories.pending, said('remind', 'root')],
    applied: [broken, said('remind', 'root')],
    failed: [brokenOff, said('remind', 'root')],
  },
  come_due: {
    applying: [scheduled, { type: 'come_due', at: due }, { target: outside }],
    applied: [scheduled, { type: 'come_due', at: due }],
    failed: [scheduled, { type: 'come_due', at: due }, { target: moved }],
    pending: [scheduled, { type: 'come_due', at: due }, { now: { require: leads(3) } }],
    approved: [scheduled, { type: 'come_due', at: due }, { holds: [{ from: due, to: due + 1 }] }],
  },
  resume: {
    pending: [takenBack(quorumOf2), { type: 'resume' }],
    approved: [takenBack(byHand), { type: 'resume' }],
    applying: [takenBack(), { type: 'resume' }, { target: outside }],
    applied: [takenBack(), { type: 'resume' }],
    failed: [takenBack(), { type: 'resume' }, { target: moved }],
  },
  return: { draft: [histories.approved, said('return', 'root'), otherwise('return')] },
  expire: { expired: [histories.approved, { type: 'expire', at: start + 14 * day }] },
}

describe('the destinations of the verbs', () => {
  for (const verb of verbNames) {
    const lines: Readonly<Record<string, Line>> = destinations[verb]
    it(`${verb} leads into each state that the table says, and those are all`, () => {
      expect(Object.keys(lines).toSorted()).toEqual([...verbs[verb].to].toSorted())
      for (const [status, [history, command, facts]] of Object.entries(lines)) {
        const attempt = given(...history).when(command, facts)
        expect(attempt.decision).toMatchObject({ ok: true, value: { outcome: { status } } })
        expect(attempt.request.status).toBe(status)
      }
    })
  }
})
