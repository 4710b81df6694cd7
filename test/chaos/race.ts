import fc from 'fast-check'
import { createApprovals, isApprovalError, type PolicyInput, type Storage } from '../../src/index.ts'
import { officeModel } from '../model/office-model.ts'
import type { Act, OfficeRules } from '../model/vocabulary.ts'
import { methodOf } from '../model/vocabulary.ts'
import { flags, rollout, start } from '../world.ts'
import type { Operation, SequentialModel } from './history.ts'

/** What somebody does in a race. A review is of the content that its reviewer has read last. */
export interface Deed {
  readonly verb: 'read' | 'policy' | Act['verb']
  readonly by: string
  /** The new rollout, or the new quorum. */
  readonly value: number
}

/** Many people at one request. Each does one deed after the other. */
export interface Race {
  readonly rules: OfficeRules
  readonly quorum: number
  readonly lines: readonly (readonly Deed[])[]
}

/** A deed with the rollout that a reviewer had seen, and what was answered. */
export interface Done extends Deed {
  readonly seen: number | undefined
  readonly answer: string
  /** The code of the error, where it was refused. */
  readonly code?: string
}

const users = ['ann', 'amy', 'ben', 'cat', 'dan'] as const
const leads = ['amy', 'ben', 'cat', 'dan'] as const

const rules: fc.Arbitrary<OfficeRules> = fc.record({
  selfApproval: fc.boolean(),
  onReject: fc.constantFrom('close', 'block'),
  edit: fc.constantFrom('anyone', 'requester'),
  onEdit: fc.constantFrom('reset', 'keep'),
  onStale: fc.constantFrom('fail', 'fail_when_applied', 'rebase'),
  apply: fc.constantFrom('on_approval', 'by_hand'),
  cancel: fc.constantFrom('before_reviews', 'any_time'),
  lock: fc.constantFrom('none', 'resource'),
  excludeContributors: fc.constantFrom('all', 'last_editor', 'none'),
})

const deed = (by: string, ...verbs: readonly Deed['verb'][]): fc.Arbitrary<Deed> =>
  fc.record({ verb: fc.constantFrom(...verbs), by: fc.constant(by), value: fc.integer({ min: 1, max: 3 }) })
/** A reviewer reads, answers, mostly yes, and may well go on to apply. */
const reviewer = (by: string) => {
  const answer = fc.oneof(
    { weight: 12, arbitrary: deed(by, 'approve') },
    { weight: 1, arbitrary: deed(by, 'reject', 'request_changes', 'withdraw') },
  )
  const after = fc.array(deed(by, 'apply', 'withdraw', 'comment'), { maxLength: 1 })
  return fc
    .array(fc.tuple(deed(by, 'read'), answer, after), { minLength: 1, maxLength: 2 })
    .map((rounds) => rounds.flat(2))
}
const other = fc
  .constantFrom(...users)
  .chain((by) =>
    fc.array(
      deed(by, 'edit', 'edit', 'apply', 'apply', 'withdraw', 'cancel', 'describe', 'policy', 'comment', 'retry'),
      { minLength: 1, maxLength: 3 },
    ),
  )

/** Races of reviewers, editors and those who apply. No two edits are to the same rollout. */
export const races: fc.Arbitrary<Race> = fc
  .record({
    rules,
    quorum: fc.constantFrom(1, 1, 2, 3),
    lines: fc
      .tuple(fc.subarray([...leads], { minLength: 2 }), fc.array(other, { minLength: 1, maxLength: 3 }))
      .chain(([reviewers, others]) => fc.tuple(...reviewers.map(reviewer), ...others.map((line) => fc.constant(line)))),
  })
  .map(({ lines, ...race }) => {
    let rollout = 50
    const unequal = (one: Deed): Deed => (one.verb === 'edit' ? { ...one, value: ++rollout } : one)
    return { ...race, lines: lines.map((line) => line.map(unequal)) }
  })

const ref = flags.ref('checkout')

function policy({ rules }: Race, quorum: number): PolicyInput {
  return {
    id: 'reviewed',
    match: {},
    when: { type: 'any_change', field: '/rollout' },
    require: { quorum, from: { roles: ['lead'] } },
    rules: { ...rules, expiresAfter: '1d' },
  }
}

/** The library over a storage, for the people of the office model. */
export function racecourse(storage: Storage) {
  const { model, person } = officeModel({} as OfficeRules)
  const { roles } = model
  const approvals = createApprovals({
    admins: 'anyone',
    storage,
    resources: [flags],
    directory: {
      users: async (_scope, ids) =>
        ids.map((id) => (roles.has(id) ? { person: person(id), roles: roles.get(id) ? ['lead'] : [] } : undefined)),
      holders: async () => [...leads],
      roles: async (_scope, names) => names.map(() => true),
    },
    now: () => start,
    newId: () => 'request',
  })
  const as = (tenant: string, user: string) => approvals.as({ tenant, user })

  return {
    approvals,
    as,
    /** Makes the request that everybody is after, of ann, in a tenant of its own. */
    async prepare(tenant: string, race: Race): Promise<void> {
      const ann = as(tenant, 'ann')
      await ann.submit(ref, { value: { enabled: true, rollout: 1, description: 'a' } })
      await ann.policies.save(policy(race, race.quorum))
      await ann.submit(ref, { merge: { rollout: 50 } })
    },
    /** Does one deed after the other, and notes when, and what was answered; `after` waits in between. */
    async run(
      tenant: string,
      race: Race,
      line: readonly Deed[],
      after?: (operation: Operation<Done>) => Promise<void>,
    ): Promise<readonly Operation<Done>[]> {
      const done: Operation<Done>[] = []
      let seen: { readonly rollout: number; readonly digest: string } | undefined
      for (const deed of line) {
        const actor = as(tenant, deed.by)
        const asked = now()
        const told = await answered(async () => {
          if (deed.verb !== 'read') return await perform(actor, race, deed, seen?.digest ?? '')
          const { text, digest, rollout } = await look(actor)
          seen = { rollout, digest }
          return text
        })
        const operation = { asked, answered: now(), what: { ...deed, seen: seen?.rollout, ...told } }
        done.push(operation)
        await after?.(operation)
      }
      return done
    },
    /** What is there in the end, as an operation of its own. */
    async end(tenant: string): Promise<Operation<Done>> {
      const actor = as(tenant, 'dan')
      const live = await actor.resources.get(ref)
      const { text } = await look(actor)
      const answer = JSON.stringify([text, live?.revision, live?.document])
      return { asked: now(), answered: now(), what: { verb: 'end', by: 'dan', value: 0, seen: undefined, answer } }
    },
  }
}

type Actor = ReturnType<ReturnType<typeof racecourse>['as']>

/** Nanoseconds of a clock that all processes of a machine share. */
const now = () => Number(process.hrtime.bigint())

async function perform(actor: Actor, race: Race, { verb, value }: Deed, digest: string): Promise<string> {
  const options = { digest, reason: 'because' }
  switch (verb) {
    case 'policy':
      await actor.policies.save(policy(race, value))
      return 'saved'
    case 'describe': {
      const outcome = await actor.submit(ref, (flag) => {
        flag.description = `${flag.description}!`
      })
      return outcome.status
    }
    case 'edit':
      return (await actor.requests.edit('request', ref, rollout(value))).request.status
    case 'approve':
      return (await actor.requests.approve('request', options)).request.status
    case 'reject':
      return (await actor.requests.reject('request', options)).request.status
    case 'request_changes':
      return (await actor.requests.requestChanges('request', options)).request.status
    case 'comment':
      return (await actor.requests.comment('request', 'hm')).request.status
    default:
      return (await actor.requests[methodOf(verb)]('request')).request.status
  }
}

async function look(actor: Actor) {
  const { status, reviews, changes, digest } = await actor.requests.get('request')
  const place = changes[0]?.places.find(({ path }) => path === '/rollout')
  const rollout = Number(place && 'after' in place ? place.after : Number.NaN)
  const answers = reviews.map(({ by, verdict }) => `${by} ${verdict}`)
  return { text: [status, rollout, ...answers].join(), digest, rollout }
}

/** Refusals that say nothing of the request: nothing was done, and somebody else was in the way too often. */
export const inTheWay = 'contention'

async function answered(call: () => Promise<string>): Promise<Pick<Done, 'answer' | 'code'>> {
  try {
    return { answer: await call() }
  } catch (error) {
    if (!isApprovalError(error)) throw error
    const { code } = error
    if (['storage_failed', 'directory_failed', 'content_tampered'].includes(code)) throw error
    return { answer: code === inTheWay ? inTheWay : 'refused', code }
  }
}

/** The office model as the judge of a race: it does one deed at a time. */
export function judge(race: Race): SequentialModel<Done> {
  const { model, act } = officeModel(race.rules)
  model.asked = race.quorum
  act({ verb: 'submit', by: 'ann', request: 0, value: 50, seesOld: false })
  const { asked, live, requests } = model
  const state = { asked, live: { ...live, description: 'a' }, requests }
  const restore = ({ asked, live, requests }: typeof state) => Object.assign(model, { asked, live, requests })
  restore(state)
  const look = () => {
    const [request] = model.requests
    if (!request) throw new TypeError('There is no request.')
    const answers = request.answers.map(({ by, verdict }) => `${by} ${verdict}`)
    return [request.status, request.after.rollout, ...answers].join()
  }
  const answer = ({ verb, by, value, seen }: Done): string => {
    const { asked, live, requests } = model
    switch (verb) {
      case 'read':
        return look()
      case 'end':
        return JSON.stringify([
          look(),
          live.revision,
          { enabled: true, rollout: live.rollout, description: live.description },
        ])
      case 'policy':
        model.asked = value
        return 'saved'
      default:
        return act({ verb, by, value, request: 0, seesOld: asked > 0 && seen !== requests[0]?.after.rollout })
    }
  }
  return {
    accepts: (done) => done.answer === inTheWay || answer(done) === done.answer,
    save: () => JSON.stringify([model.asked, model.live, model.requests]),
    restore(text) {
      const [asked, live, requests] = JSON.parse(text)
      restore({ asked, live, requests })
    },
  }
}
