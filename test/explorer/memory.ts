import type { Request } from '../../src/core/request/model/request.ts'
import { type Draft, effectOf, type World } from './explored-world.ts'

/** An answer, and the digest that its giver saw. */
export interface Answer {
  readonly by: string
  /** Whose answer it is, where it is somebody else's. */
  readonly whose?: string
  readonly verdict: 'approve' | 'reject' | 'request_changes'
  readonly seen?: string
  /** When it was given. */
  readonly at?: number
  /** What it does not count for since an edit: these places, or wherever its owner was not asked before. */
  readonly limits?: { readonly unseen?: readonly Place[]; readonly asked?: readonly string[] }
}

/** A field of a resource, by its number. */
export interface Place {
  readonly at: number
  readonly field: string
}

/** A no that nobody has taken back, and every content that it stood in the way of. */
export interface Grudge {
  readonly by: string
  readonly seen: string
  readonly about: readonly string[]
  /** Whether the request ended since. */
  readonly over: boolean
  /** Whether it stood when the request was taken back. */
  readonly stood: boolean
}

/** What a draft does and when, as text that is equal for equal effects. */
export function topicOf(world: World, draft: Draft): string {
  const known = topics.get(draft)
  if (known !== undefined) return known
  const effects = draft.documents.map((_, at) => [...effectOf(world, draft, at)].toSorted())
  const topic = JSON.stringify([effects, draft.applyAt ?? null])
  topics.set(draft, topic)
  return topic
}

const topics = new WeakMap<Draft, string>()

/** Notes that these answers stood in the way of a content. */
export function noted(known: readonly Grudge[], fell: readonly Answer[], topic: string): readonly Grudge[] {
  const isOne = (grudge: Grudge) => fell.some(({ by, seen }) => by === grudge.by && seen === grudge.seen)
  const notes = fell.map(({ by, seen = '' }): Grudge => {
    const [first = topic] = known.find((grudge) => grudge.by === by && grudge.seen === seen)?.about ?? []
    return { by, seen, about: [...new Set([first, topic])], over: false, stood: false }
  })
  return [...known.filter((grudge) => !isOne(grudge)), ...notes]
}

/** What is remembered once answers are taken back, or replaced. */
export function without(known: readonly Grudge[], before: readonly Answer[], after: readonly Answer[]) {
  const gone = before.filter(({ by, seen }) => !after.some((answer) => answer.by === by && answer.seen === seen))
  return known.filter((grudge) => !gone.some(({ by, seen }) => by === grudge.by && seen === grudge.seen))
}

/** Whose no comes back with a content. */
export function returning(
  known: readonly Grudge[],
  { topic, keeps, answered }: { readonly topic: string; readonly keeps: boolean; readonly answered: readonly string[] },
): readonly Answer[] {
  const back = known.filter((grudge) => {
    return !grudge.over && !answered.includes(grudge.by) && (grudge.about.includes(topic) || (keeps && grudge.stood))
  })
  const people = [...new Set(back.map(({ by }) => by))]
  return people.map((by) => ({ by, verdict: 'reject', seen: back.findLast((grudge) => grudge.by === by)?.seen ?? '' }))
}

/** Says what is different in the objections that a request remembers. */
export function forgotten(known: readonly Grudge[], { objections = [] }: Request): string | undefined {
  const right = known.map(({ by, seen, about, over, stood }) => [by, seen, about.length, over, stood])
  const told = objections.map(({ by, digest, carriedFrom = digest, about, isOver = false, stood = false }) => {
    return [by, carriedFrom, about.length, isOver, stood]
  })
  if (JSON.stringify(told) === JSON.stringify(right)) return undefined
  return `it remembers ${JSON.stringify(told)}, not ${JSON.stringify(right)}`
}
