import type { ProposedChange } from './content.ts'

/** Where a request is: in one project, or in several if its resources are. Says the one or the others, never both. */
export interface Whereabouts {
  /** Its project; empty if its resources belong to none. Absent if they are in several. */
  readonly project?: string
  /** Its projects if they are several, in the order of its resources; an empty one is what belongs to none. */
  readonly projects?: readonly string[]
}

type ChangeInProject = Pick<ProposedChange, 'project' | 'toProject'>

/** Lists the projects of a request. */
export function projectsOf({ project = '', projects = [project] }: Whereabouts): readonly string[] {
  return projects
}

/** Says where a request is that makes these changes: what goes to another project is in both. */
export function whereaboutsOf(changes: readonly ChangeInProject[]): Whereabouts {
  const projects = [...new Set(changes.flatMap(({ project, toProject = project }) => [project, toProject]))]
  return projects.length > 1 ? { projects } : { project: projects[0] ?? '' }
}

/** Tells whether two requests are in the same projects. */
export function isSamePlace(a: Whereabouts, b: Whereabouts): boolean {
  const [here, there] = [projectsOf(a), projectsOf(b)]
  return here.length === there.length && here.every((project) => there.includes(project))
}
