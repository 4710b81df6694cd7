import { createApprovals, defineResource, hasCode, isApprovalError } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { type Flag as Document, flagSchema, flags, rollout, start } from '../world.ts'
import { type Elsewhere, elsewhere } from './elsewhere.ts'
import type { officeModel } from './office-model.ts'
import { type Act, type Flag, methodOf, minute, type OfficeRules } from './vocabulary.ts'

/** The real thing, driven as the model is. */
export function office(
  rules: OfficeRules,
  { model, person }: ReturnType<typeof officeModel>,
  keeps: 'inside' | 'outside',
) {
  const clock = { now: 0 }
  const first = { enabled: true, rollout: 1, description: 'a' }
  const system =
    keeps === 'outside'
      ? elsewhere(first, () => {
          clock.now += minute
        })
      : undefined
  const type = system ? flagsAt(system) : flags
  let made = 0
  const ids: string[] = []
  const digests = new Map<string, string[]>()
  const approvals = createApprovals({
    admins: 'anyone',
    storage: memoryStorage(),
    resources: [type],
    directory: {
      users: async (_scope, asked) =>
        asked.map((id) =>
          model.roles.has(id) ? { person: person(id), roles: model.roles.get(id) ? ['lead'] : [] } : undefined,
        ),
      holders: async () => [...model.roles].filter(([, lead]) => lead).map(([id]) => id),
      roles: async (_scope, names) => names.map(() => true),
    },
    now: () => start + clock.now,
    newId: () => `r${++made}`,
  })
  const as = (user: string) => approvals.as({ tenant: 'acme', user })
  const ref = type.ref('checkout')

  async function doing({ verb, by, request, value, seesOld }: Act): Promise<string> {
    const id = ids[request] ?? 'r0'
    const known = digests.get(id) ?? []
    const options = { digest: (seesOld ? known.at(-2) : known.at(-1)) ?? 'sha256:', reason: 'because' }
    const actor = as(by)
    const done = { edit: () => actor.requests.edit(id, ref, rollout(value)) }
    switch (verb) {
      case 'submit': {
        const outcome = await actor.submit(ref, { merge: { rollout: value } })
        if (outcome.status !== 'applied') begun(outcome.request)
        return outcome.status
      }
      case 'draft': {
        const request = await actor.draft(ref, { merge: { rollout: value } })
        begun(request)
        return request.status
      }
      case 'describe': {
        const live = await actor.resources.get(ref)
        return (await actor.submit(ref, { merge: { description: `${live?.document.description}!` } })).status
      }
      case 'resolve': {
        const read = await actor.requests.get(id)
        const found = read.changes.flatMap(({ conflicts }) => conflicts)
        const choices = found.map(({ digest }) => ({ conflict: digest, take: 'draft' as const }))
        return after(
          id,
          await actor.requests.resolve(id, choices.length > 0 ? choices : [{ conflict: noConflict, take: 'draft' }]),
        )
      }
      case 'edit':
        return after(id, await done.edit())
      case 'approve':
        return after(id, await actor.requests.approve(id, options))
      case 'reject':
        return after(id, await actor.requests.reject(id, options))
      case 'request_changes':
        return after(id, await actor.requests.requestChanges(id, options))
      case 'abandon':
        return after(id, await actor.requests.abandon(id, { reason: 'because' }))
      case 'comment':
        return after(id, await actor.requests.comment(id, 'hm'))
      default:
        return after(id, await actor.requests[methodOf(verb)](id))
    }
  }

  function begun({ id, digest }: { readonly id: string; readonly digest: string }): void {
    ids.unshift(id)
    digests.set(id, [digest])
  }

  function after(
    id: string,
    { request }: { readonly request: { readonly status: string; readonly digest: string } },
  ): string {
    const known = digests.get(id) ?? []
    if (known.at(-1) !== request.digest) digests.set(id, [...known, request.digest])
    return request.status
  }

  return {
    approvals,
    clock,
    system,
    as,
    ref,
    ids,
    /** Puts the flag there that the office begins with. */
    async begin(): Promise<void> {
      if (system) await as('ann').resources.get(ref)
      else await as('ann').submit(ref, { value: first })
      await this.policy(1)
      await as('dan').policies.save({
        id: 'absent',
        match: {},
        require: { quorum: 1, from: { roles: ['lead'] } },
        rules: { lock: 'resource', expiresAfter: '1m', edit: 'nobody', onReject: 'close' },
        overrides: ['reviewed'],
        mode: 'shadow',
      })
    },
    /** Lets the clock do what is due: once, or until nothing is where what it did can bring more of it. */
    async tick(): Promise<void> {
      for (;;) {
        const { expired, applied, reclaimed } = await approvals.tick()
        if (!system || expired + applied + reclaimed === 0) return
      }
    },
    async act(wanted: Act): Promise<string> {
      try {
        return await doing(wanted)
      } catch (error) {
        if (isApprovalError(error) && !broken.includes(error.code)) return 'refused'
        throw error
      }
    },
    /** Asks for so many leads from now on; tells whether the policy was taken: one that nobody can meet is not. */
    async policy(quorum: number): Promise<boolean> {
      if (quorum === 0) {
        await as('dan').policies.remove('reviewed')
        return true
      }
      const saved = as('dan').policies.save({
        id: 'reviewed',
        match: {},
        when: { type: 'any_change', field: '/rollout' },
        require: { quorum, from: { roles: ['lead'] } },
        rules: { ...rules, expiresAfter: '1d' },
      })
      return await saved.then(
        () => true,
        (error: unknown) => {
          if (hasCode(error, 'invalid_policy')) return false
          throw error
        },
      )
    },
  }
}

const noConflict = `sha256:${'0'.repeat(64)}` as const

/** Refusals that nobody is to blame for, and that must not happen while one thing happens after the other. */
const broken = [
  'contention',
  'storage_failed',
  'directory_failed',
  'version_conflict',
  'duplicate_key',
  'content_tampered',
]

/** Flags that are kept by a system elsewhere, with which nobody has patience: it answers at once or never. */
function flagsAt(system: Elsewhere) {
  return defineResource({
    type: 'feature_flag',
    schema: flagSchema,
    external: {
      patience: 1,
      read() {
        if (system.state.isBlind) throw new RangeError('503')
        return system.state.document as Document
      },
      async write(_, document, { expected, idempotencyKey: key, fence }) {
        const answer = system.write({ key, fence, expected: expected as Flag, document: document as Flag })
        if (answer === 'silent') await new Promise(() => {})
        if (answer === 'refused') throw new RangeError('503')
        if (answer === 'declined') throw Object.assign(new RangeError('422'), { refused: true })
      },
    },
  })
}
