import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  type ActingApprovals,
  createApprovals,
  type Directory,
  defineResource,
  type PolicyInput,
  staticDirectory,
} from '../../src/index.ts'
import { levelAccess } from '../../src/presets/levels.ts'
import type { DocumentPair } from '../../src/service/resource-types/facets.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { accessWorld } from '../access-world.ts'
import { flags, pending, refusal, rollout, start, storages } from '../world.ts'

const value = { enabled: true, rollout: 40 }
const checkout = flags.ref('checkout', { project: 'web' })
const byAdmins: PolicyInput = { id: 'admins', match: {}, require: { quorum: 1, from: { roles: ['admin'] } } }

/** Areas of a resource of which each has a permission of its own. */
const areas = ['targeted_environments', 'activation', 'variants', 'allocation', 'analysis', 'metrics'] as const
const areaFlags = defineResource({
  type: 'area_flag',
  schema: z.record(z.string(), z.number()),
  actions: Object.fromEntries(
    areas.map((area) => [
      area,
      {
        detect: ({ before, after }: DocumentPair<Record<string, number>>) =>
          before !== undefined && after !== undefined && before[area] !== after[area],
        covers: [`/${area}`],
      },
    ]),
  ),
  permissions: {
    create: 'flags.create',
    update: 'flags.edit',
    delete: 'flags.delete',
    ...Object.fromEntries(areas.map((area) => [area, `${area}.write`])),
  },
})

describe('what a role may write', () => {
  /** Roles that hold all that a member does but one permission. */
  const kinds = ['flags.create', 'flags.edit', 'flags.delete', ...areas.map((area) => `${area}.write`)]
  const all = [...kinds, 'resources.read']
  const roles = [
    { id: 'all', permissions: all, held: 'both' as const },
    ...kinds.map((kind) => ({
      id: `no ${kind}`,
      permissions: all.filter((one) => one !== kind),
      held: 'both' as const,
    })),
  ]
  const directory = staticDirectory({
    all: ['all'],
    ...Object.fromEntries(kinds.map((kind) => [kind, [`no ${kind}`]])),
  })
  const approvals = createApprovals({
    storage: memoryStorage(),
    resources: [areaFlags],
    directory,
    access: { roles, permissions: levelAccess.permissions },
    now: () => start,
  })
  const as = (user: string) => approvals.as({ tenant: 'acme', user })
  const attempts: Readonly<Record<string, (actor: ActingApprovals, id: string) => Promise<unknown>>> = {
    'flags.create': (actor, id) => actor.submit(areaFlags.ref(`new ${id}`), { value: {} }),
    'flags.edit': (actor, id) => actor.submit(areaFlags.ref(id), { merge: { name: 1 } }),
    'flags.delete': (actor, id) => actor.submit(areaFlags.ref(id), { remove: true }),
    ...Object.fromEntries(
      areas.map((area) => [
        `${area}.write`,
        (actor: ActingApprovals, id: string) => actor.submit(areaFlags.ref(id), { merge: { [area]: 1 } }),
      ]),
    ),
  }

  it.each(kinds)('[AP-03] needs %s for what it is the permission of, and for nothing else', async (kind) => {
    for (const [needed, attempt] of Object.entries(attempts)) {
      const id = `${kind} ${needed}`
      await as('all').submit(areaFlags.ref(id), { value: { metrics: 0 } })
      if (needed === kind) expect(await refusal(attempt(as(kind), id))).toBe('not_permitted')
      else expect(await attempt(as(kind), id)).toMatchObject({ status: 'applied' })
    }
  })

  it('needs all of them for a change that does several things', async () => {
    await as('all').submit(areaFlags.ref('several'), { value: {} })
    const both = { merge: { variants: 2, metrics: 2 } }
    expect(await refusal(as('variants.write').submit(areaFlags.ref('several'), both))).toBe('not_permitted')
    expect(await refusal(as('metrics.write').submit(areaFlags.ref('several'), both))).toBe('not_permitted')
    expect(await refusal(as('metrics.write').preview(areaFlags.ref('several'), both))).toBe('not_permitted')
    expect(await as('flags.edit').submit(areaFlags.ref('several'), both)).toMatchObject({ status: 'applied' })
  })

  it('has to be said of every type of resource, in words that there are', () => {
    const type = (permissions: unknown) => () =>
      defineResource({
        type: 't',
        schema: z.object({}),
        ...(permissions ? { permissions: permissions as string } : {}),
      })
    const withType = (permissions: unknown) => () =>
      createApprovals({ storage: memoryStorage(), resources: [type(permissions)()], access: levelAccess })
    for (const wrong of [{}, { create: 'flags.edit' }, { update: [] }, { update: 'flags.edit', fly: 'flags.edit' }]) {
      expect(type(wrong)).toThrow(TypeError)
    }
    for (const wrong of [undefined, 'flags.fly', { update: 'constructor' }]) expect(withType(wrong)).toThrow(TypeError)
    expect(withType('flags.edit')).not.toThrow()
  })
})

describe.each(storages)('editors, on $name', ({ open }) => {
  /** A flag of Ann's that nobody but her, Vic and admins edit. */
  async function restricted() {
    const w = await accessWorld(open())
    await w.as('ann').submit(checkout, { value })
    await w.as('ann').access.editors.save(checkout, { type: 'restrict', editors: ['ann', 'vic'] })
    return w
  }

  it('[AP-04] [AP-09] [AP-11] lets editors save whose role allows it, and admins', async () => {
    const w = await restricted()
    expect(await refusal(w.as('amy').submit(checkout, rollout(1)))).toBe('not_an_editor')
    expect(await refusal(w.as('mia').submit(checkout, rollout(1)))).toBe('not_an_editor')
    expect(await refusal(w.as('vic').submit(checkout, rollout(1)))).toBe('not_permitted')
    expect(await w.as('ann').submit(checkout, rollout(41))).toMatchObject({ status: 'applied' })
    expect(await w.as('zoe').submit(checkout, rollout(42))).toMatchObject({ status: 'applied' })
    await w.as('zoe').access.grant({ user: 'vic', role: 'member', project: 'web' })
    expect(await w.as('vic').submit(checkout, rollout(43))).toMatchObject({ status: 'applied' })
    const tried = await w.as('zoe').audit.events({ refusals: 'amy' })
    expect(tried.map(({ event }) => event['code'])).toEqual(['not_an_editor'])
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })

  it('[AP-05] [AP-06] gives new resources the access that admins set, and leaves the others as they are', async () => {
    const w = await accessWorld(open())
    await w.as('ann').submit(checkout, { value })
    for (const user of ['mia', 'ann', 'vic']) {
      expect(await refusal(w.as(user).access.setDefaultAccess('editors'))).toBe('not_permitted')
    }
    await w.as('zoe').access.setDefaultAccess('editors')
    const later = flags.ref('later', { project: 'web' })
    await w.as('ann').submit(later, { value })
    expect(await w.as('amy').access.editors.get(checkout)).toEqual({ type: 'everyone' })
    expect(await w.as('amy').access.editors.get(later)).toEqual({ type: 'editors', editors: ['ann'] })
    expect(await w.as('amy').submit(checkout, rollout(41))).toMatchObject({ status: 'applied' })
    expect(await refusal(w.as('amy').submit(later, rollout(41)))).toBe('not_an_editor')

    await w.as('zoe').access.setDefaultAccess('everyone')
    expect(await refusal(w.as('amy').submit(later, rollout(41)))).toBe('not_an_editor')
    await w.as('ann').access.editors.save(later, { type: 'open' })
    expect(await w.as('amy').submit(later, rollout(41))).toMatchObject({ status: 'applied' })
    await w.as('amy').access.editors.save(checkout, { type: 'restrict', editors: ['amy'] })
    expect(await refusal(w.as('ann').submit(checkout, rollout(42)))).toBe('not_an_editor')
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })

  it('[AP-05] gives what a request makes to whoever asked for it, by the default of when it is made', async () => {
    const w = await accessWorld(open())
    await w.as('zoe').policies.save(byAdmins)
    const request = pending(await w.as('ann').submit(checkout, { value }))
    await w.as('zoe').access.setDefaultAccess('editors')
    await w.as('zoe').requests.approve(request.id, { digest: request.digest })
    expect(await w.as('ann').access.editors.get(checkout)).toEqual({ type: 'editors', editors: ['ann'] })
    expect(await refusal(w.as('amy').submit(checkout, rollout(41)))).toBe('not_an_editor')
    await w.as('zoe').policies.remove('admins')
    await w.as('ann').submit(checkout, { remove: true })
    await w.as('amy').submit(checkout, { value })
    expect(await w.as('ann').access.editors.get(checkout)).toEqual({ type: 'editors', editors: ['amy'] })
  })

  it('[AP-07] [AP-12] lets the management API edit everything, makes what it creates open to all, and says so in the log', async () => {
    const w = await restricted()
    await w.as('zoe').access.setDefaultAccess('editors')
    const api = w.as('amy', { via: 'management_api' })
    const made = flags.ref('made', { project: 'web' })
    await api.submit(made, { value })
    expect(await w.as('mia').submit(made, rollout(41))).toMatchObject({ status: 'applied' })
    expect(await api.submit(checkout, rollout(41))).toMatchObject({ status: 'applied' })
    const log = await w.as('zoe').audit.events({ resource: checkout })
    expect(log.at(-1)?.event).toMatchObject({ by: 'amy', via: 'management_api' })
    expect(await refusal(w.as('vic', { via: 'management_api' }).submit(checkout, rollout(42)))).toBe('not_permitted')
  })

  it('[AP-08] adds single users as editors, or opens the resource to all; nobody lets themselves in', async () => {
    const w = await restricted()
    const change = (user: string) => w.as(user).access.editors.save
    expect(await refusal(change('amy')(checkout, { type: 'add_editors', editors: ['amy'] }))).toBe('not_an_editor')
    expect(await refusal(change('amy')(checkout, { type: 'open' }))).toBe('not_an_editor')
    expect(await refusal(change('vic')(checkout, { type: 'open' }))).toBe('not_permitted')
    expect(await refusal(change('ann')(checkout, { type: 'add_editors', editors: ['nobody'] }))).toBe('unknown_actor')
    expect(await refusal(change('ann')(flags.ref('none'), { type: 'open' }))).toBe('unknown_resource')
    expect(await refusal(change('ann')(checkout, { type: 'restrict', editors: [] }))).toBe('invalid_input')
    await change('ann')(checkout, { type: 'add_editors', editors: ['amy'] })
    expect(await w.as('amy').submit(checkout, rollout(41))).toMatchObject({ status: 'applied' })
    await change('amy')(checkout, { type: 'remove_editors', editors: ['ann'] })
    expect(await refusal(w.as('ann').submit(checkout, rollout(42)))).toBe('not_an_editor')
    await change('amy')(checkout, { type: 'open' })
    expect(await w.as('ann').submit(checkout, rollout(42))).toMatchObject({ status: 'applied' })
    const log = await w.as('zoe').audit.events({ access: checkout })
    expect(log.map(({ event }) => [event['by'], event['ground']])).toEqual([
      ['ann', 'everyone'],
      ['ann', 'editor'],
      ['amy', 'editor'],
      ['amy', 'editor'],
    ])
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })

  it('[AP-10] tells whoever is made an editor, unless they switched that off', async () => {
    const w = await accessWorld(open())
    await w.as('ann').submit(checkout, { value })
    await w.as('amy').notices.preferences({ unwanted: ['made_editor'] })
    const editors = ['ann', 'amy', 'vic']
    await w.as('ann').access.editors.save(checkout, { type: 'restrict', editors })
    const told = await w.notices()
    expect(told).toMatchObject([{ type: 'made_editor', to: ['vic'], by: 'ann', resources: [{ id: 'checkout' }] }])
    await w.as('amy').notices.preferences({ unwanted: [] })
    await w.as('ann').access.editors.save(checkout, { type: 'remove_editors', editors: ['amy'] })
    await w.as('ann').access.editors.save(checkout, { type: 'add_editors', editors: ['amy'] })
    expect((await w.notices()).map(({ to }) => to)).toEqual([['vic'], ['amy']])
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })

  it('asks whoever writes into a request, or makes it real, and nobody who only answers', async () => {
    const w = await accessWorld(open())
    await w.as('ann').submit(checkout, { value })
    await w.as('zoe').access.roles.save({ id: 'judge', permissions: ['requests.approve'], held: 'project' })
    await w.as('zoe').access.grant({ user: 'jo', role: 'judge', project: 'web' })
    const rules = { apply: 'by_hand', bypass: ['judge', 'admin'] } as const
    await w.as('zoe').policies.save({ ...byAdmins, require: { quorum: 1, from: { roles: ['judge'] } }, rules })
    const { id, digest } = pending(await w.as('ann').submit(checkout, rollout(80)))
    const due = Date.UTC(2026, 0, 6)
    await w.as('zoe').access.grant({ user: 'ann', role: 'viewer', project: 'web' })
    await w.as('zoe').access.revoke({ user: 'ann', role: 'member', project: 'web' })
    expect(await refusal(w.as('ann').requests.schedule(id, due))).toBe('not_permitted')
    expect(await refusal(w.as('ann').requests.edit(id, checkout, rollout(90)))).toBe('not_permitted')
    expect(await refusal(w.as('vic').requests.edit(id, checkout, rollout(90)))).toBe('not_permitted')
    expect(await refusal(w.as('jo').requests.bypass(id, { digest, reason: 'now' }))).toBe('not_permitted')
    expect(await refusal(w.as('vic').draft(checkout, rollout(90)))).toBe('not_permitted')
    await w.as('vic').requests.comment(id, 'looks fine')
    const { can } = await w.as('vic').requests.get(id)
    expect(can.edit).toMatchObject({ code: 'not_permitted' })
    expect(can.comment).toBe(true)
    await w.as('jo').requests.approve(id, { digest })
    expect(await refusal(w.as('vic').requests.apply(id))).toBe('not_permitted')
    expect(await refusal(w.as('jo').requests.apply(id))).toBe('not_permitted')
    const { request } = await w.as('amy').requests.apply(id)
    expect(request.status).toBe('applied')
  })

  it('lets nobody make a resource in a project of others, or reach one of theirs by leaving the project out', async () => {
    const w = await accessWorld(open())
    await w.as('zoe').access.grant({ user: 'sam', role: 'member', project: 'shop' })
    await w.as('ann').submit(checkout, { value })
    expect(await refusal(w.as('sam').submit(flags.ref('mine', { project: 'web' }), { value }))).toBe('not_permitted')
    expect(await refusal(w.as('sam').submit(flags.ref('mine'), { value }))).toBe('not_permitted')
    expect(await refusal(w.as('sam').submit(flags.ref('checkout'), rollout(1)))).toBe('unknown_resource')
    expect(await refusal(w.as('sam').submit(flags.ref('checkout', { project: 'shop' }), rollout(1)))).toBe(
      'unknown_resource',
    )
    expect(await refusal(w.as('sam').access.editors.save(checkout, { type: 'open' }))).toBe('unknown_resource')
  })

  it('lets no save slip through beside a restriction', async () => {
    const w = await accessWorld(open())
    await w.as('ann').submit(checkout, { value })
    for (let round = 1; round <= 5; round++) {
      const [saved] = await Promise.allSettled([
        w.as('amy').submit(checkout, rollout(round)),
        w.as('ann').access.editors.save(checkout, { type: 'restrict', editors: ['ann'] }),
      ])
      const live = await w.as('vic').resources.get(checkout)
      expect(live?.document.rollout === round).toBe(saved.status === 'fulfilled')
      expect(await refusal(w.as('amy').submit(checkout, rollout(99)))).toBe('not_an_editor')
      await w.as('ann').access.editors.save(checkout, { type: 'open' })
    }
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })
})

describe('editors of a host with a directory of its own', () => {
  it('[AP-10] learn of it unless the directory says that they do not want to', async () => {
    const people = { zoe: ['admin'], ann: ['member'], amy: ['member'] }
    const directory: Directory = {
      ...staticDirectory(people),
      async users(scope, ids) {
        const known = await staticDirectory(people).users(scope, ids)
        return known.map((user, index) =>
          user && ids[index] === 'amy' ? { ...user, unwanted: ['made_editor'] } : user,
        )
      },
    }
    const told: (readonly string[])[] = []
    const approvals = createApprovals({
      storage: memoryStorage(),
      resources: [flags],
      directory,
      access: levelAccess,
      notifiers: [{ name: 'kept', deliver: async ({ to }) => void told.push(to) }],
    })
    const as = (user: string) => approvals.as({ tenant: 'acme', user })
    await as('zoe').submit(checkout, { value })
    await as('zoe').access.editors.save(checkout, { type: 'restrict', editors: ['zoe', 'ann', 'amy'] })
    await approvals.tick()
    expect(told).toEqual([['ann']])
    expect(await refusal(as('amy').notices.preferences({ unwanted: ['made_editor'] }))).toBe('invalid_input')
  })
})
