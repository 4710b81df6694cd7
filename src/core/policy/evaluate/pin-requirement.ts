import type { ChangedPlace } from '../../change/changed-place.ts'
import { type CompiledPolicy, pinnedOf } from '../compile/compile-policy.ts'
import { type Field, type FieldPath, isWithin, pathsFor } from '../compile/field.ts'
import { plainShape } from '../compile/seen-places.ts'
import type { PathOwnership, PolicySubject } from '../model/policy.ts'
import type { PinnedRequirement, Requirement } from '../model/requirement.ts'
import type { Sight } from './judge-condition.ts'
import { withoutSafe } from './judge-policy.ts'
import { resolvedRequirements } from './resolve-approvers.ts'
import { touch } from './touched-values.ts'

/**
 * Says what a policy that matches asks of a change. Nothing, if it asks the owners of fields and none of these is
 * touched.
 */
export function pinRequirements(compiled: CompiledPolicy, sight: Sight): readonly PinnedRequirement[] {
  if (compiled.pinned) return resolvedRequirements(compiled, compiled.pinned, sight)
  const asked = askOwners(compiled, withoutSafe(compiled, sight))
  return resolvedRequirements(
    compiled,
    asked.map((require) => pinnedOf(compiled.policy, require)),
    sight,
  )
}

/** Says what a policy can ask at most: all the owners of fields, and the others. */
export function pinAll(compiled: CompiledPolicy, subject: PolicySubject): readonly PinnedRequirement[] {
  const { pinned, policy } = compiled
  const { require } = policy
  const asked = pinned ?? ('owners' in require ? everyOwner(require).map((one) => pinnedOf(policy, one)) : [])
  return resolvedRequirements(compiled, asked, { subject, shape: plainShape })
}

function everyOwner({ owners, otherwise }: PathOwnership): readonly Requirement[] {
  const all = owners.map(({ field, ...need }): Requirement => ({ ...need, about: field }))
  return otherwise ? [...all, otherwise] : all
}

/**
 * Asks the owners of every field that is touched, and the others if a place is nobody's, as a step in the life
 * cycle always is. Who owns several fields speaks for all of them.
 */
function askOwners({ policy: { require }, owned }: CompiledPolicy, sight: Sight): readonly Requirement[] {
  if (!('owners' in require)) return [require]
  if (sight.tooLarge) return everyOwner(require)
  const asked: Requirement[] = []
  const unowned = new Set(sight.places)
  for (const [index, { field, ...need }] of require.owners.entries()) {
    const paths = pathsOfOwner(owned[index], sight)
    if (!paths || sight.places.some((place) => touches(paths, place, sight))) asked.push({ ...need, about: field })
    for (const place of unowned) if (paths?.some((path) => isWithin(path, place))) unowned.delete(place)
  }
  const nobodys = unowned.size > 0 || sight.places.length === 0 || sight.subject.step !== undefined
  return require.otherwise && nobodys ? [...asked, require.otherwise] : asked
}

function pathsOfOwner(field: Field | undefined, { subject }: Sight): readonly FieldPath[] | undefined {
  return field && pathsFor(field, subject.resource.type)
}

function touches(paths: readonly FieldPath[], place: ChangedPlace, sight: Sight): boolean {
  return paths.some((path) => {
    const { within, values } = touch(path, [place], sight)
    return within || values.some(({ before, after }) => before !== undefined || after !== undefined)
  })
}
