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
  office,
  outside,
  queued,
  rejected,
  rollout,
  type Said,
  type Step,
  start,
  submitted,
  unfit,
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
  failed: [submitted(quorumOf2), approved('cat'), approved('dan'), done({ type: 'apply' }, { target: unfit })],
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
  if (verb === 'set_time') return leftOpen(status)
  if (verb === 'lapse') return lapsing(status)
  if (verb === 'resume' && status === 'pending') return rejectionTakenBack
  if (verb === 'resume' && status === 'changes_requested') return takenBack()
  if (verb === 'resolve_comment' || verb === 'reopen_comment') return talkedAbout(verb, status)
  if (verb !== 'follow_up' && verb !== 'remind') return undefined
  return status === 'failed' ? brokenOff : status === 'applied' ? broken : undefined
}

const openly = { openTime: {}, rules: { applyTime: 'open' } } as const

/** The same history of a request whose time was left open. */
function leftOpen(status: RequestStatus): readonly [Beginning, ...Step[]] | undefined {
  const began = submitted({ ...quorumOf2, ...openly })
  if (status === 'pending') return [began, approved('cat')]
  if (status === 'changes_requested') return [began, changesRequested('cat')]
  return status === 'approved' ? [began, approved('cat'), approved('dan')] : undefined
}

/** The same history of a request whose approvals count for two days. */
function lapsing(status: RequestStatus): readonly [Beginning, ...Step[]] | undefined {
  const began = submitted({ ...quorumOf2, rules: { approvalsExpireAfter: '2d', apply: 'by_hand' } })
  if (status === 'pending') return [began, approved('cat')]
  return status === 'approved' ? [began, approved('cat'), approved('dan')] : undefined
}

/** The same history, with something that Eve said, or had said before that was resolved. */
function talkedAbout(verb: 'resolve_comment' | 'reopen_comment', status: RequestStatus) {
  const [beginning, ...steps] = histories[status]
  const said = done({ type: 'comment', by: 'eve', reason: 'why?' })
  return [beginning, ...steps, said, ...(verb === 'reopen_comment' ? [done({ type: 'resolve_comment' })] : [])] as const
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
    case 'participant':
      if (who === 'requester' || who === 'otherAccount') return undefined
      return status === 'draft' || who === 'bystander' || who === 'bypasser' ? 'not_a_participant' : undefined
    case 'requester':
      return who === 'requester' ? undefined : 'not_the_requester'
    case 'reviewer':
      return who === 'reviewer' ? undefined : 'no_review'
    case 'bypasser':
      return who === 'bypasser' ? undefined : 'bypass_forbidden'
    case 'breaker':
      return who === 'bypasser' ? undefined : 'break_glass_forbidden'
    case 'custodian':
      return who === 'requester' ? 'unknown_actor' : undefined
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
  warn: start + 13 * day,
  lapse: start + 3 * day,
}

function said(verb: RequestVerb, by: string): Said {
  const at = times[verb]
  return { type: verb, by, reason: 'because', ...(at === undefined ? {} : { at }) }
}

function otherwise(verb: RequestVerb): Otherwise {
  if (verb === 'return') return { switchedOff: 2 }
  if (verb === 'take_over') return left
  if (verb === 'reclaim' || verb === 'abandon') return { target: outside }
  if (verb === 'resolve_comment') return { comment: { by: 'joe' } }
  if (verb === 'reopen_comment') return { comment: { by: 'joe', resolved: { by: 'ann', at: start } } }
  if (verb === 'schedule') return { next: { applyAt: start + 3 * hour } }
  return verb === 'edit' ? { next: { changes: [rollout(70)] } } : {}
}

/** Ann is gone, and whoever acts may see to what she has left behind. */
const left: Otherwise = { users: new Map([...office].filter(([id]) => id !== 'ann')), custodian: true }

/** What was approved is not any more: by now, three have to. */
const askedMore: Otherwise = { now: { ...quorumOf2, require: leads(3) } }

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
        return given(...history).when(
          verb === 'come_due' ? { ...command, at: due } : command,
          verb === 'approve' && status === 'approved' ? askedMore : otherwise(verb),
        )
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
    brings: ['edit', 'submit', 'resubmit', 'reopen', 'rebase', 'resolve', 'schedule', 'unschedule', 'take_over'],
    takes: [
      ...(['edit', 'submit', 'resubmit', 'reopen', 'rebase', 'resolve', 'schedule', 'unschedule', 'set_time'] as const),
      ...(['take_over', 'apply', 'retry', 'abandon', 'bypass', 'break_glass'] as const),
    ],
    alone: ['expire', 'return', 'remind', 'warn'],
    readsFollowUps: ['break_glass', 'follow_up'],
    idle: [
      'withdraw',
      'comment',
      'resolve_comment',
      'reopen_comment',
      'describe',
      'recall',
      'cancel',
      'expire',
      'lapse',
      'return',
    ],
    resumes: ['rebase', 'resolve', 'retry'],
    outlasts: ['reopen', 'take_over', 'comment', 'resolve_comment', 'reopen_comment', 'follow_up', 'remind'],
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
      const { decision } = given(...(special(verb, status) ?? histories[status])).when(said(verb, actors[allowed]), {
        ...otherwise(verb),
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

/** Whatever is said leaves a request where it is. */
const talks = (verb: 'comment' | 'resolve_comment' | 'reopen_comment', by: string) => {
  const line = (status: RequestStatus): Line => [
    special(verb, status) ?? histories[status],
    said(verb, by),
    otherwise(verb),
  ]
  return Object.fromEntries(statuses.map((status) => [status, line(status)])) as { readonly [S in RequestStatus]: Line }
}

/** A change that nobody has to approve, and that waits for its time. */
const atOnce: Otherwise = { next: { atOnce: true } }
const waited: readonly [Beginning, ...Step[]] = [submitted({ ...ungated, applyAt: due })]

/** One line for every state that a verb can lead to. */
const destinations: { readonly [V in RequestVerb]: { readonly [S in (typeof verbs)[V]['to'][number]]: Line } } = {
  edit: {
    draft: [histories.draft, said('edit', 'ben'), otherwise('edit')],
    changes_requested: [histories.changes_requested, said('edit', 'ben'), otherwise('edit')],
    pending: [histories.approved, said('edit', 'ben'), otherwise('edit')],
    approved: [[submitted(keptByHand), approved('ben')], { type: 'edit', by: 'ann' }],
    applying: [locked(kept), { type: 'edit', by: 'ann' }, { target: outside }],
    applied: [locked(kept), { type: 'edit', by: 'ann' }],
    failed: [locked(kept), { type: 'edit', by: 'ann' }, { target: unfit }],
  },
  submit: {
    pending: [histories.draft, { type: 'submit' }],
    approved: [[drafted({ ...ungated, applyAt: due })], { type: 'submit' }],
    applying: [[drafted(ungated)], { type: 'submit' }, { target: outside }],
    applied: [[drafted(ungated)], { type: 'submit' }],
  },
  resubmit: {
    pending: [histories.changes_requested, { type: 'resubmit' }],
    approved: [waited, { type: 'resubmit' }],
    applying: [waited, { type: 'resubmit', at: due }, { ...atOnce, target: outside }],
    applied: [waited, { type: 'resubmit', at: due }, atOnce],
  },
  reopen: {
    pending: [histories.rejected, { type: 'reopen' }],
    approved: [[submitted({ ...ungated, applyAt: due }), done({ type: 'cancel' })], { type: 'reopen' }],
    applying: [[drafted(ungated), done({ type: 'discard' })], { type: 'reopen' }, { target: outside }],
    applied: [[drafted(ungated), done({ type: 'discard' })], { type: 'reopen' }],
    failed: [[drafted(ungated), done({ type: 'discard' })], { type: 'reopen' }, { target: moved }],
  },
  rebase: {
    draft: [histories.draft, { type: 'rebase' }],
    changes_requested: [histories.changes_requested, { type: 'rebase' }],
    pending: [histories.failed, { type: 'rebase' }],
    approved: [[submitted(keptByHand), approved('ben')], { type: 'rebase' }],
    applying: [[submitted(kept), approved('ben', { target: unfit })], { type: 'rebase' }, { target: outside }],
    applied: [[submitted(kept), approved('ben', { target: unfit })], { type: 'rebase' }],
    failed: [[submitted(kept), approved('ben', { target: unfit })], { type: 'rebase' }, { target: unfit }],
  },
  resolve: {
    draft: [histories.draft, { type: 'resolve' }],
    changes_requested: [histories.changes_requested, { type: 'resolve' }],
    pending: [histories.pending, { type: 'resolve' }],
    approved: [[submitted(keptByHand), approved('ben')], { type: 'resolve' }],
    applying: [locked(kept), { type: 'resolve' }, { target: outside }],
    applied: [locked(kept), { type: 'resolve' }],
    failed: [locked(kept), { type: 'resolve' }, { target: unfit }],
  },
  schedule: {
    draft: [histories.draft, { type: 'schedule' }, otherwise('schedule')],
    changes_requested: [histories.changes_requested, { type: 'schedule' }, otherwise('schedule')],
    pending: [histories.approved, { type: 'schedule' }, otherwise('schedule')],
    approved: [[submitted({ ...ungated, applyAt: due })], { type: 'schedule' }, otherwise('schedule')],
  },
  unschedule: {
    draft: [histories.draft, { type: 'unschedule' }],
    changes_requested: [histories.changes_requested, { type: 'unschedule' }],
    pending: [scheduled, { type: 'unschedule' }],
    approved: [[submitted({ ...ungated, applyAt: due })], { type: 'unschedule' }, { target: queued }],
    applying: [[submitted({ ...ungated, applyAt: due })], { type: 'unschedule' }, { target: outside }],
    applied: [[submitted({ ...ungated, applyAt: due })], { type: 'unschedule' }],
    failed: [[submitted({ ...ungated, applyAt: due })], { type: 'unschedule' }, { target: unfit }],
  },
  take_over: {
    draft: [histories.draft, said('take_over', 'eve'), left],
    pending: [histories.failed, said('take_over', 'eve'), left],
    approved: [waited, said('take_over', 'eve'), left],
    applying: [waited, { ...said('take_over', 'eve'), at: due }, { ...left, ...atOnce, target: outside }],
    applied: [waited, { ...said('take_over', 'eve'), at: due }, { ...left, ...atOnce }],
    failed: [waited, { ...said('take_over', 'eve'), at: due }, { ...left, ...atOnce, target: moved }],
  },
  approve: {
    pending: [[submitted(quorumOf2)], { type: 'approve', by: 'ben' }],
    changes_requested: [histories.changes_requested, { type: 'approve', by: 'ben' }],
    approved: [[submitted(byHand)], { type: 'approve', by: 'ben' }],
    applying: [[submitted()], { type: 'approve', by: 'ben' }, { target: outside }],
    applied: [[submitted()], { type: 'approve', by: 'ben' }],
    failed: [[submitted()], { type: 'approve', by: 'ben' }, { target: unfit }],
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
      { target: unfit },
    ],
  },
  describe: {
    pending: [histories.pending, said('describe', 'ann')],
    changes_requested: [histories.changes_requested, said('describe', 'ann')],
    approved: [histories.approved, said('describe', 'ann')],
  },
  comment: talks('comment', 'eve'),
  resolve_comment: talks('resolve_comment', 'ann'),
  reopen_comment: talks('reopen_comment', 'eve'),
  recall: { draft: [histories.approved, { type: 'recall' }] },
  cancel: { cancelled: [histories.approved, { type: 'cancel' }] },
  discard: { cancelled: [histories.draft, { type: 'discard' }] },
  apply: {
    applying: [histories.approved, { type: 'apply', by: 'eve' }, { target: outside }],
    applied: [histories.approved, { type: 'apply', by: 'eve' }],
    failed: [histories.approved, { type: 'apply', by: 'eve' }, { target: unfit }],
  },
  retry: {
    applying: [histories.failed, { type: 'retry', by: 'eve' }, { target: outside }],
    applied: [histories.failed, { type: 'retry', by: 'eve' }],
    failed: [histories.failed, { type: 'retry', by: 'eve' }, { target: unfit }],
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
    failed: [[submitted(escalating()), approved('cat')], said('escalate', 'root'), { target: unfit }],
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
    approved: [histories.approved, said('remind', 'root')],
    applied: [broken, said('remind', 'root')],
    failed: [brokenOff, said('remind', 'root')],
  },
  warn: {
    pending: [histories.pending, said('warn', 'root')],
    changes_requested: [histories.changes_requested, said('warn', 'root')],
    approved: [histories.approved, said('warn', 'root')],
  },
  set_time: {
    pending: [leftOpen('pending') ?? waited, said('set_time', 'eve')],
    changes_requested: [leftOpen('changes_requested') ?? waited, said('set_time', 'eve')],
    approved: [leftOpen('approved') ?? waited, said('set_time', 'eve')],
  },
  lapse: {
    pending: [lapsing('approved') ?? waited, said('lapse', 'ann')],
    approved: [
      [
        submitted({ rules: { approvalsExpireAfter: '2d', apply: 'by_hand' } }),
        done({ type: 'approve', by: 'cat' }),
        done(
          { type: 'approve', by: 'dan', at: start + 2 * day },
          { now: { require: leads(2), rules: { approvalsExpireAfter: '2d', apply: 'by_hand' } } },
        ),
      ],
      said('lapse', 'ann'),
    ],
  },
  come_due: {
    applying: [scheduled, { type: 'come_due', at: due }, { target: outside }],
    applied: [scheduled, { type: 'come_due', at: due }],
    failed: [scheduled, { type: 'come_due', at: due }, { target: unfit }],
    pending: [scheduled, { type: 'come_due', at: due }, { now: { require: leads(3), rules: { whenMissed: 'hold' } } }],
    expired: [scheduled, { type: 'come_due', at: due }, { now: { require: leads(3) } }],
    approved: [scheduled, { type: 'come_due', at: due }, { holds: [{ from: due, to: due + 1 }] }],
  },
  resume: {
    pending: [takenBack(quorumOf2), { type: 'resume' }],
    approved: [takenBack(byHand), { type: 'resume' }],
    applying: [takenBack(), { type: 'resume' }, { target: outside }],
    applied: [takenBack(), { type: 'resume' }],
    failed: [takenBack(), { type: 'resume' }, { target: unfit }],
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
