import type { LifecycleStep, Policy } from '../../src/core/policy/model/policy.ts'
import type { ConfirmCommand, RequestCommand } from '../../src/core/request/model/command.ts'
import type { PendingFollowUp } from '../../src/core/request/model/follow-up.ts'

/** A small document: fields with numbers. */
export type Document = Readonly<Record<string, number>>

/** Somebody as the directory knows them. */
export interface Account {
  readonly person?: string
  readonly roles: readonly string[]
}

/** That one account lets another one answer for it from one instant on, and before another one. */
export interface Lent {
  readonly from: string
  readonly to: string
  readonly begins: number
  readonly ends: number
}

/** Who everybody is, at one time. */
export type Directory = Readonly<Record<string, Account>>

/** The people, policies, resources and times among which a request is explored, and everything that can happen. */
export interface World {
  readonly name: string
  /** What lies within the bound, in words. */
  readonly bound: string
  /** The live documents of each resource, in the order in which they follow each other. */
  readonly resources: readonly (readonly Document[])[]
  /** What the directory says, in the order in which that changes. */
  readonly directories: readonly Directory[]
  /** Who lets whom answer for them, and from when to when. */
  readonly delegations?: readonly Lent[]
  /** The policies in force, in the order in which they change. Policies name fields as `/a`. */
  readonly policySets: readonly (readonly Policy[])[]
  /** The place of the set that came about when the workflow was switched off, so that what waited goes back to being a draft. */
  readonly switchedOff?: number
  /** Whether the workflow is held for a while, and goes on, at any time. */
  readonly holds?: true
  /** The instants, in milliseconds, in their order. */
  readonly times: readonly number[]
  /** What a freeze does from each instant until the next one; none freezes anything if left out. */
  readonly freezes?: readonly ('block' | 'queue' | 'ask' | undefined)[]
  /** Whom it asks while it asks, as a policy with the rules that all others have. */
  readonly asking?: Policy
  /** Whether another request takes the lock of the resource, and gives it back. */
  readonly rival?: true
  /** A review that another request owes for a while, and then not, and then again. */
  readonly owed?: PendingFollowUp
  /** How long a claim is good, in milliseconds, and how many are made at most, where the resource is kept outside of the database. */
  readonly outside?: { readonly lease: number; readonly claims: number }
  /** The step in the life cycle that the request asks for, whatever else it changes. Its details are the value of `/a`, which it sets. */
  readonly step?: LifecycleStep
  /** The bounds of a time that is left open, if one is, and from when on nothing is applied any more. */
  readonly openTime?: { readonly from: number; readonly until: number }
  readonly applyBy?: number
  /** When the change is taken back that it makes: from then on, it is not made any more. */
  readonly revertAt?: number
  /** How the request begins: the fields that it sets, as a draft or put to its reviewers, and perhaps its schedule. */
  readonly beginning: { readonly edit: Edit; readonly verb: 'submit' | 'draft'; readonly applyAt?: number }
  readonly commands: readonly Command[]
  /** Whether in every state somebody can go on with the request, or end it; until no content is brought any more. */
  readonly hasWayOut?: true
  /** How many comments are made at most; none if left out. */
  readonly comments?: number
  /** No content is brought once so many rounds have begun. */
  readonly rounds: number
}

/** Fields of one resource that are set to numbers. */
export interface Edit {
  readonly resource: number
  readonly set: Document
}

/** A command that somebody may give. */
export interface Command {
  readonly type: RequestCommand['type']
  readonly by: string
  /** Whose answer it is, where it is somebody else's. */
  readonly whose?: string
  readonly edit?: Edit
  readonly applyAt?: number
  /** Which digest a reviewer saw: the current one, or that of the first content. */
  readonly seen?: 'first'
  /** What the host has, of a change on its way, as whoever claimed it last says, or whoever did before. */
  readonly found?: ConfirmCommand['found']
  readonly claim?: 'lost'
  /** Whether this attempt is certain never to land. */
  readonly over?: true
}

/** What a request would make of its resources, and when. Two that are equal are the same object. */
export interface Draft {
  readonly id: number
  /** For each resource: the place of the live document that it starts from. */
  readonly bases: readonly number[]
  readonly documents: readonly Document[]
  readonly applyAt: number | undefined
  /** For each resource with conflicts: the place of the live document it was moved from, and the draft of then. */
  readonly conflicts: readonly ({ readonly from: number; readonly draft: Document } | undefined)[]
}

/** What is the case around a request: places in the lists of its world. */
export interface Surroundings {
  readonly directory: number
  readonly policies: number
  readonly time: number
  readonly rival: boolean
  readonly owed: boolean
  /** Whether the workflow is held now. */
  readonly held: boolean
  /** The places of the instants after which it was held until the next one. */
  readonly still: readonly number[]
  /** The number of the last claim of the resource. */
  readonly fence: number
  /** For each resource, the live document. */
  readonly live: readonly number[]
}

/** The freeze of a moment, and when everything is over that freezes from then on without a break. */
export function freezeOf({ freezes = [], times }: World, time: number) {
  const mode = freezes[time]
  if (mode === undefined || mode === 'ask') return undefined
  const end = freezes.findIndex((one, at) => at > time && (one === undefined || one === 'ask'))
  return { mode, until: end < 0 ? undefined : times[end] }
}

/** Tells whether the freeze asks at the time at which something would land: now, or when it is scheduled for. */
export function asksWhenLanding({ freezes, times }: World, time: number, applyAt: number | undefined): boolean {
  const landing = Math.max(times[time] ?? 0, applyAt ?? 0)
  return freezes?.[times.findLastIndex((one) => one <= landing)] === 'ask'
}

export const requester = 'ann'

/** The fields that a draft changes, each with its value before and after, as text that is equal for equal effects. */
export function effectOf(world: World, draft: Draft, resource: number): ReadonlyMap<string, string> {
  const known = effects.get(draft) ?? []
  effects.set(draft, known)
  known[resource] ??= workedOut(world, draft, resource)
  return known[resource]
}

const effects = new WeakMap<Draft, ReadonlyMap<string, string>[]>()

function workedOut(world: World, draft: Draft, resource: number): ReadonlyMap<string, string> {
  const before = documentAt(world, resource, draft.bases[resource] ?? 0)
  const after = draft.documents[resource] ?? {}
  const effect = new Map<string, string>()
  for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (before[field] !== after[field]) effect.set(field, `${before[field]}→${after[field]}`)
  }
  return effect
}

/** The live document of a resource at a place of its list. */
export function documentAt({ resources }: World, resource: number, place: number): Document {
  return resources[resource]?.[place] ?? {}
}
