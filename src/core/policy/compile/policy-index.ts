import type { CompiledPolicy } from './compile-policy.ts'
import { type Filing, type FilingStep, filingsOf } from './file-policy.ts'

/**
 * Policies by resource type, then action, then project; below that, if they say so, by the values of facets, then
 * by the heads of fields of which one has to be touched.
 *
 * What a look-up leaves out cannot match. What it finds still has to be judged.
 */
export interface PolicyIndex {
  /** The policies that nothing narrows down further. */
  readonly policies: readonly CompiledPolicy[]
  /** What names nothing here: any type, any action, any project. */
  readonly anything: PolicyIndex | undefined
  /** By type, action, project, or the value of a facet. */
  readonly name: Children
  /** By the name of a facet. */
  readonly facet: Children
  /** By the head of a field that has to be touched. */
  readonly head: Children
  /** By all that contains such a head, but for the root: whoever changes it touches the field too. */
  readonly container: Children
}

type Children = ReadonlyMap<string, PolicyIndex>

const none: Children = new Map()

/** The index of no policies. */
export const emptyIndex: PolicyIndex = {
  policies: [],
  anything: undefined,
  name: none,
  facet: none,
  head: none,
  container: none,
}

/** Gives the index with these policies in it. The given one stays as it is. */
export function addTo(index: PolicyIndex, policies: readonly CompiledPolicy[]): PolicyIndex {
  const edit = Symbol('edit')
  const root = open(index, edit)
  for (const compiled of policies) {
    for (const filing of filingsOf(compiled)) {
      let node = root
      for (const step of filing) node = openChild(node, step, edit)
      node.policies.push(compiled)
    }
  }
  return root
}

/** Gives the index without these policies. The given one stays as it is. */
export function removeFrom(index: PolicyIndex, policies: readonly CompiledPolicy[]): PolicyIndex {
  const edit = Symbol('edit')
  const root = open(index, edit)
  for (const compiled of policies) {
    for (const filing of filingsOf(compiled)) remove(root, filing, compiled, edit)
  }
  return root
}

/** A node that was made during an edit: nobody else sees it yet, so it may be changed until the edit is done. */
interface OpenIndex extends PolicyIndex {
  readonly edit: symbol
  policies: CompiledPolicy[]
  anything: PolicyIndex | undefined
  name: Children
  facet: Children
  head: Children
  container: Children
}

function open(index: PolicyIndex, edit: symbol): OpenIndex {
  if ('edit' in index && index.edit === edit) return index as OpenIndex
  const { policies, anything, name, facet, head, container } = index
  return {
    edit,
    policies: [...policies],
    anything,
    name: copy(name),
    facet: copy(facet),
    head: copy(head),
    container: copy(container),
  }
}

function copy(children: Children): Children {
  return children.size === 0 ? none : new Map(children)
}

function openChild(node: OpenIndex, step: FilingStep, edit: symbol): OpenIndex {
  const child = open(childOf(node, step) ?? emptyIndex, edit)
  if (step.by === 'anything') node.anything = child
  else childrenOf(node, step.by).set(step.key, child)
  return child
}

function childOf(node: PolicyIndex, step: FilingStep): PolicyIndex | undefined {
  return step.by === 'anything' ? node.anything : node[step.by].get(step.key)
}

/** The children of an open node, in a map of its own. */
function childrenOf(node: OpenIndex, by: Exclude<FilingStep['by'], 'anything'>): Map<string, PolicyIndex> {
  if (node[by] === none) node[by] = new Map()
  return node[by] as Map<string, PolicyIndex>
}

function remove(node: OpenIndex, [step, ...rest]: Filing, compiled: CompiledPolicy, edit: symbol): void {
  if (step === undefined) {
    node.policies = node.policies.filter((other) => other !== compiled)
    return
  }
  const child = openChild(node, step, edit)
  remove(child, rest, compiled, edit)
  if (!isEmpty(child)) return
  if (step.by === 'anything') node.anything = undefined
  else {
    childrenOf(node, step.by).delete(step.key)
    if (node[step.by].size === 0) node[step.by] = none
  }
}

function isEmpty({ policies, anything, name, facet, head, container }: PolicyIndex): boolean {
  return policies.length + name.size + facet.size + head.size + container.size === 0 && anything === undefined
}
