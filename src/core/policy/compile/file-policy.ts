import type { CompiledPolicy } from './compile-policy.ts'

/** One step down the index: to what names this, or to what names nothing. */
export type FilingStep =
  | { readonly by: 'name' | 'facet' | 'head' | 'container'; readonly key: string }
  | { readonly by: 'anything' }

/**
 * Where a policy is filed: resource type, action, project, then facets with their values, then a head or what
 * contains one.
 */
export type Filing = readonly FilingStep[]

const most = 1_000
const anything: FilingStep = { by: 'anything' }

/**
 * Lists where a policy is filed: under each type, action and project that it names, and there under what narrows it
 * down.
 *
 * If this would be too many places, some of what it names is left to be judged.
 */
export function filingsOf({ resources, actions, projects, facets, heads }: CompiledPolicy): readonly Filing[] {
  let filings: readonly Filing[] = [[]]
  for (const names of [resources, actions, projects]) {
    filings = goOn(filings, names ? stepsBy('name', names) : [[anything]]) ?? goOn(filings, [[anything]]) ?? filings
  }
  for (const { name, values } of facets) {
    const facet: FilingStep = { by: 'facet', key: name }
    if (values)
      filings =
        goOn(
          filings,
          stepsBy('name', values).map((step) => [facet, ...step]),
        ) ?? filings
  }
  return heads ? (goOn(filings, stepsTo(heads)) ?? filings) : filings
}

/** Goes on from each filing with each end; `undefined` if that makes too many. */
function goOn(filings: readonly Filing[], ends: readonly Filing[]): readonly Filing[] | undefined {
  const [filing, end] = [filings[0], ends[0]]
  if (filings.length === 1 && ends.length === 1 && filing && end) return [[...filing, ...end]]
  if (filings.length * ends.length > most) return undefined
  return filings.flatMap((start) => ends.map((next) => [...start, ...next]))
}

function stepsTo(heads: readonly string[]): readonly Filing[] {
  const containers = heads.flatMap(pointersAbove)
  return [...stepsBy('head', heads), ...stepsBy('container', containers)]
}

function stepsBy(by: 'name' | 'head' | 'container', keys: readonly string[]): readonly Filing[] {
  const different = keys.length > 1 ? [...new Set(keys)] : keys
  return different.map((key) => [{ by, key }])
}

/** The pointers above one, but for the root: what changes the root touches everything, and needs no look-up. */
function pointersAbove(pointer: string): readonly string[] {
  const above: string[] = []
  for (let end = pointer.lastIndexOf('/'); end > 0; end = pointer.lastIndexOf('/', end - 1)) {
    above.push(pointer.slice(0, end))
  }
  return above
}
