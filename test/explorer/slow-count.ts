import type { Requirement } from '../../src/core/policy/model/requirement.ts'

/** An approval: whose it is, and what they have not seen. */
export interface Vote {
  readonly users: readonly string[]
  readonly roles: readonly string[]
  readonly unseen: readonly string[]
  /** Where they were asked before what they have not seen, as `namesIn` writes it. Left out: wherever they are asked. */
  readonly asked: readonly string[] | undefined
}

/** A person who approved, in the order of the approvals. */
export interface Approver {
  /** Everybody behind the approval. */
  readonly persons: readonly string[]
  /** Each of their approvals, with the fields that its giver has not seen. */
  readonly votes: readonly Vote[]
}

/** A place by the field that it is about, and each of those whom it names. */
export function namesIn({
  from: { users = [], roles = [] },
  field = '',
}: {
  readonly from: { readonly users?: readonly string[] | undefined; readonly roles?: readonly string[] | undefined }
  readonly field?: string
}): readonly string[] {
  return [...users.map((user) => `${field} user:${user}`), ...roles.map((role) => `${field} role:${role}`)]
}

/** Tells whether different people fill every place of a tree, by trying every way of seating them. */
export function meets(tree: Requirement, approvers: readonly Approver[]): boolean {
  const key = JSON.stringify(approvers)
  const known = answers.get(tree) ?? new Map<string, boolean>()
  answers.set(tree, known)
  const answer = known.get(key) ?? waysOf(tree, approvers, 0).length > 0
  known.set(key, answer)
  return answer
}

const answers = new WeakMap<Requirement, Map<string, boolean>>()

/** The sets of people, as bits, who fill a tree exactly; only those who approved at `from` or later may. */
function waysOf(tree: Requirement, approvers: readonly Approver[], from: number): readonly number[] {
  if ('quorum' in tree) {
    if (!(tree.quorum >= 1)) return []
    const { except } = tree.from
    const field = (tree as { readonly field?: string }).field?.slice(1)
    const named = approvers.flatMap(({ votes, persons }, place) => {
      const counted = votes.filter(({ unseen, asked }) => {
        const isAsked = !asked || namesIn(tree).some((name) => asked.includes(name))
        return isAsked && (unseen.length === 0 || (field && !unseen.includes(field)))
      })
      const [users, roles] = [counted.flatMap((vote) => vote.users), counted.flatMap((vote) => vote.roles)]
      const among =
        (tree.from.users ?? []).some((user) => users.includes(user)) ||
        (tree.from.roles ?? []).some((role) => roles.includes(role))
      const isOut =
        (except?.users ?? []).some((user) => users.includes(user) || persons.includes(user)) ||
        (except?.roles ?? []).some((role) => roles.includes(role))
      return among && !isOut && place >= from ? [1 << place] : []
    })
    return subsetsOf(named, tree.quorum)
  }
  if ('all' in tree) return tree.all.length === 0 ? [] : seated(tree.all, approvers, from)
  if ('any' in tree) return tree.any.flatMap((part) => waysOf(part, approvers, from))
  if ('stages' in tree) return inOrder(tree.stages, approvers, from)
  return choicesOf(tree.of, tree.atLeast).flatMap((parts) => seated(parts, approvers, from))
}

function seated(parts: readonly Requirement[], approvers: readonly Approver[], from: number): readonly number[] {
  return parts.reduce<readonly number[]>((ways, part) => disjoint(ways, waysOf(part, approvers, from)), [0])
}

/** The ways of filling one stage after the other: a stage opens with the first approval after those that filled the ones before it. */
function inOrder(stages: readonly Requirement[], approvers: readonly Approver[], from: number): readonly number[] {
  let ways: readonly number[] = stages.length === 0 ? [] : [0]
  let opens = from
  for (const stage of stages) {
    ways = disjoint(ways, waysOf(stage, approvers, opens))
    const filled = (count: number) => ways.some((way) => way < 1 << count)
    const counts = approvers.map((_, at) => at + 1)
    opens = counts.find(filled) ?? Number.POSITIVE_INFINITY
  }
  return ways
}

function disjoint(some: readonly number[], others: readonly number[]): readonly number[] {
  return [...new Set(some.flatMap((a) => others.filter((b) => (a & b) === 0).map((b) => a | b)))]
}

function subsetsOf(bits: readonly number[], size: number): readonly number[] {
  if (size === 0) return [0]
  return bits.flatMap((bit, at) => subsetsOf(bits.slice(at + 1), size - 1).map((rest) => bit | rest))
}

function choicesOf<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  if (!(size >= 1)) return []
  if (size === 1) return items.map((item) => [item])
  return items.flatMap((item, at) => choicesOf(items.slice(at + 1), size - 1).map((rest) => [item, ...rest]))
}
