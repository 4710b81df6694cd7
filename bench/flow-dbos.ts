import { randomUUID } from 'node:crypto'
import { DBOS } from '@dbos-inc/dbos-sdk'
import { Kysely, PostgresDialect } from 'kysely'
import { type FlagDocument, type FlowSide, Refusal, type SubmittedChange } from './flow-application.ts'
import { type KyselyTables, kyselyApplication, onPostgres } from './flow-kysely.ts'
import { type FlowPlace, flowConnections, serverUrl } from './flow-places.ts'

/** An approval on its way to the workflow that waits for it. */
interface SentApproval {
  readonly by: string
  readonly digest: string
}

const topic = 'approvals'
const patience = { timeoutSeconds: 3_600 }

/**
 * The application as a durable workflow of DBOS, which submits, waits for approvals, and applies. Its steps are the
 * transactions of the application with Kysely, and may run again after a crash. DBOS keeps what it knows in a database
 * of its own.
 */
export async function dbosSide(place: FlowPlace): Promise<FlowSide> {
  const name = `countersign_bench_${randomUUID().replaceAll('-', '')}`
  const db = new Kysely<KyselyTables>({ dialect: new PostgresDialect({ pool: place.pool }) })
  const application = kyselyApplication(onPostgres(db))
  const find = async (id: string) =>
    await db.selectFrom('requests').select(['id', 'digest', 'status']).where('id', '=', id).executeTakeFirst()
  const workflow = DBOS.registerWorkflow(
    async (flag: string, document: FlagDocument): Promise<string> => {
      const id = DBOS.workflowID ?? randomUUID()
      const request = await DBOS.runStep(
        () =>
          application.submitAs(id, flag, document).catch(async (error: unknown) => {
            const before = await find(id)
            if (before) return { id, digest: before.digest }
            throw error
          }),
        { name: 'submit' },
      )
      await DBOS.setEvent('request', request)
      let now = 'pending'
      while (now === 'pending') {
        const approval = await DBOS.recv<SentApproval>(topic, patience)
        if (!approval) return now
        const { by, digest } = approval
        now = await DBOS.runStep(
          () =>
            application.approve(by, { id, digest }).catch(async (error: unknown) => {
              if (error instanceof Refusal) return (await find(id))?.status ?? 'missing'
              throw error
            }),
          { name: 'approve' },
        )
      }
      return now
    },
    { name: 'change' },
  )
  const systemDatabaseUrl = new URL(serverUrl())
  systemDatabaseUrl.pathname = `/${name}`
  const leave = async () => {
    await DBOS.shutdown()
    await place.pool.query(`drop database if exists ${name} with (force)`)
  }
  DBOS.setConfig({
    ...{ name: 'flow', systemDatabaseUrl: systemDatabaseUrl.href, systemDatabasePoolSize: flowConnections },
    // As quick as can be: whoever waits hears of events after 1 ms instead of 10.
    ...{ notificationCoalesceMs: 1, logLevel: 'error', enableOTLP: false },
  })
  try {
    await DBOS.launch()
  } catch (error) {
    await leave()
    throw error
  }
  const running = new Map<string, Promise<string>>()
  return {
    async close() {
      try {
        await leave()
      } finally {
        await place.close()
      }
    },
    async submit(flag, document) {
      const id = randomUUID()
      const handle = await DBOS.startWorkflow(workflow, { workflowID: id })(flag, document)
      running.set(id, handle.getResult())
      const request = await DBOS.getEvent<SubmittedChange>(id, 'request', patience)
      if (!request) throw new TypeError('The workflow did not submit.')
      return request
    },
    async approve(by, { id, digest }) {
      await DBOS.send<SentApproval>(id, { by, digest }, topic)
      return 'sent'
    },
    async outcome({ id }) {
      const result = await running.get(id)
      running.delete(id)
      return result ?? 'missing'
    },
    stored: application.stored,
  }
}
