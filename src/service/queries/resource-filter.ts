import { nearestName } from '../../core/nearest.ts'
import { isOwnType } from '../../core/policy/model/policy-type.ts'
import { fail } from '../../errors/approval-error.ts'
import { checkId, checkKeys, checkProject } from '../arguments/check-arguments.ts'
import type { Context } from '../context/context.ts'
import { checkTimes } from './request-filter.ts'

/** Which resources to list or to count. Whatever is given has to hold. */
export interface ResourceCriteria {
  /**
   * Those of this type.
   *
   * @defaultValue none: those of all types
   */
  readonly type?: string | undefined
  /**
   * Those of this project; of none, if it is empty.
   *
   * @defaultValue none: those of all projects
   */
  readonly project?: string | undefined
  /**
   * Those in this live state of the life cycle of `type`, which has to be given with it. A resource that is older than
   * the life cycle of its type is in no state until it is changed.
   *
   * @defaultValue none: those in any state
   */
  readonly state?: string | undefined
  /**
   * Those whose live revision was made at this time or later, in milliseconds since 1970.
   *
   * @defaultValue none: since ever
   */
  readonly from?: number | undefined
  /**
   * Those whose live revision was made at this time or before, in milliseconds since 1970.
   *
   * @defaultValue none: until now
   */
  readonly to?: number | undefined
}

const criteriaKeys = ['type', 'project', 'state', 'from', 'to']

/** Checks criteria, and copies them. What no resource can meet is refused. */
export function checkResourceCriteria(
  context: Context,
  filter: ResourceCriteria,
  more: readonly string[],
): ResourceCriteria {
  checkKeys('filter', filter, [...criteriaKeys, ...more])
  const { type, project, state } = filter
  return {
    ...(type === undefined ? {} : { type: checkType(context, type) }),
    ...(project === undefined ? {} : { project: checkProject('filter.project', project) }),
    ...(state === undefined ? {} : { state: checkState(context, type, state) }),
    ...checkTimes(filter, 'resource'),
  }
}

function checkType({ resources }: Context, type: unknown): string {
  const name = checkId('filter.type', type)
  const known = [...resources.keys()].filter((one) => !isOwnType(one))
  if (known.includes(name)) return name
  if (isOwnType(name))
    refuseFilter('type', 'is one of Countersign itself: policies.list and workflow.isEnabled read it')
  return refuseFilter('type', `is no type of a resource: ${nearestOf(name, known)}`)
}

function checkState({ resources }: Context, type: string | undefined, state: unknown): string {
  const name = checkId('filter.state', state)
  if (type === undefined) refuseFilter('state', 'is a state of one type: give filter.type with it')
  const { lifecycle } = resources.get(type) ?? {}
  if (!lifecycle) refuseFilter('state', `cannot be asked for: ${type} has no life cycle`)
  if (lifecycle.states.includes(name)) return name
  return refuseFilter('state', `is no state of ${type}: ${nearestOf(name, lifecycle.states)}`)
}

function nearestOf(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known)
  return nearest === undefined ? `known are ${known.join(', ')}` : `did you mean ${JSON.stringify(nearest)}?`
}

function refuseFilter(property: string, problem: string): never {
  return fail('invalid_input', { argument: `filter.${property}`, problem })
}
