import { transition } from 'xstate'
import { defaultRules } from '../src/core/policy/model/rules-of-conduct.ts'
import { decide } from '../src/core/request/decide/decide.ts'
import { submit } from '../src/core/request/decide/decide-submission.ts'
import type { Facts, RequestCommand } from '../src/core/request/model/command.ts'
import { begin, evolve } from '../src/core/request/model/evolve.ts'
import type { Request } from '../src/core/request/model/request.ts'
import { allows, statuses, verbNames, verbs } from '../src/core/request/model/status-table.ts'
import type { KnownUser } from '../src/core/review/voter.ts'
import { statusMachine } from '../test/core/request/status-machine.ts'
import { budgeted, type Comparison, timed } from './harness.ts'

/** What one answer costs that decides nothing yet, and what it costs to look a verb up. */
export function comparisons(): readonly Comparison[] {
  const young = withReviews(asked())
  const old = withReviews(withHistory(asked(), 988))
  const approving = (request: Request) => ({ name: 'decide and evolve', run: () => step(request, 'lead-10') })
  const pairs = statuses.flatMap((status) => verbNames.map((verb) => ({ status, verb })))
  const snapshots = pairs.map(({ status, verb }) => {
    const event = { type: verb, to: verbs[verb].to[0] }
    return { snapshot: statusMachine.resolveState({ value: status, context: {} }), event }
  })
  return [
    budgeted({
      case: 'one approval, beside 10 that stand',
      subject: approving(young),
      milliseconds: 0.025,
      valid: ({ reviews, status }) => reviews.length === 11 && status === 'pending',
    }),
    timed({
      case: 'one approval, after 1,000 events',
      subject: approving(old),
      peer: { ...approving(young), name: 'after 10' },
      same: (ours, theirs) => ours.reviews.length === 11 && theirs.reviews.length === 11 && ours.round > theirs.round,
      goal: 1 / 1.5,
    }),
    timed({
      case: `${pairs.length} pairs of state and verb`,
      subject: {
        name: 'table',
        run: () => pairs.map(({ status, verb }) => (allows(status, verb) ? verbs[verb].to[0] : status)),
      },
      peer: {
        name: 'xstate transition',
        run: () => snapshots.map(({ snapshot, event }) => transition(statusMachine, snapshot, event)[0].value),
      },
      same: (ours, theirs) => ours.join() === theirs.join(),
      goal: 50,
    }),
  ]
}

const start = Date.UTC(2026, 0, 5)
const leads = Array.from({ length: 13 }, (_, index) => `lead-${index}`)
const require = { quorum: 12, from: { roles: ['lead'] } }
const evaluation = { requirements: [{ policy: 'leads', version: 1, require }], rules: defaultRules }
const facts: Facts = {
  users: new Map<string, KnownUser>([
    ['ann', { id: 'ann', person: 'ann', roles: [] }],
    ...leads.map((id) => [id, { id, person: id, roles: ['lead'] }] as const),
  ]),
  ...evaluation,
}

/** New content: a rollout. */
function next(rollout: number): NonNullable<Facts['next']> {
  const change = {
    resource: { type: 'flag', id: 'checkout' },
    project: 'web',
    base: 1,
    incarnation: 1,
    actions: ['update'],
    places: [{ type: 'changed', path: '/rollout', before: 40, after: rollout }],
    after: { rollout },
  } as const
  return { changes: [change], before: [change], evaluation, policySet: { seq: 1, hash: 'sha256:1' }, gated: false }
}

function asked(): Request {
  const decision = submit({ id: 'r1', by: actor('ann'), at: start }, { users: facts.users, next: next(80) })
  if (!decision.ok || decision.value.type === 'direct') throw new TypeError('The request was not taken.')
  return begin(decision.value.event)
}

/** The request after so many events: the people edit, approve, take that back, and say something, again and again. */
function withHistory(request: Request, events: number): Request {
  let held = request
  for (let index = 0; index < events; index++) {
    const lead = leads[index % leads.length] ?? 'ann'
    const rewritten = { ...facts, next: next(index % 100), target: { ...next(index % 100), live: [1] } }
    switch (index % 4) {
      case 0:
        held = done(held, { type: 'edit', by: actor('ann'), at: start }, rewritten)
        break
      case 1:
        held = step(held, lead)
        break
      case 2:
        held = done(held, { type: 'comment', by: actor(lead), at: start, reason: 'hm' })
        break
      case 3:
        held = done(held, { type: 'withdraw', by: actor(leads[(index - 2) % leads.length] ?? 'ann'), at: start })
    }
  }
  return held
}

function withReviews(request: Request): Request {
  return leads.slice(0, 10).reduce(step, request)
}

function step(request: Request, lead: string): Request {
  return done(request, { type: 'approve', by: actor(lead), at: start, seen: request.digest })
}

function done(request: Request, command: RequestCommand, known: Facts = facts): Request {
  const decision = decide(command, request, known)
  if (!decision.ok) throw new TypeError(decision.refusal?.message ?? 'The decision needs a fact.')
  return evolve(request, decision.value)
}

function actor(user: string) {
  return { tenant: 'acme', user, via: 'app' }
}
