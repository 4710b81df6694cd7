import { isEmpty, type ProposedChange } from '../../core/request/model/content.ts'
import type { LeftOut } from '../../core/request/model/event.ts'
import { projectsOf, whereaboutsOf } from '../../core/request/model/whereabouts.ts'

/** Which of several changes change something, by their places, and which resources are left out. */
export interface Sifted {
  readonly kept: readonly number[]
  /** Absent if nothing is. */
  readonly leftOut?: readonly LeftOut[]
}

/** Leaves those among several changes out that change nothing. If none changes anything, all stay. */
export function sift(changes: readonly ProposedChange[]): Sifted {
  const places = [...changes.keys()]
  const kept = places.filter((at) => !isIdle(changes[at]))
  if (kept.length === 0 || kept.length === changes.length) return { kept: places }
  const where = new Set(projectsOf(whereaboutsOf(changes.filter((_, at) => kept.includes(at)))))
  const leftOut = changes.filter(isIdle).map(({ resource: { type, id }, project }): LeftOut => {
    return where.has(project) ? { type, id } : { type, id, project }
  })
  return { kept, leftOut }
}

/** What is being rebased and has conflicts may change something yet. */
function isIdle(change: ProposedChange | undefined): boolean {
  return change !== undefined && isEmpty(change) && !change.rebase
}
