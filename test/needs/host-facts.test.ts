import Database from 'better-sqlite3'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createApprovals, defineResource, isApprovalError, staticDirectory } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { sqliteStorage } from '../../src/storage/sqlite.ts'
import { accessWorld } from '../access-world.ts'
import { flags, pending, refusal, storages, world } from '../world.ts'
import { hostOfPlans, kinds, planWorld, require } from './host-world.ts'

const places = storages.flatMap(({ name, open }) => kinds.map((kind) => ({ name, open, kind })))

describe.each(places)('a resource that the host keeps ($kind), with requests on $name', ({ open, kind }) => {
  it('[FA-05] is in the project that the host says, whatever callers name, and however they read before', async () => {
    const w = await planWorld(kind, open())
    for (const user of ['ann', 'nobody-knows-me']) {
      await w
        .as(user)
        .resources.get(w.plans.ref('pro', { project: 'sandbox' }))
        .catch(() => {})
      await w
        .as(user)
        .resources.get(w.plans.ref('pro'))
        .catch(() => {})
    }
    const change = { value: { cents: 1 } }
    for (const ref of [w.plans.ref('pro'), w.plans.ref('pro', { project: 'web' })]) {
      expect((await w.as('ann').preview(ref, change)).status).toBe('pending')
    }
    const request = pending(await w.as('ann').submit(w.plans.ref('pro'), change))
    expect(request.project).toBe('web')
    const elsewhere = w.plans.ref('pro', { project: 'sandbox' })
    for (const call of [
      () => w.as('ann').submit(elsewhere, change),
      () => w.as('ann').preview(elsewhere, change),
      () => w.as('ann').draft(elsewhere, change),
      () => w.as('ann').submitAll([{ ref: elsewhere, change }]),
      () => w.as('ann').submit(elsewhere, { revertTo: 1 }),
    ]) {
      expect(await refusal(call())).toBe('wrong_project')
    }
    expect((await w.as('ann').requests.list({ project: 'sandbox' })).requests).toEqual([])
    const [first] = await w.as('ann').resources.history(w.plans.ref('pro'))
    expect([first?.project, w.rows.get('pro')]).toEqual(['web', { cents: 4900 }])
  })

  it('[FA-05] is in the project that the host says before it is there', async () => {
    const w = await planWorld(kind, open())
    w.projects.set('new', 'web')
    const value = { cents: 5 }
    expect(await refusal(w.as('ann').submit(w.plans.ref('new', { project: 'sandbox' }), { value }))).toBe(
      'wrong_project',
    )
    const request = pending(await w.as('ann').submit(w.plans.ref('new'), { value }))
    await w.as('ben').requests.approve(request.id, { digest: request.digest })
    expect(w.written).toEqual([{ id: 'new', project: 'web', filed: 'web' }])
    expect(await refusal(w.as('ann').submit(w.plans.ref('none', { project: 'web' }), { value }))).toBe('wrong_project')
    expect((await w.as('ann').submit(w.plans.ref('none'), { value })).status).toBe('applied')
  })

  it('[FA-05] is moved on record, and nothing lands that was asked in the project of before', async () => {
    const w = await planWorld(kind, open())
    await w.policy({ id: 'all', match: { resource: 'plan' } })
    w.projects.set('soon', 'sandbox')
    const value = { cents: 1 }
    const asked = []
    for (const id of ['trial', 'soon']) asked.push(pending(await w.as('ann').submit(w.plans.ref(id), { value })))
    for (const id of ['trial', 'soon']) w.projects.set(id, 'web')
    const ends = []
    for (const { id, digest } of asked) ends.push(await landed(w.as('ben').requests.approve(id, { digest })))
    expect(ends).toEqual(['cannot_land', 'cannot_land'])
    expect(w.written).toEqual([])
    const [moved, first] = await w.as('ann').resources.history(w.plans.ref('trial'))
    expect(moved).toMatchObject({ project: 'web', author: 'countersign', via: 'host', document: { cents: 0 } })
    expect(moved?.message).toContain('moved from project "sandbox" to project "web"')
    expect(first?.project).toBe('sandbox')
    expect(pending(await w.as('ann').submit(w.plans.ref('trial'), { value })).requirements).toHaveLength(2)
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })
})

/** Why an approval did not apply what it was given for: it was refused, or it failed. */
async function landed(approval: Promise<{ readonly request: { readonly failure?: { readonly code: string } } }>) {
  return await approval.then(
    ({ request }) => request.failure?.code,
    ({ code }) => code,
  )
}

/** Every way in which a request that was approved, or need not be, comes to be applied. */
const landings: Readonly<Record<string, (w: Awaited<ReturnType<typeof planWorld>>, id: string) => Promise<unknown>>> = {
  'the last approval': async (w, id) => {
    const { digest } = await w.as('ann').requests.get(id)
    await w.as('ben').requests.approve(id, { digest })
  },
  bypassing: async (w, id) => {
    const { digest } = await w.as('ann').requests.get(id)
    await w.as('ben').requests.bypass(id, { digest, reason: 'it burns' })
  },
  'breaking the glass': async (w, id) => {
    const { digest } = await w.as('ann').requests.get(id)
    await w.as('ben').requests.breakGlass(id, { digest, reason: 'it burns', incident: 'INC-1' })
  },
}

describe.each(kinds)('a resource of the host (%s) that is moved while a request waits', (kind) => {
  const rules = { bypass: ['lead'], breakGlass: ['lead'], onStale: 'rebase' } as const

  it.each(Object.keys(landings))('[FA-05] is not changed by %s', async (way) => {
    const w = await planWorld(kind, memoryStorage())
    await w.policy({ id: 'sandbox', match: { resource: 'plan', project: 'sandbox' }, rules })
    w.projects.set('soon', 'sandbox')
    for (const id of ['trial', 'soon']) {
      const request = pending(await w.as('ann').submit(w.plans.ref(id), { value: { cents: 1 } }))
      w.projects.set(id, 'web')
      const refused = await landings[way]?.(w, request.id).catch(({ code }) => code)
      const { status, failure, followUp } = await w.as('ann').requests.get(request.id)
      expect(failure?.code ?? refused, id).toBe('cannot_land')
      expect([status === 'applied', followUp], id).toEqual([false, undefined])
    }
    expect(w.written).toEqual([])
  })

  it('[FA-05] is not changed by the clock, by hand, by a draft, or by trying again', async () => {
    const w = await planWorld(kind, memoryStorage())
    await w.policy({ id: 'sandbox', match: { resource: 'plan', project: 'sandbox' }, rules: { apply: 'by_hand' } })
    const value = { cents: 1 }
    const trial = w.plans.ref('trial')
    const ids = ['trial', 'soon', 'late']
    for (const id of ids) w.projects.set(id, 'sandbox')
    const byHand = pending(await w.as('ann').submit(trial, { value }))
    const later = pending(await w.as('ann').submit(w.plans.ref('late'), { value }, { applyAt: w.now() + 1_000 }))
    const draft = await w.as('ann').draft(w.plans.ref('soon'), { value })
    for (const { id, digest } of [byHand, later]) await w.as('ben').requests.approve(id, { digest })
    for (const id of ids) w.projects.set(id, 'web')
    for (let time = 0; time < 2; time++)
      expect(await refusal(w.as('ben').requests.apply(byHand.id))).toBe('cannot_land')
    w.pass(2_000)
    await w.approvals.tick()
    expect(await refusal(w.as('ann').requests.submit(draft.id))).toBe('cannot_land')
    expect(w.written).toEqual([])
    expect(await refusal(w.as('ann').requests.rebase(byHand.id))).toBe('cannot_land')
  })

  it('[FA-05] is never written in another project than the one whose policies were asked, whenever it is moved', async () => {
    for (let moment = 1; moment <= 14; moment++) {
      const w = await planWorld(kind, memoryStorage())
      w.projects.set('soon', 'sandbox')
      for (const id of ['trial', 'soon']) {
        let calls = 0
        w.host.calls = () => {
          if (++calls === moment) w.projects.set(id, 'web')
        }
        const outcome = await w
          .as('ann')
          .submit(w.plans.ref(id), { value: { cents: 1 } })
          .catch(({ code }) => code)
        w.host.calls = () => {}
        if (outcome.status === 'pending') expect(outcome.request.project, `moment ${moment}`).toBe('web')
        else expect(['applied', 'failed', undefined], `moment ${moment}`).toContain(outcome.status)
      }
      for (const { project, filed } of w.written) expect(project, `moment ${moment}`).toBe(filed)
    }
  })
})

describe('the project of a resource', () => {
  it('[FA-05] of a type that says none is none: whoever names one is told what to declare', async () => {
    const rows = new Map([['pro', { cents: 1 }]])
    for (const kept of [
      { read: ({ id }: { id: string }) => rows.get(id), write: () => {} },
      { external: { read: ({ id }: { id: string }) => rows.get(id), write: () => {} } },
    ]) {
      const plans = defineResource({ type: 'plan', schema: z.object({ cents: z.number() }), ...kept })
      const w = world(memoryStorage(), { ann: [] }, [plans])
      const named = plans.ref('pro', { project: 'web' })
      const error = await w
        .as('ann')
        .resources.get(named)
        .catch((thrown) => thrown)
      expect([error.code, error.message]).toEqual(['invalid_input', expect.stringContaining('projectOf')])
      for (const call of [
        () => w.as('ann').submit(named, { value: { cents: 2 } }),
        () => w.as('ann').preview(named, { value: { cents: 2 } }),
        () => w.as('ann').resources.history(named),
        () => w.as('ann').submit(named, { revertTo: 1 }),
      ]) {
        expect(await refusal(call())).toBe('invalid_input')
      }
      expect((await w.as('ann').resources.get(plans.ref('pro')))?.project).toBe(undefined)
    }
  })

  it.each([
    ['throws', () => Promise.reject(new RangeError('no such table'))],
    ['is empty', () => ''],
    ['is a number', () => 7 as never],
    ['hides a character', () => 'we\u200bb'],
  ])('[FA-05] is nothing that anything goes by where the answer %s', async (_what, projectOf) => {
    const plans = defineResource({
      type: 'plan',
      schema: z.object({ cents: z.number() }),
      projectOf,
      read: () => ({ cents: 1 }),
      write: () => {},
    })
    const w = world(memoryStorage(), { ann: [] }, [plans])
    const error = await w
      .as('ann')
      .submit(plans.ref('pro'), { value: { cents: 2 } })
      .catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'host_failed', details: { type: 'plan', id: 'pro', operation: 'projectOf' } })
    expect(await refusal(w.as('ann').resources.get(plans.ref('pro')))).toBe('host_failed')
    expect(await w.as('ann').resources.history(plans.ref('pro'))).toEqual([])
  })

  it('[FA-05] takes NULL for none', async () => {
    const plans = defineResource({
      type: 'plan',
      schema: z.object({ cents: z.number() }),
      projectOf: () => null,
      read: () => ({ cents: 1 }),
      write: () => {},
    })
    const w = world(memoryStorage(), { ann: [] }, [plans])
    expect((await w.as('ann').resources.get(plans.ref('pro')))?.project).toBe(undefined)
  })

  it('[FA-05] cannot be said by the host of what Countersign keeps', () => {
    const options = { type: 'plan', schema: z.object({ cents: z.number() }) }
    expect(() => defineResource({ ...options, projectOf: () => 'web' })).toThrow('whoever creates it names the project')
    expect(() => defineResource({ ...options, projectOf: 'web' as never, read: () => 1, write: () => {} })).toThrow(
      'must be a function',
    )
  })

  it('[FA-05] is asked for on the connection that the host has a transaction on', async () => {
    const database = new Database(':memory:')
    database.exec('create table plans (id text primary key, cents integer, project text)')
    const given: unknown[] = []
    const plans = defineResource({
      type: 'plan',
      schema: z.object({ cents: z.number(), project: z.string() }),
      projectOf({ id }, connection) {
        given.push(connection)
        return id.split('/')[0]
      },
      read: ({ id }) => database.prepare('select * from plans where id = ?').get(id),
      write({ id }, plan) {
        database.prepare('insert or replace into plans values (?, ?, ?)').run(id, plan?.cents, plan?.project)
      },
    })
    const directory = staticDirectory({ ann: [] })
    const approvals = createApprovals({
      storage: sqliteStorage(database),
      resources: [plans],
      directory,
      admins: 'anyone',
    })
    database.exec('begin immediate')
    const ann = approvals.within(database).as({ tenant: 'acme', user: 'ann' })
    await ann.submit(plans.ref('web/pro'), { value: { cents: 1, project: 'web' } })
    database.exec('commit')
    expect(new Set(given)).toEqual(new Set([database]))
  })

  it('[FA-05] cannot be changed by a document: only the policies of one project would be asked', async () => {
    const database = new Database(':memory:')
    database.exec('create table plans (id text primary key, cents integer, project text)')
    const row = (id: string) => database.prepare('select cents, project from plans where id = ?').get(id)
    const plans = defineResource({
      type: 'plan',
      schema: z.object({ cents: z.number(), project: z.string() }),
      projectOf: ({ id }) => (row(id) as { project: string } | undefined)?.project,
      read: ({ id }) => row(id),
      write({ id }, plan) {
        if (plan) database.prepare('insert or replace into plans values (?, ?, ?)').run(id, plan.cents, plan.project)
        else database.prepare('delete from plans where id = ?').run(id)
      },
    })
    const w = world(sqliteStorage(database), { ann: [], ben: ['lead'] }, [plans])
    await w.policy({ id: 'web', match: { resource: 'plan', project: 'web' }, require })
    database.prepare('insert into plans values (?, ?, ?)').run('trial', 0, 'sandbox')
    const trial = plans.ref('trial')
    for (const call of [
      () => w.as('ann').submit(trial, { merge: { project: 'web' } }),
      () => w.as('ann').submit(plans.ref('new'), { value: { cents: 1, project: 'web' } }),
    ]) {
      expect(await refusal(call())).toBe('host_failed')
    }
    expect([row('trial'), row('new')]).toEqual([{ cents: 0, project: 'sandbox' }, undefined])
    await w.as('ann').submit(trial, { merge: { cents: 5 } })
    await w.as('ann').submit(trial, { remove: true })
    expect(row('trial')).toBe(undefined)
  })

  it.each(kinds)('[FA-05] is that of the host where roles are kept by project (%s)', async (kind) => {
    const { plans, rows, projects } = hostOfPlans(kind)
    rows.set('basic', { cents: 990 })
    projects.set('basic', 'web')
    projects.set('new', 'web')
    const w = await accessWorld(memoryStorage(), undefined, [plans])
    await w.as('zoe').access.grant({ user: 'sam', role: 'member', project: 'sandbox' })
    const sam = w.as('sam')
    const value = { cents: 7 }
    for (const id of ['basic', 'new']) {
      expect(await refusal(sam.preview(plans.ref(id), { value }))).toBe('not_permitted')
      expect(await refusal(sam.submit(plans.ref(id), { value }))).toBe('not_permitted')
      expect(await refusal(sam.draft(plans.ref(id), { value }))).toBe('not_permitted')
      expect(await refusal(sam.submit(plans.ref(id, { project: 'sandbox' }), { value }))).toBe('not_permitted')
    }
    expect((await w.as('ann').submit(plans.ref('basic'), { value })).status).toBe('applied')
    projects.set('basic', 'sandbox')
    expect(await refusal(w.as('mia').access.editors.save(plans.ref('basic'), { type: 'open' }))).toBe(
      'unknown_resource',
    )
    expect((await sam.submit(plans.ref('basic'), { value: { cents: 8 } })).status).toBe('applied')
  })

  it('[FA-05] is one for changes that land together, whoever keeps what they change', async () => {
    const w = await planWorld('rows', memoryStorage(), [flags])
    const enabled = { value: { enabled: true, rollout: 1 } }
    const change = { value: { cents: 1 } }
    const both = (id: string, project: string) =>
      w.as('ann').submitAll([
        { ref: flags.ref(`flag-of-${id}`, { project }), change: enabled },
        { ref: w.plans.ref(id), change },
      ])
    expect((await both('trial', 'sandbox')).status).toBe('applied')
    const mixed = pending(await both('pro', 'sandbox'))
    expect([mixed.project, mixed.projects]).toEqual([undefined, ['sandbox', 'web']])
    await w.as('ann').requests.cancel(mixed.id)
    expect((await both('pro', 'web')).status).toBe('pending')
  })

  it('[FA-05] of what Countersign keeps is that of whoever was the first to make it', async () => {
    const w = world(memoryStorage(), { ann: [], ben: ['lead'] }, [flags])
    await w.policy()
    const value = { enabled: true, rollout: 1 }
    const [here, there] = await Promise.all(
      ['web', 'ios'].map(async (project) =>
        pending(await w.as('ann').submit(flags.ref('new', { project }), { value })),
      ),
    )
    await w.as('ben').resources.get(flags.ref('new', { project: 'third' }))
    await w.as('ben').requests.approve(here?.id ?? '', { digest: here?.digest ?? '' })
    const late = w.as('ben').requests.approve(there?.id ?? '', { digest: there?.digest ?? '' })
    expect(await refusal(late)).toBe('cannot_land')
    expect((await w.as('ann').resources.get(flags.ref('new')))?.project).toBe('web')
    expect(await refusal(w.as('ann').requests.rebase(there?.id ?? ''))).not.toBe('')
  })
})

it('[FA-05] lands nothing in a gated project without its approval, whatever is named, read, moved and asked', async () => {
  const ids = ['pro', 'trial', 'new'] as const
  const named = fc.constantFrom(undefined, 'web', 'sandbox')
  const id = fc.constantFrom(...ids)
  const step = fc.oneof(
    fc.record({ do: fc.constant('read' as const), id, named }),
    fc.record({ do: fc.constant('move' as const), id, to: fc.constantFrom(undefined, 'web', 'sandbox') }),
    fc.record({
      do: fc.constantFrom('submit' as const, 'draft' as const, 'remove' as const),
      id,
      named,
      cents: fc.nat(5),
    }),
    fc.record({
      do: fc.constantFrom('approve' as const, 'rebase' as const, 'put' as const, 'reopen' as const),
      at: fc.nat(5),
    }),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...kinds),
      fc.array(step, { minLength: 3, maxLength: 14 }),
      async (kind, steps) => {
        const w = await planWorld(kind, memoryStorage())
        let approving = false
        const seen = () => w.written.splice(0)
        for (const one of steps) {
          approving = false
          const call = async () => {
            switch (one.do) {
              case 'read':
                return await w.as('eve').resources.get(w.plans.ref(one.id, one.named ? { project: one.named } : {}))
              case 'move':
                return void (one.to ? w.projects.set(one.id, one.to) : w.projects.delete(one.id))
              case 'submit':
              case 'draft':
              case 'remove': {
                const ref = w.plans.ref(one.id, one.named ? { project: one.named } : {})
                const change = one.do === 'remove' ? ({ remove: true } as const) : { value: { cents: one.cents } }
                return await (one.do === 'draft' ? w.as('ann').draft(ref, change) : w.as('ann').submit(ref, change))
              }
              default: {
                const { requests } = await w.as('ann').requests.list()
                const request = requests[one.at % Math.max(1, requests.length)]
                if (!request) return
                approving = one.do === 'approve'
                if (approving) return await w.as('ben').requests.approve(request.id, { digest: request.digest })
                if (one.do === 'rebase') return await w.as('ann').requests.rebase(request.id)
                if (one.do === 'reopen') return await w.as('ann').requests.submit(request.id)
                return await w.as('ann').requests.submit(request.id)
              }
            }
          }
          await call().catch((thrown) => {
            if (!isApprovalError(thrown)) throw thrown
          })
          for (const { project, filed } of seen()) {
            expect(project).toBe(filed)
            if (filed === 'web') expect(approving).toBe(true)
          }
        }
        for (const one of ids) {
          const live = await w.as('ann').resources.get(w.plans.ref(one))
          expect(live?.document).toEqual(w.rows.get(one))
          if (live) expect(live.project).toBe(w.projects.get(one))
        }
        expect((await w.as('ann').audit.verify()).problems).toEqual([])
      },
    ),
    { numRuns: 150 },
  )
})
