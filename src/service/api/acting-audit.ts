import { defined } from '../../core/defined.ts'
import type { Checkpoint } from '../../core/log/checkpoint.ts'
import type { LoggedEvent } from '../../core/log/event-chain.ts'
import type { Actor } from '../../core/request/model/event.ts'
import { checkKeys, checkText } from '../arguments/check-arguments.ts'
import type { VerbOptions } from '../arguments/verb-options.ts'
import type { AuditReport } from '../audit/audit-report.ts'
import { type Erasable, type Erased, eraseTexts } from '../audit/erase-texts.ts'
import { readCheckpoint, type VerifyOptions } from '../audit/read-checkpoints.ts'
import { type ExportLine, exportLog, type LogFilter, readLog } from '../audit/read-log.ts'
import { verifyAudit } from '../audit/verify-log.ts'
import type { Context } from '../context/context.ts'
import { signatureChecks } from '../context/signature-checks.ts'

/** What one actor can do with the log. {@link ActingApprovals} lists the codes that every call can throw. */
export interface ActingAudit {
  /**
   * Reads what happened to a request, to a resource, to the policies, what somebody tried and was refused, or whom
   * they let answer for them; the oldest first.
   *
   * @example
   * ```ts
   * const events = await ann.audit.events({ request: request.id })
   * ```
   */
  events(filter: LogFilter): Promise<readonly LoggedEvent[]>
  /**
   * Verifies everything that this tenant has against its log. What is wrong is reported, and throws nothing.
   *
   * @example
   * ```ts
   * const { ok, problems } = await ann.audit.verify()
   * ```
   */
  verify(options?: VerifyOptions): Promise<AuditReport>
  /**
   * Exports the log with everything that it speaks of, to be written line by line as JSON and verified elsewhere.
   *
   * @example
   * ```ts
   * for await (const line of ann.audit.export()) console.log(JSON.stringify(line))
   * ```
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
   * @throws `not_permitted` if there is something to erase.
   */
  erase(what: Erasable, options?: Pick<VerbOptions, 'reason'>): Promise<Erased>
}

/** Binds what is about the log to one actor. */
export function actingAudit(context: Context, actor: Actor): ActingAudit {
  const { tenant } = actor
  return {
    events: async (filter) => await readLog(context.storage, tenant, filter),
    async verify(options = {}) {
      checkKeys('options', options, ['checkpoint', 'keys'])
      const { checkpoint, keys } = options
      return await verifyAudit(context, tenant, {
        ...defined({ checkpoint }),
        ...(keys === undefined ? {} : { keys: signatureChecks(keys, context.timeouts.signer) }),
      })
    },
    export: () => exportLog(context.storage, tenant, context.now()),
    checkpoint: () => readCheckpoint(context.storage, tenant),
    async erase(what, options = {}) {
      checkKeys('options', options, ['reason'])
      const reason = checkText('reason', options.reason)
      return await eraseTexts(context, actor, { what, reason })
    },
  }
}
