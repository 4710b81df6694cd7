import type { ChangedPlace } from '../../src/core/change/changed-place.ts'
import { defined } from '../../src/core/defined.ts'
import { compilePolicies, type PolicySet } from '../../src/core/policy/compile/policy-set.ts'
import { evaluate } from '../../src/core/policy/evaluate/evaluate.ts'
import type { Evaluation, LifecycleStep } from '../../src/core/policy/model/policy.ts'
import {
  askedAfterFreezes,
  askedByPolicies,
  type PinnedRequirement,
  requirementsJoin,
} from '../../src/core/policy/model/requirement.ts'
import { joinRules } from '../../src/core/policy/model/rules-of-conduct.ts'
import { isReturned } from '../../src/core/request/decide/decide.ts'
import type { Facts, NextContent, TargetFacts } from '../../src/core/request/model/command.ts'
import type { Content, ProposedChange } from '../../src/core/request/model/content.ts'
import type { Frozen } from '../../src/core/request/model/frozen.ts'
import type { Hold } from '../../src/core/request/model/hold.ts'
import type { Request } from '../../src/core/request/model/request.ts'
import type { KnownUsers } from '../../src/core/review/under-review.ts'
import {
  asksWhenLanding,
  type Command,
  type Document,
  type Draft,
  documentAt,
  freezeOf,
  type Surroundings,
  type World,
} from './explored-world.ts'

/** Gives the engine the facts of a world, as the service gives them to it from the storage. */
export interface Engine {
  /** What a command would make of a draft; undefined where the service would refuse it before the engine is asked. */
  next(draft: Draft, command: Command, live: readonly number[]): Draft | undefined
  facts(
    request: Request,
    drafts: { readonly before: Draft; readonly next: Draft | undefined },
    around: Surroundings,
  ): Facts
  /** What the policies ask of a draft. */
  content(before: Draft, next: Draft, around: Pick<Surroundings, 'policies' | 'time'>): NextContent
  users(directory: number): KnownUsers
  /** The draft that a request begins with. */
  beginning(): Draft
}

/** Makes the engine's surroundings of a world. Whatever can be worked out once is. */
export function engineOf(world: World): Engine {
  const directories = world.directories.map(
    (directory): KnownUsers =>
      new Map(Object.entries(directory).map(([id, { person = id, roles }]) => [id, { id, person, roles }])),
  )
  const delegations = world.delegations?.map((lent) => ({ ...lent, match: {} }))
  const sets = world.policySets.map((policies) => compilePolicies(policies))
  const drafts = new Map<string, Draft>()
  const contents = new Map<number, Content>()
  const evaluations = new Map<number, Evaluation>()
  const joined = new Map<Evaluation['requirements'], Map<number, Evaluation>>()
  const nexts = new Map<string, NextContent>()
  const targets = new Map<string, TargetFacts>()
  const rewrites = new Map<Command, Map<string, Draft | undefined>>()

  const intern = (draft: Omit<Draft, 'id'>): Draft => {
    const key = JSON.stringify([draft.bases, draft.documents, draft.applyAt ?? null, draft.conflicts])
    const known = drafts.get(key) ?? { ...draft, id: drafts.size }
    drafts.set(key, known)
    return known
  }
  const contentOf = (draft: Draft): Content =>
    once(contents, draft.id, () => {
      const { applyAt } = draft
      const changes = draft.documents.map((_, at) => changeOf(world, draft, at))
      const { openTime, applyBy, revertAt } = world
      return { changes, ...defined({ applyAt, openTime, applyBy, revertAt }) }
    })
  const season = (draft: Draft, time: number): readonly PinnedRequirement[] => {
    const { asking } = world
    if (!asking || 'owners' in asking.require || !asksWhenLanding(world, time, draft.applyAt)) return []
    return [{ policy: asking.id, version: asking.version, require: asking.require, source: 'freeze' }]
  }
  const evaluationOf = (draft: Draft, policies: number): Evaluation =>
    once(evaluations, draft.id * most + policies, () => evaluated(world, draft, sets[policies]))
  const inForce = (request: Request, draft: Draft, { policies, time }: Surroundings): Evaluation => {
    if (!world.asking || request.requirements.length === 0) return inForceAlone(request, draft, policies)
    const own = askedByPolicies(request.requirements)
    const isMoved = request.policySet.seq !== policies && request.rules.policyDrift !== 'pinned'
    const { requirements } = isMoved ? evaluationOf(draft, policies) : { requirements: [] }
    const all = [requirements, season(draft, time)].reduce(requirementsJoin, own)
    return { requirements: all.length > 0 ? all : askedAfterFreezes(request.requirements), rules: request.rules }
  }
  const inForceAlone = (request: Request, draft: Draft, policies: number): Evaluation => {
    const { requirements, rules } = request
    if (request.policySet.seq === policies || rules.policyDrift === 'pinned' || requirements.length === 0)
      return request
    const now = evaluationOf(draft, policies)
    if (now.requirements.length === 0) return request
    const byDraft = once(joined, requirements, () => new Map<number, Evaluation>())
    return once(byDraft, draft.id * most + policies, () => ({
      requirements: requirementsJoin(requirements, now.requirements),
      rules: joinRules(rules, now.rules),
    }))
  }
  const content = (
    before: Draft,
    next: Draft,
    { policies, time }: Pick<Surroundings, 'policies' | 'time'>,
  ): NextContent =>
    once(nexts, [before.id, next.id, policies, world.asking ? time : ''].join(), () => ({
      ...contentOf(next),
      before: contentOf(before).changes,
      evaluation: withSeason(evaluationOf(next, policies), season(next, time)),
      policySet: { seq: policies, hash: String(policies) },
      gated: false,
    }))
  const targetOf = (draft: Draft, { live, rival, fence, time }: Surroundings, rebases: boolean): TargetFacts =>
    once(targets, `${draft.id} ${live.join()} ${rival} ${fence} ${rebases} ${world.freezes ? time : ''}`, () => {
      const frozen = freezeOf(world, time)
      const stale = draft.bases.some((base, at) => base !== live[at])
      const moved = stale && rebases ? movedOnto(world, draft, live) : undefined
      const healed = moved?.conflicts.every((conflict) => conflict === undefined) ? intern(moved) : undefined
      return {
        ...contentOf(draft),
        live,
        ...(rival ? { lockedBy: 'rival' } : {}),
        ...(frozen ? { frozen: frozenBy(frozen) } : {}),
        ...(draft.applyAt !== undefined && isBlockedAt(world, draft.applyAt) ? { blockedThen: true as const } : {}),
        ...(world.outside
          ? { outside: { resource: { type: 'flag', id: 'f0' }, fence, lease: world.outside.lease } }
          : {}),
        ...(healed ? { rebased: contentOf(healed).changes } : {}),
      }
    })

  return {
    content,
    beginning: () => intern(drafted(world)),
    users: (directory) => directories[directory] ?? new Map(),
    next(draft, command, live) {
      const byDraft = once(rewrites, command, () => new Map<string, Draft | undefined>())
      return once(byDraft, `${draft.id} ${live.join()}`, () => {
        const rewritten = rewrite(world, draft, { command, live })
        return rewritten && intern(rewritten)
      })
    },
    facts(request, { before, next }, around) {
      const force = inForce(request, before, around)
      const { requirements, rules } = force
      const brought = next && content(before, next, around)
      const rebases = brought && brought.evaluation.requirements.length > 0 ? brought.evaluation : force
      return {
        users: directories[around.directory] ?? new Map(),
        requirements,
        rules,
        ...switched(world, around),
        ...heldFacts(world, request, around),
        followUps: around.owed && world.owed ? [world.owed] : [],
        ...(delegations ? { delegations } : {}),
        target: targetOf(next ?? before, around, rebases.requirements.length > 0 && rebases.rules.onStale === 'rebase'),
        ...defined({ next: brought }),
      }
    },
  }
}

function withSeason(evaluation: Evaluation, asked: readonly PinnedRequirement[]): Evaluation {
  return asked.length === 0
    ? evaluation
    : { ...evaluation, requirements: requirementsJoin(evaluation.requirements, asked) }
}

function isBlockedAt(world: World, at: number): boolean {
  return (
    freezeOf(
      world,
      world.times.findLastIndex((time) => time <= at),
    )?.mode === 'block'
  )
}

function frozenBy({ mode, until }: NonNullable<ReturnType<typeof freezeOf>>): Frozen {
  const about = { resource: { type: 'flag', id: 'f0' }, freeze: 'season', freezes: ['season'], reason: 'the season' }
  return { ...about, mode, ...(until === undefined ? {} : { until }) }
}

function switched({ switchedOff }: World, { policies }: Surroundings): Pick<Facts, 'switchedOff'> {
  return switchedOff === undefined || policies < switchedOff ? {} : { switchedOff }
}

/** The holds as the switch of a tenant remembers them. What is returned is not held. */
function heldFacts(world: World, request: Request, around: Surroundings): Pick<Facts, 'held' | 'holds'> {
  const { times, holds: canBeHeld } = world
  const { held, still, time } = around
  if (!canBeHeld) return {}
  const now = times[time] ?? 0
  const past = still.map((place): Hold => ({ from: times[place] ?? 0, to: times[place + 1] ?? 0 }))
  const holds = held ? [...past, { from: now }] : past
  return {
    ...(holds.length === 0 ? {} : { holds }),
    ...(held && !isReturned(request, switched(world, around)) ? { held: true } : {}),
  }
}

/** More than there are drafts, or policy sets, in any world. */
const most = 1_000

/** Works out a value when it is asked for the first time. */
function once<K, V>(known: Map<K, V>, key: K, workOut: () => V): V {
  const found = known.get(key)
  if (found !== undefined || known.has(key)) return found as V
  const value = workOut()
  known.set(key, value)
  return value
}

function drafted(world: World): Omit<Draft, 'id'> {
  const { edit, applyAt } = world.beginning
  const documents = world.resources.map((_, at) => documentAt(world, at, 0))
  const nothing: Omit<Draft, 'id'> = {
    bases: documents.map(() => 0),
    documents,
    applyAt,
    conflicts: documents.map(() => undefined),
  }
  return world.resources.length > 1
    ? {
        ...nothing,
        documents: documents.map((document, at) => ({ ...document, ...(at === edit.resource ? edit.set : { b: 1 }) })),
      }
    : { ...nothing, documents: [{ ...documents[0], ...edit.set }] }
}

function rewrite(
  world: World,
  draft: Draft,
  { command, live }: { readonly command: Command; readonly live: readonly number[] },
): Omit<Draft, 'id'> | undefined {
  const { type, edit, applyAt } = command
  switch (type) {
    case 'edit':
      if (!edit || draft.conflicts[edit.resource]) return undefined
      return {
        ...draft,
        documents: draft.documents.with(edit.resource, { ...draft.documents[edit.resource], ...edit.set }),
      }
    case 'rebase':
      return movedOnto(world, draft, live)
    case 'resolve':
      return resolved(world, draft, live)
    case 'schedule':
      return { ...draft, applyAt }
    case 'unschedule':
      return { ...draft, applyAt: undefined }
    default:
      return draft
  }
}

/** Three-way merge, field by field. Where both sides changed a field differently, the live value stands until that is resolved. */
function movedOnto(world: World, draft: Draft, live: readonly number[]): Omit<Draft, 'id'> {
  const moved = draft.documents.map((document, at) => {
    const onto = live[at] ?? 0
    const conflict = draft.conflicts[at]
    const from = conflict?.from ?? draft.bases[at] ?? 0
    const wanted = conflict?.draft ?? document
    const [base, now] = [documentAt(world, at, from), documentAt(world, at, onto)]
    const fields = [...new Set([...Object.keys(base), ...Object.keys(wanted), ...Object.keys(now)])]
    const both = fields.filter((f) => wanted[f] !== base[f] && now[f] !== base[f] && wanted[f] !== now[f])
    const merged = Object.fromEntries(
      fields.map((f) => [f, wanted[f] === base[f] || both.includes(f) ? (now[f] ?? 0) : (wanted[f] ?? 0)]),
    )
    return { base: onto, document: merged, conflict: both.length > 0 ? { from, draft: wanted } : undefined }
  })
  return {
    bases: moved.map(({ base }) => base),
    documents: moved.map(({ document }) => document),
    applyAt: draft.applyAt,
    conflicts: moved.map(({ conflict }) => conflict),
  }
}

/** Takes what the draft wanted wherever it collided with what is live. */
function resolved(world: World, draft: Draft, live: readonly number[]): Omit<Draft, 'id'> {
  const moved = movedOnto(world, draft, live)
  const documents = moved.documents.map((document, at) => {
    const conflict = moved.conflicts[at]
    if (!conflict) return document
    const base = documentAt(world, at, conflict.from)
    const wanted = Object.entries(conflict.draft).filter(([field, value]) => value !== base[field])
    return { ...document, ...Object.fromEntries(wanted) }
  })
  return { ...moved, documents, conflicts: moved.conflicts.map(() => undefined) }
}

function changeOf(world: World, draft: Draft, at: number): ProposedChange {
  const base = draft.bases[at] ?? 0
  const conflict = draft.conflicts[at]
  return {
    resource: { type: 'flag', id: `f${at}` },
    project: `project-${at}`,
    base,
    incarnation: 1,
    actions: [world.step?.action ?? 'update'],
    ...(world.step ? { move: { ...moveOf(world.step), details: { winner: draft.documents[at]?.['a'] ?? 0 } } } : {}),
    places: placesOf(documentAt(world, at, base), draft.documents[at] ?? {}),
    after: { ...draft.documents[at] },
    ...(conflict ? { rebase: { from: conflict.from, draft: { ...conflict.draft }, resolutions: [], open: 1 } } : {}),
  }
}

function moveOf({ action, from, to }: LifecycleStep) {
  return { action, to, ...(from === undefined ? {} : { from }) }
}

function placesOf(before: Document, after: Document): readonly ChangedPlace[] {
  return Object.keys(after)
    .toSorted()
    .flatMap((field): readonly ChangedPlace[] => {
      const [was, is] = [before[field], after[field]]
      if (was === is || is === undefined) return []
      return [
        was === undefined
          ? { type: 'added', path: `/${field}`, after: is }
          : { type: 'changed', path: `/${field}`, before: was, after: is },
      ]
    })
}

function evaluated(world: World, draft: Draft, set: PolicySet | undefined): Evaluation {
  const none: Evaluation = { requirements: [], rules: evaluate(compilePolicies([]), subjectOf(world, draft, 0)).rules }
  if (!set) return none
  return draft.documents
    .map((_, at) => evaluate(set, subjectOf(world, draft, at)))
    .reduce((a, b) => {
      if (a.requirements.length === 0) return b
      if (b.requirements.length === 0) return a
      const requirements: readonly PinnedRequirement[] = requirementsJoin(a.requirements, b.requirements)
      return { requirements, rules: joinRules(a.rules, b.rules) }
    })
}

function subjectOf(world: World, draft: Draft, at: number) {
  const { resource, project, actions, places, after } = changeOf(world, draft, at)
  const before = documentAt(world, at, draft.bases[at] ?? 0)
  return { resource, project, actions, places, before, after, ...(world.step ? { step: world.step } : {}) }
}
