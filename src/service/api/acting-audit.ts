import { defined } from '../../core/defined.ts'
import type { Checkpoint } from '../../core/log/checkpoint.ts'
import type { LoggedEvent } from '../../core/log/event-chain.ts'
import type { Actor } from '../../core/request/model/event.ts'
import { checkKeys, checkText } from '../arguments/check-arguments.ts'
import type { VerbOptions } from '../arguments/verb-options.ts'
import type { AuditReport } from '../audit/audit-report.ts'
import { type Erasable, type Erased, eraseTexts } from '../audit/erase-texts.ts'
import { requireLog } from '../audit/may-read-log.ts'
import { readCheckpoint, type VerifyOptions } from '../audit/read-checkpoints.ts'
import { type ExportLine, exportLog, type LogFilter, readLog } from '../audit/read-log.ts'
import { verifyAudit } from '../audit/verify-log.ts'
import type { Context } from '../context/context.ts'
import { signatureChecks } from '../context/signature-checks.ts'
import type { Reader } from '../people/reading-rights.ts'

/** What one actor can do with the log. {@link ActingApprovals} lists the codes that every call can throw. */
export interface ActingAudit {
  /**
   * Reads what happened to a request, to a resource, to the policies, what somebody tried and was refused, or whom
   * they let answer for them; the oldest first. Takes the right to read the log where that is; everybody can read what
   * they tried themselves.
   *
   * @example
   * ```ts
   * const events = await ann.audit.events({ request: request.id })
   * ```
   *
   * @throws `not_permitted`.
   */
  events(filter: LogFilter): Promise<readonly LoggedEvent[]>
  /**
   * Verifies everything that this tenant has against its log. What is wrong is reported, and throws nothing.
   *
   * @example
   * ```ts
   * const { ok, problems } = await ann.audit.verify()
   * ```
   *
   * @throws `not_permitted`.
   */
  verify(options?: VerifyOptions): Promise<AuditReport>
  /**
   * Exports the log with everything that it speaks of, to be written line by line as JSON and verified elsewhere.
   *
   * @example
   * ```ts
   * for await (const line of ann.audit.export()) console.log(JSON.stringify(line))
   * ```
   *
   * @throws `not_permitted`, at the first line.
   */
  export(): AsyncIterable<ExportLine>
  /**
   * Reads the last checkpoint that `tick` has made; `undefined` if there is none yet. Kept in a place that nobody who
   * writes to the database can change, it proves later that nothing before it was changed or taken away.
   *
   * @example
   * ```ts
   * const checkpoint = await ann.audit.checkpoint()
   * const report = await ann.audit.verify({ checkpoint })
   * ```
   *
   * @throws `not_permitted`.
   */
  checkpoint(): Promise<Checkpoint | undefined>
  /**
   * Erases what people wrote: the reasons, comments and messages of a request, of a resource, of another part of the
   * log, or all that one user wrote. The log says who erased what and why, and can be verified as before. Documents
   * stay.
   *
   * @example
   * ```ts
   * const { texts } = await ben.audit.erase({ user: 'ann' }, { reason: 'she asked for it' })
   * ```
   *
   * @throws `not_permitted`.
   */
  erase(what: Erasable, options?: Pick<VerbOptions, 'reason'>): Promise<Erased>
}

/** Binds what can be read of the log to a reader. */
export function logReading(context: Context, reader: Reader): Omit<ActingAudit, 'erase'> {
  const { tenant } = reader
  return {
    events: (filter) => readLog(context, reader, filter),
    async verify(options = {}) {
      checkKeys('options', options, ['checkpoint', 'keys'])
      const { checkpoint, keys } = options
      const trusted = {
        ...defined({ checkpoint }),
        ...(keys === undefined ? {} : { keys: signatureChecks(keys, context.timeouts.signer) }),
      }
      await requireLog(context, reader)
      return await verifyAudit(context, tenant, trusted)
    },
    export: () => exportLog(context, reader, context.now()),
    async checkpoint() {
      await requireLog(context, reader)
      return await readCheckpoint(context.storage, tenant)
    },
  }
}

/** Binds what is about the log to one actor. */
export function actingAudit(context: Context, actor: Actor): ActingAudit {
  return {
    ...logReading(context, actor),
    async erase(what, options = {}) {
      checkKeys('options', options, ['reason'])
      const reason = checkText('reason', options.reason)
      return await eraseTexts(context, actor, { what, reason })
    },
  }
}
