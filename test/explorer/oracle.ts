import type { Policy } from '../../src/core/policy/model/policy.ts'
import type { Approvers, Requirement } from '../../src/core/policy/model/requirement.ts'
import type { LaterEvent } from '../../src/core/request/model/event.ts'
import type { Request } from '../../src/core/request/model/request.ts'
import {
  asksWhenLanding,
  type Command,
  type Draft,
  effectOf,
  freezeOf,
  requester,
  type Surroundings,
  type World,
} from './explored-world.ts'
import { type Answer, forgotten, type Grudge, noted, type Place, returning, topicOf, without } from './memory.ts'
import { type Approver, meets, namesIn } from './slow-count.ts'

/** What a witness who saw nothing but the events knows of a request. */
export interface Ledger {
  readonly status: Request['status']
  /** Who asks for it, and who did before somebody took it over. */
  readonly asker: string
  readonly formers: readonly string[]
  readonly round: number
  readonly digest: string
  readonly draft: Draft
  /** The policies that were pinned, and the place of the set that they were pinned from. */
  readonly asked: readonly Policy[]
  readonly askedAt: number
  readonly deadline: number
  /** When something happened to it last. */
  readonly movedAt: number
  readonly answers: readonly Answer[]
  /** How many answers the requester left behind when they recalled it, until they submit it again. */
  readonly leftBehind: number
  /** The rejections that nobody took back, of what the request was about before. */
  readonly grudges: readonly Grudge[]
  /** The policies whose rules are pinned: also those of a draft that was before its reviewers once. */
  readonly conduct: readonly Policy[]
  readonly authors: readonly string[]
  /** Who the people behind the content were when they acted. */
  readonly remembered: readonly { readonly user: string; readonly person: string }[]
  /** What was said about it, the oldest first. */
  readonly comments: readonly { readonly by: string; readonly resolved: boolean }[]
  /** How often the reason was added to. */
  readonly additions: number
  readonly dropped: boolean
  /** The time that was set, of one that was left open. */
  readonly setTo: number | undefined
  /** When it was last seen that approvals are too old. */
  readonly lapsedAt: number | undefined
  /** Whether it is approved and not applied, since its requester is gone. */
  readonly withheld: boolean
  /** Whether an answer was taken back while the workflow was held, so that it stands open what follows from that. */
  readonly open: boolean
  /** When the content was put to people, and when they were last reminded of it. */
  readonly waitsSince: number
  readonly remindedAt: number | undefined
  /** The end, or the missed time, that people were told of last. */
  readonly toldOf: number | undefined
  /** The policies that let others answer too by now. */
  readonly escalated: readonly Policy[]
  readonly followUp: Owed | undefined
  /** The change on its way to a resource that is kept outside of the database. */
  readonly application: Sent | undefined
  /** Whether something that was sent for it may still land there. */
  readonly mayLand: boolean
}

/** A claim: its number, until when it is good, and how many there were for this change. */
interface Sent {
  readonly fence: number
  readonly until: number
  readonly attempts: number
  /** Whether nobody is at it, since the last attempt came to nothing. */
  readonly isIdle: boolean
  /** Whether something that was sent may land yet, whatever becomes of what is sent now. */
  readonly mayLand: boolean
}

/** What is owed since somebody broke the glass. */
interface Owed {
  readonly by: string
  readonly person: string
  readonly dueAt: number
  readonly remindedAt: number | undefined
  readonly reviewers: readonly string[]
  readonly settled: boolean
}

/** What somebody asks for, and what is the case when they do. */
export interface Scene {
  readonly world: World
  readonly around: Surroundings
  readonly command: Command
  /** What the request would make of its resources if the command were accepted. */
  readonly next: Draft
}

const open: readonly string[] = ['pending', 'changes_requested', 'approved']
const endings: readonly string[] = ['rejected', 'cancelled', 'expired', 'failed']
const asking: readonly string[] = ['submit', 'resubmit', 'reopen']
const clocks: readonly string[] = [
  'come_due',
  'expire',
  'lapse',
  'escalate',
  'remind',
  'warn',
  'return',
  'resume',
  'reclaim',
  'confirm',
]
/** What is left to do with a request while the workflow is held. */
const talking: readonly string[] = ['comment', 'resolve_comment', 'reopen_comment']
const idling: readonly string[] = [...talking, 'lapse', 'describe', 'cancel', 'recall', 'withdraw', 'expire', 'return']
const writing: readonly string[] = ['edit', 'rebase', 'resolve', 'schedule', 'unschedule']
const reviewing: readonly string[] = ['approve', 'reject', 'request_changes']
const ending: readonly string[] = ['cancel', 'discard']
const ownOnly: readonly string[] = [...asking, 'schedule', 'unschedule', 'recall', 'cancel', 'discard', 'describe']

/** Says which state a command must lead to, or that it must be refused. Knows nothing of the engine but its events. */
export function expected(ledger: Ledger, scene: Scene): Request['status'] | 'refused' {
  const { command, world } = scene
  const { type, by } = command
  const now = nowOf(scene)
  const late = now - stoodStill(scene, ledger.waitsSince) >= endOf(ledger, scene) || now >= latestOf(scene)
  const revives = ['reopen', 'take_over'].includes(type) && late && open.includes(ledger.status)
  if (!existsIn(ledger.status, type) && !revives) return 'refused'
  const talks = talking.includes(type)
  const sentBack = isReturned(ledger, scene) && !revives && !(talks && late)
  if (sentBack ? !['return', 'expire'].includes(type) : type === 'return') return 'refused'
  if (type === 'expire') return late ? 'expired' : 'refused'
  const triesAgain = ledger.status === 'failed' && ['retry', 'rebase', 'resolve'].includes(type)
  const moves = triesAgain || (open.includes(ledger.status) && !revives && !idling.includes(type))
  if (scene.around.held && !sentBack && moves) return 'refused'
  const outlasts = ledger.status === 'failed' && ['follow_up', 'remind'].includes(type)
  if (
    late &&
    !['reopen', 'take_over'].includes(type) &&
    !outlasts &&
    !talks &&
    [...open, 'failed'].includes(ledger.status)
  )
    return 'refused'
  if (!clocks.includes(type) && !directoryOf(scene)[by]) return 'refused'
  const { asker } = ledger
  const isLeft = !directoryOf(scene)[asker]
  const inherits = isLeft && directoryOf(scene)[by]?.roles.includes('keeper')
  if (ownOnly.includes(type) && by !== asker && !(inherits && ending.includes(type))) return 'refused'
  if (type === 'take_over' && !inherits) return 'refused'
  const force = inForce(ledger, scene)

  if (!mayEdit(ledger, scene, force)) return 'refused'
  if (type === 'edit' && isOutdated(command, ledger, world)) return 'refused'
  if (asking.includes(type) || writing.includes(type) || type === 'take_over') return expectedOfContent(ledger, scene)
  if (reviewing.includes(type)) {
    const answer = answerOf(command)
    if (!standsFor(scene, by, ownerOf(answer)) || !mayAnswer(ledger, scene, force, answer)) return 'refused'
    if (isOutdated(command, ledger, world)) return 'refused'
    if (type === 'approve' && openConflicts(ledger.draft) > 0) return 'refused'
    if (type === 'approve' && ledger.status === 'approved' && isMet(ledger, scene, force)) return 'refused'
    const given = ledger.answers.filter(
      (one) => isSamePerson(scene, ownerOf(one), ownerOf(answer)) && !isOld(one, scene, force),
    )
    const isPart = (one: Answer) =>
      type === 'approve' && one.verdict === 'approve' && !countsForAll(one, ledger, scene, force)
    if (!given.every((one) => isPart(one) || yields(one, answer))) return 'refused'
    if (type === 'approve' && isPointless(ledger, scene, force)) return 'refused'
    if (type === 'approve' && missedBefore(ledger, scene, force)) return 'refused'
    if (type === 'reject' && strictest(force).closes) return 'rejected'
    return settled({ ...ledger, answers: withAnswer(ledger, scene) }, scene, force)
  }
  switch (type) {
    case 'reclaim':
      return now >= (ledger.application?.until ?? 0) ? 'applying' : 'refused'
    case 'confirm': {
      if (command.claim === 'lost' || now >= (ledger.application?.until ?? 0)) return 'refused'
      return ({ next: 'applied', other: 'failed', before: 'applying', unknown: 'applying' } as const)[
        command.found ?? 'unknown'
      ]
    }
    case 'abandon':
      return ledger.application?.isIdle || now >= (ledger.application?.until ?? 0) ? 'failed' : 'refused'
    case 'withdraw': {
      const meant = meantBy(ledger, command)
      if (!meant) return 'refused'
      const whose = ownerOf(meant)
      if (!standsFor(scene, by, whose)) return 'refused'
      const isOwn = by === whose && meant.verdict === 'approve'
      if (!isOwn && !mayAnswer(ledger, scene, force, { ...meant, by, whose })) return 'refused'
      const left = unanswered(ledger, whose)
      return scene.around.held ? stays(left, scene, force) : settled(left, scene, force)
    }
    case 'set_time': {
      const { openTime } = world
      const { applyAt } = command
      if (!openTime) return 'refused'
      if (applyAt === undefined) return ledger.status
      const end = Math.min(ledger.deadline, latestOf(scene))
      return applyAt > now && applyAt >= openTime.from && applyAt < end ? ledger.status : 'refused'
    }
    case 'lapse': {
      const due = nextLapse(ledger)
      if (due === undefined || now < due) return 'refused'
      return ledger.status === 'approved' && !isMet(ledger, scene, force) ? 'pending' : ledger.status
    }
    case 'resume':
      return ledger.open && !awaitsThaw(ledger, scene) ? settled(ledger, scene, force) : 'refused'
    case 'describe':
    case 'comment':
      return ledger.status
    case 'resolve_comment': {
      const [said] = ledger.comments
      if (!said || said.resolved) return 'refused'
      const parties = [said.by, asker, ...ledger.authors, ...ledger.answers.flatMap((one) => [one.by, ownerOf(one)])]
      return parties.some((one) => isSamePerson(scene, one, by)) ||
        mayAnswer(ledger, scene, force, { by, verdict: 'reject' })
        ? ledger.status
        : 'refused'
    }
    case 'reopen_comment':
      return ledger.comments[0]?.resolved ? ledger.status : 'refused'
    case 'return':
    case 'recall':
      return 'draft'
    case 'discard':
      return by === asker && ledger.leftBehind > 0 && !strictest(rulesOf(ledger, scene)).cancelsAnyTime
        ? 'refused'
        : 'cancelled'
    case 'cancel':
      return by === asker && ledger.answers.length > 0 && !strictest(force).cancelsAnyTime ? 'refused' : 'cancelled'
    case 'warn':
      return toWarnOf(ledger, scene) === undefined ? 'refused' : ledger.status
    case 'remind':
      return isTimeToRemind(ledger, scene) ? ledger.status : 'refused'
    case 'escalate': {
      const due = dueToEscalate(ledger, scene)
      if (due.length === 0) return 'refused'
      return settled({ ...ledger, escalated: [...ledger.escalated, ...due] }, scene, force)
    }
    case 'break_glass': {
      const roles = directoryOf(scene)[by]?.roles ?? []
      const allowed =
        force.length > 0 && force.every(({ rules }) => rules?.breakGlass?.some((role) => roles.includes(role)))
      if (!allowed || owesReview(scene, force)) return 'refused'
      const outcome = applied(ledger, scene, force, 'past freezes')
      return outcome === 'failed' ? 'refused' : outcome
    }
    case 'follow_up':
      return maySettle(ledger, scene, force) ? ledger.status : 'refused'
    case 'bypass': {
      const roles = directoryOf(scene)[by]?.roles ?? []
      const allowed =
        force.length > 0 && force.every(({ rules }) => rules?.bypass?.some((role) => roles.includes(role)))
      const outcome =
        allowed && !isOutdated(command, ledger, world) ? applied(ledger, scene, force, 'past freezes') : 'refused'
      return outcome === 'failed' ? 'refused' : outcome
    }
    default: {
      const applyAt = timeOf(ledger, scene)
      const { openTime } = world
      if (now < (applyAt ?? openTime?.from ?? 0)) return 'refused'
      const isOpen = openTime !== undefined || strictest(force).byHand
      const byHand = ledger.dropped || ledger.withheld || (applyAt === undefined && isOpen)
      const isGone = type === 'come_due' && isLeft
      const isBlocked = type === 'come_due' && (frozenIn(scene)?.mode === 'block' || wasBlocked(ledger, scene))
      if (type === 'come_due' && byHand) return 'refused'
      if (ledger.status === 'approved' && ledger.asked.length === 0) {
        if (type === 'come_due' && isMissed(ledger, scene)) return 'approved'
        if (isGone && asks(scene, ledger.draft).length === 0) return 'approved'
        if (asks(scene, ledger.draft).length === 0) return isBlocked ? 'approved' : appliedBy(ledger, scene, [])
        if (type === 'come_due')
          return scene.around.rival && strictest(asks(scene, ledger.draft)).locks ? 'refused' : 'pending'
        return 'refused'
      }
      const blocked = isTalkedAbout(ledger, force)
      const met = isMet(ledger, scene, force)
      if (type === 'come_due' && isMissed(ledger, scene)) return met ? 'approved' : 'pending'
      if (type === 'come_due' && applyAt !== undefined && (!met || blocked)) {
        const whenMissed = world.openTime ? 'hold' : strictest(force).whenMissed
        if (whenMissed === 'expire') return 'expired'
        return !met ? 'pending' : whenMissed === 'hold' ? 'approved' : 'refused'
      }
      if (isGone && isMet(ledger, scene, force)) return 'approved'
      if (blocked && isMet(ledger, scene, force)) return 'refused'
      if (isMet(ledger, scene, force)) return isBlocked ? 'approved' : appliedBy(ledger, scene, force)
      return type === 'come_due' ? 'pending' : 'refused'
    }
  }
}

/** What landed inside of a freeze that may not, or passed one without saying so. */
function withinFreeze(event: LaterEvent, scene: Scene): string | undefined {
  const { status } = event.outcome
  if (!frozenIn(scene) || (status !== 'applied' && status !== 'applying')) return undefined
  if (event.type !== 'bypassed' && event.type !== 'glass_broken') return `it lands inside of a freeze by ${event.type}`
  return event.freezes?.join() === 'season' ? undefined : `it passes a freeze and names ${event.freezes}`
}

/** When a request ends by itself: at its deadline, or at a time that it misses since nobody has approved it. */
/** From when on nothing is applied any more, whatever was held meanwhile. */
function latestOf({ world: { openTime, applyBy, revertAt } }: Scene): number {
  const never = Number.POSITIVE_INFINITY
  return Math.min(openTime?.until ?? never, applyBy ?? never, revertAt ?? never)
}

/** When it is to be applied, by what was approved or by what was set since. */
function timeOf({ draft: { applyAt }, setTo }: Ledger, { world: { openTime } }: Scene): number | undefined {
  return openTime ? setTo : applyAt
}

function endOf(ledger: Ledger, { world }: Scene): number {
  const { status, dropped, draft, conduct, deadline, movedAt } = ledger
  const { applyAt } = draft
  if (world.openTime) return deadline
  // Whatever has happened to it since its time was recorded after its end, had it ended.
  const isTalked = status === 'approved' && movedAt < (applyAt ?? 0) && isTalkedAbout(ledger, conduct)
  const waits = ['pending', 'changes_requested'].includes(status) || isTalked
  const misses = waits && !dropped && strictest(conduct).whenMissed === 'expire'
  return misses ? Math.min(deadline, applyAt ?? deadline) : deadline
}

/** Whether its time has passed, and it may not be applied late. */
function isTooLate(ledger: Ledger, scene: Scene, force: readonly Policy[]): boolean {
  const applyAt = timeOf(ledger, scene)
  const mayBeLate = !scene.world.openTime && strictest(force).whenMissed === 'apply'
  return applyAt !== undefined && applyAt <= nowOf(scene) && !ledger.dropped && !mayBeLate
}

/** Whether it was approved before, is not by today, and its time has passed meanwhile: then it is too late to approve it. */
function missedBefore(ledger: Ledger, scene: Scene, force: readonly Policy[]): boolean {
  const { status, dropped, draft } = ledger
  const isPast = draft.applyAt !== undefined && nowOf(scene) >= draft.applyAt && !scene.world.openTime
  const expires = isPast && !dropped && !isMissed(ledger, scene) && strictest(force).whenMissed === 'expire'
  return status === 'approved' && expires
}

/** What landed before its time, or late although nobody lets it and it was not approved in time. */
function outOfTime(ledger: Ledger, event: LaterEvent, scene: Scene): string | undefined {
  const { status } = event.outcome
  const applyAt = 'pinned' in event ? event.pinned.applyAt : timeOf(ledger, scene)
  const lands = (status === 'applied' || status === 'applying') && ledger.status !== status
  if (lands && nowOf(scene) >= latestOf(scene)) return 'it lands when nothing may any more'
  const bypassed = ['bypassed', 'glass_broken'].includes(event.type)
  if (lands && !bypassed && nowOf(scene) < (scene.world.openTime?.from ?? 0)) return 'it lands before the open time'
  if (!lands || applyAt === undefined || ['bypassed', 'glass_broken'].includes(event.type)) return undefined
  if (nowOf(scene) < applyAt) return 'it lands before its time'
  if (ledger.status !== 'pending' || nowOf(scene) === applyAt) return undefined
  return scene.world.openTime || strictest(ledger.conduct).whenMissed === 'apply'
    ? undefined
    : 'it lands late, and nobody lets it'
}

/** Whether a freeze blocked it at the time that it was scheduled for. */
function wasBlocked(ledger: Ledger, scene: Scene): boolean {
  const applyAt = timeOf(ledger, scene)
  return applyAt !== undefined && applyAt < nowOf(scene) && freezeAt(scene.world, applyAt) === 'block'
}

/** What a freeze does at an instant. */
function freezeAt(world: World, at: number): string | undefined {
  return freezeOf(
    world,
    world.times.findLastIndex((time) => time <= at),
  )?.mode
}

/** The freeze of this moment. */
function frozenIn({ world, around }: Scene) {
  return freezeOf(world, around.time)
}

/** Whether somebody may change what waits, or waits again by it: only those whom every policy lets. Of a draft nobody says who may. */
function mayEdit(
  { status, asker, authors }: Ledger,
  { command: { type, by } }: Scene,
  force: readonly Policy[],
): boolean {
  if (!['edit', 'resolve'].includes(type) || status === 'draft') return true
  return force.every(({ rules: { edit = 'anyone' } = {} }) => {
    if (edit === 'anyone') return true
    return edit !== 'nobody' && (by === asker || (edit === 'contributors' && authors.includes(by)))
  })
}

/** Follows an event, and says what is wrong with it, if something is. */
export function witness(ledger: Ledger, event: LaterEvent, scene: Scene): Ledger | string {
  const after = followed(ledger, event, scene)
  if (typeof after === 'string' || !scene.world.asking) return after
  const unasked = unaskedInSeason(after, event, scene)
  return unasked ?? { ...after, open: awaitsThaw(after, scene) }
}

/** What landed while a freeze asked, without the approvals that it asks for. */
function unaskedInSeason(after: Ledger, { outcome: { status } }: LaterEvent, scene: Scene): string | undefined {
  const { asking } = scene.world
  if (!asking || status !== 'applied' || !isAskedFor(scene, after.draft)) return undefined
  return isEnough(after, scene, { force: [asking], answers: after.answers })
    ? undefined
    : 'it lands while a freeze asks, and nobody has approved it'
}

function followed(ledger: Ledger, event: LaterEvent, scene: Scene): Ledger | string {
  const { outcome } = event
  const { status } = outcome
  const thawed = withinFreeze(event, scene)
  if (thawed) return thawed
  const strays = outOfTime(ledger, event, scene)
  if (strays) return strays
  const sent = sentBy(ledger, event, scene)
  if (typeof sent === 'string') return sent
  const beside =
    [...talking, 'describe', 'set_time', 'lapse'].includes(scene.command.type) ||
    ['reminded', 'warned'].includes(event.type)
  const late = { mayLand: isLate(ledger, scene, status), open: beside && ledger.open }
  const withheld = outcome.status === 'approved' && outcome.withheld !== undefined
  if (withheld && !(beside ? ledger.withheld : !directoryOf(scene)[ledger.asker])) return 'it is withheld for nothing'
  const byHand = outcome.status === 'approved' && outcome.byHand === true
  const blocked = (frozenIn(scene)?.mode === 'block' || wasBlocked(ledger, scene)) && !beside
  const put = 'pinned' in event ? rewritten(ledger, scene) : ledger
  const isLateNow = isTooLate(put, scene, 'pinned' in event ? put.conduct : inForce(ledger, scene))
  if (byHand && !blocked && !isLateNow) return 'it is applied by hand for nothing'
  const after = { ...ledger, status, application: sent, withheld, dropped: ledger.dropped || byHand, ...late }
  switch (event.type) {
    case 'approved':
    case 'rejected':
    case 'changes_requested': {
      const answers = withAnswer(ledger, scene)
      const { by } = scene.command
      const lost = ledger.answers.find((one) => !answers.includes(one) && one.by === ownerOf(one) && one.by !== by)
      return lost ? `${by} takes away what ${lost.by} answered themselves` : answering(after, answers)
    }
    case 'withdrawn': {
      const meant = meantBy(ledger, scene.command)
      if (!meant) return 'an answer is taken back that is not there'
      const left = unanswered(ledger, ownerOf(meant))
      const leads = scene.around.held ? settled({ ...left, dropped: true }, scene, inForce(ledger, scene)) : status
      return { ...answering(after, left.answers), open: ledger.status !== 'approved' && leads !== status }
    }
    case 'recalled':
    case 'returned': {
      const fell = rejectionsIn(ledger)
      const grudges = noted(ledger.grudges, fell, topicOf(scene.world, ledger.draft))
      const stand = ({ by, seen }: Grudge) => fell.some((answer) => answer.by === by && answer.seen === seen)
      const leftBehind = event.type === 'recalled' ? ledger.answers.length : ledger.leftBehind
      return {
        ...after,
        leftBehind,
        answers: [],
        grudges: grudges.map((one) => (stand(one) ? { ...one, stood: true } : one)),
      }
    }
    case 'schedule_dropped':
      return {
        ...after,
        dropped:
          after.dropped ||
          (!event.late && (timeOf(ledger, scene) !== undefined || (status === 'approved' && !withheld))),
      }
    case 'failed':
      if (status !== 'failed' || outcome.failure.code !== 'host_failed') return after
      // Only if the host has refused every attempt, nothing can be live, now or later.
      return after.mayLand ? after : { ...after, followUp: undefined }
    case 'commented':
      if (event.comment !== ledger.comments.length + 1) return `the comment has number ${event.comment}`
      return { ...after, comments: [...ledger.comments, { by: event.by, resolved: false }] }
    case 'comment_resolved':
    case 'comment_reopened': {
      const resolved = event.type === 'comment_resolved'
      return { ...after, comments: ledger.comments.map((one, at) => (at === 0 ? { ...one, resolved } : one)) }
    }
    case 'time_set':
      return { ...after, setTo: event.applyAt, dropped: false }
    case 'approvals_lapsed':
      return { ...after, lapsedAt: nowOf(scene) }
    case 'described':
      return { ...after, additions: ledger.additions + 1 }
    case 'claimed':
    case 'put_off':
    case 'cancelled':
    case 'discarded':
    case 'expired':
    case 'applied':
    case 'bypassed':
    case 'resumed':
      return after
    case 'glass_broken': {
      const force = inForce(ledger, scene)
      const { by, person, dueAt, policies } = event
      const names = [...new Set(force.map(({ id }) => id))].toSorted()
      if (policies.toSorted().join() !== names.join()) return `the follow-up review is about ${policies}, not ${names}`
      if (dueAt !== nowOf(scene) + strictest(force).settleWithin) return `the review is due at ${dueAt}`
      if (person !== personOf(scene, by)) return `${by} is taken for ${person}`
      return { ...after, followUp: { by, person, dueAt, remindedAt: undefined, reviewers: [], settled: false } }
    }
    case 'follow_up_reviewed': {
      if (!ledger.followUp) return 'a follow-up review is reviewed that is not there'
      const reviewers = [...ledger.followUp.reviewers, event.by]
      const settles = isSettledBy(ledger, scene, reviewers)
      if (event.done !== settles) return `the follow-up review is ${event.done ? '' : 'not '}settled by ${reviewers}`
      return { ...after, followUp: { ...ledger.followUp, reviewers, settled: settles } }
    }
    case 'warned': {
      const toldOf = toWarnOf(ledger, scene)
      return event.deadline === toldOf
        ? { ...after, toldOf }
        : `people are warned of ${event.deadline}, not of ${toldOf}`
    }
    case 'escalated':
      return { ...after, escalated: [...ledger.escalated, ...dueToEscalate(ledger, scene)] }
    case 'reminded': {
      const remindedAt = nowOf(scene)
      return ledger.followUp ? { ...after, followUp: { ...ledger.followUp, remindedAt } } : { ...after, remindedAt }
    }
    default: {
      const { pinned } = event
      const next = rewritten(ledger, scene)
      if (pinned.digest === ledger.digest && status !== 'draft') return 'new content has the digest of the old'
      const told = JSON.stringify(pinned.reviews.map(({ by, verdict }) => ({ by, verdict })))
      const right = JSON.stringify(next.answers.map(({ by, verdict }) => ({ by, verdict })))
      if (told !== right) return `carries ${told}, not ${right}`
      if (pinned.reviews.some(({ digest, round }) => digest !== pinned.digest || round !== pinned.round))
        return 'carries an answer to something else'
      const mayLand = isLate(ledger, scene, status)
      const dropped = next.dropped || byHand
      return { ...next, status, digest: pinned.digest, application: sent, withheld, dropped, mayLand }
    }
  }
}

function answering(ledger: Ledger, answers: readonly Answer[]): Ledger {
  return { ...ledger, answers, grudges: without(ledger.grudges, ledger.answers, answers) }
}

const rejectionsIn = ({ answers }: Ledger) => answers.filter(({ verdict }) => verdict === 'reject')

/** Tells whether something that was sent for a request may land there, after a command. */
function isLate(ledger: Ledger, { command: { type, over } }: Scene, status: Request['status']): boolean {
  const { application, mayLand } = ledger
  if (status === 'applied' && ledger.status !== 'applied') return false
  if (!application || status === 'applying') return mayLand
  if (application.mayLand) return true
  return type === 'abandon' ? !application.isIdle : !over
}

/** Follows a change on its way: claims follow each other, only the last one counts, and nothing lands outside that was not claimed. */
function sentBy(ledger: Ledger, { type, outcome }: LaterEvent, scene: Scene): Sent | undefined | string {
  const { world, around } = scene
  const now = nowOf(scene)
  const before = ledger.application
  if (outcome.status === 'applied' && world.outside && !before && ledger.status !== 'applied')
    return 'it is applied outside without a claim'
  if (outcome.status !== 'applying') return undefined
  const { fence, until, attempts, problem, mayLand = false } = outcome.application
  const told = JSON.stringify({ fence, until, attempts, isIdle: problem !== undefined, mayLand })
  const claims = type !== 'put_off'
  const right: Sent = claims
    ? {
        fence: around.fence + 1,
        until: now + (world.outside?.lease ?? 0),
        attempts: (before?.attempts ?? 0) + 1,
        isIdle: false,
        mayLand: before ? before.mayLand || !before.isIdle : ledger.mayLand,
      }
    : {
        fence: around.fence,
        until: now + 1_000 * 2 ** (before?.attempts ?? 0),
        attempts: before?.attempts ?? 0,
        isIdle: true,
        mayLand: (before?.mayLand ?? false) || !scene.command.over,
      }
  return told === JSON.stringify(right) ? right : `it is on its way with ${told}, not with ${JSON.stringify(right)}`
}

/** The ledger of a request that has just begun. */
export function opened(scene: Scene, begun: { readonly digest: string; readonly status: Request['status'] }): Ledger {
  firstDigest.set(scene.world, begun.digest)
  const drafting = begun.status === 'draft'
  const asked = drafting ? nothing : asks(scene, scene.next)
  const ledger: Ledger = {
    status: begun.status,
    round: drafting ? 0 : 1,
    digest: begun.digest,
    draft: scene.next,
    asked,
    askedAt: scene.around.policies,
    movedAt: nowOf(scene),
    deadline: drafting ? 0 : nowOf(scene) + strictest(asked).expiresAfter,
    answers: [],
    leftBehind: 0,
    grudges: [],
    conduct: asked,
    authors: [],
    asker: requester,
    formers: [],
    remembered: [{ user: requester, person: personOf(scene, requester) }],
    comments: [],
    additions: 0,
    dropped: false,
    setTo: undefined,
    lapsedAt: undefined,
    withheld: false,
    open: false,
    waitsSince: nowOf(scene),
    remindedAt: undefined,
    toldOf: undefined,
    escalated: [],
    followUp: undefined,
    application: undefined,
    mayLand: false,
  }
  return { ...ledger, open: awaitsThaw(ledger, scene) }
}

/** Says what is different in what the engine believes and in what the events told. */
export function disagreement(ledger: Ledger, request: Request): string | undefined {
  const { status, round, digest, deadline, answers, authors, dropped, draft } = ledger
  if (request.requester !== ledger.asker) return `${request.requester} asks for it, not ${ledger.asker}`
  if ((request.formerRequesters ?? []).join() !== ledger.formers.join()) return 'others asked for it before'
  if (request.status !== status) return `the request is ${request.status}, not ${status}`
  if (request.round !== round) return `the round is ${request.round}, not ${round}`
  if (request.digest !== digest) return 'the digest is another one'
  if (request.expiresAt !== deadline) return `the deadline is ${request.expiresAt}, not ${deadline}`
  if (request.lapsedAt !== ledger.lapsedAt) return `approvals lapsed at ${request.lapsedAt}, not ${ledger.lapsedAt}`
  if (request.applyAt !== (request.openTime ? ledger.setTo : draft.applyAt))
    return `the schedule is ${request.applyAt}, not ${draft.applyAt}`
  if ((request.recalledReviews ?? 0) !== ledger.leftBehind)
    return `it had ${request.recalledReviews} answers when recalled`
  if ((request.unsettled ?? false) !== ledger.open) return 'it stands open what follows, or does not'
  if ((request.openComments ?? 0) !== ledger.comments.filter(({ resolved }) => !resolved).length)
    return `${request.openComments} comments are open`
  if ((request.additions ?? []).length !== ledger.additions) return `${request.additions} were added`
  if ((request.scheduleDropped ?? false) !== dropped) return 'the schedule is dropped, or is not'
  if ((request.withheld !== undefined) !== ledger.withheld) return 'it is withheld, or is not'
  if (request.contributors.join() !== authors.join()) return `contributors are ${request.contributors}, not ${authors}`
  if (request.askedAt !== ledger.waitsSince) return `it waits since ${request.askedAt}, not ${ledger.waitsSince}`
  if (request.warnedOf !== ledger.toldOf) return `people were warned of ${request.warnedOf}`
  if (request.remindedAt !== ledger.remindedAt) return `it was reminded of at ${request.remindedAt}`
  const escalated = ledger.escalated.map(({ id, version }) => `${id} ${version}`).join()
  const told = (request.escalated ?? []).map(({ policy, version }) => `${policy} ${version}`).join()
  if (told !== escalated) return `it was escalated by ${told}, not by ${escalated}`
  if (request.application?.fence !== ledger.application?.fence) return 'another claim than the last one holds'
  if ((request.followUp === undefined) !== (ledger.followUp === undefined))
    return 'a follow-up review is there, or is not'
  if ((request.followUp?.doneAt !== undefined) !== (ledger.followUp?.settled ?? false))
    return 'the follow-up review is settled, or is not'
  if (request.followUp?.remindedAt !== ledger.followUp?.remindedAt)
    return 'people were reminded of the follow-up review, or were not'
  if (request.conflicts !== openConflicts(draft)) return 'the conflicts are counted wrongly'
  const same =
    request.reviews.length === answers.length &&
    request.reviews.every(({ by, onBehalfOf = by, verdict }, index) => {
      const answer = answers[index]
      return answer?.by === by && ownerOf(answer) === onBehalfOf && answer.verdict === verdict
    })
  if (!same) return `the answers are ${JSON.stringify(request.reviews)}, not ${JSON.stringify(answers)}`
  const stray = request.reviews.some((review) => review.digest !== digest || review.round !== round)
  if (stray) return 'an answer to something else stands'
  if ((request.mayLand ?? false) !== ledger.mayLand) return 'something may still land, or may not'
  return forgotten(ledger.grudges, request)
}

const firstDigest = new WeakMap<World, string>()

/** Tells whether somebody speaks of the first content while there is another one. */
function isOutdated({ seen }: Command, { digest }: Ledger, world: World): boolean {
  return seen === 'first' && digest !== firstDigest.get(world)
}

function existsIn(status: string, type: Command['type']): boolean {
  switch (type) {
    case 'submit':
    case 'discard':
      return status === 'draft'
    case 'resubmit':
      return open.includes(status)
    case 'take_over':
      return ['draft', 'expired', 'failed', ...open].includes(status)
    case 'reopen':
      return endings.includes(status)
    case 'rebase':
    case 'resolve':
      return status === 'draft' || status === 'failed' || open.includes(status)
    case 'edit':
    case 'schedule':
    case 'unschedule':
      return status === 'draft' || open.includes(status)
    case 'comment':
    case 'resolve_comment':
    case 'reopen_comment':
      return true
    case 'apply':
    case 'come_due':
      return status === 'approved'
    case 'retry':
      return status === 'failed'
    case 'follow_up':
      return status === 'applied' || status === 'failed'
    case 'confirm':
    case 'reclaim':
    case 'abandon':
      return status === 'applying'
    case 'escalate':
      return status === 'pending'
    case 'lapse':
      return status === 'pending' || status === 'approved'
    case 'remind':
      return ['pending', 'approved', 'applied', 'failed'].includes(status)
    case 'set_time':
    case 'approve':
    case 'reject':
    case 'request_changes':
    case 'withdraw':
    case 'recall':
    case 'cancel':
    case 'bypass':
    case 'break_glass':
    case 'describe':
    case 'expire':
    case 'return':
    case 'resume':
    case 'warn':
      return open.includes(status)
  }
}

/** Tells whether the workflow was switched off while the request waited. */
function isReturned({ status, askedAt }: Ledger, { world: { switchedOff }, around }: Scene): boolean {
  if (switchedOff === undefined || around.policies < switchedOff) return false
  return open.includes(status) && askedAt < switchedOff
}

function expectedOfContent(ledger: Ledger, scene: Scene): Request['status'] | 'refused' {
  const { type } = scene.command
  const { next, around, world } = scene
  if (ledger.followUp && !ledger.followUp.settled) return 'refused'
  const after = rewritten(ledger, scene)
  const drafting = ledger.status === 'draft' && type !== 'submit'
  const takesOver = type === 'take_over' && !drafting
  const { applyAt } = next
  const now = nowOf(scene)
  if (type === 'schedule' && applyAt === undefined) return 'refused'
  if (applyAt !== undefined && applyAt <= now && (type === 'submit' || type === 'schedule')) return 'refused'
  if (latestOf(scene) <= now) return 'refused'
  if (drafting) return 'draft'
  if (applyAt !== undefined && applyAt >= after.deadline) return 'refused'
  if (applyAt !== undefined && applyAt <= now && strictest(after.conduct).whenMissed === 'expire') return 'refused'
  const idle = next.documents.some(
    (_, at) => effectOf(world, next, at).size === 0 && !next.conflicts[at] && !world.step,
  )
  if (idle) return 'refused'
  const asksAnew = asking.includes(type) || takesOver
  if (asksAnew && openConflicts(next) > 0) return 'refused'
  if (around.rival && (asksAnew || strictest(after.asked).locks)) return 'refused'
  if (['submit', 'resubmit'].includes(type) && isPointless(after, scene, after.asked)) return 'refused'
  if (ledger.status === 'changes_requested' && !asksAnew) return 'changes_requested'
  if (after.asked.length === 0 && isTooLate(after, scene, after.conduct)) return 'approved'
  if (after.asked.length === 0 && applyAt !== undefined && (now < applyAt || isMissed(after, scene))) return 'approved'
  const frozen = frozenIn(scene)
  const isOver = frozen?.until !== undefined && frozen.until < after.deadline
  if (after.asked.length === 0 && frozen?.mode === 'queue' && isOver) return 'approved'
  if (after.asked.length === 0) return applied(after, scene, [])
  return settled({ ...after, status: 'pending' }, scene, after.asked)
}

/** The ledger as the new content of a command leaves it. */
function rewritten(ledger: Ledger, scene: Scene): Ledger {
  const { command, next, around, world } = scene
  const takesOver = command.type === 'take_over'
  const asksAnew = [...asking, 'come_due'].includes(command.type) || (takesOver && ledger.status !== 'draft')
  const drafting = ledger.status === 'draft' && !asksAnew
  const found = asks(scene, next)
  const asked = drafting ? nothing : askedOf(ledger, found, scene)
  const authors = ['edit', 'resolve'].includes(command.type)
    ? [...ledger.authors.filter((one) => one !== command.by), command.by]
    : ledger.authors
  const latest = nowOf(scene) + strictest(asked.length > 0 ? asked : ledger.conduct).expiresAfter
  const stillUntil = ledger.deadline + stoodStill(scene, ledger.waitsSince)
  const waiting = !drafting && !(ledger.status === 'changes_requested' && !asksAnew)
  const after: Ledger = {
    ...ledger,
    round: drafting ? ledger.round : ledger.round + 1,
    leftBehind: drafting ? ledger.leftBehind : 0,
    draft: next,
    asked,
    askedAt: around.policies,
    deadline: drafting ? ledger.deadline : asksAnew ? latest : Math.min(stillUntil, latest),
    authors,
    asker: takesOver ? command.by : ledger.asker,
    formers: takesOver
      ? [...ledger.formers.filter((one) => ![command.by, ledger.asker].includes(one)), ledger.asker]
      : ledger.formers,
    remembered: [...ledger.remembered, { user: command.by, person: personOf(scene, command.by) }],
    dropped: false,
    setTo: undefined,
    withheld: false,
    open: false,
    waitsSince: nowOf(scene),
    remindedAt: undefined,
    escalated: [],
    answers: [],
    conduct: drafting || found.length === 0 ? ledger.conduct : found,
  }
  const [topic, later] = [topicOf(world, ledger.draft), topicOf(world, next)]
  const ends = command.type === 'reopen' && ledger.status !== 'failed'
  const keeps = !strictest(rulesOf(ledger, scene)).resets && !strictest(after.conduct).resets
  const stay = ends || drafting ? [] : rejectionsIn(ledger).filter(() => keeps || topic === later)
  const approvals = waiting && keeps ? kept(ledger, after, scene) : new Map<Answer, Answer>()
  const stands = ledger.answers.flatMap((answer) => (stay.includes(answer) ? [answer] : (approvals.get(answer) ?? [])))
  const answered = stands.map(({ by }) => by)
  const back = ends || drafting ? [] : returning(ledger.grudges, { topic: later, keeps, answered })
  const fell = rejectionsIn(ledger).filter((answer) => topic !== later || !stay.includes(answer) || ends)
  const grudges = noted(ledger.grudges, fell, topic).map((one) => ({
    ...one,
    over: one.over || ends,
    stood: one.stood && command.type !== 'submit',
  }))
  return { ...after, answers: [...back, ...stands], grudges }
}

/** What is asked of new content: if no policy asks any more, what was asked before, and whatever the freeze asks. */
function askedOf(ledger: Ledger, found: readonly Policy[], { world: { asking } }: Scene): readonly Policy[] {
  if (!asking) return found.length > 0 ? found : ledger.asked
  const before = withoutSeason(ledger.asked, asking)
  if (before.length === 0 || withoutSeason(found, asking).length > 0) return found
  return found.length > 0 ? seasoned(before, asking) : before
}

/** The policies whose rules of conduct hold: of a draft, those that were pinned when it was before its reviewers last. */
function rulesOf(ledger: Ledger, scene: Scene): readonly Policy[] {
  return ledger.asked.length === 0 ? ledger.conduct : inForce(ledger, scene)
}

/** The approvals that stand for new content too: only if every policy says so, and, unless every policy lets all stand, only for equal parts. */
function kept(before: Ledger, after: Ledger, scene: Scene): ReadonlyMap<Answer, Answer> {
  const { command } = scene
  if (!['edit', 'rebase', 'resolve'].includes(command.type)) return new Map()
  const stands = [rulesOf(before, scene), after.conduct].every((policies) => strictest(policies).stands)
  const asked = [before, after].map((ledger) => ledger.asked.flatMap((policy) => named(policy, ledger, scene)))
  const asksMore = asked[1]?.some((tree) => !asked[0]?.includes(tree)) ?? false
  const isTimed = before.draft.applyAt === after.draft.applyAt
  const stay = before.answers.flatMap((answer): readonly (readonly [Answer, Answer])[] => {
    const { by, verdict, limits } = answer
    if (verdict !== 'approve') return verdict === 'request_changes' ? [[answer, answer]] : []
    if (openConflicts(after.draft) > 0 || isSamePerson(scene, by, command.by)) return []
    if (!mayAnswer(after, scene, after.asked, { by, verdict })) return []
    const edited = isTimed ? editedPlaces({ before, after, scene }) : undefined
    const isLeft = ({ at, field }: Place) => effectOf(scene.world, after.draft, at).has(field)
    const unseen = (limits?.unseen ?? []).filter(isLeft)
    if (stands && !asksMore) {
      const asked = limits?.asked ?? (edited?.length === 0 ? undefined : askedAs(ownerOf(answer), before, scene))
      return [[answer, limitedTo(answer, { unseen, asked })]]
    }
    const others = [...unseen, ...(edited ?? [])]
    if (!edited || !others.every((place) => isForOthers(by, place, { before, after, scene }))) return []
    return [[answer, limitedTo(answer, { unseen: others.filter(isLeft), asked: limits?.asked })]]
  })
  return new Map(stay)
}

function limitedTo(
  { limits: _, ...answer }: Answer,
  { unseen, asked }: { readonly unseen: readonly Place[]; readonly asked: readonly string[] | undefined },
): Answer {
  if (unseen.length === 0 && !asked) return answer
  return { ...answer, limits: { ...(unseen.length > 0 ? { unseen } : {}), ...(asked ? { asked } : {}) } }
}

/** The places that ask somebody, each with a name or a role by which it does. */
function askedAs(whose: string, ledger: Ledger, scene: Scene): readonly string[] {
  const account = directoryOf(scene)[whose]
  return ledger.asked.flatMap((policy) =>
    treesOf(policy, ledger, scene)
      .flatMap(placesOf)
      .filter(({ from }) => account && isNamed(whose, account, from) && !isOut(whose, from, scene))
      .flatMap((place) => namesIn(place).map((name) => `${demandOf(policy)} ${name}`))
      .filter((name) =>
        [`user:${whose}`, ...(account?.roles ?? []).map((role) => `role:${role}`)].some((own) =>
          name.endsWith(` ${own}`),
        ),
      ),
  )
}

/** What a policy asks, each tree by itself. */
function named(policy: Policy, ledger: Ledger, scene: Scene): readonly string[] {
  return treesAsked(policy, ledger, scene).map((tree) =>
    JSON.stringify([policy.id, tree, policy.veto, policy.escalate]),
  )
}

interface Edited {
  readonly before: Ledger
  readonly after: Ledger
  readonly scene: Scene
}

/** The fields that somebody is asked about alone; `undefined` if they are asked about everything, or about none. */
function ownFields(by: string, { before, after, scene }: Edited): readonly string[] | undefined {
  const account = directoryOf(scene)[by]
  const policies = [...before.asked, ...after.asked]
  const owners = policies.flatMap(({ require }) => ('owners' in require ? require.owners : []))
  const plain = policies.flatMap(({ require }) => ('owners' in require ? (require.otherwise ?? []) : require))
  const vetoes = policies.flatMap(({ veto }) => veto ?? [])
  const names = (from: {
    readonly users?: readonly string[] | undefined
    readonly roles?: readonly string[] | undefined
  }) => account !== undefined && isNamed(by, account, from)
  if (vetoes.some(names) || plain.some((tree) => leavesOf(tree).some(names))) return undefined
  const mine = owners.filter(({ from }) => names(from)).map(({ field }) => field)
  return mine.length === 0 ? undefined : mine
}

/** The places that an edit changes otherwise than they were changed before; `undefined` if it changes all. */
function editedPlaces({ before, after, scene }: Edited): readonly Place[] | undefined {
  const places = after.draft.documents.map((_, at) => {
    const winners = [before, after].map(({ draft }) => draft.documents[at]?.['a'])
    if (scene.world.step && winners[0] !== winners[1]) return undefined
    const [was = new Map(), is = new Map()] = [before, after].map(
      ({ draft }) => new Map(effectOf(scene.world, draft, at)),
    )
    const fields = [...new Set([...was.keys(), ...is.keys()])]
    return fields.filter((field) => String(was.get(field)) !== String(is.get(field))).map((field) => ({ at, field }))
  })
  return places.some((some) => some === undefined) ? undefined : places.flatMap((some) => some ?? [])
}

/**
 * Whether others alone have to look at a place: they are asked about it, and nobody could take another resource for
 * the one that they are asked about. Of what is not changed any more, they were asked.
 */
function isForOthers(by: string, { at, field }: Place, edited: Edited): boolean {
  const { before, after, scene } = edited
  const account = directoryOf(scene)[by]
  if (ownFields(by, edited)?.includes(`/${field}`) ?? true) return false
  const isLeft = effectOf(scene.world, after.draft, at).has(field)
  const ledgers = isLeft ? [after] : [before, after]
  const places = ledgers.flatMap((one) =>
    one.asked.flatMap((policy) => treesAsked(policy, one, scene)).flatMap(placesOf),
  )
  const asked = places.some((one) => one.field === `/${field}` && !(account && isNamed(by, account, one.from)))
  const touched = after.draft.documents.filter((_, other) => effectOf(scene.world, after.draft, other).has(field))
  return asked && (!isLeft || touched.length === 1)
}

function settled(ledger: Ledger, scene: Scene, force: readonly Policy[]): Request['status'] | 'refused' {
  if (ledger.answers.some(({ verdict }) => verdict === 'request_changes')) return 'changes_requested'
  if (!isMet(ledger, scene, force)) return 'pending'
  const isNew = ledger.status !== 'approved' || reviewing.includes(scene.command.type)
  if (isNew && isTooLate(ledger, scene, force)) return 'approved'
  const applyAt = timeOf(ledger, scene)
  if (scene.world.openTime && applyAt === undefined) return 'approved'
  const isEarly = applyAt !== undefined && (nowOf(scene) < applyAt || isMissed(ledger, scene))
  const waits = ledger.dropped || isEarly || wasBlocked(ledger, scene)
  const off = scene.around.rival || frozenIn(scene) !== undefined
  if (strictest(force).byHand || waits || off || isTalkedAbout(ledger, force)) return 'approved'
  if (openConflicts(ledger.draft) === 0 && !directoryOf(scene)[ledger.asker]) return 'approved'
  return applied(ledger, scene, force)
}

function applied(
  { draft }: Ledger,
  scene: Scene,
  force: readonly Policy[],
  how?: 'past freezes',
): 'applying' | 'applied' | 'failed' | 'refused' {
  const { world, around } = scene
  if (openConflicts(draft) > 0 || around.rival) return 'refused'
  if (frozenIn(scene) && how === undefined) return 'refused'
  return canLand(draft, scene, force) ? (world.outside ? 'applying' : 'applied') : 'failed'
}

/** The same by hand, or by the clock: nobody applies by hand what can only fail. */
function appliedBy(ledger: Ledger, scene: Scene, force: readonly Policy[]): ReturnType<typeof applied> {
  const outcome = applied(ledger, scene, force)
  const isPointlessNow = scene.command.type !== 'come_due' && isPointless(ledger, scene, force)
  return outcome === 'failed' && isPointlessNow ? 'refused' : outcome
}

/** Whether nobody needs to look at it, since it cannot land: unless the policies let people approve what fails then. */
function isPointless({ draft, conduct }: Ledger, scene: Scene, force: readonly Policy[]): boolean {
  return !strictest(force.length > 0 ? force : conduct).failsLate && !canLand(draft, scene, force)
}

/** Whether what is live is what it was made against, or the policies let it be moved and nothing stands in its way. */
function canLand(draft: Draft, { world, around }: Scene, force: readonly Policy[]): boolean {
  const stale = draft.bases.flatMap((base, at) => (base === around.live[at] ? [] : [at]))
  const heals = force.length > 0 && strictest(force).heals
  const clean = stale.every((at) => {
    const moved = { ...draft, bases: draft.bases.with(at, around.live[at] ?? 0) }
    const live = world.resources[at]?.[around.live[at] ?? 0] ?? {}
    const base = world.resources[at]?.[draft.bases[at] ?? 0] ?? {}
    const touched = [...effectOf(world, draft, at).keys()]
    const merged = {
      ...live,
      ...Object.fromEntries(touched.map((field) => [field, draft.documents[at]?.[field] ?? 0])),
    }
    const there = effectOf(world, { ...moved, documents: draft.documents.with(at, merged) }, at)
    return touched.every((field) => live[field] === base[field]) && there.size === touched.length
  })
  return stale.length === 0 || (heals && clean)
}

/** Whether somebody asks for all comments to be resolved, and one is not. */
function isTalkedAbout({ comments }: Ledger, force: readonly Policy[]): boolean {
  return force.some(({ rules }) => rules?.comments === 'resolved') && comments.some(({ resolved }) => !resolved)
}

function isMet(ledger: Ledger, scene: Scene, force: readonly Policy[]): boolean {
  if (force.length === 0 || !isNotObjected(ledger)) return false
  if (force.every(({ version }) => version === over)) return true
  return isEnough(ledger, scene, { force, answers: ledger.answers })
}

/** Tells whether approvals, as far as they count, are what the policies ask for. */
function isEnough(
  ledger: Ledger,
  scene: Scene,
  { force, answers }: { readonly force: readonly Policy[]; readonly answers: readonly Answer[] },
): boolean {
  const counted = answers.filter((answer) => !isOld(answer, scene, force) && mayAnswer(ledger, scene, force, answer))
  return force.every((policy) => {
    const voters = votersOf(
      counted.map((answer) => askedBy(policy, answer)),
      scene,
    )
    return treesOf(policy, ledger, scene).every((tree) => meets(tree, voters))
  })
}

/** An approval with what of its limits is about a policy. */
function askedBy(policy: Policy, answer: Answer): Answer {
  const { limits } = answer
  if (!limits?.asked) return answer
  const demand = `${demandOf(policy)} `
  const asked = limits.asked.flatMap((one) => (one.startsWith(demand) ? [one.slice(demand.length)] : []))
  return { ...answer, limits: { ...limits, asked } }
}

/** What a policy demands, whichever version of it does. */
function demandOf({ id, require, veto, escalate }: Policy): string {
  return JSON.stringify([id, require, veto, escalate])
}

/** Tells whether an approval counts in every place that is somebody's. */
function countsForAll(answer: Answer, ledger: Ledger, scene: Scene, force: readonly Policy[]): boolean {
  const whose = ownerOf(answer)
  const account = directoryOf(scene)[whose]
  const unseen = (answer.limits?.unseen ?? []).map(({ field }) => `/${field}`)
  return force.every((policy) => {
    const places = treesOf(policy, ledger, scene).flatMap(placesOf)
    const theirs = places.filter(({ from }) => account && isNamed(whose, account, from) && !isOut(whose, from, scene))
    const { asked } = askedBy(policy, answer).limits ?? {}
    return theirs.every((place) => {
      const isAsked = !asked || namesIn(place).some((name) => asked.includes(name))
      return isAsked && (unseen.length === 0 || (place.field !== undefined && !unseen.includes(place.field)))
    })
  })
}

/** Tells whether an approval was given too long ago to count. */
function isOld({ verdict, at }: Answer, scene: Scene, force: readonly Policy[]): boolean {
  const { counts } = strictest(force)
  return verdict === 'approve' && at !== undefined && counts !== undefined && nowOf(scene) - at >= counts
}

/** When the next approval becomes too old, of those of which nobody has seen that yet. */
function nextLapse({ answers, conduct, lapsedAt = 0 }: Ledger): number | undefined {
  const { counts } = strictest(conduct)
  const ends = answers.flatMap(({ verdict, at }) => {
    const end = verdict === 'approve' && at !== undefined && counts !== undefined ? at + counts : 0
    return end > lapsedAt ? [end] : []
  })
  return ends.length === 0 ? undefined : Math.min(...ends)
}

/** Whoever stands behind two approvals, as the one who gives them or whose they are, counts once for both. */
function votersOf(answers: readonly Answer[], scene: Scene) {
  const directory = directoryOf(scene)
  let voters: Approver[] = []
  for (const answer of answers) {
    const persons = [answer.by, ownerOf(answer)].map((user) => personOf(scene, user))
    const met = voters.filter((voter) => voter.persons.some((person) => persons.includes(person)))
    const vote = {
      users: [ownerOf(answer)],
      roles: directory[ownerOf(answer)]?.roles ?? [],
      unseen: (answer.limits?.unseen ?? []).map(({ field }) => field),
      asked: answer.limits?.asked,
    }
    const one = {
      persons: [...met.flatMap((voter) => voter.persons), ...persons],
      votes: [...met.flatMap(({ votes }) => votes), vote],
    }
    const [first] = met
    voters = first ? voters.map((voter) => (voter === first ? one : voter)) : [...voters, one]
    voters = voters.filter((voter) => voter === one || !met.includes(voter))
  }
  return voters
}

/** Tells whether it is time to remind people, of a request that waits for them or of a review that is overdue. */
function isTimeToRemind(ledger: Ledger, scene: Scene): boolean {
  const { status, followUp, asked, waitsSince, remindedAt = waitsSince } = ledger
  const waits = status === 'pending' || (status === 'approved' && asked.length > 0)
  const now = nowOf(scene) - (waits ? stoodStill(scene, remindedAt) : 0)
  const { remindEvery, settleWithin } = strictest(asked)
  if (status === 'failed' && !followUp) return false
  if (status === 'approved' && !waits) return false
  if (waits) return remindEvery !== undefined && now >= remindedAt + remindEvery
  if (!followUp || followUp.settled) return false
  return now >= (followUp.remindedAt === undefined ? followUp.dueAt : followUp.remindedAt + settleWithin)
}

/** What people are to be warned of now: the end of a request that needs them, or a time that it would miss before. */
function toWarnOf(ledger: Ledger, scene: Scene): number | undefined {
  const { status, waitsSince, conduct, toldOf, withheld, dropped, movedAt } = ledger
  const { openTime, times } = scene.world
  const now = nowOf(scene)
  const end = Math.min(endOf(ledger, scene) + stoodStill(scene, waitsSince), latestOf(scene))
  const time = timeOf(ledger, scene)
  const talked = status === 'approved' && isTalkedAbout(ledger, conduct)
  const isReady = status === 'approved' && !talked
  const isLate = !openTime && strictest(conduct).whenMissed === 'expire'
  const atRisk = !isReady && !(talked && movedAt >= (time ?? 0)) && !dropped && !isLate
  const soon = atRisk && time !== undefined && time > now && time < end
  const of = soon ? time : end
  const length = of - waitsSince
  const lead = Math.min(lengthOf('1d'), Math.floor(length / 4))
  const isByHand = withheld || dropped || (time === undefined && (openTime !== undefined || strictest(conduct).byHand))
  const itself = isReady && !isByHand ? (time ?? movedAt) : (times[0] ?? 0)
  return lead > 0 && now >= of - lead && now >= itself && itself < of && (toldOf ?? 0) < of ? of : undefined
}

function dueToEscalate({ asked, waitsSince, escalated }: Ledger, scene: Scene): readonly Policy[] {
  const now = nowOf(scene) - stoodStill(scene, waitsSince)
  return asked.filter((policy) => {
    const { escalate } = policy
    return escalate && !escalated.includes(policy) && now >= waitsSince + lengthOf(escalate.after)
  })
}

/** For how long, since some instant, the workflow was held: nothing that waited grew any older. */
function stoodStill({ world: { times }, around: { still } }: Scene, since: number): number {
  return still.reduce((sum, place) => {
    const [from = 0, to = 0] = [times[place], times[place + 1]]
    return from < since ? sum : sum + to - from
  }, 0)
}

/** Tells whether the time that the content was scheduled for came while the workflow was held. */
function isMissed(ledger: Ledger, scene: Scene): boolean {
  const {
    world: { times },
    around,
  } = scene
  const applyAt = timeOf(ledger, scene)
  const { still, held, time } = around
  return applyAt !== undefined && [...still, ...(held ? [time] : [])].some((place) => times[place] === applyAt)
}

/** Where an answer that is taken back while the workflow is held leaves the request: no nearer to its end than it was. */
function stays(ledger: Ledger, scene: Scene, force: readonly Policy[]): Request['status'] {
  return ledger.status === 'approved' && !isMet(ledger, scene, force) ? 'pending' : ledger.status
}

/** Tells whether somebody's earlier use of the glass is not reviewed yet, or one against the same policies. */
function owesReview(scene: Scene, force: readonly Policy[]): boolean {
  const { world, around, command } = scene
  if (!around.owed || !world.owed) return false
  const { by, person, policies } = world.owed
  const same = personOf(scene, command.by) === person || isSamePerson(scene, command.by, by)
  return same || force.some(({ id }) => policies.includes(id))
}

function maySettle(ledger: Ledger, scene: Scene, force: readonly Policy[]): boolean {
  const { followUp } = ledger
  const { by } = scene.command
  if (!followUp || followUp.settled || followUp.reviewers.some((other) => isSamePerson(scene, other, by))) return false
  if (followUp.person === personOf(scene, by) || isSamePerson(scene, followUp.by, by)) return false
  return mayAnswer(ledger, scene, force, { by, verdict: 'approve' })
}

function isSettledBy(ledger: Ledger, scene: Scene, reviewers: readonly string[]): boolean {
  const { followUp } = ledger
  const others = reviewers.filter(
    (by) => followUp?.person !== personOf(scene, by) && !isSamePerson(scene, followUp?.by ?? '', by),
  )
  const answers = others.map((by): Answer => ({ by, verdict: 'approve' }))
  return isEnough(ledger, scene, { force: inForce(ledger, scene), answers })
}

/** What a policy asks of the content: its tree, or the owners of what is touched. Whoever it was escalated to may answer everywhere in it. */
function treesOf(policy: Policy, ledger: Ledger, scene: Scene): readonly Requirement[] {
  const { escalate } = policy
  const trees = treesAsked(policy, ledger, scene)
  if (!escalate || !ledger.escalated.includes(policy)) return trees
  return trees.map((tree) => cached(widened(tree, escalate.to)))
}

function widened(tree: Requirement, to: Approvers): Requirement {
  const text = JSON.stringify(tree, (key, value) =>
    key === 'from'
      ? { users: [...(value.users ?? []), ...(to.users ?? [])], roles: [...(value.roles ?? []), ...(to.roles ?? [])] }
      : value,
  )
  return JSON.parse(text)
}

function treesAsked(
  { match, require, safe = [] }: Policy,
  { draft }: Ledger,
  { world }: Scene,
): readonly Requirement[] {
  if (!('owners' in require)) return [require]
  return draft.documents.flatMap((_, at) => {
    if (match.project !== undefined && match.project !== `project-${at}`) return []
    const touched = [...effectOf(world, draft, at).keys()].filter((field) => !isSafe(field, safe))
    const asked: Requirement[] = require.owners.filter(({ field }) => touched.includes(field.slice(1)))
    const nobodys = touched.some((field) => !require.owners.some((owner) => owner.field === `/${field}`))
    if (require.otherwise && (nobodys || touched.length === 0 || world.step)) asked.push(require.otherwise)
    return asked.length === 0 ? [] : [cached({ all: asked })]
  })
}

function isSafe(field: string, safe: NonNullable<Policy['safe']>): boolean {
  return safe.some((change) => change.field === `/${field}`)
}

function mayAnswer(
  ledger: Ledger,
  scene: Scene,
  force: readonly Policy[],
  { by, whose = by, verdict }: Answer,
): boolean {
  const account = directoryOf(scene)[whose]
  if (!account || !directoryOf(scene)[by]) return false
  const rules = strictest(force)
  const isOne = (one: string, other: string) =>
    isSamePerson(scene, one, other) ||
    ledger.remembered.some(({ user, person }) => user === other && person === personOf(scene, one))
  const isBehind = (other: string) => isOne(by, other) || isOne(whose, other)
  if (!rules.selfApproval && [ledger.asker, ...ledger.formers].some(isBehind)) return false
  const trees = force.flatMap((policy) => treesOf(policy, ledger, scene)).flatMap(leavesOf)
  const vetoes = verdict === 'approve' ? [] : force.flatMap(({ veto }) => veto ?? [])
  const theirs = [...trees, ...vetoes].filter((from) => isNamed(whose, account, from) && !isOut(whose, from, scene))
  if (theirs.length === 0 || (by !== whose && theirs.some((from) => isOut(by, from, scene)))) return false
  if (verdict !== 'approve') return true
  const last = ledger.authors.at(-1)
  const barred = { all: ledger.authors, last_editor: last === undefined ? [] : [last], none: [] }[rules.contributors]
  return !barred.some((author) => author !== ledger.asker && isBehind(author))
}

/** The policies that hold, and the freeze if it asks. Once it is over and nobody else asks, nobody is missing. */
function inForce(ledger: Ledger, scene: Scene): readonly Policy[] {
  const { asking } = scene.world
  if (ledger.asked.length === 0) return ledger.asked
  if (!asking) return ofPolicies(ledger, scene)
  const others = ofPolicies({ ...ledger, asked: withoutSeason(ledger.asked, asking) }, scene)
  if (isAskedFor(scene, ledger.draft)) return seasoned(others, asking)
  return others.length > 0 ? others : once(overs, asking, () => [{ ...asking, version: over }])
}

/** The version under which a freeze stands that is over. */
const over = -1
const overs = new Map<Policy, readonly Policy[]>()
const seasons = new Map<readonly Policy[], readonly Policy[]>()
const seasonless = new Map<readonly Policy[], readonly Policy[]>()

function seasoned(policies: readonly Policy[], asking: Policy): readonly Policy[] {
  return once(seasons, policies, () => [...policies, asking])
}

function withoutSeason(policies: readonly Policy[], asking: Policy): readonly Policy[] {
  return once(seasonless, policies, () => policies.filter((one) => one !== asking))
}

function isAskedFor({ world, around }: Scene, { applyAt }: Draft): boolean {
  return world.asking !== undefined && asksWhenLanding(world, around.time, applyAt)
}

/** Whether nothing but what the freeze asks is missing, so that it is settled when that is over. */
function awaitsThaw(ledger: Ledger, scene: Scene): boolean {
  const { asking } = scene.world
  if (!asking || ledger.status !== 'pending' || !isAskedFor(scene, ledger.draft)) return false
  const others = withoutSeason(inForce(ledger, scene), asking)
  const met = others.length > 0 ? isMet(ledger, scene, others) : isNotObjected(ledger)
  return met && !isMet(ledger, scene, inForce(ledger, scene))
}

function isNotObjected({ answers }: Ledger): boolean {
  return answers.every(({ verdict }) => verdict === 'approve')
}

/** The policies that hold: those that were pinned, and unless they say otherwise those that match now. */
function ofPolicies(ledger: Ledger, scene: Scene): readonly Policy[] {
  const { asked, askedAt, draft } = ledger
  const isAlone = asked.length === 0 && !scene.world.asking
  const isPinned = asked.length > 0 && strictest(asked).pinnedAlone
  if (isAlone || askedAt === scene.around.policies || isPinned) return asked
  const now = matched(scene, draft)
  return once(
    once(unions, asked, () => new Map()),
    now,
    () => [...new Set([...asked, ...now])],
  )
}

/** The policies that match, and the freeze if it asks. */
function asks(scene: Scene, draft: Draft): readonly Policy[] {
  const { asking } = scene.world
  const policies = matched(scene, draft)
  return asking && isAskedFor(scene, draft) ? seasoned(policies, asking) : policies
}

/** The policies that match, worked out by hand: they name fields, and thresholds that a value has to exceed. */
function matched({ world, around }: Scene, draft: Draft): readonly Policy[] {
  const policies = world.policySets[around.policies] ?? []
  return once(
    once(matches, draft, () => new Map()),
    policies,
    () => matching(world, policies, draft),
  )
}

function matching(world: World, policies: readonly Policy[], draft: Draft): readonly Policy[] {
  return policies.filter(({ match, when, require, safe = [] }) =>
    draft.documents.some((document, at) => {
      if (match.project !== undefined && match.project !== `project-${at}`) return false
      const all = [...effectOf(world, draft, at).keys()]
      const touched = new Set(all.filter((field) => !isSafe(field, safe)))
      if (touched.size === 0 && all.length > 0 && !world.step) return false
      if ('owners' in require && !require.otherwise && !require.owners.some(({ field }) => touched.has(field.slice(1))))
        return false
      if (when === undefined) return true
      if (!('field' in when)) throw new TypeError('The oracle knows no such condition.')
      const field = when.field.slice(1)
      if (!touched.has(field)) return false
      return when.type === 'any_change' || (when.type === 'before_after' && (document[field] ?? 0) > Number(when.value))
    }),
  )
}

function strictest(policies: readonly Policy[]): Strictest {
  return once(strictests, policies, () => worstOf(policies))
}

type Strictest = ReturnType<typeof worstOf>

function worstOf(policies: readonly Policy[]) {
  const all = policies.map(({ rules = {} }) => rules)
  const days = all.map(({ expiresAfter = '14d' }) => Number.parseInt(expiresAfter, 10))
  const intervals = all.flatMap(({ remindEvery = 'never' }) => (remindEvery === 'never' ? [] : lengthOf(remindEvery)))
  const lengths = all.flatMap(({ approvalsExpireAfter = 'never' }) =>
    approvalsExpireAfter === 'never' ? [] : lengthOf(approvalsExpireAfter),
  )
  const late = all.map(({ whenMissed = 'expire' }) => whenMissed)
  const excluded = all.map(({ excludeContributors = 'all' }) => excludeContributors)
  return {
    selfApproval: all.length > 0 && all.every(({ selfApproval }) => selfApproval === true),
    closes: all.some(({ onReject }) => onReject !== 'block'),
    resets: all.length === 0 || all.some(({ onEdit = 'reset' }) => onEdit === 'reset'),
    stands: all.length > 0 && all.every(({ onEdit }) => onEdit === 'stand'),
    byHand: all.some(({ apply }) => apply === 'by_hand'),
    counts: lengths.length > 0 ? Math.min(...lengths) : undefined,
    whenMissed:
      late.length === 0 || late.includes('expire') ? 'expire' : late.includes('hold') ? 'hold' : ('apply' as const),
    locks: all.some(({ lock }) => lock === 'resource'),
    heals: all.every(({ onStale }) => onStale === 'rebase'),
    failsLate:
      all.some(({ onStale }) => onStale === 'fail_when_applied') &&
      all.every(({ onStale = 'fail' }) => onStale !== 'fail'),
    pinnedAlone: all.every(({ policyDrift }) => policyDrift === 'pinned'),
    cancelsAnyTime: all.every(({ cancel }) => cancel === 'any_time'),
    remindEvery: intervals.length > 0 ? Math.min(...intervals) : undefined,
    settleWithin: Math.min(lengthOf('3d'), ...all.map(({ settleWithin = '3d' }) => lengthOf(settleWithin))),
    expiresAfter: Math.min(14, ...days) * 24 * 60 * 60 * 1000,
    contributors:
      excluded.includes('all') || excluded.length === 0
        ? 'all'
        : excluded.includes('last_editor')
          ? 'last_editor'
          : 'none',
  } as const
}

/** A number of days in milliseconds: the only length of time that these worlds know. */
const lengthOf = (days: string) => Number.parseInt(days, 10) * 24 * 60 * 60 * 1000

function leavesOf(tree: Requirement): readonly Approvers[] {
  return placesOf(tree).map(({ from }) => from)
}

/** The places of a tree: whose they are, and of which field. */
function placesOf(tree: Requirement): readonly { readonly from: Approvers; readonly field?: string }[] {
  if ('quorum' in tree) return [tree]
  const parts = 'all' in tree ? tree.all : 'any' in tree ? tree.any : 'stages' in tree ? tree.stages : tree.of
  return parts.flatMap(placesOf)
}

/** Tells whether approvers except a user, or another account of the same person. */
function isOut(user: string, { except }: Approvers, scene: Scene): boolean {
  if (!except) return false
  const roles = directoryOf(scene)[user]?.roles ?? []
  const byName = (except.users ?? []).some((other) => isSamePerson(scene, user, other))
  return byName || (except.roles ?? []).some((role) => roles.includes(role))
}

function isNamed(
  user: string,
  { roles }: { readonly roles: readonly string[] },
  from: { readonly users?: readonly string[] | undefined; readonly roles?: readonly string[] | undefined },
): boolean {
  return (from.users ?? []).includes(user) || (from.roles ?? []).some((role) => roles.includes(role))
}

/** The same object for the same tree, so that what was worked out for it is found again. */
function cached(tree: Requirement): Requirement {
  const key = JSON.stringify(tree)
  const known = trees.get(key) ?? tree
  trees.set(key, known)
  return known
}

const trees = new Map<string, Requirement>()

const nothing: readonly Policy[] = []
const matches = new WeakMap<Draft, Map<readonly Policy[], readonly Policy[]>>()
const unions = new WeakMap<readonly Policy[], Map<readonly Policy[], readonly Policy[]>>()
const strictests = new WeakMap<readonly Policy[], Strictest>()

function once<K extends object, V>(known: Pick<WeakMap<K, V>, 'get' | 'set'>, key: K, workOut: () => V): V {
  const found = known.get(key)
  if (found !== undefined) return found
  const value = workOut()
  known.set(key, value)
  return value
}

const ownerOf = ({ by, whose = by }: Answer) => whose
const unanswered = (ledger: Ledger, user: string) => ({
  ...ledger,
  answers: ledger.answers.filter((answer) => ownerOf(answer) !== user),
})

/** The answer that a command gives. */
function answerOf({ type, by, whose }: Command): Answer {
  return { by, verdict: type as Answer['verdict'], ...(whose === undefined || whose === by ? {} : { whose }) }
}

/** The answers after one more: one of its owner's stands, and nobody approves twice who could take back the one that they gave before for somebody else. */
function withAnswer({ answers, digest }: Ledger, scene: Scene): readonly Answer[] {
  const answer = answerOf(scene.command)
  const stays = (one: Answer) =>
    ownerOf(one) !== ownerOf(answer) &&
    !(one.by === answer.by && one.verdict === 'approve' && standsFor(scene, one.by, ownerOf(one)))
  const given = { ...answer, seen: digest, at: nowOf(scene) }
  const isPart = (one: Answer) =>
    answer.verdict === 'approve' && one.verdict === 'approve' && one.limits && ownerOf(one) === ownerOf(answer)
  const left = answers.filter((one) => isPart(one) || stays(one))
  return left.some(isPart) ? left.map((one) => (isPart(one) ? given : one)) : [...left, given]
}

/** Tells whether an answer gives way to another one of the same person: an owner's own one to their own alone, and none to its equal. */
function yields(given: Answer, answer: Answer): boolean {
  const isOwners = given.by === ownerOf(given)
  if (answer.by !== ownerOf(answer)) return given.verdict !== answer.verdict && !isOwners
  return given.verdict !== answer.verdict || !isOwners
}

/** The answer that somebody means who takes one back: the one that they name, or the only one that they gave or that was given for them. */
function meantBy({ answers }: Ledger, { by, whose }: Command): Answer | undefined {
  if (whose === undefined) {
    const own = answers.filter((answer) => answer.by === by || ownerOf(answer) === by)
    return own.length === 1 ? own[0] : undefined
  }
  return answers.find((answer) => ownerOf(answer) === whose && (whose === by || answer.by !== whose))
}

/** Tells whether somebody may speak for somebody now: for themselves, or for whoever lets them at this time. */
function standsFor(scene: Scene, by: string, whose: string): boolean {
  const directory = directoryOf(scene)
  if (!directory[by] || !directory[whose]) return false
  if (by === whose) return true
  const now = nowOf(scene)
  const { delegations = [] } = scene.world
  return delegations.some((lent) => lent.from === whose && lent.to === by && lent.begins <= now && now < lent.ends)
}
const openConflicts = ({ conflicts }: Draft) => conflicts.filter((conflict) => conflict !== undefined).length
const directoryOf = ({ world, around }: Scene) => world.directories[around.directory] ?? {}
const nowOf = ({ world, around }: Scene) => world.times[around.time] ?? 0
const personOf = (scene: Scene, user: string) => directoryOf(scene)[user]?.person ?? user
const isSamePerson = (scene: Scene, a: string, b: string) => personOf(scene, a) === personOf(scene, b)
