import type { ChangedPlace } from '../../core/change/changed-place.ts'
import { defined } from '../../core/defined.ts'
import { canonical } from '../../core/json/canonical.ts'
import type { JsonValue } from '../../core/json/json.ts'
import { asJson } from '../../core/json/json.ts'
import type { Facets, LifecycleStep, PolicySubject } from '../../core/policy/model/policy.ts'
import type { PinnedMove } from '../../core/request/model/content.ts'
import { leavingAndComing, type SeenFromProject } from '../resource-types/leaving-and-coming.ts'
import type { ResourceType } from '../resource-types/resource-type.ts'
import { givenIn } from './lifecycle-action.ts'
import type { Proposal } from './propose-change.ts'

/**
 * Makes everything that policies look at out of a change: the change itself and, of a resource that begins in another
 * state, every action on the way there as if it had been asked for by itself; of one that goes to another project, that
 * it goes, and that it comes.
 */
export function subjectsOf(
  type: ResourceType | undefined,
  proposal: Proposal,
): readonly [PolicySubject, ...PolicySubject[]] {
  const { change } = proposal
  const ways = leavingAndComing(type, proposal)
  if (ways) return [seenFrom(type, ways.leaving), ...ways.coming.map((one) => seenFrom(type, one))]
  let before = givenIn(change)
  const steps = (change.path ?? []).map((step, index, all) => {
    const { actions, places, after = before ?? null } = step
    const taken = change.move?.path?.[index]
    const { dueAt, next } = (index === all.length - 1 && change.move) || {}
    const move = taken && { ...taken, ...defined({ dueAt, next }) }
    const subject = subjectOf(type, { before, change: { ...change, actions, places, after, ...defined({ move }) } })
    before = after
    return subject
  })
  return [subjectOf(type, proposal), ...steps]
}

/** Makes what the policies of one project look at out of a change of project. */
function seenFrom(type: ResourceType | undefined, { inDoubt, ...proposal }: SeenFromProject): PolicySubject {
  return { ...subjectOf(type, proposal), ...defined({ inDoubt }) }
}

/** Makes what policies look at out of a change. */
export function subjectOf(type: ResourceType | undefined, { change, before }: Proposal): PolicySubject {
  const { resource, project, actions, move } = change
  const after = change.after ?? undefined
  const next = move?.next
  const step = move && stepOf(move)
  return {
    resource,
    project: project === '' ? undefined : project,
    actions,
    places: next ? different([...change.places, ...next.places]) : change.places,
    ...defined({ step }),
    before,
    after: next?.after ?? after,
    facets: type ? facetsOf(type, { before, after, later: next?.after }) : {},
  }
}

/** The step that a move takes in a life cycle; `undefined` for one that carries an edit and does nothing besides. */
function stepOf({ action, from, to, edits, details }: PinnedMove): LifecycleStep | undefined {
  if (edits && from === to && details === undefined) return undefined
  return { action, to, ...defined({ from }) }
}

/** What a change does to a place now and what the clock does to it later are two places, unless they are the same. */
function different(places: readonly ChangedPlace[]): readonly ChangedPlace[] {
  return [...new Map(places.map((place) => [canonical(asJson(place)), place])).values()]
}

type Documents = Readonly<Record<'before' | 'after' | 'later', JsonValue | undefined>>

/** The facets of a change, with those of what the clock makes of it later. What is not known of either is not known. */
function facetsOf(type: ResourceType, { before, after, later }: Documents): Facets {
  const facets = type.facetsOf({ before, after })
  if (later === undefined) return facets
  const then = type.facetsOf({ before, after: later })
  const joined = (name: string) => {
    const [now, next] = [facets[name] ?? null, then[name] ?? null]
    return now === null || next === null ? null : [...new Set([now, next].flat())]
  }
  return Object.fromEntries(Object.keys(facets).map((name) => [name, joined(name)]))
}
