import type { Actor } from '../core/request/event.ts'
import { ApprovalError, type ErrorCode, fail, hasCode, type Refusal, type Result } from '../errors.ts'
import type { Write } from '../ports/storage.ts'
import type { Context } from './context.ts'
import { freeze } from './freeze.ts'
import { adopt, hostWrites, revised } from './hosted.ts'
import { answeredBefore, answerWrite, type Idempotency } from './idempotency.ts'
import { keyOf, put, read, withoutImplied } from './records.ts'
import { append, refusalStream } from './streams.ts'

/** A command: who wants what, and how to decide it on facts read now. */
export interface Command<T> {
  readonly verb: string
  readonly actor: Actor
  /** What it is about. Commands about the same thing wait for each other inside this process. */
  readonly about: string
  /** Where the caller gave a key: the command is done at most once under it. */
  readonly idempotency?: Idempotency | undefined
  /** Reads the facts and decides. Called again, from the start, where a fact moved before the commit. */
  attempt(at: number): Promise<Result<Accepted<T>>>
}

/** What follows from a decision: one batch of writes, and the answer for the caller. */
export interface Accepted<T> {
  readonly writes: readonly Write[]
  readonly answer: T
}

const attempts = 12

/**
 * The one door: every command goes through here. Reads facts, decides, and commits one batch that states every stored fact that the
 * decision relied on; if one of them moved, the whole command runs again on fresh facts, a bounded number of times.
 *
 * @throws ApprovalError where the command is refused. A refusal that matters to an auditor is recorded first.
 */
export async function execute<T>(context: Context, command: Command<T>): Promise<T> {
  const { idempotency } = command
  const { tenant } = command.actor
  return await context.queue(`${tenant}\n${command.about}`, async () => {
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const at = context.now()
      const before = await answered(context, command, at)
      if (before) return before.answer
      const decision = await command.attempt(at)
      if (!decision.ok) {
        // What is refused may be what this very command did meanwhile, when its first try was still under way and lost its answer.
        const meanwhile = await answered(context, command, at)
        if (meanwhile) return meanwhile.answer
        return await refused(context, command, at, decision.refusal)
      }
      try {
        const { writes, answer } = decision.value
        const answers = idempotency ? [answerWrite(command.actor, idempotency, { answer, at })] : []
        const effect = await hostWrites(context, tenant, writes)
        await context.storage.commit(withoutImplied([...writes, ...answers]), effect)
        return answer
      } catch (error) {
        if (!hasCode(error, 'version_conflict') && !hasCode(error, 'duplicate_key')) throw error
        await adopt(context, tenant, revised(decision.value.writes))
      }
      await pause(attempt)
    }
    return fail('contention', { verb: command.verb, attempts })
  })
}

/** Finds the answer that was given to this command before; undefined where it is new. Refuses another command under its key. */
async function answered<T>(
  context: Context,
  command: Command<T>,
  at: number,
): Promise<{ readonly answer: T } | undefined> {
  const { actor, idempotency } = command
  if (!idempotency) return undefined
  const found = await answeredBefore(context.storage, actor, idempotency)
  if (!found.ok) return await refused(context, command, at, found.refusal)
  return found.value && { answer: freeze(found.value.answer) as T }
}

/** Refusals that tell an auditor of somebody who tried what they may not. */
const recorded: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'self_approval',
  'not_an_approver',
  'not_the_requester',
  'digest_mismatch',
  'content_tampered',
  'approval_missing',
  'bypass_forbidden',
  'break_glass_forbidden',
  'review_owed',
  'own_debt',
  'contributor',
  'not_delegated',
  'unknown_actor',
  'unknown_request',
  'not_permitted',
  'not_an_editor',
  'beyond_own_permissions',
  'last_admin',
])

async function refused(
  context: Context,
  { actor, verb }: Command<unknown>,
  at: number,
  refusal: Refusal,
): Promise<never> {
  if (recorded.has(refusal.code)) {
    await record(context, actor, { type: 'refused', by: actor.user, via: actor.via, at, verb, ...refusal })
  }
  throw new ApprovalError(refusal)
}

/** Adds to the actor's own stream, so that nobody's failed attempts stand in the way of other people's commands. */
async function record(
  { storage }: Context,
  { tenant, user }: Actor,
  event: { readonly at: number; readonly [name: string]: unknown },
): Promise<void> {
  const stream = refusalStream(user)
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const { before } = await read(storage, { before: keyOf('streams', tenant, stream) })
    const { head, writes } = append({ tenant, stream }, before?.value.head, event)
    try {
      return await storage.commit([put('streams', { tenant, stream, head }, before), ...writes])
    } catch (error) {
      if (!hasCode(error, 'version_conflict') && !hasCode(error, 'duplicate_key')) throw error
    }
    await pause(attempt)
  }
  return fail('contention', { verb: 'record a refusal', attempts })
}

/** Waits for a moment of random length, longer from attempt to attempt, so that two writers do not meet again. */
async function pause(attempt: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(2 ** attempt, 100)))
}
