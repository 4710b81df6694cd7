import { describe, expect, it } from 'vitest'
import {
  createApprovals,
  type GrantEdit,
  type PolicyInput,
  type RoleDefinition,
  staticDirectory,
} from '../../src/index.ts'
import { levelAccess, levelMatrix, levels } from '../../src/presets/levels.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { accessWorld } from '../access-world.ts'
import { permissions } from '../core/access/access.ts'
import { flags, pending, refusal, rollout, storages } from '../world.ts'

const levelled = { viewer: 'vic', member: 'ann', manager: 'mia', admin: 'zoe' } as const
const cells = permissions.flatMap((permission) =>
  levels.map((level, rank) => ({ permission, level, may: rank >= levels.indexOf(levelMatrix[permission]) })),
)
const approved: PolicyInput = {
  id: 'approved',
  match: {},
  require: { quorum: 1, from: { roles: ['requests.approve'] } },
}
const approver: RoleDefinition = { id: 'approver', permissions: ['flags.read', 'requests.approve'], held: 'project' }
const toWeb = (user: string, ...roles: string[]): GrantEdit => ({ users: [user], projects: ['web'], roles })

describe('the permission matrix, asked for by each level', async () => {
  const w = await accessWorld(memoryStorage())

  it.each(cells)('[AP-03] $level · $permission: $may', async ({ permission, level, may }) => {
    const { access } = w.as(levelled[level])
    expect(await access.may(permission, { project: 'web' })).toBe(may)
    if (!may) expect(await refusal(access.check(permission, { project: 'web' }))).toBe('not_permitted')
    if (level !== 'admin') expect(await access.may(permission, { project: 'shop' })).toBe(false)
    if (level !== 'admin') expect(await access.may(permission)).toBe(false)
  })

  it('[AP-02] knows the levels viewer, member, manager and admin', async () => {
    expect((await w.as('vic').access.roles.list()).map(({ id }) => id)).toEqual([
      'viewer',
      'member',
      'manager',
      'admin',
    ])
  })

  it('refuses to answer for a permission that there is not', async () => {
    for (const name of ['flags.fly', '__proto__', 'constructor', '']) {
      expect(await refusal(w.as('zoe').access.check(name))).toBe('invalid_input')
    }
  })
})

describe.each(storages)('access that is kept here, on $name', ({ open }) => {
  it('[AP-01] [AP-02] holds levels per project, and the admin for the whole tenant', async () => {
    const w = await accessWorld(open())
    expect(await w.as('zoe').access.grants('ann')).toEqual([{ user: 'ann', role: 'member', project: 'web' }])
    await w.as('zoe').access.grant({ user: 'ann', role: 'viewer', project: 'shop' })
    const { access } = w.as('ann')
    expect([
      await access.may('flags.edit', { project: 'web' }),
      await access.may('flags.edit', { project: 'shop' }),
    ]).toEqual([true, false])
    expect(await w.as('zoe').access.may('flags.edit', { project: 'shop' })).toBe(true)
    expect(await refusal(w.as('zoe').access.grant({ user: 'ann', role: 'admin', project: 'web' }))).toBe(
      'invalid_input',
    )
    expect(await refusal(w.as('zoe').access.grant({ user: 'ann', role: 'member' }))).toBe('invalid_input')
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })

  it('[AP-03] lets managers give and take levels in their project, and admins in the organization', async () => {
    const w = await accessWorld(open())
    await w.as('mia').access.grant({ user: 'new', role: 'member', project: 'web' })
    expect(await refusal(w.as('mia').access.grant({ user: 'new', role: 'member', project: 'shop' }))).toBe(
      'not_permitted',
    )
    expect(await refusal(w.as('mia').access.grant({ user: 'mia', role: 'admin' }))).toBe('not_permitted')
    expect(await refusal(w.as('ann').access.grant({ user: 'ann', role: 'manager', project: 'web' }))).toBe(
      'not_permitted',
    )
    expect(await refusal(w.as('vic').access.revoke({ user: 'ann', role: 'member', project: 'web' }))).toBe(
      'not_permitted',
    )
    expect(await refusal(w.as('nobody').access.grant({ user: 'nobody', role: 'viewer', project: 'web' }))).toBe(
      'unknown_actor',
    )
    await w.as('mia').access.revoke({ user: 'new', role: 'member', project: 'web' })
    expect(await w.as('mia').access.grants('new')).toEqual([])
    await w.as('zoe').access.grant({ user: 'mia', role: 'admin' })
    expect(await w.as('mia').access.holders('admin')).toHaveLength(2)

    const tried = await w.as('zoe').audit.events({ refusals: 'ann' })
    expect(tried.map(({ event }) => event)).toMatchObject([{ verb: 'change access', code: 'not_permitted', by: 'ann' }])
    const log = await w.as('zoe').audit.events({ settings: true })
    expect(log.map(({ event }) => [event['type'], event['by'], event['via']])).toEqual([
      ['first_admin_appointed', 'countersign', 'bootstrap'],
      ['roles_changed', 'zoe', 'app'],
      ['roles_changed', 'mia', 'app'],
      ['roles_changed', 'mia', 'app'],
      ['roles_changed', 'zoe', 'app'],
    ])
  })

  it('[AP-13] changes many users and projects in one call, after a preview of what will change', async () => {
    const w = await accessWorld(open())
    const edits = [{ users: ['ann', 'vic', 'new'], projects: ['web', 'shop'], roles: ['member'] }]
    const preview = await w.as('zoe').access.preview(edits)
    expect(preview.lines.map(({ user, project, before, after }) => `${user} ${project}: ${before} → ${after}`)).toEqual(
      [
        'ann shop:  → member',
        'vic web: viewer → member',
        'vic shop:  → member',
        'new web:  → member',
        'new shop:  → member',
      ],
    )
    expect(await w.as('zoe').access.grants('new')).toEqual([])

    await w.as('mia').access.grant({ user: 'vic', role: 'member', project: 'web' })
    expect(await refusal(w.as('zoe').access.change(edits, { digest: preview.digest }))).toBe('preview_outdated')
    expect(await w.as('zoe').access.grants('new')).toEqual([])
    const { digest } = await w.as('zoe').access.preview(edits)
    const { lines } = await w.as('zoe').access.change(edits, { digest })
    expect(lines).toHaveLength(5)
    expect(await w.as('zoe').access.grants('vic')).toEqual([
      { user: 'vic', role: 'member', project: 'web' },
      { user: 'vic', role: 'member', project: 'shop' },
    ])
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })

  it('carries out all of a change or nothing', async () => {
    const w = await accessWorld(open())
    const edits = [toWeb('new', 'member'), { users: ['new'], projects: ['shop'], roles: ['member'] }]
    const preview = await w.as('mia').access.preview(edits)
    expect(preview.refusal).toMatchObject({ code: 'not_permitted', details: { actor: 'mia', project: 'shop' } })
    expect(await refusal(w.as('mia').access.change(edits, { digest: preview.digest }))).toBe('not_permitted')
    expect(await w.as('mia').access.grants('new')).toEqual([])
  })

  it('never leaves a tenant without an admin, and appoints the first one once', async () => {
    const w = await accessWorld(open())
    expect(await refusal(w.as('zoe').access.revoke({ user: 'zoe', role: 'admin' }))).toBe('last_admin')
    await w.as('zoe').access.grant({ user: 'mia', role: 'admin' })
    const outcomes = await Promise.allSettled([
      w.as('zoe').access.revoke({ user: 'mia', role: 'admin' }),
      w.as('mia').access.revoke({ user: 'zoe', role: 'admin' }),
    ])
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await w.as('zoe').access.holders('admin')).toHaveLength(1)

    expect(await w.approvals.appointFirstAdmin({ tenant: 'acme', user: 'eve' })).toBe(false)
    expect(await w.as('eve').access.may('organization_roles.edit')).toBe(false)
    const both = await Promise.all(
      ['eve', 'kim'].map((user) => w.approvals.appointFirstAdmin({ tenant: 'other', user })),
    )
    expect(both.filter(Boolean)).toHaveLength(1)
    expect(await w.as('eve', { tenant: 'other' }).access.holders('admin')).toHaveLength(1)
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })

  it('lets a tenant define roles of its own, and nobody put in or take out what they do not hold', async () => {
    const w = await accessWorld(open())
    const { roles } = w.as('zoe').access
    expect(await refusal(w.as('mia').access.roles.save(approver))).toBe('not_permitted')
    await roles.save(approver)
    const auditor: RoleDefinition = { id: 'role-editor', permissions: ['roles.edit', 'flags.read'], held: 'tenant' }
    await roles.save(auditor)
    await w.as('zoe').access.grant({ user: 'ron', role: 'role-editor' })
    const mighty: RoleDefinition = { ...auditor, permissions: [...permissions] }
    expect(await refusal(w.as('ron').access.roles.save(mighty))).toBe('beyond_own_permissions')
    expect(await refusal(w.as('ron').access.roles.save({ ...approver, permissions: [] }))).toBe(
      'beyond_own_permissions',
    )
    expect(await refusal(w.as('ron').access.roles.remove('approver'))).toBe('beyond_own_permissions')
    expect(await refusal(w.as('ron').access.grant({ user: 'ron', role: 'admin' }))).toBe('not_permitted')

    await w.as('mia').access.grant({ user: 'ann', role: 'member', project: 'web' })
    expect(await refusal(w.as('mia').access.grant({ user: 'ann', role: 'approver', project: 'web' }))).toBe(
      'beyond_own_permissions',
    )
    await w.as('zoe').access.grant({ user: 'ann', role: 'approver', project: 'web' })
    expect(await refusal(roles.remove('approver'))).toBe('role_in_use')
    expect(await refusal(roles.save({ ...approver, held: 'tenant' }))).toBe('role_in_use')
    await w.as('zoe').access.revoke({ user: 'ann', role: 'approver', project: 'web' })
    await roles.remove('approver')
    expect((await roles.list()).map(({ id }) => id)).not.toContain('approver')
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })

  it('[L8] takes ids that are properties of every object for the names they are, and nothing for a role that it is not', async () => {
    const w = await accessWorld(open())
    const { access } = w.as('zoe')
    for (const name of ['__proto__', 'constructor', 'hasOwnProperty', 'toString']) {
      expect(await refusal(access.grant({ user: 'ann', role: name, project: 'web' }))).toBe('unknown_role')
      expect(await refusal(access.roles.remove(name))).toBe('unknown_role')
      expect(await w.as(name).access.may('flags.read', { project: 'web' })).toBe(false)
      await access.roles.save({ id: name, permissions: ['flags.read'], held: 'project' })
      await access.grant({ user: name, role: name, project: name })
      expect(await w.as(name).access.may('flags.read', { project: name })).toBe(true)
      expect(await w.as(name).access.may('flags.edit', { project: name })).toBe(false)
    }
    for (const id of ['admin', 'requests.approve', ' admin', '', 'a\u200b']) {
      expect(await refusal(access.roles.save({ ...approver, id }))).toBe('invalid_input')
    }
    expect(await refusal(access.roles.save({ ...approver, permissions: ['__proto__'] }))).toBe('invalid_input')
    expect((await access.roles.list()).length).toBe(8)
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })

  it('[I4] refuses what is smuggled in beside a role, an edit or an option', async () => {
    const { access } = (await accessWorld(open())).as('zoe')
    const more = <T extends object>(value: T) => ({ ...value, tenant: 'other' })
    expect(await refusal(access.grant(more({ user: 'ann', role: 'viewer', project: 'shop' })))).toBe('invalid_input')
    expect(await refusal(access.preview([more(toWeb('ann', 'viewer'))]))).toBe('invalid_input')
    expect(await refusal(access.roles.save(more(approver)))).toBe('invalid_input')
    expect(await refusal(access.change([], {} as { digest: string }))).toBe('invalid_input')
    expect(await refusal(access.preview({} as never))).toBe('invalid_input')
    const users = Array.from({ length: 1_001 }, (_, at) => `u${at}`)
    expect(await refusal(access.preview([{ users, projects: ['web'], roles: [] }]))).toBe('invalid_input')
  })

  it('[I1] [I2] [D9] [CT-05] makes nobody anything in another tenant', async () => {
    const w = await accessWorld(open())
    await w.approvals.appointFirstAdmin({ tenant: 'other', user: 'kim' })
    const there = w.as('kim', { tenant: 'other' })
    await w.as('zoe').access.roles.save(approver)
    await w.as('zoe').access.grant({ user: 'ben', role: 'approver', project: 'web' })
    const request = pending(await ask(w))

    const intruder = w.as('ben', { tenant: 'other' })
    expect(await refusal(intruder.requests.approve(request.id, { digest: request.digest }))).toBe('unknown_actor')
    expect(await refusal(there.requests.approve(request.id, { digest: request.digest }))).toBe('unknown_request')
    expect(await refusal(there.access.grant({ user: 'ben', role: 'approver', project: 'web' }))).toBe('unknown_role')
    expect(await refusal(w.as('zoe', { tenant: 'other' }).access.roles.save(approver))).toBe('not_permitted')
    expect(await refusal(w.as('zoe', { tenant: 'other' }).policies.save(approved))).toBe('unknown_actor')
    expect(await there.access.grants('zoe')).toEqual([])
    expect(await there.access.holders('approver')).toEqual([])
    expect((await there.access.roles.list()).map(({ id }) => id)).not.toContain('approver')
    const { request: done } = await w.as('ben').requests.approve(request.id, { digest: request.digest })
    expect(done.status).toBe('applied')
  })
})

type AccessWorld = Awaited<ReturnType<typeof accessWorld>>

/** A flag whose changes whoever may approve is asked about, and a request of Ann's. */
async function ask(w: AccessWorld, policy: Partial<PolicyInput> = {}) {
  await w.as('zoe').submit(flags.ref('checkout', { project: 'web' }), { value: { enabled: true, rollout: 40 } })
  await w.as('zoe').policies.save({ ...approved, ...policy })
  return await w.as('ann').submit(flags.ref('checkout'), rollout(80))
}

describe.each(storages)('approvers among roles that are kept here, on $name', ({ open }) => {
  it('[CT-04] [CT-26] [D7] asks admins, approvers and whoever holds the permission by a role of the tenant', async () => {
    const w = await accessWorld(open())
    const custom: RoleDefinition = { id: 'release-captain', permissions: ['requests.approve'], held: 'both' }
    await w.as('zoe').access.roles.save(approver)
    await w.as('zoe').access.roles.save(custom)
    await w.as('zoe').access.grant({ user: 'ben', role: 'approver', project: 'web' })
    await w.as('zoe').access.grant({ user: 'cat', role: 'release-captain' })
    await w.as('zoe').access.grant({ user: 'dan', role: 'approver', project: 'shop' })
    const request = pending(await ask(w, { require: { quorum: 3, from: { roles: ['requests.approve'] } } }))
    expect(request.approval?.policies[0]?.missing[0]?.candidates.toSorted()).toEqual(['ben', 'cat', 'zoe'])
    expect((await w.notices()).map(({ to }) => to.toSorted())).toEqual([['ben', 'cat', 'zoe']])
    for (const user of ['dan', 'vic', 'mia']) {
      const code = await refusal(w.as(user).requests.approve(request.id, { digest: request.digest }))
      expect(code).toBe(user === 'dan' ? 'unknown_request' : 'not_an_approver')
    }
    for (const user of ['ben', 'cat', 'zoe']) await w.as(user).requests.approve(request.id, { digest: request.digest })
    expect((await w.as('ann').requests.get(request.id)).status).toBe('applied')
  })

  it('[CT-06] never lets a creator approve, not even as an admin', async () => {
    const w = await accessWorld(open())
    await ask(w)
    const own = pending(await w.as('zoe').submit(flags.ref('checkout'), rollout(90)))
    expect(await refusal(w.as('zoe').requests.approve(own.id, { digest: own.digest }))).toBe('self_approval')
  })

  it('[AA-02] lets managers and admins change the approval settings, and refuses a member', async () => {
    const w = await accessWorld(open())
    const inWeb: PolicyInput = { ...approved, match: { project: 'web' } }
    for (const user of ['ann', 'vic']) expect(await refusal(w.as(user).policies.save(inWeb))).toBe('not_permitted')
    await w.as('mia').policies.save(inWeb)
    await w.as('zoe').policies.remove('approved')
    expect(await refusal(w.as('mia').policies.save(approved))).toBe('not_permitted')
  })

  it('[AA-03] [AA-05] lets anyone with access to the project respond where peers are asked, and admins', async () => {
    const w = await accessWorld(open())
    await w.as('zoe').access.grant({ user: 'sam', role: 'manager', project: 'shop' })
    const from = { roles: ['viewer', 'member', 'manager', 'admin'] }
    const request = pending(await ask(w, { require: { quorum: 4, from } }))
    expect(await refusal(w.as('sam').requests.approve(request.id, { digest: request.digest }))).toBe('unknown_request')
    for (const user of ['vic', 'amy', 'mia', 'zoe'])
      await w.as(user).requests.approve(request.id, { digest: request.digest })
    expect((await w.as('ann').requests.get(request.id)).status).toBe('applied')
  })

  it('[AA-04] [AA-05] lets the designated approvers respond, and admins', async () => {
    const w = await accessWorld(open())
    const from = { users: ['amy'], roles: ['admin'] }
    const request = pending(await ask(w, { require: { quorum: 2, from } }))
    expect(await refusal(w.as('mia').requests.approve(request.id, { digest: request.digest }))).toBe('not_an_approver')
    await w.as('amy').requests.approve(request.id, { digest: request.digest })
    await w.as('zoe').requests.approve(request.id, { digest: request.digest })
    expect((await w.as('ann').requests.get(request.id)).status).toBe('applied')
  })

  it('[D1] [D2] asks who holds which role when an answer is given, and again when the change is applied', async () => {
    const w = await accessWorld(open())
    await w.as('zoe').access.roles.save(approver)
    for (const user of ['ben', 'cat']) await w.as('zoe').access.grant({ user, role: 'approver', project: 'web' })
    const request = pending(await ask(w, { require: { quorum: 2, from: { roles: ['approver'] } } }))
    await w.as('ben').requests.approve(request.id, { digest: request.digest })
    await w.as('zoe').access.revoke({ user: 'ben', role: 'approver', project: 'web' })
    expect(await refusal(w.as('ben').requests.reject(request.id, { digest: request.digest, reason: 'no' }))).toBe(
      'unknown_actor',
    )
    const { request: second } = await w.as('cat').requests.approve(request.id, { digest: request.digest })
    expect(second.status).toBe('pending')
    await w.as('zoe').access.grant({ user: 'ben', role: 'approver', project: 'web' })
    expect((await w.as('cat').requests.get(request.id)).approval?.met).toBe(true)
  })

  it('[D1] counts no vote of somebody whose role is taken while they give it', async () => {
    const w = await accessWorld(open())
    await w.as('zoe').access.roles.save(approver)
    for (let round = 0; round < 5; round++) {
      await w.as('zoe').access.grant({ user: 'ben', role: 'approver', project: 'web' })
      const request = pending(
        round === 0 ? await ask(w) : await w.as('ann').submit(flags.ref('checkout'), rollout(10 + round)),
      )
      await Promise.allSettled([
        w.as('ben').requests.approve(request.id, { digest: request.digest }),
        w.as('zoe').access.revoke({ user: 'ben', role: 'approver', project: 'web' }),
      ])
      const settings = await w.as('zoe').audit.events({ settings: true, limit: 500 })
      const taken = settings.at(-1)?.event
      expect(taken).toMatchObject({ type: 'roles_changed', take: [{ user: 'ben' }] })
      const after = await w.as('ann').requests.get(request.id)
      expect(['applied', 'pending']).toContain(after.status)
      if (after.status === 'pending') {
        expect(await refusal(w.as('ben').requests.approve(request.id, { digest: request.digest }))).toBe(
          'unknown_actor',
        )
        await w.as('ann').requests.cancel(request.id)
      }
    }
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })

  it('keeps an admin whoever takes the role from whom at the same time, in whichever process', async () => {
    const storage = open()
    const w = await accessWorld(storage)
    const other = createApprovals({ storage, resources: [flags], access: levelAccess })
    const grants = { zoe: w.as('zoe').access, zac: other.as({ tenant: 'acme', user: 'zac' }).access }
    const admin = (user: string) => ({ user, role: 'admin' })
    await grants.zoe.grant(admin('zac'))
    const rounds = [
      () => [grants.zoe.revoke(admin('zac')), grants.zac.revoke(admin('zoe'))],
      () => [grants.zoe.revoke(admin('zoe')), grants.zac.revoke(admin('zac'))],
    ]
    for (const round of [...rounds, ...rounds]) {
      const codes = (await Promise.allSettled(round())).flatMap((one) =>
        one.status === 'rejected' ? [one.reason.code] : [],
      )
      expect(codes).toHaveLength(1)
      expect(['last_admin', 'unknown_actor', 'not_permitted']).toContain(codes[0])
      const { holders } = other.as({ tenant: 'acme', user: 'mia' }).access
      const left = (await holders('admin')).map(({ user }) => user)
      expect(left).toHaveLength(1)
      const back = left[0] === 'zoe' ? grants.zoe.grant(admin('zac')) : grants.zac.grant(admin('zoe'))
      await back
    }
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })

  it('[D3] [D4] keeps everything that somebody did who is gone, and lets them do nothing more', async () => {
    const w = await accessWorld(open())
    const request = pending(await ask(w, { require: { quorum: 2, from: { roles: ['manager', 'admin'] } } }))
    await w.as('zoe').requests.approve(request.id, { digest: request.digest })
    await w.as('zoe').access.revoke({ user: 'ann', role: 'member', project: 'web' })
    const ann = w.as('ann')
    const verbs = [
      ann.requests.edit(request.id, flags.ref('checkout'), rollout(90)),
      ann.requests.submit(request.id),
      ann.requests.cancel(request.id),
      ann.requests.schedule(request.id, Date.UTC(2026, 0, 6)),
      ann.requests.comment(request.id, 'still here'),
      ann.submit(flags.ref('checkout'), rollout(90)),
    ]
    const codes = await Promise.all(verbs.map(refusal))
    expect(new Set(codes)).toEqual(new Set(['unknown_actor']))
    const after = await w.as('zoe').requests.get(request.id)
    expect(after).toMatchObject({ status: 'pending', requester: 'ann', reviews: [{ by: 'zoe', verdict: 'approve' }] })
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })
})

describe('access of a host with a directory of its own', () => {
  it('takes the roles from the directory, and changes none of them', async () => {
    const approvals = createApprovals({
      storage: memoryStorage(),
      resources: [flags],
      directory: staticDirectory({ zoe: ['admin'], ann: ['member', 'unheard-of'] }),
      access: levelAccess,
    })
    const as = (user: string) => approvals.as({ tenant: 'acme', user })
    expect(await as('ann').access.may('flags.edit', { project: 'web' })).toBe(true)
    expect(await as('ann').access.may('roles.edit')).toBe(false)
    expect(await refusal(as('zoe').access.grant({ user: 'ann', role: 'admin' }))).toBe('invalid_input')
    expect(await refusal(as('zoe').access.roles.save(approver))).toBe('invalid_input')
    expect(await refusal(as('zoe').access.grants('ann'))).toBe('invalid_input')
    expect(await refusal(approvals.appointFirstAdmin({ tenant: 'acme', user: 'zoe' }))).toBe('invalid_input')
    await as('zoe').policies.save({ ...approved, require: { quorum: 1, from: { roles: ['admin'] } } })
  })
})
