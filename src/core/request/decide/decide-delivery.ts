import { type Result, refuse, success } from '../../../errors/result.ts'
import { defined } from '../../defined.ts'
import { canonical } from '../../json/canonical.ts'
import { digest } from '../../json/digest.ts'
import type { JsonValue } from '../../json/json.ts'
import { asJson } from '../../json/json.ts'
import type { AbandonCommand, ConfirmCommand, Facts, ReclaimCommand } from '../model/command.ts'
import { type Decision, needs } from '../model/decision.ts'
import { happened, type LaterEvent } from '../model/event.ts'
import type { Application, Applied, Applying, Failed } from '../model/outcome.ts'
import { isPlannedRevert } from '../model/planned-revert.ts'
import type { Request } from '../model/request.ts'
import { isBlank } from './check-reason.ts'
import { applicationOf } from './request-outcome.ts'

/**
 * How often a change is sent on its way before it fails, if the host keeps the document of before. What was sent
 * may land all the same.
 */
const mostAttempts = 8
const longestPause = 60 * 60_000

/**
 * Decides what became of a change on its way. Only whoever claimed it last can say, and only as long as nobody else
 * may claim it.
 */
export function confirm(command: ConfirmCommand, request: Request, facts: Facts): Decision<LaterEvent> {
  const { application } = request
  const { fence, at } = command
  if (!application || fence !== application.fence || at >= application.until) {
    const { fence: current = 0, until = 0 } = application ?? {}
    return refuse('claim_lost', { request: request.id, fence, current, until })
  }
  const outcome = confirmed(command, { request, application, facts })
  if (!outcome.ok) return outcome
  const { status } = outcome.value
  return success({ type: status === 'applying' ? 'put_off' : status, ...happened(command), outcome: outcome.value })
}

/** Decides that a change of which nobody has said in time what became of it is sent on its way again. */
export function reclaim(command: ReclaimCommand, request: Request, { target }: Facts): Decision<LaterEvent> {
  const { id, application } = request
  const { at } = command
  if (!application || at < application.until) {
    return refuse('not_due', { request: id, verb: command.type, dueAt: application?.until ?? 0 })
  }
  if (!target?.outside) return needs('target')
  const { fence, lease } = target.outside
  const { resource, revisions, attempts, passes, cleared } = application
  const claimed = { resource, revisions, fence: fence + 1, until: at + lease, attempts: attempts + 1 }
  const late = mayLandStill(application) ? { mayLand: true as const } : {}
  return success({
    type: 'claimed',
    ...happened(command),
    outcome: { status: 'applying', application: { ...claimed, ...late, ...defined({ passes, cleared }) } },
  })
}

/**
 * Decides that a change is given up that the host does not take and of which it does not say what became of it:
 * nobody else could change the resource for as long as it is on its way. Not while somebody is at it, with a reason,
 * and on record as what it is: the host may have the change, or get it yet.
 */
export function abandon(command: AbandonCommand, request: Request, { target }: Facts): Decision<LaterEvent> {
  const { id, digest, application } = request
  const { problem, until = 0 } = application ?? {}
  if (problem === undefined && command.at < until) return refuse('delivery_in_progress', { request: id, until })
  if (command.reason === undefined || isBlank(command.reason)) return refuse('reason_required', { verb: 'abandon' })
  if (!target) return needs('target')
  if (!application) return refuse('content_tampered', { request: id, digest, found: 'nothing' })
  const { resource } = application
  const refusal = refuse('abandoned', { ...resource, problem: problem ?? 'nobody said what became of it' })
  const outcome = failed(refusal, mayLandStill(application))
  return success({ type: 'failed', ...happened(command), outcome })
}

/**
 * The key under which the host lands a change once, however often it is sent: another request, round, revision or
 * document has another one.
 */
export function landingKey({ tenant, id, round }: Request, { resource, revisions }: Application): string {
  const revision = revisions.find(({ type, id }) => type === resource.type && id === resource.id)
  return digest('landing', asJson({ tenant, request: id, round, revision }))
}

interface Confirming {
  readonly request: Request
  readonly application: Application
  readonly facts: Facts
}

function confirmed(
  { found, problem = 'the document is not there', at, isOver, frozenUntil }: ConfirmCommand,
  { request, application, facts }: Confirming,
): Decision<Applied | Failed | Applying> {
  const { resource, attempts } = application
  const mayLand = application.mayLand === true || !isOver
  switch (found) {
    case 'next':
      return landed({ request, application, facts }, at)
    case 'before':
      if (frozenUntil !== undefined) return success(untilThawed(application, { problem, until: frozenUntil, mayLand }))
      if (attempts < mostAttempts || isPlannedRevert(request))
        return success(putOff(application, { problem, at, mayLand }))
      return success(failed(hostFailed({ resource, problem, mayLand }), mayLand))
    case 'other': {
      const live =
        application.revisions.find(({ type, id }) => type === resource.type && id === resource.id)?.number ?? 0
      return success(failed(refuse('stale', { type: resource.type, id: resource.id, base: live - 1, live }), mayLand))
    }
    case 'unknown':
      return success(putOff(application, { problem, at, mayLand }))
  }
}

/**
 * Tells whether something may land of a change on its way that nobody is at: what is not there yet may be there in a
 * moment, unless the host has refused it. Of an attempt that nobody spoke of, nobody knows.
 */
function mayLandStill({ problem, mayLand }: Application): boolean {
  return mayLand === true || problem === undefined
}

function hostFailed({
  resource,
  problem,
  mayLand,
}: Pick<Application, 'resource'> & { readonly problem: string; readonly mayLand: boolean }) {
  return refuse('host_failed', { ...resource, operation: 'write', problem, ...(mayLand ? { mayLand } : {}) })
}

/** What was claimed lands as it was claimed: everything else was kept off meanwhile. */
function landed({ request, application, facts }: Confirming, at: number): Decision<Applied> {
  const { id, digest } = request
  if (!facts.target) return needs('target')
  const { outside: _outside, frozen: _frozen, ...target } = facts.target
  const outcome = applicationOf(request, target, at)
  if (!outcome.ok) return outcome
  const { value } = outcome
  if (value.status === 'applied' && isSame(value.revisions, application.revisions)) return success(value)
  return refuse('content_tampered', { request: id, digest, found: 'another change than was claimed' })
}

function putOff(
  application: Application,
  { problem, at, mayLand }: { readonly problem: string; readonly at: number; readonly mayLand: boolean },
): Applying {
  const pause = Math.min(1_000 * 2 ** application.attempts, longestPause)
  const late = mayLand ? { mayLand } : {}
  const { frozen: _frozen, ...sent } = application
  return { status: 'applying', application: { ...sent, until: at + pause, problem, ...late } }
}

/** What was not sent, since a freeze has begun, is no attempt. */
function untilThawed(
  { frozen: _frozen, ...application }: Application,
  { problem, until, mayLand }: { readonly problem: string; readonly until: number; readonly mayLand: boolean },
): Applying {
  const late = mayLand ? { mayLand } : {}
  const attempts = application.attempts - 1
  return { status: 'applying', application: { ...application, attempts, until, problem, frozen: true, ...late } }
}

function failed({ refusal: failure }: Extract<Result<never>, { readonly ok: false }>, mayLand: boolean): Failed {
  return { status: 'failed', failure, ...(mayLand ? { mayLand } : {}) }
}

function isSame(a: unknown, b: unknown): boolean {
  return canonical(a as JsonValue) === canonical(b as JsonValue)
}
