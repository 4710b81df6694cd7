import type { CompiledPolicy } from '../compile/compile-policy.ts'
import type { PolicyIndex } from '../compile/policy-index.ts'
import type { PolicySubject } from '../model/policy.ts'
import { isOwnType } from '../model/policy-type.ts'
import type { Sight } from './judge-condition.ts'
import { factOf } from './judge-policy.ts'

/** Finds the policies that may match a change, each once: none that does is left out, most that do not are. */
export function findCandidates(
  index: PolicyIndex,
  { subject, places }: Pick<Sight, 'subject' | 'places'>,
): readonly CompiledPolicy[] {
  return find(index, { subject, places, narrowly: true, lists: [], taken: undefined, paths: undefined })
}

/** Finds the policies about the type, one of the actions and the project of a change, whatever else they ask for. */
export function findInScope(index: PolicyIndex, subject: PolicySubject): readonly CompiledPolicy[] {
  return find(index, {
    subject,
    places: subject.places,
    narrowly: false,
    lists: [],
    taken: undefined,
    paths: undefined,
  })
}

interface Search {
  readonly subject: PolicySubject
  readonly places: PolicySubject['places']
  /** Whether only what the change touches is looked for. */
  readonly narrowly: boolean
  /** What was found, list by list. */
  readonly lists: (readonly CompiledPolicy[])[]
  /** The same lists, once they are many. */
  taken: Set<readonly CompiledPolicy[]> | undefined
  /** The paths of the places, and all that lead to them, once somebody has asked. */
  paths: { readonly own: ReadonlySet<string>; readonly above: ReadonlySet<string> } | undefined
}

function find(index: PolicyIndex, search: Search): readonly CompiledPolicy[] {
  searchActions(index.name.get(search.subject.resource.type), search)
  searchActions(index.anything, search)
  const { lists, subject } = search
  const found = lists.length > 1 ? [...new Set(lists.flat())] : (lists[0] ?? none)
  return isOwnType(subject.resource.type) ? found.filter(({ resources }) => resources !== undefined) : found
}

const none: readonly CompiledPolicy[] = []

function searchActions(index: PolicyIndex | undefined, search: Search): void {
  if (index === undefined) return
  const { actions } = search.subject
  for (const action of actions) searchProjects(index.name.get(action), search)
  if (actions.length === 0) for (const projects of index.name.values()) searchProjects(projects, search)
  searchProjects(index.anything, search)
}

function searchProjects(index: PolicyIndex | undefined, search: Search): void {
  if (index === undefined) return
  const { project } = search.subject
  if (project !== undefined) searchBucket(index.name.get(project), search)
  searchBucket(index.anything, search)
}

function searchBucket(bucket: PolicyIndex | undefined, search: Search): void {
  if (bucket === undefined) return
  take(bucket, search)
  if (bucket.facet.size > 0) for (const [name, values] of bucket.facet) searchFacet(name, values, search)
  if (bucket.head.size > 0) searchHeads(bucket, search)
}

function searchFacet(name: string, values: PolicyIndex, search: Search): void {
  const fact = search.narrowly ? factOf(search.subject, name) : undefined
  if (fact === undefined) for (const bucket of values.name.values()) searchBucket(bucket, search)
  else if (typeof fact === 'string') searchBucket(values.name.get(fact), search)
  else for (const value of fact) searchBucket(values.name.get(value), search)
}

function searchHeads({ head, container }: PolicyIndex, search: Search): void {
  const { places } = search
  if (!search.narrowly || places.some(({ path }) => path === '')) {
    for (const { policies } of head.values()) search.lists.push(policies)
    return
  }
  if (places.length > head.size + container.size) {
    search.paths ??= pathsOf(places)
    const { own, above } = search.paths
    for (const [path, index] of container) if (own.has(path)) take(index, search)
    for (const [path, index] of head) if (own.has(path) || above.has(path)) take(index, search)
    return
  }
  for (const { path } of places) {
    if (container.size > 0) take(container.get(path), search)
    take(head.get(path), search)
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      take(head.get(path.slice(0, end)), search)
    }
  }
}

/** The paths of places, and those of everything around them but the whole document, where heads of fields can be. */
function pathsOf(places: Search['places']): NonNullable<Search['paths']> {
  const own = new Set<string>()
  const above = new Set<string>()
  for (const { path } of places) {
    own.add(path)
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const outer = path.slice(0, end)
      if (above.has(outer)) break
      above.add(outer)
    }
  }
  return { own, above }
}

function take(index: PolicyIndex | undefined, search: Search): void {
  if (index === undefined || index.policies.length === 0) return
  const { lists } = search
  const { policies } = index
  if (search.taken ? search.taken.has(policies) : lists.includes(policies)) return
  lists.push(policies)
  if (search.taken) search.taken.add(policies)
  else if (lists.length === many) search.taken = new Set(lists)
}

/** How many lists are looked through for one as fast as a set of them. */
const many = 16
