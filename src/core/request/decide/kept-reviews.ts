import type { ChangedPlace } from '../../change/changed-place.ts'
import { compilePattern, coversPath, type Pattern, touchesPattern } from '../../change/pattern.ts'
import { defined } from '../../defined.ts'
import { canonical } from '../../json/canonical.ts'
import type { JsonValue } from '../../json/json.ts'
import { asJson } from '../../json/json.ts'
import { type PinnedRequirement, requirementsJoin } from '../../policy/model/requirement.ts'
import { type ApprovalLimits, type AskedNeed, isOf, type ResourcePlace } from '../../review/approval-limits.ts'
import { eligibility } from '../../review/eligibility.ts'
import { type Giver, giverOf, isOwn, ownerOf } from '../../review/giver.ts'
import { needsAsking, needsOf } from '../../review/needs.ts'
import type { Review, UnderReview } from '../../review/under-review.ts'
import { holdsVeto, isAmong, type KnownUser } from '../../review/voter.ts'
import type { Facts, NextContent } from '../model/command.ts'
import type { ProposedChange } from '../model/content.ts'
import { putsWhole } from '../model/effect.ts'
import type { ContentEvent, Pinned } from '../model/event.ts'
import type { Objection } from '../model/objection.ts'
import { currentReviews, isSameSubject, rememberedSubject, revives } from '../model/remembered.ts'
import type { Request } from '../model/request.ts'
import { isSameSchedule } from '../model/schedule.ts'

/** A command that brings content, as far as answers are concerned. */
interface Bringing {
  readonly by: string
  readonly type: ContentEvent['type']
  /** Whether it leaves the request before the reviewers whom it was put to. */
  readonly leaves: boolean
  /** Whether it is an approval that names details: whoever approves takes nobody's objection away. */
  readonly names: boolean
}

/** What is brought, and the facts of this moment. */
interface Brought {
  readonly next: NextContent
  readonly pinned: Pinned
  readonly facts: Pick<Facts, 'users' | 'rules'>
}

/**
 * Lists the answers that stand in the next round of a request that is before its reviewers. The one place where that
 * is decided, for every verb, when the content is written; the answers name the digest that their givers saw.
 *
 * An objection stands while the request does the same at the same time, whatever was done with it in between; if
 * policies keep answers over edits, until it is taken back. Of a request that had ended none does. Approvals stand
 * only if policies keep them: of people who may still approve and, unless policies let all of them stand, in whose part
 * the effective change is equal; and never when the request is put to its reviewers anew. An approval that stands for
 * what its giver has seen a part of counts for that part alone, whatever they become and whatever is asked later.
 */
export function answersFor(bringing: Bringing, request: Request, brought: Brought): readonly Review[] {
  const { pinned, facts } = brought
  if (revives(bringing.type, request)) return []
  const keeps = facts.rules.onEdit !== 'reset' && pinned.rules.onEdit !== 'reset'
  const there = rememberedSubject(pinned)
  const isSame = isSameSubject(rememberedSubject(request), there)
  const stay = currentReviews(request).flatMap((review) => {
    if (bringing.names) return review.verdict === 'approve' ? [] : [review]
    if (review.verdict === 'reject') return keeps || isSame ? [review] : []
    if (!keeps || !bringing.leaves) return []
    if (review.verdict !== 'approve') return [review]
    return keptApproval(review, { bringing, request, brought }) ?? []
  })
  const answered = new Set(stay.map(ownerOf))
  const back = (request.objections ?? []).filter(({ about, isOver, stood }) => {
    return !isOver && ((keeps && stood) || about.some((subject) => isSameSubject(subject, there)))
  })
  const last = new Map(back.filter((one) => !answered.has(ownerOf(one))).map((one) => [ownerOf(one), one]))
  return [...last.values(), ...stay].map((answer) => carried(answer, pinned))
}

function carried(answer: Review | Objection, { digest, round }: Pinned): Review {
  const { about: _about, isOver: _isOver, stood: _stood, ...review } = { about: [], ...answer } as Objection
  return { ...review, digest, round, carriedFrom: review.carriedFrom ?? review.digest }
}

/**
 * Gives an approval as it is carried over, with what it counts for from now on; `undefined` if it falls. Somebody's
 * part is the fields that path ownership asks them about with those that are nobody's, or else everything. A schedule
 * is everybody's part.
 */
function keptApproval(
  review: Review,
  { bringing, request, brought }: { readonly bringing: Bringing; readonly request: Request; readonly brought: Brought },
): Review | undefined {
  const { next, pinned, facts } = brought
  const after = { ...request, ...pinned }
  const giver = giverOf(review, facts.users, after.rules)
  if (pinned.conflicts > 0 || !giver || isEditor(review, giver, { bringing, after, facts })) return undefined
  if (eligibility(after, facts.users, 'approve')(giver) !== 'eligible') return undefined
  const edited = isSameSchedule(next, request) ? editedPlaces(next.before, next.changes) : undefined
  const earlier = review.limits?.unseen?.filter((place) => isChanged(place, next.changes)) ?? []
  const asked = review.limits?.asked && inLaterVersions(review.limits.asked, request, pinned)
  const isMore = asksMore(request, pinned)
  const stands = facts.rules.onEdit === 'stand' && pinned.rules.onEdit === 'stand'
  if (stands && !hasJoined(request, next.changes) && !isMore) {
    const isUnseen = edited?.length !== 0
    const those = asked ?? (isUnseen ? needsAsking(giver.principal, request.requirements) : undefined)
    return limited(review, { unseen: earlier, asked: those })
  }
  // What was unseen before has to be for others still: whom it was for may not be asked any more.
  const isTheirs = somebodyElses(giver.principal, request, { next, pinned })
  if (!edited || ![...earlier, ...edited].every(isTheirs)) return undefined
  return limited(review, {
    unseen: distinct([...earlier, ...edited.filter((place) => isChanged(place, next.changes))]),
    asked,
  })
}

function limited(
  { limits: _limits, ...review }: Review,
  { unseen = [], asked }: { readonly [L in keyof ApprovalLimits]: ApprovalLimits[L] | undefined },
): Review {
  const limits = { ...(unseen.length > 0 ? { unseen } : {}), ...defined({ asked }) }
  return Object.keys(limits).length > 0 ? { ...review, limits } : review
}

/** A policy that was saved anew and asks the same asks nothing besides. */
function inLaterVersions(
  asked: readonly AskedNeed[],
  { requirements }: Pick<Request, 'requirements'>,
  { requirements: later }: Pick<Pinned, 'requirements'>,
): readonly AskedNeed[] {
  return asked.map((one) => {
    const isIts = (before: PinnedRequirement) =>
      isOf(one, before) && needsOf([before]).some(({ about }) => about === one.about)
    const now = later.find((next) => requirements.some((before) => isIts(before) && asksTheSame(before, next)))
    return now ? { ...one, version: now.version } : one
  })
}

function asksTheSame(before: PinnedRequirement, { version: _version, ...next }: PinnedRequirement): boolean {
  const { version: _before, ...asked } = before
  return canonical(asJson(asked)) === canonical(asJson(next))
}

/** Tells whether who brings content gave an approval, or it was given for them, by whatever account of theirs. */
function isEditor(
  review: Review,
  { user, principal }: Giver,
  {
    bringing: { by },
    after,
    facts,
  }: { readonly bringing: Bringing; readonly after: UnderReview } & Pick<Brought, 'facts'>,
): boolean {
  const then = after.persons.flatMap((one) => (one.user === by ? [one.person] : []))
  const persons = [facts.users.get(by)?.person, ...then]
  return isOwn(review, by) || persons.some((one) => one === user.person || one === principal.person)
}

/** Tells whether policies ask something of content that they did not ask of the content before. */
function asksMore(
  { requirements }: Pick<Request, 'requirements'>,
  { requirements: later }: Pick<Pinned, 'requirements'>,
): boolean {
  const joined = [later, []].map((more) => canonical(asJson(requirementsJoin(requirements, more))))
  return joined[0] !== joined[1]
}

/** Tells whether content is about a resource that the request was not about: nobody has seen anything of that. */
export function hasJoined({ resources }: Pick<Request, 'resources'>, changes: readonly ProposedChange[]): boolean {
  return changes.some(({ resource }) => {
    return !resources.some(({ type, id }) => type === resource.type && id === resource.id)
  })
}

/**
 * Makes the question whether a place is for others alone to look at: not for somebody whom path ownership asks about
 * it, nor for everybody, as what nobody in particular is asked about. Those others are asked about it as it is from now
 * on, and about all of it; of what is not changed any more, they were.
 */
function somebodyElses(
  user: KnownUser,
  request: Request,
  { next, pinned }: Pick<Brought, 'next' | 'pinned'>,
): (place: ResourcePlace) => boolean {
  const asked = [...request.requirements, ...pinned.requirements]
  const own = ownFields(user, asked)
  const othersOf = (some: readonly PinnedRequirement[]) =>
    patternsOf(needsOf(some).flatMap(({ from, about }) => (about === undefined || isAmong(user, from) ? [] : about)))
  const [then, now] = [othersOf(asked), othersOf(pinned.requirements).filter((one) => isOfOne(one, next.changes))]
  return (place) => {
    if (!own || own.some((one) => touchesPattern(one, place.path))) return false
    if (!isChanged(place, next.changes)) return then.some((one) => touchesPattern(one, place.path))
    return now.some((one) => coversPath(one, place.path))
  }
}

/** The fields that somebody is asked about; `undefined` if that may be everything. */
function ownFields(user: KnownUser, requirements: readonly PinnedRequirement[]): readonly Pattern[] | undefined {
  if (requirements.some(({ veto }) => veto && holdsVeto(user, veto))) return undefined
  const fields = needsOf(requirements).flatMap(({ from, about }) => (isAmong(user, from) ? [about] : []))
  const patterns = patternsOf(fields.flatMap((about) => about ?? []))
  return patterns.length < fields.length || fields.length === 0 ? undefined : patterns
}

/** Compiles fields, without those of which nothing can be told here, as of a group. */
function patternsOf(fields: readonly string[]): readonly Pattern[] {
  return fields.flatMap((field) => {
    const pattern = compilePattern(field)
    return pattern.ok ? pattern.value : []
  })
}

/** Tells whether a pattern is about one of several changes alone: what is asked about one says nothing of another. */
function isOfOne(pattern: Pattern, changes: readonly ProposedChange[]): boolean {
  const its = changes.filter(({ places, toProject, move }) => {
    return putsWhole({ toProject, move }) || places.some(({ path }) => touchesPattern(pattern, path))
  })
  return its.length === 1
}

/** Tells whether a place is changed, as a whole or in part. */
function isChanged({ type, id, path: at }: ResourcePlace, changes: readonly ProposedChange[]): boolean {
  const its = changes.find(({ resource }) => resource.type === type && resource.id === id)
  return its?.places.some(({ path }) => path === at || isBelow(path, at) || isBelow(at, path)) ?? false
}

function isBelow(path: string, other: string): boolean {
  return path.startsWith(`${other}/`)
}

function distinct(places: readonly ResourcePlace[]): readonly ResourcePlace[] {
  return [...new Map(places.map((place) => [canonical(asJson(place)), place])).values()]
}

/**
 * Tells whether a place may be an item that is known by its position alone: it may be what any pattern about the list
 * names.
 */
function isPosition({ path, ...place }: ChangedPlace): boolean {
  return /\/(?:0|[1-9][0-9]*)$/.test(path) && !('position' in place) && place.byPlace === undefined
}

function containerOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}

/**
 * Lists the places that one of two contents changes as the other one does not; `undefined` if they differ in anything
 * else. An item of a list that is known by its position alone stands for the list.
 */
function editedPlaces(
  before: readonly ProposedChange[],
  after: readonly ProposedChange[],
): readonly ResourcePlace[] | undefined {
  if (canonical(besidesPlaces(before)) !== canonical(besidesPlaces(after))) return undefined
  return after.flatMap(({ resource: { type, id }, actions, places }, at) => {
    const was = before[at] as ProposedChange
    const [here, there] = [places, was.places].map((some) => new Set(some.map((place) => canonical(asJson(place)))))
    const isNew = (others: ReadonlySet<string> | undefined) => (place: ChangedPlace) =>
      !others?.has(canonical(asJson(place)))
    const edited = [...places.filter(isNew(there)), ...was.places.filter(isNew(here))]
    // With the same places, other actions make all of it something else.
    const whole = edited.length === 0 && canonical(asJson(actions)) !== canonical(asJson(was.actions)) ? [''] : []
    const paths = edited.map((place) => (isPosition(place) ? containerOf(place.path) : place.path))
    return [...whole, ...paths].map((path) => ({ type, id, path }))
  })
}

function besidesPlaces(changes: readonly ProposedChange[]): JsonValue {
  return asJson(
    changes.map(({ resource, project, toProject, incarnation, move, after }) => ({
      resource,
      project,
      goes: toProject ?? null,
      whole: putsWhole({ toProject, move }) ? after : null,
      incarnation,
      move: move === undefined ? null : { ...move, reverts: null },
    })),
  )
}

/** Tells whether content is about a resource less: that is how a request gets rid of one that is gone. */
export function takesOut({ before, changes, leftOut = [] }: NextContent): boolean {
  return changes.length + leftOut.length < before.length
}
