import { inTimeAside } from '../../ports/in-time.ts'
import type { Notice, Notifier } from '../../ports/notifier.ts'
import { pauseAfter } from '../commands/put-off.ts'
import type { Chore, ChoreOutcome } from '../context/chore.ts'
import type { Context } from '../context/context.ts'
import { withoutLeavers } from '../people/departures.ts'
import type { OutboxRecord } from '../records/outbox-records.ts'
import { put, type Stored } from '../records/typed-storage.ts'
import type { HostNeed } from '../values/needs.ts'

/** Makes the chore that delivers a notice by everybody who has not delivered it. */
export function noticeChore(context: Context, record: Stored<OutboxRecord>): Chore {
  const { tenant, id, pending } = record.value
  const needs = pending.map((name) => notifierNeed(name, tenant))
  const lane = `outbox\n${tenant}`
  return {
    name: `outbox\n${tenant}\n${id}`,
    tenant,
    id,
    lane,
    abreast: 1,
    needs,
    partly: true,
    run: (open) => deliver(context, record, open),
    later: () => {
      const { attempts } = record.value
      return [put('outbox', { ...record.value, dueAt: context.now() + pauseAfter(attempts + 1, 'failed') }, record)]
    },
  }
}

const notifierNeed = (name: string, tenant: string): HostNeed => ({ name: `${name}\n${tenant}`, shared: name })

/**
 * Claims a notice so that another process leaves it alone meanwhile, hands it to whoever has not had it and can be
 * asked, and removes it once all have. Whoever has left by then is not told, whatever the notice is about.
 */
async function deliver(
  context: Context,
  record: Stored<OutboxRecord>,
  open: readonly HostNeed[],
): Promise<ChoreOutcome> {
  const { storage, now, timeouts } = context
  const { value } = record
  const { tenant, id } = value
  const to = await withoutLeavers(context, tenant, value.notice.to)
  if (to.length === 0) {
    await storage.commit([{ type: 'remove', collection: 'outbox', key: [tenant, id], expected: record.version }])
    return {}
  }
  const claimed = { ...value, attempts: value.attempts + 1, dueAt: now() + timeouts.notifier + margin }
  await storage.commit([put('outbox', claimed, record)])
  const asked = value.pending.filter((name) => open.some((need) => need.shared === name))
  const answers = await Promise.all(asked.map((name) => answerOf(context, name, { ...value.notice, to })))

  const undone = answers.filter(({ error }) => error !== undefined)
  const untold = value.pending.filter((name) => !asked.includes(name))
  const pending = [...untold, ...undone.map(({ name }) => name)]
  const outcome: ChoreOutcome = {
    failed: undone.map(({ error }) => ({ error })),
    worked: answers.filter(({ error }) => error === undefined).map(({ name }) => notifierNeed(name, tenant)),
    broken: undone
      .filter(({ isDown }) => isDown)
      .map(({ name, error }) => ({ need: notifierNeed(name, tenant), error })),
  }
  const here = { version: record.version + 1 }
  if (pending.length === 0) {
    await storage.commit([{ type: 'remove', collection: 'outbox', key: [tenant, id], expected: here.version }])
    return { ...outcome, done: { delivered: 1 } }
  }
  const dueAt = now() + (undone.length > 0 ? pauseAfter(claimed.attempts, 'failed') : 0)
  const left = { ...claimed, pending, dueAt }
  await storage.commit([put('outbox', left, here)])
  const again = undone.length === 0 ? { rest: noticeChore(context, { version: here.version + 1, value: left }) } : {}
  return { ...outcome, ...again }
}

/** How much longer than a notifier may take a notice is left to whoever has claimed it, in milliseconds. */
const margin = 1_000

interface Answer {
  readonly name: string
  readonly error?: unknown
  /** Whether it hangs, or cannot be reached: it would not take another notice either. */
  readonly isDown?: boolean
}

async function answerOf({ notifiers, timeouts }: Context, name: string, notice: Notice): Promise<Answer> {
  const notifier: Notifier | undefined = notifiers.find((candidate) => candidate.name === name)
  if (!notifier) {
    const error = new TypeError(`No notifier is called "${name}": pass it to createApprovals({ notifiers }).`)
    return { name, error, isDown: true }
  }
  let late: Error | undefined
  try {
    const delivered = async () => await notifier.deliver(notice)
    await inTimeAside(delivered(), timeouts.notifier, (problem) => {
      late = new RangeError(`The notifier "${name}" failed: ${problem}.`)
      return late
    })
    return { name }
  } catch (error) {
    const isDown = error === late || isUnreachable(error)
    return { name, error: error ?? new TypeError(`The notifier "${name}" threw nothing.`), isDown }
  }
}

/** What systems say of somebody who cannot be reached. */
const unreachable = ['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT']

function isUnreachable(thrown: unknown): boolean {
  if (typeof thrown !== 'object' || thrown === null) return false
  if ('code' in thrown && unreachable.some((code) => code === thrown.code)) return true
  return 'cause' in thrown && thrown.cause !== thrown && isUnreachable(thrown.cause)
}
