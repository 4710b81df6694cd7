import type { Flag, ModelRequest } from './vocabulary.ts'

/** An answer of the model. */
export interface ModelAnswer {
  readonly id: number
  readonly by: string
  readonly verdict: string
}

/** A no that nobody took back, of something that the request was about. */
export interface Grudge extends ModelAnswer {
  readonly about: readonly string[]
  readonly over: boolean
  readonly stood: boolean
}

/** What a request does: one text for equal effects. */
export function topicOf(base: Flag, after: Flag): string {
  return base.rollout === after.rollout ? 'nothing' : `${base.rollout} to ${after.rollout}`
}

/** Notes that answers stand in the way of what the request is about no more. */
export function noted({ grudges, topic }: ModelRequest, fell: readonly ModelAnswer[]): readonly Grudge[] {
  const notes = fell.map((answer): Grudge => {
    const [first = topic] = grudges.find(({ id }) => id === answer.id)?.about ?? []
    return { ...answer, about: [...new Set([first, topic])], over: false, stood: false }
  })
  return [...grudges.filter(({ id }) => !fell.some((answer) => answer.id === id)), ...notes]
}

/** Takes every answer back, and remembers whoever said no. */
export function putAside(request: ModelRequest): void {
  const fell = request.answers.filter(({ verdict }) => verdict === 'reject')
  request.grudges = noted(request, fell).map((one) =>
    fell.some(({ id }) => id === one.id) ? { ...one, stood: true } : one,
  )
  request.answers = []
}

/** Gives other answers in the place of those before. */
export function answer(request: ModelRequest, answers: readonly ModelAnswer[]): void {
  const gone = request.answers.filter(({ id }) => !answers.some((one) => one.id === id))
  request.grudges = request.grudges.filter(({ id }) => !gone.some((one) => one.id === id))
  request.answers = [...answers]
}

/** The answers that stand for what a request is about next, and what is remembered then. `approvals` are those that are kept besides. */
export function nextRound(
  request: ModelRequest,
  {
    topic,
    keeps,
    ends,
    drafting,
    submits,
    approvals,
  }: {
    readonly topic: string
    readonly keeps: boolean
    readonly ends: boolean
    readonly drafting: boolean
    readonly submits: boolean
    readonly approvals: readonly ModelAnswer[]
  },
): { readonly answers: ModelAnswer[]; readonly grudges: readonly Grudge[] } {
  const rejections = request.answers.filter(({ verdict }) => verdict === 'reject')
  const same = topic === request.topic
  const stay = ends || drafting ? [] : rejections.filter(() => keeps || same)
  const stands = request.answers.filter((one) => stay.includes(one) || approvals.includes(one))
  const back = new Map<string, ModelAnswer>()
  for (const { id, by, verdict, about, over, stood } of ends || drafting ? [] : request.grudges) {
    if (over || stands.some((one) => one.by === by)) continue
    if (about.includes(topic) || (keeps && stood)) back.set(by, { id, by, verdict })
  }
  const fell = rejections.filter((one) => ends || !same || !stay.includes(one))
  const grudges = noted(request, fell).map((one) => ({
    ...one,
    over: one.over || ends,
    stood: one.stood && !submits,
  }))
  return { answers: [...back.values(), ...stands], grudges }
}
