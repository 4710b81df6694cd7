import type { Elsewhere } from './elsewhere.ts'
import { answer, type ModelAnswer, nextRound, putAside, topicOf } from './grudges.ts'
import { moved } from './moved.ts'
import { onItsWay } from './on-its-way.ts'
import {
  type Act,
  deadlineAfter,
  type Flag,
  hour,
  type LiveFlag,
  type ModelRequest,
  type OfficeRules,
} from './vocabulary.ts'

/** The verbs that bring content, or put it to the leads: for those the flag is looked at first. */
const contentVerbs = ['edit', 'rebase', 'resolve', 'submitDraft', 'resubmit', 'reopen']

/**
 * A simple model of an office: says of every act whether it is refused, or what state the request is in from then on. Its flag is kept in the
 * database, or by a system elsewhere.
 */
export function officeModel(rules: OfficeRules, system?: Elsewhere) {
  const model = {
    now: 0,
    live: { rollout: 1, description: 'a', revision: 1 } as LiveFlag,
    /** How many leads the policy asks for; 0 while there is none. */
    asked: 1,
    roles: new Map<string, boolean>([
      ['ann', false],
      ['amy', true],
      ['ben', true],
      ['cat', true],
      ['dan', true],
    ]),
    persons: new Map([['amy', 'ann']]),
    requests: [] as ModelRequest[],
    /** Since when the workflow is held, where it is. */
    heldSince: undefined as number | undefined,
  }
  const away = system && onItsWay(model, system)
  const look = () => away?.look() ?? true
  let made = 0
  let said = 0
  /** Who a user is, as far as the directory says: nothing of whom it does not know. */
  const person = (user: string) => (model.roles.has(user) ? (model.persons.get(user) ?? user) : user)
  /** Whether two users are one person. Whoever is gone is nobody's account any more. */
  const isAccountOf = (one: string, other: string) => model.roles.has(one) && person(one) === person(other)
  const isOpen = ({ status }: ModelRequest) => ['pending', 'changes_requested', 'approved'].includes(status)
  const isLate = ({ deadline }: ModelRequest) => (model.heldSince ?? model.now) >= deadline
  const lockHolder = () =>
    away?.request() ??
    (rules.lock === 'resource' ? model.requests.find((one) => isOpen(one) && !isLate(one)) : undefined)
  const isKeptOff = (request: ModelRequest) => (lockHolder() ?? request) !== request
  const isBehind = (user: string, other: string, { behind }: ModelRequest) =>
    person(user) === person(other) || behind.some((one) => one.user === other && one.person === person(user))

  function mayAnswer(user: string, verdict: string, request: ModelRequest): boolean {
    if (!model.roles.has(user) || !model.roles.get(user)) return false
    if (!rules.selfApproval && isBehind(user, request.requester, request)) return false
    if (verdict !== 'approve') return true
    const others = request.contributors.filter((one) => one !== request.requester)
    const last = request.contributors.slice(-1).filter((one) => one !== request.requester)
    const barred = { all: others, last_editor: last, none: [] }[rules.excludeContributors]
    return !barred.some((one) => isBehind(user, one, request))
  }

  /** Whether a user may change what waits, or waited: of what nobody had to approve, no rule speaks. */
  function mayEdit(user: string, { requester, contributors, quorum }: ModelRequest): boolean {
    if (rules.edit === 'anyone' || quorum === 0) return true
    const others = rules.edit === 'contributors' ? contributors : []
    return rules.edit !== 'nobody' && [requester, ...others].includes(user)
  }

  /** Whether a user may take their answer back: a no only as long as they could say it. */
  function mayTakeBack(user: string, request: ModelRequest): boolean {
    const own = request.answers.find(({ by }) => by === user)
    return own !== undefined && (own.verdict === 'approve' || mayAnswer(user, own.verdict, request))
  }

  function isApproved(request: ModelRequest): boolean {
    const quorum = Math.max(request.quorum, request.quorum > 0 ? model.asked : 0)
    const approvers = request.answers.filter(
      ({ by, verdict }) => verdict === 'approve' && mayAnswer(by, verdict, request),
    )
    const people = new Set(approvers.map(({ by }) => person(by)))
    return quorum > 0 && people.size >= quorum && request.answers.every(({ verdict }) => verdict === 'approve')
  }

  /** Whether what is live is what it was made against, or may be moved onto it. */
  function canLand({ base, quorum }: Pick<ModelRequest, 'base' | 'quorum'>): boolean {
    const { live } = model
    const heals = rules.onStale === 'rebase' && quorum > 0 && base.rollout === live.rollout
    return base.revision === live.revision || heals
  }

  /** Whether nobody needs to look at it, since it could only fail: unless people may approve what fails then. */
  function isPointless(request: Pick<ModelRequest, 'base' | 'quorum'>): boolean {
    return !canLand(request) && (rules.onStale !== 'fail_when_applied' || request.quorum === 0)
  }

  /** Whether what was applied last had been passed by before it got anywhere. */
  let cameTooLate = false

  function apply(request: ModelRequest): string {
    const { base, after } = request
    const { live } = model
    cameTooLate = !canLand(request)
    if (cameTooLate) return 'failed'
    const rollout = after.rollout === base.rollout ? live.rollout : after.rollout
    if (away) return away.begin(request, { rollout, description: live.description })
    model.live = { rollout, description: live.description, revision: live.revision + 1 }
    return 'applied'
  }

  function settle(request: ModelRequest): string {
    if (request.answers.some(({ verdict }) => verdict === 'request_changes')) return 'changes_requested'
    if (!isApproved(request)) return 'pending'
    if (rules.apply === 'by_hand') return 'approved'
    if (!look()) return 'refused'
    return isKeptOff(request) || withholds(request) ? 'approved' : apply(request)
  }

  /** Whether nothing is applied by itself, since whoever asked for it is gone. From then on somebody applies it by hand. */
  function withholds(request: ModelRequest): boolean {
    request.withheld = !model.roles.has(request.requester)
    return request.withheld
  }

  /** Puts new content, or the same again, in the place of the old. */
  function rewrite(request: ModelRequest, act: Act, after: Flag, base = request.base): string {
    const drafting = request.status === 'draft' && act.verb !== 'submitDraft'
    const anew = ['submitDraft', 'resubmit', 'reopen'].includes(act.verb)
    const before = { ...request }
    request.after = after
    request.base = base
    request.edition++
    if (act.verb === 'edit' || act.verb === 'resolve') {
      request.contributors = [...request.contributors.filter((one) => one !== act.by), act.by]
    }
    request.behind = [...request.behind, { user: act.by, person: person(act.by) }]
    // While the workflow is held it is off: nobody is asked about what is put to them then.
    const held = model.heldSince !== undefined
    request.quorum = drafting || held ? 0 : model.asked > 0 ? model.asked : request.quorum
    const topic = request.collided ? 'nothing' : topicOf(base, after)
    const keeps = rules.onEdit !== 'reset'
    const stands = rules.onEdit === 'stand' && !request.collided
    const staysHere = keeps && !anew && !drafting && before.quorum > 0 && before.status !== 'changes_requested'
    const same = !request.collided && before.base.rollout === base.rollout && before.after.rollout === after.rollout
    const approvals = before.answers.filter(({ by, verdict }) => {
      if (!staysHere || verdict === 'reject') return false
      return verdict !== 'approve' || ((same || stands) && by !== act.by && mayAnswer(by, verdict, request))
    })
    const ends = act.verb === 'reopen' && before.status !== 'failed'
    const submits = act.verb === 'submitDraft'
    Object.assign(request, nextRound(before, { topic, keeps, ends, drafting, submits, approvals }), { topic })
    if (drafting) return 'draft'
    request.leftBehind = 0
    if (anew) request.deadline = model.now + (request.quorum > 0 ? deadlineAfter : 14 * 24 * hour)
    else if (request.quorum > 0) request.deadline = Math.min(request.deadline, model.now + deadlineAfter)
    if (before.status === 'changes_requested' && !anew) return 'changes_requested'
    request.status = 'pending'
    if (request.quorum > 0) return settle(request)
    return isKeptOff(request) ? 'refused' : apply(request)
  }

  /** A change that nobody has to approve: made at once in the database; elsewhere a request of its own, listed where it does not get there at once. */
  function change(by: string, next: Flag): string {
    if (!away) {
      model.live = { ...next, revision: model.live.revision + 1 }
      return 'applied'
    }
    const request = newRequest(by, next, { quorum: 0, deadline: model.now + 14 * 24 * hour })
    request.status = away.begin(request, next)
    if (request.status !== 'applied' && next.rollout !== request.base.rollout) model.requests.unshift(request)
    return request.status
  }

  function newRequest(by: string, after: Flag, asks: Pick<ModelRequest, 'quorum' | 'deadline'>): ModelRequest {
    return {
      id: made++,
      status: 'draft',
      requester: by,
      base: model.live,
      after,
      collided: undefined,
      answers: [],
      grudges: [],
      topic: topicOf(model.live, after),
      mayLand: false,
      leftBehind: 0,
      contributors: [],
      behind: [{ user: by, person: person(by) }],
      edition: 1,
      unsettled: false,
      withheld: false,
      ...asks,
    }
  }

  /** The verb that is meant: people submit, cancel and apply, and the state says what that is. */
  function meant({ verb, request: at }: Act): string {
    const request = model.requests[at]
    if (!request) return verb
    const { status } = request
    if (['cancel', 'discard'].includes(verb)) return status === 'draft' ? 'discard' : 'cancel'
    if (['apply', 'retry'].includes(verb)) return status === 'failed' ? 'retry' : 'apply'
    if (!['submitDraft', 'resubmit', 'reopen'].includes(verb)) return verb
    if (status === 'draft') return 'submitDraft'
    return isOpen(request) && !isLate(request) ? 'resubmit' : 'reopen'
  }

  /** Says what becomes of an act; `refused` leaves everything as it was. */
  function act(asked: Act): string {
    const doing = { ...asked, verb: meant(asked) }
    const { verb, by, value } = doing
    if (['describe', 'submit', 'draft'].includes(verb)) {
      if (!look() || !model.roles.has(by)) return 'refused'
      if (verb !== 'draft' && lockHolder()) return 'refused'
      const { rollout, description } = model.live
      if (verb === 'describe') return change(by, { rollout, description: `${description}!` })
      const after = { rollout: value, description }
      if (verb === 'submit' && value === rollout) return 'refused'
      if (verb === 'submit' && model.asked === 0) return change(by, after)
      const asks =
        verb === 'draft' ? { quorum: 0, deadline: 0 } : { quorum: model.asked, deadline: model.now + deadlineAfter }
      const request = newRequest(by, after, asks)
      if (verb === 'submit') request.status = 'pending'
      model.requests.unshift(request)
      return request.status
    }
    const request = model.requests[doing.request]
    if (!request) return 'refused'
    const before = { ...request }
    request.withheld = false
    const status = model.heldSince === undefined ? actOn(request, doing) : actWhileHeld(request, doing)
    const settles = model.heldSince === undefined && verb !== 'comment' ? { unsettled: false } : {}
    // A comment is answered with what people see, which is that it is late, and moves nothing: the clock ends what is late.
    const after = status === 'refused' || verb === 'comment' ? before : { ...settles, status }
    Object.assign(request, after)
    return status
  }

  /** What is held can be talked about and taken back, and comes no nearer to being applied. */
  function actWhileHeld(request: ModelRequest, doing: Act): string {
    const { verb, by } = doing
    const { status } = request
    const isOver = !isOpen(request) || (isLate(request) && verb === 'reopen')
    const mayMove = isOver && !(status === 'failed' && ['retry', 'rebase', 'resolve'].includes(verb))
    if (mayMove || ['cancel', 'recall', 'comment'].includes(verb)) return actOn(request, doing)
    if (verb !== 'withdraw' || isLate(request) || !model.roles.has(by) || !mayTakeBack(by, request)) return 'refused'
    request.answers = request.answers.filter((answer) => answer.by !== by)
    if (status === 'approved') return isApproved(request) ? status : 'pending'
    const asksForChanges = request.answers.some(({ verdict }) => verdict === 'request_changes')
    request.unsettled = status === 'pending' ? isApproved(request) : !asksForChanges
    return status
  }

  function actOn(request: ModelRequest, doing: Act): string {
    const { verb, by, value } = doing
    const { status } = request
    const open = isOpen(request)
    // Whoever resolves conflicts has read the request first.
    if (verb === 'resolve' && !look()) return 'refused'
    const exists: Readonly<Record<string, boolean>> = {
      submitDraft: status === 'draft',
      discard: status === 'draft',
      resubmit: open,
      reopen: ['rejected', 'cancelled', 'expired', 'failed'].includes(status) || (open && isLate(request)),
      edit: open || status === 'draft',
      resolve: open || status === 'draft' || status === 'failed',
      comment: true,
      rebase: open || status === 'draft' || status === 'failed',
      approve: open && !(status === 'approved' && isApproved(request)),
      apply: status === 'approved',
      retry: status === 'failed',
      abandon: status === 'applying',
    }
    if (!(exists[verb] ?? open)) return 'refused'
    if (isLate(request) && verb !== 'reopen' && verb !== 'comment' && (open || status === 'failed')) return 'refused'
    if (!model.roles.has(by)) return 'refused'
    const own = ['submitDraft', 'discard', 'resubmit', 'reopen', 'recall', 'cancel']
    // Whoever is there may change the settings of this office, and so ends what somebody who is gone has left behind.
    const inherits = !model.roles.has(request.requester) && ['cancel', 'discard'].includes(verb)
    if (own.includes(verb) && by !== request.requester && !inherits) return 'refused'
    if (status !== 'draft' && ['edit', 'resolve'].includes(verb) && !mayEdit(by, request)) return 'refused'
    if (contentVerbs.includes(verb) && !look()) return 'refused'
    const keptOff = isKeptOff(request)

    switch (verb) {
      case 'approve':
      case 'reject':
      case 'request_changes': {
        if (!mayAnswer(by, verb, request) || doing.seesOld) return 'refused'
        if (verb === 'approve' && request.collided) return 'refused'
        const before = request.answers.filter((one) => one.by === by || isAccountOf(one.by, by))
        if (before.some((one) => one.verdict === verb)) return 'refused'
        const isMoved = request.base.revision !== model.live.revision && rules.onStale !== 'fail_when_applied'
        if (verb === 'approve' && isMoved && (!look() || isPointless(request))) return 'refused'
        const given: ModelAnswer = { id: said++, by, verdict: verb }
        answer(request, [...request.answers.filter((one) => one.by !== by), given])
        if (verb === 'reject' && rules.onReject === 'close') return 'rejected'
        const leads = settle(request)
        // Only whoever gives the last approval has what is elsewhere looked at.
        return verb === 'approve' && leads === 'failed' && cameTooLate && isPointless(request) ? 'refused' : leads
      }
      case 'withdraw': {
        if (!mayTakeBack(by, request)) return 'refused'
        answer(
          request,
          request.answers.filter((one) => one.by !== by),
        )
        return settle(request)
      }
      case 'comment':
        return open && isLate(request) ? 'expired' : status
      case 'recall':
        if (request.answers.length > 0) request.leftBehind = request.answers.length
        putAside(request)
        return 'draft'
      case 'cancel':
      case 'discard':
        if (rules.cancel === 'any_time' || by !== request.requester) return 'cancelled'
        return request.answers.length > 0 || request.leftBehind > 0 ? 'refused' : 'cancelled'
      case 'apply':
      case 'retry':
        return isApproved(request) && look() && !keptOff && !isPointless(request) ? apply(request) : 'refused'
      case 'abandon':
        return away?.abandon() ?? 'refused'
      case 'edit': {
        if (request.collided) return 'refused'
        if (request.after.rollout === value) return 'refused'
        const after = { ...request.after, rollout: value }
        const idle = after.rollout === request.base.rollout
        if (status !== 'draft' && (idle || (keptOff && rules.lock === 'resource'))) return 'refused'
        return rewrite(request, doing, after)
      }
      case 'rebase':
      case 'resolve': {
        const next = moved(request, model.live)
        if (verb === 'rebase' && request.base.revision === model.live.revision) return 'refused'
        if (verb === 'resolve' && !next.collided) return 'refused'
        const after = verb === 'resolve' ? { ...next.after, rollout: next.draft.rollout } : next.after
        const collided = verb === 'resolve' ? undefined : next.collided
        const idle = after.rollout === model.live.rollout && !collided
        if (status !== 'draft' && (idle || (keptOff && rules.lock === 'resource'))) return 'refused'
        if (status === 'failed' && request.quorum === 0 && collided) return 'refused'
        request.collided = collided
        return rewrite(request, doing, after, model.live)
      }
      default: {
        const idle = request.after.rollout === request.base.rollout
        if (keptOff || request.collided || idle) return 'refused'
        const held = model.heldSince !== undefined
        const quorum = held ? 0 : model.asked > 0 ? model.asked : request.quorum
        if (verb !== 'reopen' && isPointless({ base: request.base, quorum })) return 'refused'
        return rewrite(request, doing, request.after)
      }
    }
  }

  /** Does what is due, until nothing is: ends what is late, sends again what is on its way, applies what only waited for that. */
  function tick(): void {
    while (ended() || away?.again() || resumed() || tookItsTurn()) {}
  }

  function ended(): boolean {
    const late = model.requests.find((request) => isOpen(request) && isLate(request))
    if (late) late.status = 'expired'
    return late !== undefined
  }

  /** Settles what stood open while the workflow was held. */
  function resumed(): boolean {
    const request = model.heldSince === undefined && model.requests.find((one) => isOpen(one) && one.unsettled)
    if (!request) return false
    const status = settle(request)
    if (status === 'refused') return false
    Object.assign(request, { status, unsettled: false })
    return true
  }

  const waiting = () =>
    model.heldSince === undefined && rules.apply === 'on_approval'
      ? model.requests.find(({ status, withheld }) => status === 'approved' && !withheld)
      : undefined

  function tookItsTurn(): boolean {
    const request = waiting()
    if (!request) return false
    const stands = isApproved(request)
    if (stands && (!look() || away?.request())) return false
    request.status = stands ? (withholds(request) ? 'approved' : apply(request)) : 'pending'
    return true
  }

  /** Tells whether an act could make somebody wait behind somebody who waits: nobody says who of two is next. */
  function queues({ request }: Act): boolean {
    const first = waiting()
    return first !== undefined && away?.request() !== undefined && model.requests[request] !== first
  }

  /** The workflow is switched off and on again: what waited is a draft, and nobody has answered it. */
  function switchOff(): void {
    for (const request of model.requests) {
      if (!isOpen(request) || isLate(request)) continue
      request.status = 'draft'
      putAside(request)
    }
  }

  /** The workflow is held: tells whether that is of interest. Of several requests that could go on afterwards nobody says which is next. */
  function hold(): boolean {
    if (model.requests.filter(isOpen).length > 1) return false
    model.heldSince = model.now
    return true
  }

  /** It is on again: the time that it was held is nobody's. */
  function goOn(): void {
    const held = model.now - (model.heldSince ?? model.now)
    for (const request of model.requests) request.deadline += held
    model.heldSince = undefined
  }

  return { model, act, tick, switchOff, hold, goOn, queues, person, away }
}
