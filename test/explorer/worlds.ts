import type { Policy } from '../../src/core/policy/model/policy.ts'
import type { Requirement } from '../../src/core/policy/model/requirement.ts'
import type { RulesOfConduct } from '../../src/core/policy/model/rules-of-conduct.ts'
import type { Command, World } from './explored-world.ts'

const day = 24 * 60 * 60 * 1000

const from = (quorum: number, ...roles: string[]): Requirement => ({ quorum, from: { roles } })

const but = (user: string, need: Requirement): Requirement =>
  'quorum' in need ? { ...need, from: { ...need.from, except: { users: [user] } } } : need

function policy(id: string, version: number, require: Policy['require'], rules: Partial<RulesOfConduct> = {}): Policy {
  return { id, version, match: {}, require, rules }
}

/** The same verb by each of these people. */
function each(types: readonly Command['type'][], people: readonly string[], more: Partial<Command> = {}): Command[] {
  return types.flatMap((type) => people.map((by) => ({ type, by, ...more })))
}

const ann = { roles: ['developer'] }
const amy = { person: 'ann', roles: ['lead'] }
const ben = { roles: ['lead'] }
const bob = { person: 'ben', roles: ['lead'] }
const cat = { roles: ['lead', 'legal'] }
const eve = { roles: ['lead'] }
const dan = { roles: ['lead', 'security'] }

/** Who may answer: accounts of one person, roles that are lost, people who turn out to be one, policies that change meanwhile. */
export function people(rounds: number, crowd: 'few' | 'many'): World {
  const block = { onReject: 'block' } as const
  const answering = ['amy', 'ben', 'cat', 'dan', ...(crowd === 'many' ? ['eve'] : [])]
  return {
    name: 'people',
    bound: `${rounds} rounds, ${answering.length + 1} accounts of ${answering.length} people, 3 directories, 3 policy sets`,
    resources: [[{ a: 0, b: 0 }]],
    directories: [
      { ann, amy, ben, cat, dan, eve },
      { ann, amy, ben: { roles: [] }, cat, dan, eve },
      { ann, amy, ben, cat: { person: 'ben', roles: ['lead', 'legal'] }, dan, eve },
    ],
    policySets: [
      [policy('reviewed', 1, from(2, 'lead'), block)],
      [policy('reviewed', 2, from(1, 'lead'), { ...block, selfApproval: true })],
      [policy('reviewed', 2, from(1, 'lead'), block), policy('legal', 1, from(1, 'legal', 'security'))],
    ],
    times: [0],
    beginning: { edit: { resource: 0, set: { a: 1 } }, verb: 'submit' },
    commands: [
      ...each(['approve', 'reject', 'withdraw'], answering),
      ...each(['request_changes'], ['ben']),
      ...each(['approve'], ['ann', 'zoe']),
      { type: 'approve', by: 'ben', seen: 'first' },
      { type: 'edit', by: 'ben', edit: { resource: 0, set: { a: 2 } } },
      ...each(['resubmit', 'reopen', 'cancel'], ['ann']),
      ...each(['reopen', 'cancel'], ['ben']),
    ],
    rounds,
  }
}

/** Whose: the requester leaves and comes back, and somebody else takes over or ends what was left behind. */
export function left(rounds: number): World {
  const kim = { roles: ['keeper', 'lead'] }
  const rules = { onReject: 'block', remindEvery: '1d' } as const
  return {
    name: 'left',
    bound: `${rounds} rounds, 4 accounts, 4 directories, 2 policy sets, 3 instants, 2 live documents`,
    resources: [
      [
        { a: 0, b: 0 },
        { a: 0, b: 5 },
      ],
    ],
    directories: [
      { ann, ben, cat, kim },
      { ben, cat, kim },
      { ann: { roles: ['lead'] }, ben, cat, kim },
      { cat, kim: { person: 'ann', roles: ['keeper', 'lead'] } },
    ],
    policySets: [
      [policy('reviewed', 1, from(1, 'lead'), rules)],
      [policy('reviewed', 2, from(1, 'legal'), { ...rules, apply: 'by_hand' })],
    ],
    times: [0, day, 14 * day],
    beginning: { edit: { resource: 0, set: { a: 1 } }, verb: 'submit' },
    commands: [
      ...each(['approve'], ['ann', 'ben', 'cat', 'kim']),
      ...each(['reject', 'withdraw'], ['cat']),
      ...each(['take_over', 'cancel', 'discard'], ['kim', 'ben']),
      ...each(['resubmit', 'submit', 'recall'], ['ann', 'kim']),
      ...each(['reopen', 'cancel', 'discard'], ['ann']),
      ...each(['reopen'], ['kim']),
      ...each(['apply', 'retry', 'come_due', 'remind', 'expire', 'rebase'], ['cat']),
      { type: 'edit', by: 'cat', edit: { resource: 0, set: { a: 2 } } },
    ],
    hasWayOut: true,
    rounds,
  }
}

/** For whom: answers that are given for somebody, over the beginning and the end of what lets them, and are replaced and taken back. */
export function delegated(): World {
  const block = { onReject: 'block', cancel: 'any_time' } as const
  const zoe = { roles: [] }
  return {
    name: 'delegated',
    bound:
      '1 round, 7 accounts of 5 people, 6 delegations that begin and end, 3 instants, 3 directories, 2 policy sets',
    resources: [[{ a: 0 }]],
    directories: [
      { ann, amy, ben, bob, cat, dan, zoe },
      { ann, amy, ben, bob, cat: { roles: ['legal'] }, dan, zoe },
      { ann, amy, ben, dan, zoe: { person: 'ben', roles: [] } },
    ],
    delegations: [
      { from: 'cat', to: 'zoe', begins: 0, ends: day },
      { from: 'ben', to: 'zoe', begins: 0, ends: 2 * day },
      { from: 'dan', to: 'ben', begins: day, ends: 2 * day },
      { from: 'bob', to: 'zoe', begins: 0, ends: 2 * day },
      { from: 'cat', to: 'ann', begins: 0, ends: 2 * day },
      { from: 'amy', to: 'ben', begins: 0, ends: 2 * day },
    ],
    policySets: [
      [policy('reviewed', 1, from(2, 'lead'), block)],
      [policy('reviewed', 2, { stages: [but('ben', from(1, 'lead')), from(1, 'security', 'legal')] }, block)],
    ],
    times: [0, day, 2 * day],
    beginning: { edit: { resource: 0, set: { a: 1 } }, verb: 'submit' },
    commands: [
      ...each(['approve', 'withdraw'], ['ben', 'cat', 'dan', 'zoe']),
      ...each(['reject'], ['ben', 'cat']),
      ...each(['request_changes', 'withdraw'], ['zoe'], { whose: 'bob' }),
      ...each(['approve', 'reject', 'withdraw'], ['zoe'], { whose: 'cat' }),
      ...each(['approve', 'request_changes', 'withdraw'], ['zoe'], { whose: 'ben' }),
      ...each(['approve', 'reject', 'withdraw'], ['ben'], { whose: 'dan' }),
      ...each(['withdraw'], ['cat'], { whose: 'cat' }),
      ...each(['approve'], ['ann'], { whose: 'cat' }),
      ...each(['approve'], ['ben'], { whose: 'amy' }),
    ],
    rounds: 1,
  }
}

/** When: schedules, deadlines, what is due and late, on a resource that may move meanwhile. */
export function time(rounds: number, crowd: 'few' | 'many'): World {
  const answering = crowd === 'many' ? ['ben', 'cat', 'dan'] : ['ben', 'cat']
  const more = crowd === 'many' ? { dan } : {}
  const rules = { onReject: 'block', cancel: 'any_time' } as const
  return {
    name: 'time',
    bound: `${rounds} rounds, ${answering.length} reviewers, 6 instants around 2 schedules and 2 deadlines, 2 directories, 2 policy sets, 2 live documents`,
    resources: [
      [
        { a: 0, b: 0 },
        { a: 0, b: 5 },
      ],
    ],
    directories: [
      { ann, ben, cat, ...more },
      { ann, ben: { roles: [] }, cat, ...more },
    ],
    policySets: [
      [
        policy('reviewed', 1, from(2, 'lead'), {
          ...rules,
          expiresAfter: '3d',
          bypass: ['security'],
          whenMissed: 'apply',
        }),
      ],
      [policy('reviewed', 2, from(1, 'lead'), { ...rules, expiresAfter: '2d', bypass: ['legal'], whenMissed: 'hold' })],
    ],
    times: [0, day - 1, day, 2 * day, 3 * day - 1, 3 * day],
    beginning: { edit: { resource: 0, set: { a: 1 } }, verb: 'submit', applyAt: day },
    commands: [
      ...each(['approve', 'request_changes', 'withdraw'], answering),
      ...each(['reject'], ['ben']),
      ...each(['apply', 'come_due', 'expire', 'retry', 'rebase'], ['cat']),
      ...each(['bypass'], ['ben', 'cat']),
      ...each(['resubmit', 'reopen', 'cancel', 'unschedule'], ['ann']),
      { type: 'schedule', by: 'ann', applyAt: 2 * day },
      { type: 'schedule', by: 'ann' },
      { type: 'schedule', by: 'ben', applyAt: 2 * day },
    ],
    rounds,
  }
}

const heals = { onStale: 'rebase', lock: 'resource', bypass: ['security'], onEdit: 'keep', cancel: 'any_time' } as const

/** On what: moved resources, conflicts, locks, bypasses, and changes that heal. */
export function ground(rounds: number): World {
  return {
    name: 'ground',
    bound: `${rounds} rounds, 4 live documents, a rival who takes the lock, 2 policy sets`,
    resources: [
      [
        { a: 0, b: 0 },
        { a: 0, b: 5 },
        { a: 7, b: 5 },
        { a: 1, b: 5 },
      ],
    ],
    directories: [{ ann, ben, cat, dan }],
    policySets: [
      [policy('reviewed', 1, from(1, 'lead'), heals)],
      [policy('reviewed', 2, from(2, 'lead'), { ...heals, apply: 'by_hand' })],
    ],
    times: [0],
    rival: true,
    beginning: { edit: { resource: 0, set: { a: 1 } }, verb: 'submit' },
    commands: [
      ...each(['approve', 'request_changes', 'withdraw'], ['ben', 'cat']),
      ...each(['reject'], ['cat']),
      ...each(['apply', 'retry', 'rebase', 'resolve', 'bypass', 'come_due'], ['dan']),
      ...each(['bypass'], ['ben']),
      { type: 'bypass', by: 'dan', seen: 'first' },
      ...each(['resubmit', 'reopen', 'cancel'], ['ann']),
      { type: 'edit', by: 'cat', edit: { resource: 0, set: { a: 2 } } },
    ],
    rounds,
  }
}

/** Before whom: what is drafted, put to reviewers, taken back and put to them again, with a reason for the policies to change meanwhile. */
export function drafts(rounds: number): World {
  return {
    name: 'drafts',
    bound: `${rounds} rounds, from a draft that may be recalled, 2 live documents, 3 policy sets of which one asks for nothing`,
    resources: [
      [
        { a: 0, b: 0 },
        { a: 7, b: 0 },
      ],
    ],
    directories: [{ ann, ben, cat }],
    policySets: [
      [],
      [policy('reviewed', 1, from(2, 'lead'), { ...heals, onReject: 'block' })],
      [policy('reviewed', 2, from(1, 'lead'), { onReject: 'block', onStale: 'fail_when_applied', cancel: 'any_time' })],
    ],
    times: [0],
    beginning: { edit: { resource: 0, set: { a: 1 } }, verb: 'draft' },
    commands: [
      ...each(['approve', 'withdraw'], ['ben', 'cat']),
      ...each(['reject'], ['ben']),
      ...each(['rebase', 'resolve'], ['ben']),
      ...each(['submit', 'reopen', 'recall', 'discard', 'retry'], ['ann']),
      ...each(['submit', 'discard', 'recall'], ['ben']),
      { type: 'edit', by: 'cat', edit: { resource: 0, set: { b: 1 } } },
      { type: 'edit', by: 'ann', edit: { resource: 0, set: { a: 0 } } },
    ],
    rounds,
  }
}

/** Whether at all: the workflow is switched off and on again, before, while and after a request waits, and before that is recorded of it. */
export function switched(rounds: number): World {
  const rules = {
    onReject: 'block',
    cancel: 'any_time',
    expiresAfter: '2d',
    remindEvery: '1d',
    bypass: ['security'],
  } as const
  const byLeads = [policy('reviewed', 1, from(2, 'lead'), rules)]
  return {
    name: 'switched',
    bound: `${rounds} rounds, the workflow on, off and on again, 3 instants around a deadline, 2 live documents`,
    resources: [[{ a: 0 }, { a: 0, b: 5 }]],
    directories: [{ ann, ben, cat, dan }],
    policySets: [byLeads, [], byLeads],
    switchedOff: 1,
    times: [0, day, 2 * day],
    beginning: { edit: { resource: 0, set: { a: 1 } }, verb: 'submit' },
    commands: [
      ...each(['approve', 'withdraw', 'request_changes'], ['ben', 'cat']),
      ...each(['reject'], ['cat']),
      ...each(['return', 'expire', 'remind', 'come_due'], ['countersign']),
      ...each(['submit', 'resubmit', 'reopen', 'recall', 'cancel', 'discard', 'apply', 'retry', 'rebase'], ['ann']),
      ...each(['bypass'], ['dan']),
      { type: 'edit', by: 'ann', edit: { resource: 0, set: { a: 2 } } },
    ],
    rounds,
  }
}

/** Not now: the workflow is held and goes on, over schedules, deadlines, reminders and escalations, and answers are taken back meanwhile. */
export function held(rounds: number): World {
  const rules = {
    onReject: 'block',
    cancel: 'any_time',
    expiresAfter: '2d',
    remindEvery: '1d',
    bypass: ['security'],
  } as const
  const escalate = { after: '1d', to: { roles: ['legal'] } } as const
  return {
    name: 'held',
    bound: `${rounds} rounds, the workflow held and on at 4 instants around a schedule and a deadline`,
    resources: [[{ a: 0 }]],
    directories: [{ ann, ben, cat, dan }],
    policySets: [[{ ...policy('reviewed', 1, from(2, 'lead'), rules), escalate }]],
    holds: true,
    comments: 1,
    times: [0, day, 2 * day, 3 * day],
    beginning: { edit: { resource: 0, set: { a: 1 } }, verb: 'submit', applyAt: day },
    commands: [
      ...each(['approve', 'withdraw'], ['ben', 'cat']),
      ...each(['reject'], ['cat']),
      ...each(['request_changes'], ['dan']),
      ...each(['withdraw'], ['dan']),
      ...each(['resume', 'expire', 'remind', 'escalate', 'come_due'], ['countersign']),
      ...each(['resubmit', 'reopen', 'cancel', 'comment', 'apply', 'retry'], ['ann']),
      ...each(['bypass'], ['dan']),
      { type: 'edit', by: 'ann', edit: { resource: 0, set: { a: 2 } } },
    ],
    rounds,
  }
}

/** For whom: owners of fields in two resources, answers that are kept where the part of their giver is equal, vetoes, stages. */
export function owners(rounds: number): World {
  const rules = { onEdit: 'keep', onReject: 'block', excludeContributors: 'last_editor' } as const
  const owned: Policy['require'] = {
    owners: [
      { field: '/a', quorum: 1, from: { users: ['ben'] } },
      { field: '/b', quorum: 1, from: { users: ['cat'] } },
    ],
    otherwise: { quorum: 1, from: { users: ['dan'] } },
  }
  const stages: Requirement = { stages: [from(1, 'legal'), { any: [from(1, 'security'), from(2, 'lead')] }] }
  return {
    name: 'owners',
    bound: `${rounds} rounds, 2 resources with owners of 2 of their 3 fields, a veto, stages, 2 policy sets, 2 live documents`,
    resources: [
      [
        { a: 0, b: 0, c: 0 },
        { a: 0, b: 0, c: 5 },
      ],
      [{ a: 0, b: 0, c: 0 }],
    ],
    directories: [{ ann, ben, cat, dan }],
    policySets: [
      [
        { ...policy('owners', 1, owned, rules), match: { project: 'project-0' }, veto: { users: ['ann', 'dan'] } },
        policy('legal', 1, from(1, 'legal'), rules),
      ],
      [
        { ...policy('owners', 1, owned, rules), match: { project: 'project-0' }, veto: { users: ['ann', 'dan'] } },
        { ...policy('staged', 1, stages, rules), match: { project: 'project-1' } },
      ],
    ],
    times: [0],
    beginning: { edit: { resource: 0, set: { a: 1, b: 1 } }, verb: 'submit' },
    commands: [
      ...each(['approve', 'withdraw'], ['ben', 'cat', 'dan']),
      ...each(['reject'], ['cat', 'dan']),
      ...each(['rebase', 'apply'], ['ann']),
      { type: 'edit', by: 'ann', edit: { resource: 0, set: { a: 2 } } },
      { type: 'edit', by: 'ben', edit: { resource: 0, set: { b: 2 } } },
      { type: 'edit', by: 'ann', edit: { resource: 0, set: { c: 1 } } },
      { type: 'edit', by: 'ann', edit: { resource: 1, set: { b: 2 } } },
    ],
    rounds,
  }
}

/** For what: a step in the life cycle with details, beside places that are safe, or somebody's, or back to what they were. */
export function steps(rounds: number): World {
  const rules = { onEdit: 'keep', onReject: 'block', cancel: 'any_time' } as const
  const owned: Policy['require'] = {
    owners: [{ field: '/b', quorum: 1, from: { users: ['cat'] } }],
    otherwise: { quorum: 1, from: { users: ['dan'] } },
  }
  const excused = { safe: [{ field: '/a' }] }
  return {
    name: 'steps',
    bound: `${rounds} rounds, a step with details and with or without places, of which one is safe and one is somebody's, 3 policy sets`,
    resources: [[{ a: 0, b: 0 }]],
    directories: [{ ann, ben, cat, dan }],
    policySets: [
      [{ ...policy('excused', 1, from(1, 'lead'), rules), ...excused }],
      [{ ...policy('owners', 1, owned, rules), ...excused }],
      [policy('owners', 2, owned, rules), { ...policy('excused', 2, from(1, 'legal'), rules), ...excused }],
    ],
    times: [0],
    step: { action: 'finish', from: 'running', to: 'finished' },
    beginning: { edit: { resource: 0, set: { a: 1 } }, verb: 'submit' },
    commands: [
      ...each(['approve', 'withdraw'], ['ben', 'cat', 'dan']),
      ...each(['reject'], ['dan']),
      ...each(['resubmit', 'reopen', 'cancel'], ['ann']),
      { type: 'edit', by: 'ann', edit: { resource: 0, set: { a: 0 } } },
      { type: 'edit', by: 'ann', edit: { resource: 0, set: { a: 2 } } },
      { type: 'edit', by: 'ben', edit: { resource: 0, set: { b: 1 } } },
    ],
    rounds,
  }
}

/** By whom: requests that only some may edit while they wait, approvals that stand whatever is edited, and drafts that were recalled from reviewers. */
export function editors(rounds: number): World {
  const rules = { onReject: 'block', excludeContributors: 'last_editor' } as const
  const standing = { ...rules, edit: 'contributors', onEdit: 'stand' } as const
  return {
    name: 'editors',
    bound: `${rounds} rounds, 3 policy sets that let others edit, and keep other approvals; 2 of 3 people who edit`,
    resources: [[{ a: 0, b: 0 }]],
    directories: [{ ann, ben, cat, dan }],
    policySets: [
      [policy('reviewed', 1, from(2, 'lead'), standing)],
      [
        policy('reviewed', 1, from(2, 'lead'), standing),
        policy('legal', 1, from(1, 'legal'), { ...rules, edit: 'requester', onEdit: 'keep', cancel: 'any_time' }),
      ],
      [policy('reviewed', 2, from(2, 'lead'), { ...standing, edit: 'nobody', cancel: 'any_time' })],
    ],
    times: [0],
    beginning: { edit: { resource: 0, set: { a: 1 } }, verb: 'draft' },
    commands: [
      ...each(['approve', 'reject', 'withdraw'], ['ben', 'cat']),
      ...each(['submit', 'recall', 'cancel', 'discard', 'reopen'], ['ann']),
      { type: 'edit', by: 'ann', edit: { resource: 0, set: { a: 2 } } },
      { type: 'edit', by: 'ben', edit: { resource: 0, set: { b: 1 } } },
      { type: 'edit', by: 'dan', edit: { resource: 0, set: { a: 1 } } },
      { type: 'edit', by: 'ann', seen: 'first', edit: { resource: 0, set: { a: 3 } } },
      { type: 'schedule', by: 'ann', applyAt: day },
    ],
    rounds,
  }
}

/** Not without those who are asked meanwhile: a freeze that asks, and that queues in between, of what somebody has to approve or nobody. */
export function askedMeanwhile(rounds: number): World {
  return {
    name: 'asked meanwhile',
    bound: `${rounds} rounds, 5 instants of which 1 queues and 2 ask, a schedule, 2 live documents, 2 policy sets of which one asks nobody at first`,
    resources: [[{ a: 0 }, { a: 0, b: 5 }]],
    directories: [{ ann, ben, dan }],
    policySets: [
      [
        {
          ...policy('reviewed', 1, from(1, 'lead')),
          when: { type: 'before_after', field: '/a', operator: '>', value: 1 },
        },
      ],
      [policy('reviewed', 2, from(1, 'lead'))],
    ],
    times: [0, day, 2 * day, 3 * day, 4 * day],
    freezes: [undefined, 'ask', 'queue', 'ask', undefined],
    asking: policy('season', 1, from(1, 'security')),
    beginning: { edit: { resource: 0, set: { a: 1 } }, verb: 'submit', applyAt: day },
    commands: [
      ...each(['approve', 'withdraw'], ['ben', 'dan']),
      ...each(['reject'], ['dan']),
      ...each(['come_due', 'resume'], ['countersign']),
      ...each(['reopen', 'recall', 'submit', 'resubmit', 'rebase', 'apply', 'unschedule'], ['ann']),
      { type: 'schedule', by: 'ann', applyAt: 3 * day },
      { type: 'edit', by: 'ann', edit: { resource: 0, set: { a: 2 } } },
    ],
    rounds,
  }
}

/** Not before it is over: freezes that queue and block, over schedules and deadlines, of what somebody has to approve or nobody. */
export function frozen(rounds: number): World {
  const rules = { bypass: ['security'], breakGlass: ['security'], cancel: 'any_time', expiresAfter: '3d' } as const
  return {
    name: 'frozen',
    bound: `${rounds} rounds, 5 instants of which 3 are frozen, a schedule, deadlines, 2 live documents, 2 policy sets of which one asks nobody at first`,
    resources: [[{ a: 0 }, { a: 0, b: 5 }]],
    directories: [{ ann, ben, dan }],
    policySets: [
      [
        {
          ...policy('reviewed', 1, from(1, 'lead'), rules),
          when: { type: 'before_after', field: '/a', operator: '>', value: 1 },
        },
      ],
      [policy('reviewed', 2, from(1, 'lead'), rules)],
    ],
    times: [0, day, 2 * day, 3 * day, 4 * day],
    freezes: [undefined, 'queue', 'block', undefined, 'block'],
    beginning: { edit: { resource: 0, set: { a: 1 } }, verb: 'submit', applyAt: day },
    commands: [
      ...each(['approve', 'withdraw', 'reject'], ['ben']),
      ...each(['come_due', 'expire'], ['countersign']),
      ...each(['reopen', 'recall', 'submit', 'rebase', 'apply', 'retry', 'unschedule'], ['ann']),
      ...each(['bypass', 'break_glass'], ['dan']),
      { type: 'schedule', by: 'ann', applyAt: 2 * day },
      { type: 'schedule', by: 'ann', applyAt: 3 * day },
      { type: 'edit', by: 'ann', edit: { resource: 0, set: { a: 2 } } },
    ],
    rounds,
  }
}

/** What time and emergencies do: reminders, escalations, and reviews that are owed afterwards. */
export function watch(rounds: number): World {
  const rules = {
    breakGlass: ['security'],
    settleWithin: '1d',
    remindEvery: '1d',
    onReject: 'block',
    selfApproval: true,
  } as const
  const escalate = { after: '1d', to: { roles: ['legal'], users: ['fay'] } } as const
  const fay = { roles: [] }
  const root = { roles: ['security', 'lead'] }
  const ruth = { person: 'root', roles: ['security', 'legal'] }
  return {
    name: 'watch',
    bound: `${rounds} rounds, 2 instants, an escalation, a follow-up review of somebody else that is owed and done, 2 directories, 2 policy sets`,
    resources: [[{ a: 0 }, { a: 0, b: 5 }]],
    directories: [
      { ann, ben, cat, fay, root, ruth, dan },
      { ann, ben: { roles: [] }, cat, fay: { person: 'cat', roles: [] }, root, ruth, dan },
    ],
    policySets: [
      [{ ...policy('reviewed', 1, from(2, 'lead'), rules), escalate }],
      [
        { ...policy('reviewed', 2, from(1, 'lead'), rules), escalate },
        policy('legal', 1, from(1, 'legal'), { ...rules, settleWithin: '2d', breakGlass: ['security', 'lead'] }),
      ],
    ],
    times: [0, day],
    owed: {
      request: 'r0',
      by: 'root',
      person: 'root',
      incident: 'INC-0',
      policies: ['legal'],
      at: 0,
      dueAt: day,
    },
    beginning: { edit: { resource: 0, set: { a: 1 } }, verb: 'submit' },
    commands: [
      ...each(['approve'], ['cat', 'fay']),
      ...each(['break_glass'], ['ben', 'root', 'ruth']),
      ...each(['follow_up'], ['ann', 'ben', 'cat', 'ruth']),
      ...each(['escalate', 'remind'], ['countersign']),
      { type: 'edit', by: 'fay', edit: { resource: 0, set: { a: 2 } } },
    ],
    rounds,
  }
}

/** What is on its way: claims that are confirmed, lost, put off and made anew, of a resource that is kept outside of the database. */
export function outside(rounds: number, claims: number): World {
  const rules = { onReject: 'block', onStale: 'rebase', bypass: ['security'], breakGlass: ['security'] } as const
  const lease = 60_000
  const found = ['next', 'before', 'other', 'unknown'] as const
  return {
    name: 'outside',
    bound: `${rounds} rounds, at most ${claims} claims, 3 instants around a lease and a pause, 2 live documents, 2 policy sets`,
    resources: [
      [
        { a: 0, b: 0 },
        { a: 0, b: 5 },
      ],
    ],
    directories: [{ ann, ben, cat, dan }],
    policySets: [
      [policy('reviewed', 1, from(1, 'lead'), rules)],
      [policy('reviewed', 2, from(2, 'lead'), { ...rules, apply: 'by_hand' })],
    ],
    times: [0, 2_000, lease],
    outside: { lease, claims },
    beginning: { edit: { resource: 0, set: { a: 1 } }, verb: 'submit' },
    commands: [
      ...each(['approve', 'withdraw'], ['ben', 'cat']),
      ...each(['apply', 'retry', 'rebase', 'bypass', 'break_glass', 'abandon'], ['dan']),
      ...each(['reopen', 'cancel'], ['ann']),
      ...each(['follow_up'], ['ben']),
      ...each(['come_due', 'reclaim', 'expire'], ['countersign']),
      ...found.flatMap((one) => each(['confirm'], ['countersign'], { found: one })),
      { type: 'confirm', by: 'countersign', found: 'next', claim: 'lost' },
      { type: 'confirm', by: 'countersign', found: 'before', over: true },
      { type: 'edit', by: 'cat', edit: { resource: 0, set: { a: 2 } } },
    ],
    rounds,
  }
}

/** What is said: comments that have to be resolved, by whom they may be, in every state, over a schedule and a deadline. */
export function talked(rounds: number): World {
  const rules = { comments: 'resolved', bypass: ['security'], cancel: 'any_time', expiresAfter: '2d' } as const
  return {
    name: 'talked',
    bound: `${rounds} rounds, at most 2 comments, 3 instants around a schedule and a deadline, 2 policy sets`,
    resources: [[{ a: 0 }, { a: 3 }]],
    directories: [{ ann, ben, cat, dan, joe: { roles: [] } }],
    policySets: [
      [policy('reviewed', 1, from(1, 'lead'), rules)],
      [policy('reviewed', 2, from(1, 'lead'), { ...rules, comments: 'any' })],
    ],
    times: [0, day, 2 * day],
    comments: 2,
    beginning: { edit: { resource: 0, set: { a: 1 } }, verb: 'submit' },
    commands: [
      ...each(['comment'], ['joe', 'cat']),
      ...each(['resolve_comment', 'reopen_comment'], ['joe', 'ben', 'ann', 'zoe']),
      ...each(['approve', 'withdraw'], ['ben', 'cat']),
      ...each(['reject', 'bypass'], ['dan']),
      ...each(['submit', 'reopen', 'recall', 'cancel', 'apply', 'retry', 'describe'], ['ann']),
      ...each(['come_due', 'expire'], ['countersign']),
      { type: 'schedule', by: 'ann', applyAt: day },
    ],
    rounds,
  }
}

/** When nobody has to approve: a change that waits for its time, and for which somebody may be asked by then. */
export function unasked(rounds: number): World {
  return {
    name: 'unasked',
    bound: `${rounds} rounds, 3 instants around a schedule, a hold, 2 live documents, 2 policy sets of which one asks nobody at first`,
    resources: [
      [
        { a: 0, b: 0 },
        { a: 0, b: 5 },
      ],
    ],
    directories: [{ ann, ben, cat, dan }],
    policySets: [
      [
        {
          ...policy('reviewed', 1, from(1, 'lead')),
          when: { type: 'before_after', field: '/a', operator: '>', value: 1 },
        },
      ],
      [policy('reviewed', 2, from(1, 'lead'))],
    ],
    holds: true,
    times: [0, day, 2 * day],
    beginning: { edit: { resource: 0, set: { a: 1 } }, verb: 'submit', applyAt: day },
    commands: [
      ...each(['approve', 'withdraw', 'reject'], ['ben']),
      ...each(['come_due', 'expire', 'resume'], ['countersign']),
      ...each(['submit', 'resubmit', 'reopen', 'recall', 'cancel', 'rebase', 'apply', 'unschedule'], ['ann']),
      { type: 'schedule', by: 'ann', applyAt: 2 * day },
      { type: 'edit', by: 'ann', edit: { resource: 0, set: { a: 2 } } },
    ],
    rounds,
  }
}

/** Too old, or too late: approvals that count for a while, within a time that was left open and has an end. */
export function lapsing(rounds: number): World {
  const rules = { onReject: 'block', onEdit: 'keep', applyTime: 'open', bypass: ['security'] } as const
  return {
    name: 'lapsing',
    bound: `${rounds} rounds, 4 instants around an open time, its end and the ends of approvals, 2 policy sets`,
    resources: [[{ a: 0 }]],
    directories: [{ ann, ben, cat, dan }],
    policySets: [
      [policy('reviewed', 1, from(2, 'lead'), { ...rules, approvalsExpireAfter: '2d' })],
      [policy('reviewed', 2, from(1, 'lead'), { ...rules, approvalsExpireAfter: '1d' })],
    ],
    times: [0, day, 2 * day, 3 * day],
    openTime: { from: day, until: 4 * day },
    applyBy: 3 * day,
    beginning: { edit: { resource: 0, set: { a: 1 } }, verb: 'submit' },
    commands: [
      ...each(['approve'], ['ben', 'cat']),
      ...each(['withdraw'], ['ben']),
      ...each(['bypass'], ['dan']),
      ...each(['come_due', 'expire', 'lapse'], ['countersign']),
      ...each(['apply', 'reopen'], ['ann']),
      ...[day, 2 * day, 3 * day].map((applyAt) => ({ type: 'set_time', by: 'cat', applyAt }) as const),
      { type: 'set_time', by: 'ben' },
      { type: 'edit', by: 'dan', edit: { resource: 0, set: { a: 2 } } },
    ],
    rounds,
  }
}

/** Before it is too late: warnings of a time and of an end, which move with the time that the workflow was held. */
export function warned(rounds: number): World {
  const rules = { expiresAfter: '2d', comments: 'resolved', cancel: 'any_time' } as const
  const hour = day / 24
  return {
    name: 'warned',
    bound: `${rounds} rounds, 5 instants around warnings of a schedule and of a deadline, the workflow held, 2 policy sets`,
    resources: [[{ a: 0 }]],
    directories: [{ ann, ben, cat, dan }],
    policySets: [
      [policy('reviewed', 1, from(1, 'lead'), rules)],
      [policy('reviewed', 2, from(1, 'lead'), { ...rules, whenMissed: 'hold', apply: 'by_hand' })],
    ],
    times: [0, 18 * hour, day, 1.5 * day, 2 * day],
    holds: true,
    comments: 1,
    beginning: { edit: { resource: 0, set: { a: 1 } }, verb: 'submit', applyAt: day },
    commands: [
      ...each(['warn', 'come_due', 'expire'], ['countersign']),
      ...each(['approve', 'withdraw'], ['ben']),
      ...each(['request_changes'], ['dan']),
      ...each(['comment', 'resolve_comment'], ['cat']),
      ...each(['resubmit', 'apply', 'unschedule'], ['ann']),
      { type: 'edit', by: 'ann', edit: { resource: 0, set: { a: 2 } } },
    ],
    rounds,
  }
}

/** What is applied for a time, and is not any more once it would be taken back: at its schedule, late, by hand, past the policies. */
export function temporary(rounds: number): World {
  const rules = { whenMissed: 'apply', bypass: ['security'], breakGlass: ['security'], expiresAfter: '9d' } as const
  return {
    name: 'temporary',
    bound: `${rounds} rounds, 4 instants around a schedule and the end of a change for a time, the workflow held, 2 policy sets`,
    resources: [[{ a: 0 }, { a: 3 }]],
    directories: [{ ann, ben, cat, dan }],
    policySets: [
      [policy('reviewed', 1, from(1, 'lead'), rules)],
      [policy('reviewed', 2, from(2, 'lead'), { ...rules, apply: 'by_hand' })],
    ],
    times: [0, day, 2 * day, 3 * day],
    holds: true,
    revertAt: 3 * day,
    beginning: { edit: { resource: 0, set: { a: 1 } }, verb: 'submit' },
    commands: [
      ...each(['approve', 'withdraw'], ['ben', 'cat']),
      ...each(['bypass', 'break_glass'], ['dan']),
      ...each(['come_due', 'expire'], ['countersign']),
      ...each(['apply', 'retry', 'reopen', 'rebase'], ['ann']),
      { type: 'schedule', by: 'ann', applyAt: 2 * day },
    ],
    rounds,
  }
}
