import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { JsonValue } from '../../src/core/json/json.ts'
import {
  type ApprovalsOptions,
  createApprovals,
  type Directory,
  defineResource,
  isApprovalError,
  staticDirectory,
} from '../../src/index.ts'
import { experimentLifecycle } from '../../src/lifecycles.ts'
import { emitter } from '../../src/notifiers/emitter.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { editNow } from '../edit-now.ts'
import { runs } from '../runs.ts'

const flags = defineResource({ type: 'flag', schema: z.object({ rollout: z.number() }) })
const tests = defineResource({
  type: 'experiment',
  schema: z.object({ n: z.number() }),
  lifecycle: experimentLifecycle<{ n: number }>(),
})
const lead = { quorum: 1, from: { roles: ['lead'] } }

function office(options: Partial<ApprovalsOptions> = {}) {
  const approvals = createApprovals({
    storage: memoryStorage(),
    resources: [flags, tests],
    admins: 'anyone',
    directory: staticDirectory({ ann: [], dan: [], ben: ['lead'] }),
    ...options,
  } as ApprovalsOptions)
  return (user: string) => approvals.as({ tenant: 't', user })
}

/** What somebody reads who made a mistake. */
async function said(mistake: () => unknown): Promise<string> {
  try {
    await mistake()
  } catch (error) {
    if (isApprovalError(error)) return `${error.code}: ${error.message}`
    if (error instanceof TypeError) return `TypeError: ${error.message}`
    throw error
  }
  return 'done'
}

/** An office in which flag "a" is live, flag "gone" was removed, and a change of "a" waits for a lead. */
async function waiting() {
  const as = office()
  for (const id of ['a', 'b', 'gone']) await as('ann').submit(flags.ref(id), { value: { rollout: 1 } })
  await as('ann').submit(flags.ref('gone'), { remove: true })
  await as('ann').policies.save({ id: 'p', match: { action: 'update' }, require: lead })
  const outcome = await as('ann').submit(flags.ref('a'), { value: { rollout: 5 } })
  if (outcome.status === 'applied') throw new TypeError('The change is not gated.')
  const { id, digest } = outcome.request
  return { as, id, digest }
}

describe('what people read', () => {
  it.each([
    ['removed', { remove: true }],
    ['merged', { merge: { rollout: 2 } }],
    ['patched', { patch: [{ op: 'replace', path: '/rollout', value: 2 }] }],
    ['edited', (draft: { rollout: number }) => ({ ...draft, rollout: 2 })],
  ] as const)(
    '[ME-02] says that what is not there is unknown when it is %s, and advises nothing',
    async (_, change) => {
      const { as } = await waiting()
      for (const id of ['gone', 'never'])
        expect(await said(() => as('ann').submit(flags.ref(id), change as never))).toBe(
          `unknown_resource: There is no flag "${id}".`,
        )
    },
  )

  it.each([
    ['null', null],
    ['nothing', undefined],
    ['a number', 42],
    ['an empty object', {}],
    ['a misspelt word', { vaule: { rollout: 1 } }],
    ['two words', { value: { rollout: 1 }, merge: {} }],
  ])('[ME-02] says of %s that it is no change, also if the resource is not there yet', async (_, change) => {
    const { as } = await waiting()
    for (const id of ['a', 'never'])
      expect(await said(() => as('ann').submit(flags.ref(id), change as never))).toMatch(/^invalid_input: change: /)
  })

  it('[ME-02] takes back the removal that history lists as one', async () => {
    const { as } = await waiting()
    const history = await as('ann').resources.history(flags.ref('gone'))
    expect(history.map(({ number }) => number)).toEqual([2, 1])
    expect(await said(() => as('ann').submit(flags.ref('gone'), { revertTo: 2 }))).toBe(
      'unknown_resource: There is no flag "gone".',
    )
    await as('ann').submit(flags.ref('gone'), { revertTo: 1 })
    expect((await as('ann').resources.get(flags.ref('gone')))?.document).toEqual({ rollout: 1 })
    await as('ann').submit(flags.ref('gone'), { revertTo: 2 })
    expect(await as('ann').resources.get(flags.ref('gone'))).toBeUndefined()
  })

  it('[ME-02] offers no revision that is refused too', async () => {
    const { as } = await waiting()
    for (const revertTo of [-1, 0, 1.5]) {
      expect(await said(() => as('ann').submit(flags.ref('a'), { revertTo }))).toBe(
        'invalid_input: change.revertTo: must be the number of a revision, from 1 up.',
      )
    }
  })

  it('[ME-02] says of a resource of another request that it is another one, and not that it is missing', async () => {
    const { as, id } = await waiting()
    for (const ref of [flags.ref('b'), tests.ref('a')])
      expect(await said(() => editNow(as('ann'), id, ref as never, { value: { rollout: 5 } }))).toBe(
        `invalid_input: ref: names ${ref.type} "${ref.id}", and request "${id}" is about flag "a".`,
      )
  })

  it('[ME-02] says of a change of what was removed meanwhile that it is gone', async () => {
    const { as, id, digest } = await waiting()
    await as('dan').submit(flags.ref('a'), { remove: true })
    const gone = /^cannot_land: flag "a" is not there any more.*: it was removed, or went to another project. It cannot/
    expect(await said(() => as('ben').requests.approve(id, { digest }))).toMatch(gone)
    expect(await said(() => as('ann').requests.rebase(id))).toMatch(gone)
  })

  it('[ME-02] names the actions that end something, or that there are none', async () => {
    const { as } = await waiting()
    await as('ann').submit(tests.ref('e'), { value: { n: 1 } })
    expect(await said(() => as('ann').submit(tests.ref('e'), { remove: true }))).toMatch(/actions \(\w+(, \w+)*\)\.$/)
    await as('ann').submit(tests.ref('e'), { action: 'schedule', at: Date.now() + 90_000_000 } as never)
    expect(await said(() => as('ann').submit(tests.ref('e'), { remove: true }))).not.toContain('()')
  })

  it('[ME-02] advises no quorum that is refused too', async () => {
    const { as } = await waiting()
    const nobody = { id: 'q', match: {}, require: { quorum: 1, from: { users: [] } } }
    const message = await said(() => as('ann').policies.save(nobody))
    expect(message).toContain('name somebody')
    expect(message).not.toContain('at most 0')
  })

  it('[ME-02] names every form that a change can have, and the one that was meant', async () => {
    const { as } = await waiting()
    const ref = flags.ref('a')
    const submit = (change: unknown) => as('ann').submit(ref, change as never)
    const forms = [{ toproject: 'shop' }, { revertto: 1 }, { value: {}, merge: {} }, {}, 'x', undefined]
    for (const change of forms) {
      await expect(submit(change)).rejects.toMatchObject({ code: 'invalid_input', details: { argument: 'change' } })
      for (const form of ['{ patch }', '{ revertTo }', '{ toProject }', '{ action }', '{ remove: true }']) {
        await expect(submit(change)).rejects.toThrow(form)
      }
    }
    await expect(submit({ toproject: 'shop' })).rejects.toThrow('Is "toProject" meant?')
    await expect(submit({ revertto: 1 })).rejects.toThrow('Is "revertTo" meant?')
    await expect(as('ann').preview(ref, { toproject: 'shop' } as never)).rejects.toThrow('Is "toProject" meant?')
  })

  it('[ME-03] asks for what is missing by its name', async () => {
    const { as, id, digest } = await waiting()
    const { approve, requestChanges, comment } = as('ben').requests
    for (const options of [{}, { digest: undefined }, { digest: '' }, { digest: `${digest}0` }])
      expect(await said(() => approve(id, options as never))).toBe(
        'invalid_input: options.digest: must be the digest of the request that you read: pass { digest: request.digest }.',
      )
    const other = `sha256:${'0'.repeat(64)}`
    const mismatch = await said(() => approve(id, { digest: other }))
    expect(mismatch).toMatch(/^digest_mismatch: /)
    expect(mismatch).not.toContain(digest)
    expect(await said(() => requestChanges(id, { digest } as never))).toBe(
      'reason_required: To request changes on the request, give a reason that is not blank.',
    )
    expect(await said(() => comment(id, ' '))).toBe('reason_required: A comment needs a text that is not blank.')
    expect(await said(() => comment(id, 'x'.repeat(100_001)))).toMatch(/^invalid_input: text: must be at most /)
  })

  it('[ME-04] never says two different changes of a document alike', async () => {
    const scalar = fc.oneof(fc.constantFrom('a', 'A', ' ', '', 'null', '1', 'true'), fc.integer({ min: -1, max: 2 }))
    const value = fc.oneof(scalar, fc.boolean(), fc.constant(null), fc.array(scalar, { maxLength: 3 }))
    const documents = fc.dictionary(fc.constantFrom('a', 'b', 'a/b', 'a b', '0'), value, { maxKeys: 3 })
    const things = defineResource({ type: 'thing', schema: z.record(z.string(), z.json()) })
    await fc.assert(
      fc.asyncProperty(documents, documents, documents, async (before, one, other) => {
        const as = office({ resources: [things] })
        const ref = things.ref('x')
        await as('ann').submit(ref, { value: before })
        await as('ann').policies.save({ id: 'p', match: {}, require: lead })
        const lines = async (after: JsonValue) => {
          if (JSON.stringify(after) === JSON.stringify(before)) return []
          const outcome = await as('ann')
            .submit(ref, { value: after as never })
            .catch((error: unknown) => {
              if (isApprovalError(error) && error.code === 'nothing_changed') return undefined
              throw error
            })
          if (!outcome || outcome.status === 'applied') return []
          return (await as('ben').requests.get(outcome.request.id)).changes[0]?.lines
        }
        const isSame = JSON.stringify(sorted(one)) === JSON.stringify(sorted(other))
        const [first, second] = [await lines(one), await lines(other)]
        if (isSame) expect(second).toEqual(first)
        else expect(second).not.toEqual(first)
      }),
      { numRuns: runs(60) },
    )
  })
})

const sorted = (document: object) =>
  Object.fromEntries(Object.entries(document).toSorted(([a], [b]) => (a < b ? -1 : 1)))

describe('[ME-05] the mistakes of newcomers', () => {
  const policy = { id: 'p', match: {}, require: lead }
  const silent = { users: async () => null, holders: async () => null, roles: async () => null } as unknown as Directory
  const without = (name: keyof Directory) => {
    const { [name]: _, ...rest } = staticDirectory({ ann: [] })
    return rest as Directory
  }
  it.each([
    ['no storage', () => office({ storage: undefined as never }), /storage must be what memoryStorage\(\)/],
    [
      'a storage that was not called',
      () => office({ storage: memoryStorage as never }),
      /storage .* not a function: call it/,
    ],
    ...(['users', 'holders', 'roles'] as const).map(
      (name) =>
        [
          `a directory without ${name}`,
          () => office({ directory: without(name) }),
          new RegExp(`directory .*it has no ${name}`),
        ] as const,
    ),
    [
      'a directory that answers null',
      () => office({ directory: silent })('ann').submit(flags.ref('a'), { value: { rollout: 1 } }),
      /directory could not say who "ann" is: it must answer with a list of 1, not null/,
    ],
    [
      'admins whom nobody is',
      () => office({ admins: { roles: ['boss'] } })('ann').policies.save(policy),
      /"ann" may not change the settings .*createApprovals\(\{ admins \}\).*role "boss", which nobody holds/,
    ],
    ['no admins', () => office({ admins: {} }), /admins must be "anyone", or name users or roles/],
    [
      'a policy of somebody who is no admin',
      () => office({ admins: { users: ['ben'], roles: ['lead'] } })('ann').policies.save(policy),
      /createApprovals\(\{ admins \}\) lets only these do so: user "ben"; role "lead"\.$/,
    ],
    [
      'a Date in a document',
      () => office()('ann').submit(flags.ref('a'), { value: { rollout: new Date() as never } }),
      /flag "a" .*\/rollout: .*no plain object .*Date.*date\.toISOString\(\)/,
    ],
    [
      'two types of one name',
      () => office({ resources: [flags, flags] }),
      /two of the resource types are called "flag": give one another name/,
    ],
    [
      'a notice that does not exist',
      () => emitter().on('aproved' as never, () => {}),
      /no notices of type "aproved"; there are submitted,/,
    ],
  ] as const)('%s: the thing and the fix are named', async (_, mistake, names) => {
    expect(await said(mistake)).toMatch(names)
  })
})
