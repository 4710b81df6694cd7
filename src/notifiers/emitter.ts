import mitt from 'mitt'
import { type Notice, type NoticeType, type Notifier, noticeTypes } from '../ports/notifier.ts'

/** Hears of a notice, inside the process. What it throws, or rejects with, sends the notice back to the outbox. */
export type NoticeListener = (notice: Notice) => void | Promise<void>

/** A notifier that hands each notice to the functions that listen for it. */
export interface Emitter extends Notifier {
  /**
   * Listens for notices of one type, or for all with `*`. Answers the function that ends it.
   *
   * May hear the same `notice.id` again: after a crash, or when another listener failed.
   *
   * @throws TypeError if there are no notices of this type.
   */
  on(type: NoticeType | '*', listener: NoticeListener): () => void
}

/** Options of {@link emitter}. */
export interface EmitterOptions {
  /**
   * Names the notifier in the outbox.
   *
   * @defaultValue 'emitter'
   */
  readonly name?: string | undefined
}

interface Delivery {
  readonly notice: Notice
  readonly results: Promise<void>[]
}

/**
 * Makes a notifier for the process that it runs in.
 *
 * Every listener hears every notice that it asked for, whatever the others do. A notice is delivered when all of them
 * are done with it; if one failed, its error is thrown (an `AggregateError` if several did), and the outbox delivers
 * the notice again later.
 *
 * @example
 * ```ts
 * const notices = emitter()
 * notices.on('submitted', ({ to, request }) => console.log(to, request))
 * createApprovals({ storage, resources: [flags], directory, admins: 'anyone', notifiers: [notices] })
 * ```
 *
 * @throws TypeError if the name is no text, or empty.
 */
export function emitter({ name = 'emitter' }: EmitterOptions = {}): Emitter {
  if (typeof name !== 'string' || name === '')
    throw new TypeError("emitter: name must be a text, as in { name: 'mail' }")
  const events = mitt<Record<string, Delivery>>()
  return {
    name,
    on(type, listener) {
      if (type !== '*' && !noticeTypes.includes(type)) {
        throw new TypeError(
          `emitter: there are no notices of type ${JSON.stringify(type)}; there are ${noticeTypes.join(', ')}, and "*" for all`,
        )
      }
      if (typeof listener !== 'function') {
        throw new TypeError(
          `emitter: on(${JSON.stringify(type)}, …) takes a function that hears of notices, not ${typeof listener}`,
        )
      }
      const hear = ({ notice, results }: Delivery) => {
        results.push(run(listener, notice))
      }
      if (type !== '*') {
        events.on(type, hear)
        return () => events.off(type, hear)
      }
      const hearAny = (_type: string, delivery: Delivery) => hear(delivery)
      events.on('*', hearAny)
      return () => events.off('*', hearAny)
    },
    async deliver(notice) {
      const results: Promise<void>[] = []
      events.emit(notice.type, { notice, results })
      const outcomes = await Promise.allSettled(results)
      const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
      if (errors.length > 1) throw new AggregateError(errors, `${errors.length} listeners of ${notice.type} failed.`)
      if (errors.length === 1) throw errors[0]
    },
  }
}

async function run(listener: NoticeListener, notice: Notice): Promise<void> {
  await listener(notice)
}
