import type { Actor } from '../../core/request/model/event.ts'
import { ApprovalError, fail, hasCode } from '../../errors/approval-error.ts'
import { type Refusal, type Result, refuse } from '../../errors/result.ts'
import type { Write } from '../../ports/storage.ts'
import { newIdFix } from '../context/checked-sources.ts'
import type { Context } from '../context/context.ts'
import { readingRights } from '../people/reading-rights.ts'
import { read, recordKey, withoutImplied } from '../records/typed-storage.ts'
import { freeze } from '../values/freeze.ts'
import { pause } from '../values/pause.ts'
import { answeredBefore, answerWrite, type Idempotency } from './idempotency.ts'
import { movedOnWrites } from './moved-on.ts'
import { recordRefusal } from './record-refusal.ts'
import { hostWrites, recordHostChanges, revised } from './sync-host-documents.ts'

/** A command: who wants what, and how to decide it on facts read now. */
export interface Command<T> {
  readonly verb: string
  readonly actor: Actor
  /** What it is about. Commands about the same thing wait for each other inside this process. */
  readonly about: string
  /** If the caller gave a key: the command is done at most once under it. */
  readonly idempotency?: Idempotency | undefined
  /** Reads the facts and decides. Called again, from the start, if a fact moved before the commit. */
  attempt(at: number): Promise<Result<Accepted<T>>>
}

/**
 * Thrown by an attempt that others have to come before: what has happened by itself, and is not recorded yet. They are
 * done outside of its turn, and then it is tried again from the start.
 */
export class ComeFirst extends Error {
  override readonly name = 'ComeFirst'
  readonly commands: readonly Command<unknown>[]

  constructor(commands: readonly Command<unknown>[]) {
    super('Something else has to be recorded first.')
    this.commands = commands
  }
}

/** What follows from a decision: one batch of writes, and the answer for the caller. */
export interface Accepted<T> {
  readonly writes: readonly Write[]
  readonly answer: T
  /** The first moment at which it must not be committed any more: a freeze begins. Left out: there is none. */
  readonly before?: number
  /** The open requests about the resources that get a revision, by their ids, if they were looked for. */
  readonly looked?: Promise<readonly string[]>
  /**
   * What is to be done once it is committed, outside of the transaction and of anybody's turn. Its answer is the
   * caller's then.
   */
  readonly follow?: () => Promise<T>
}

const attempts = 12

/**
 * The one door: every command goes through here. Reads facts, decides, and commits one batch that states every stored
 * fact that the decision relied on; if one of them moved, the whole command runs again on fresh facts, a bounded
 * number of times.
 *
 * @throws ApprovalError if the command is refused. A refusal that matters to an auditor is recorded first.
 */
export async function runCommand<T>(context: Context, command: Command<T>): Promise<T> {
  if (context.effects.isInside()) refuseInside(command.verb)
  for (let turn = 1; ; turn++) {
    try {
      const done = await inTurn(context, command)
      return done.follow ? await done.follow() : done.answer
    } catch (error) {
      if (!(error instanceof ComeFirst)) throw error
      if (turn === attempts) return fail('contention', { verb: command.verb, attempts })
      for (const first of error.commands) await recorded(context, first)
    }
  }
}

/** Refusals that only say that somebody else has recorded it. */
const doneAlready = ['not_open', 'not_due', 'expired', 'not_switched_off', 'unknown_request'] as const

/** Records what has to come before another command, unless somebody else has. */
async function recorded(context: Context, command: Command<unknown>): Promise<void> {
  try {
    await runCommand(context, command)
  } catch (error) {
    if (!doneAlready.some((code) => hasCode(error, code))) throw error
  }
}

/** Runs a command once nobody else in this process is about the same thing. */
async function inTurn<T>(context: Context, command: Command<T>): Promise<Done<T>> {
  const { idempotency } = command
  const { tenant } = command.actor
  return await context.queue(`${tenant}\n${command.about}`, async (): Promise<Done<T>> => {
    let taken = 0
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const at = context.now()
      const before = await answered(context, command, at)
      if (before) return before
      const decision = await decided(command, at)
      if (decision === 'moved') {
        await pause(attempt)
        continue
      }
      if (!decision.ok) {
        // What is refused may be what this very command did meanwhile, when its first try was still under way and
        // lost its answer.
        const meanwhile = await answered(context, command, at)
        if (meanwhile) return meanwhile
        return await refused(context, command, at, decision.refusal)
      }
      try {
        const { writes, answer, follow, before: latest = Number.POSITIVE_INFINITY } = decision.value
        const answers = idempotency
          ? [answerWrite(command.actor, idempotency, { answer, at, kept: context.retention.answers })]
          : []
        const told = await movedOnWrites(context, tenant, decision.value)
        const effect = await hostWrites(context, tenant, writes)
        const inside =
          effect &&
          ((native: unknown) => {
            if (context.now() >= latest) throw tooLate(latest)
            return context.effects.run(() => effect(native))
          })
        if (context.now() >= latest) throw tooLate(latest)
        await context.storage.commit(withoutImplied([...writes, ...told, ...answers]), inside)
        return follow ? { answer, follow } : { answer }
      } catch (error) {
        if (!hasCode(error, 'version_conflict') && !hasCode(error, 'duplicate_key')) throw error
        if (hasCode(error, 'duplicate_key'))
          taken = await refuseTaken(context, tenant, { writes: decision.value.writes, taken })
        await recordHostChanges(context, tenant, revised(decision.value.writes))
      }
      await pause(attempt)
    }
    return fail('contention', { verb: command.verb, attempts })
  })
}

/** Something has begun since it was decided that keeps it off: it is decided again. */
function tooLate(latest: number): ApprovalError {
  return new ApprovalError(refuse('version_conflict', { collection: 'policySets', key: `before ${latest}` }).refusal)
}

/**
 * Refuses a command that a write of the host begins and that would wait, directly or not, for the command which waits
 * for that write.
 */
function refuseInside(verb: string): never {
  const problem = `began another command (${verb}) while a command was waiting for it`
  const fix = 'make that one afterwards, or write what belongs together in one change'
  return fail('host_function_failed', { function: 'write', problem, fix })
}

/**
 * How many ids in a row may be taken already: two processes can come upon the same one by chance, but not again and
 * again.
 */
const mostTaken = 3

/** Counts the ids of new requests that others have already, and refuses if `newId` gives no others. */
async function refuseTaken(
  { storage }: Context,
  tenant: string,
  { writes, taken }: { readonly writes: readonly Write[]; readonly taken: number },
): Promise<number> {
  const made = writes.flatMap((write) =>
    write.type === 'insert' && write.collection === 'requests' ? [write.value] : [],
  )
  const keys = made.map(({ id }) => recordKey('requests', tenant, String(id)))
  if (keys.length === 0) return taken
  const { found } = await read(storage, { found: keys })
  const [request] = found.flatMap((one) => one?.value.id ?? [])
  if (request === undefined) return taken
  if (taken + 1 < mostTaken) return taken + 1
  const problem = `answered ${JSON.stringify(request)}, which is the id of another request`
  return fail('host_function_failed', { function: 'newId', problem, fix: newIdFix })
}

/** Reads the facts and decides. Facts of which some moved while others were read decide nothing. */
async function decided<T>({ attempt }: Command<T>, at: number): Promise<Result<Accepted<T>> | 'moved'> {
  try {
    return await attempt(at)
  } catch (error) {
    if (hasCode(error, 'version_conflict')) return 'moved'
    throw error
  }
}

type Done<T> = Pick<Accepted<T>, 'answer' | 'follow'>

/**
 * Finds the answer that was given to this command before; `undefined` if it is new. Refuses another command under
 * its key.
 */
async function answered<T>(
  context: Context,
  command: Command<T>,
  at: number,
): Promise<{ readonly answer: T } | undefined> {
  const { actor, idempotency } = command
  if (!idempotency) return undefined
  const found = await answeredBefore(context.storage, actor, idempotency)
  if (!found.ok) return await refused(context, command, at, found.refusal)
  if (found.value && !(await readingRights(context, actor).isKnown())) {
    return await refused(context, command, at, refuse('unknown_actor', { actor: actor.user }).refusal)
  }
  return found.value && { answer: freeze(found.value.answer) as T }
}

async function refused(
  context: Context,
  { actor, verb }: Command<unknown>,
  at: number,
  refusal: Refusal,
): Promise<never> {
  await recordRefusal(context, { actor, at, verb, refusal })
  throw new ApprovalError(refusal)
}
