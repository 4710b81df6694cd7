import { type Elsewhere, isSame } from './elsewhere.ts'
import { type Flag, hour, type LiveFlag, type ModelRequest } from './vocabulary.ts'

/** How long whoever sends a change on its way has it for themselves: half a minute, and three times the patience with the system. */
const lease = 30_000 + 3
/** How often a change is sent that does not get there. */
const mostAttempts = 8

/** A change on its way: nobody else changes the flag before it is known what became of it. */
interface Claim {
  readonly request: ModelRequest
  readonly expected: LiveFlag
  readonly next: Flag
  attempts: number
  /** When it is sent again. */
  until: number
  /** Whether somebody said that it did not get there. */
  isPutOff: boolean
  /** Whether something of it may land all the same, and whether that can be said of the attempt under way. */
  mayLand: boolean
  isSent: boolean
}

/** What was sent for a request that failed, and may still land. */
interface Late {
  readonly request: ModelRequest
  readonly next: Flag
}

/** The part of the model that knows of a flag that is kept elsewhere: what is on its way there, and what is found there. */
export function onItsWay(model: { readonly now: number; live: LiveFlag }, system: Elsewhere) {
  const { state } = system
  /** The revisions that nobody asked for, with the request whose write landed late, where one did. */
  const found: { readonly number: number; readonly request: ModelRequest | undefined }[] = [
    { number: 1, request: undefined },
  ]
  const late: Late[] = []
  let claim: Claim | undefined
  let fence = 0

  /** Looks at what the system has; whatever it has made of the flag by itself is live from then on. Tells whether one could look. */
  function look(): boolean {
    if (claim) return true
    if (state.isBlind) return false
    const { rollout, description } = state.document
    if (isSame(state.document, model.live)) return true
    model.live = { rollout, description, revision: model.live.revision + 1 }
    const landed = late.findLast(({ next }) => isSame(next, state.document))
    if (landed) late.splice(late.indexOf(landed), 1)
    found.push({ number: model.live.revision, request: landed?.request })
    return true
  }

  /** The request of a claim fails; something that was sent for it may land all the same. */
  function fail({ request, next, mayLand }: Claim): 'failed' {
    request.mayLand = mayLand
    if (mayLand) late.push({ request, next })
    return 'failed'
  }

  /** What is there of a change on its way. */
  function seen({ expected, next }: Claim): 'next' | 'before' | 'other' | 'unknown' {
    if (state.isBlind) return 'unknown'
    if (isSame(state.document, next)) return 'next'
    return isSame(state.document, expected) ? 'before' : 'other'
  }

  /** Writes where that is still to be done, and says what is there then. */
  function carried(sent: Claim): ReturnType<typeof seen> {
    const there = seen(sent)
    if (there !== 'before') return there
    const { request, expected, next } = sent
    const key = JSON.stringify([request.id, request.edition, expected.revision, next])
    const answer = system.write({ key, fence, expected, document: next })
    if (answer !== 'done' && answer !== 'declined') sent.isSent = true
    return answer === 'done' ? 'next' : seen(sent)
  }

  /** Sends a change on its way once more, and gives the state that its request is in then. */
  function send(sent: Claim): string {
    claim = sent
    fence++
    if (sent.attempts > 0 && !sent.isPutOff) sent.mayLand = true
    sent.attempts++
    sent.until = model.now + lease
    sent.isPutOff = false
    sent.isSent = false
    const there = carried(sent)
    if (model.now >= sent.until) return 'applying'
    if (sent.isSent) sent.mayLand = true
    if (there === 'unknown' || (there === 'before' && sent.attempts < mostAttempts)) {
      sent.until = model.now + Math.min(1_000 * 2 ** sent.attempts, hour)
      sent.isPutOff = true
      return 'applying'
    }
    claim = undefined
    if (there === 'next') {
      model.live = { ...sent.next, revision: model.live.revision + 1 }
      sent.request.mayLand = false
      return 'applied'
    }
    fail(sent)
    look()
    return 'failed'
  }

  return {
    found,
    look,
    /** The request whose change is on its way. */
    request: () => claim?.request,
    begin: (request: ModelRequest, next: Flag) =>
      send({
        request,
        expected: model.live,
        next,
        attempts: 0,
        until: 0,
        isPutOff: false,
        mayLand: request.mayLand,
        isSent: false,
      }),
    /** Sends the change again that is on its way, where it is time; tells whether it was. */
    again(): boolean {
      if (!claim || model.now < claim.until) return false
      const { request } = claim
      request.status = send(claim)
      return true
    },
    /** Gives up what is on its way, unless somebody is at it. */
    abandon(): string {
      if (claim && !claim.isPutOff && model.now < claim.until) return 'refused'
      const given = claim
      claim = undefined
      return given ? fail({ ...given, mayLand: given.mayLand || !given.isPutOff }) : 'failed'
    },
  }
}
