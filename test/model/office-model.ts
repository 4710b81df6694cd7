/** The rules of one office: those of its one policy, which asks leads about every change of a rollout. */
export interface OfficeRules {
  readonly selfApproval: boolean
  readonly onReject: 'close' | 'block'
  readonly onEdit: 'reset' | 'keep'
  readonly onStale: 'fail' | 'rebase'
  readonly apply: 'on_approval' | 'by_hand'
  readonly cancel: 'before_reviews' | 'any_time'
  readonly lock: 'resource' | 'none'
  readonly excludeContributors: 'all' | 'last_editor' | 'none'
}

/** A flag, as far as this model looks at it. */
export interface Flag {
  readonly rollout: number
  readonly description: string
}

/** What the model believes of a request. */
export interface ModelRequest {
  status: string
  readonly requester: string
  base: Flag & { readonly revision: number }
  after: Flag
  /** The draft of before a rebase that collided. */
  collided: { readonly from: Flag; readonly draft: Flag } | undefined
  /** How many leads were asked for when the content was put to them; 0 where nobody was. */
  quorum: number
  answers: { readonly by: string; readonly verdict: string }[]
  contributors: string[]
  /** Who was behind the content, user by user, when they acted. */
  behind: { readonly user: string; readonly person: string }[]
  deadline: number
  /** Counts its contents: a reviewer who saw an older one is refused. */
  edition: number
}

/** What somebody does. `request` counts from the newest. */
export interface Act {
  readonly verb: string
  readonly by: string
  readonly request: number
  readonly value: number
  readonly seesOld: boolean
}

export const hour = 60 * 60 * 1000
export const deadlineAfter = 24 * hour

/** A simple model of an office: says of every act whether it is refused, or what state the request is in from then on. */
export function officeModel(rules: OfficeRules) {
  const model = {
    now: 0,
    live: { rollout: 1, description: 'a', revision: 1 } as Flag & { readonly revision: number },
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
  }
  /** Who a user is, as far as the directory says: nothing of whom it does not know. */
  const person = (user: string) => (model.roles.has(user) ? (model.persons.get(user) ?? user) : user)
  /** Whether two users are one person. Whoever is gone is nobody's account any more. */
  const isAccountOf = (one: string, other: string) => model.roles.has(one) && person(one) === person(other)
  const isOpen = ({ status }: ModelRequest) => ['pending', 'changes_requested', 'approved'].includes(status)
  const isLate = ({ deadline }: ModelRequest) => model.now >= deadline
  const lockHolder = () => (rules.lock === 'resource' ? model.requests.find((one) => isOpen(one)) : undefined)
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

  function isApproved(request: ModelRequest): boolean {
    const quorum = Math.max(request.quorum, request.quorum > 0 ? model.asked : 0)
    const approvers = request.answers.filter(
      ({ by, verdict }) => verdict === 'approve' && mayAnswer(by, verdict, request),
    )
    const people = new Set(approvers.map(({ by }) => person(by)))
    return quorum > 0 && people.size >= quorum && request.answers.every(({ verdict }) => verdict === 'approve')
  }

  function apply(request: ModelRequest): string {
    const { base, after } = request
    const { live } = model
    const heals = rules.onStale === 'rebase' && request.quorum > 0 && base.rollout === live.rollout
    if (base.revision !== live.revision && !heals) return 'failed'
    const rollout = after.rollout === base.rollout ? live.rollout : after.rollout
    model.live = { rollout, description: live.description, revision: live.revision + 1 }
    return 'applied'
  }

  function settle(request: ModelRequest): string {
    if (request.answers.some(({ verdict }) => verdict === 'request_changes')) return 'changes_requested'
    if (!isApproved(request)) return 'pending'
    const holder = lockHolder()
    if (rules.apply === 'by_hand' || (holder && holder !== request)) return 'approved'
    return apply(request)
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
    request.quorum = drafting ? 0 : model.asked > 0 ? model.asked : request.quorum
    request.answers = []
    if (drafting) return 'draft'
    if (anew) request.deadline = model.now + (request.quorum > 0 ? deadlineAfter : 14 * 24 * hour)
    else if (request.quorum > 0) request.deadline = Math.min(request.deadline, model.now + deadlineAfter)
    if (before.status === 'changes_requested' && !anew) return 'changes_requested'
    if (rules.onEdit === 'keep' && !anew && before.quorum > 0) {
      const same = !request.collided && before.base.rollout === base.rollout && before.after.rollout === after.rollout
      request.answers = before.answers.filter(
        ({ by, verdict }) => verdict !== 'approve' || (same && by !== act.by && mayAnswer(by, verdict, request)),
      )
    }
    request.status = 'pending'
    return request.quorum === 0 ? apply(request) : settle(request)
  }

  /** What a rebase makes of a request: its draft on what is live, and whether that collided. */
  function moved({ base, after, collided }: ModelRequest) {
    const from = collided?.from ?? base
    const draft = collided?.draft ?? after
    const { live } = model
    const wanted = draft.rollout !== from.rollout
    const collides = wanted && live.rollout !== from.rollout && live.rollout !== draft.rollout
    const rollout = wanted && !collides ? draft.rollout : live.rollout
    return {
      after: { rollout, description: live.description },
      collided: collides ? { from, draft } : undefined,
      draft,
    }
  }

  /** Says what becomes of an act; `refused` leaves everything as it was. */
  function act(doing: Act): string {
    const { verb, by, value } = doing
    if (verb === 'describe') {
      if (!model.roles.has(by) || lockHolder()) return 'refused'
      model.live = { ...model.live, description: `${model.live.description}!`, revision: model.live.revision + 1 }
      return 'applied'
    }
    if (verb === 'submit' || verb === 'draft') {
      if (!model.roles.has(by)) return 'refused'
      const drafts = verb === 'draft'
      if (!drafts && (lockHolder() || model.live.rollout === value)) return 'refused'
      const after = { ...model.live, rollout: value }
      if (!drafts && model.asked === 0) {
        model.live = { ...after, revision: model.live.revision + 1 }
        return 'applied'
      }
      model.requests.unshift({
        status: drafts ? 'draft' : 'pending',
        requester: by,
        base: model.live,
        after,
        collided: undefined,
        quorum: drafts ? 0 : model.asked,
        answers: [],
        contributors: [],
        behind: [{ user: by, person: person(by) }],
        deadline: drafts ? 0 : model.now + deadlineAfter,
        edition: 1,
      })
      return drafts ? 'draft' : 'pending'
    }
    const request = model.requests[doing.request]
    if (!request) return 'refused'
    const status = actOn(request, doing)
    if (status !== 'refused') request.status = status
    return status
  }

  function actOn(request: ModelRequest, doing: Act): string {
    const { verb, by, value } = doing
    const { status } = request
    const open = isOpen(request)
    const exists: Readonly<Record<string, boolean>> = {
      submitDraft: status === 'draft',
      discard: status === 'draft',
      resubmit: status === 'changes_requested',
      reopen: ['rejected', 'cancelled', 'expired', 'failed'].includes(status) || (open && isLate(request)),
      edit: open || status === 'draft',
      resolve: open || status === 'draft',
      comment: open || status === 'draft',
      rebase: open || status === 'draft' || status === 'failed',
      approve: open && status !== 'approved',
      apply: status === 'approved',
      retry: status === 'failed',
    }
    if (!(exists[verb] ?? open)) return 'refused'
    if (isLate(request) && verb !== 'reopen' && (open || status === 'failed')) return 'refused'
    if (!model.roles.has(by)) return 'refused'
    const own = ['submitDraft', 'discard', 'resubmit', 'reopen', 'recall', 'cancel']
    if (own.includes(verb) && by !== request.requester) return 'refused'
    const holder = lockHolder()
    const keptOff = holder !== undefined && holder !== request

    switch (verb) {
      case 'approve':
      case 'reject':
      case 'request_changes': {
        if (!mayAnswer(by, verb, request) || doing.seesOld) return 'refused'
        if (verb === 'approve' && request.collided) return 'refused'
        const answer = request.answers.find((one) => one.by === by || isAccountOf(one.by, by))
        if (answer?.verdict === verb) return 'refused'
        request.answers = [...request.answers.filter((one) => one.by !== by), { by, verdict: verb }]
        return verb === 'reject' && rules.onReject === 'close' ? 'rejected' : settle(request)
      }
      case 'withdraw':
        if (!request.answers.some((one) => one.by === by)) return 'refused'
        request.answers = request.answers.filter((one) => one.by !== by)
        return settle(request)
      case 'comment':
        return status
      case 'recall':
      case 'cancel':
        if (rules.cancel === 'before_reviews' && request.answers.length > 0) return 'refused'
        if (verb === 'cancel') return 'cancelled'
        request.answers = []
        return 'draft'
      case 'discard':
        return 'cancelled'
      case 'apply':
      case 'retry':
        return isApproved(request) && !keptOff ? apply(request) : 'refused'
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
        const next = moved(request)
        if (verb === 'rebase' && request.base.revision === model.live.revision) return 'refused'
        if (verb === 'resolve' && (!request.collided || !next.collided)) return 'refused'
        const after = verb === 'resolve' ? { ...next.after, rollout: next.draft.rollout } : next.after
        const collided = verb === 'resolve' ? undefined : next.collided
        if (status !== 'draft' && (keptOff || (after.rollout === model.live.rollout && !collided))) return 'refused'
        if (status === 'failed' && request.quorum === 0 && model.asked === 0 && collided) return 'refused'
        request.collided = collided
        return rewrite(request, doing, after, model.live)
      }
      default: {
        const idle = request.after.rollout === request.base.rollout
        if (keptOff || request.collided || idle) return 'refused'
        return rewrite(request, doing, request.after)
      }
    }
  }

  /** Records what is due: the requests whose deadline has come, and those that only waited for somebody else. */
  function tick(): void {
    for (const request of model.requests) if (isOpen(request) && isLate(request)) request.status = 'expired'
  }

  /** The workflow is switched off and on again: what waited is a draft, and nobody has answered it. */
  function switchOff(): void {
    for (const request of model.requests) {
      if (!isOpen(request) || isLate(request)) continue
      request.status = 'draft'
      request.answers = []
    }
  }

  return { model, act, tick, switchOff, person }
}
