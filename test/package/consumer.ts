import { createApprovals, defineResource, hasCode, keyedBy, staticDirectory } from 'countersign'
import type { AuditReport } from 'countersign/audit'
import { compileShape, diff, digest } from 'countersign/core'
import { emitter } from 'countersign/notifiers/emitter'
import { memoryStorage } from 'countersign/storage/memory'
import { sqliteStorage } from 'countersign/storage/sqlite'
import { storageConformance } from 'countersign/testing'
import { array, number, object, string } from 'zod'

/** Uses every subpath of the package the way an application does. It is compiled against the packed tarball. */
export async function useEverything(path: string | undefined): Promise<AuditReport> {
  const flags = defineResource({
    type: 'feature_flag',
    schema: object({ rollout: number(), rules: array(object({ id: string() })) }),
    shape: { '/rules': keyedBy('id') },
  })
  const inbox = emitter()
  inbox.on('submitted', ({ to }) => void to.map((user) => user.toUpperCase()))
  const approvals = createApprovals({
    storage: path === undefined ? memoryStorage() : sqliteStorage(path),
    resources: [flags],
    directory: staticDirectory({ ann: ['lead'] }),
    admins: { roles: ['lead'] },
    notifiers: [inbox],
  })
  const ann = approvals.as({ tenant: 'acme', user: 'ann' })
  try {
    const outcome = await ann.submit(flags.ref('checkout'), { value: { rollout: 40, rules: [] } })
    if (outcome.status === 'pending') await ann.requests.approve(outcome.request.id, { digest: outcome.request.digest })
    await ann.submit(flags.ref('checkout'), (flag) => {
      flag.rules.push({ id: 'staff' })
    })
  } catch (error) {
    if (hasCode(error, 'digest_mismatch')) digest('document', error.details.seen)
    throw error
  }
  const live = await ann.resources.get(flags.ref('checkout'))
  const rollout: number | undefined = live?.document.rollout
  const changed = diff({ rollout: rollout ?? 0 }, { rollout: 80 }, compileShape({}))
  if (!changed.ok) throw new TypeError(changed.refusal.message)
  for (const { name, run } of storageConformance(() => memoryStorage()).slice(0, 1)) await run().then(() => name)
  return await ann.audit.verify()
}
