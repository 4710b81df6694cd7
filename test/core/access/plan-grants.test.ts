import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { adminsOf } from '../../../src/core/access/admins.ts'
import { type Grant, rolesIn } from '../../../src/core/access/grant.ts'
import type { GrantEdit } from '../../../src/core/access/grant-edit.ts'
import { carryOutPlan, type GrantFacts, type GrantPlan, planGrants } from '../../../src/core/access/plan-grants.ts'
import type { RoleDefinition } from '../../../src/core/access/role.ts'
import { levelRoles } from '../../../src/presets/levels.ts'
import { done, refusal } from '../../result.ts'
import { runs } from '../../runs.ts'
import { grantsOf, holdings, rolesOf } from './access.ts'

const approver: RoleDefinition = { id: 'approver', permissions: ['requests.approve'], held: 'project' }
const roles = rolesOf(approver)
const grants = grantsOf('zoe: admin', 'mia: manager @web', 'ann: member @web', 'ann: viewer @shop', 'ben: viewer @web')

const plan = (actor: string, edits: readonly GrantEdit[], facts: Partial<GrantFacts> = {}) =>
  planGrants(edits, { roles, grants, actor, beyondPolicies: () => [], ...facts })

/** The grants after a plan. */
const after = (before: readonly Grant[], { give, take }: Pick<GrantPlan, 'give' | 'take'>) => [
  ...before.filter((grant) => !take.some((taken) => JSON.stringify(taken) === JSON.stringify(grant))),
  ...give,
]

describe('a change of access for many', () => {
  it.each([
    ['give', ['viewer', 'approver']],
    ['take', []],
  ])('[FA-11] cannot %s a role whose holders have a say in policies beyond the actor', (_, wanted) => {
    const held = [...grants, ...(wanted.length === 0 ? grantsOf('ben: approver @web') : [])]
    const beyondPolicies: GrantFacts['beyondPolicies'] = (named, project) =>
      'role' in named && named.role === 'approver' && project === 'web' ? ['p'] : []
    const asked = [{ users: ['ben'], projects: ['web'], roles: wanted }]
    expect(done(plan('zoe', asked, { grants: held })).refusal).toBeUndefined()
    const planned = done(plan('zoe', asked, { grants: held, beyondPolicies }))
    expect(planned.refusal).toMatchObject({
      code: 'beyond_own_permissions',
      details: { actor: 'zoe', role: 'approver', missing: [], policies: ['p'] },
    })
    expect(planned.lines[0]?.refusal).toEqual(planned.refusal)
  })

  it('[FA-11] asks about whom it makes nobody, also if their role is none any more', () => {
    const held = [...grants, ...grantsOf('old: retired')]
    const beyondPolicies: GrantFacts['beyondPolicies'] = (named) =>
      'user' in named && named.user === 'old' ? ['p'] : []
    const planned = done(plan('zoe', [{ users: ['old'], projects: [''], roles: [] }], { grants: held, beyondPolicies }))
    expect(planned.lines).toMatchObject([{ user: 'old', membership: 'ends' }])
    expect(planned.refusal).toMatchObject({ details: { user: 'old', policies: ['p'] } })
  })

  const edits = [{ users: ['ann', 'ben', 'cat'], projects: ['web', 'shop'], roles: ['member'] }]

  it('shows what would become of whom, and leaves out what stays', () => {
    const planned = done(plan('zoe', edits))
    expect(planned.lines).toEqual([
      { user: 'ann', project: 'shop', before: ['viewer'], after: ['member'] },
      { user: 'ben', project: 'web', before: ['viewer'], after: ['member'] },
      { user: 'ben', project: 'shop', before: [], after: ['member'], membership: 'begins' },
      { user: 'cat', project: 'web', before: [], after: ['member'], membership: 'begins' },
      { user: 'cat', project: 'shop', before: [], after: ['member'], membership: 'begins' },
    ])
    expect(planned.take).toEqual(grantsOf('ann: viewer @shop', 'ben: viewer @web'))
    expect(planned.give).toHaveLength(5)
    expect(planned.refusal).toBeUndefined()
  })

  it('does what it showed, once', () => {
    const next = after(grants, done(carryOutPlan(done(plan('zoe', edits)))))
    for (const user of ['ann', 'ben', 'cat']) {
      for (const project of ['web', 'shop']) {
        expect(rolesIn({ roles, grants: next }, { user, project })).toEqual(['member'])
      }
    }
    expect(done(plan('zoe', edits, { grants: next })).lines).toEqual([])
  })

  it('is all or nothing: what one line lacks refuses the whole', () => {
    const planned = done(plan('mia', edits))
    expect(planned.lines.map(({ user, project, refusal: why }) => [user, project, why?.code])).toEqual([
      ['ann', 'shop', 'not_permitted'],
      ['ben', 'web', undefined],
      ['ben', 'shop', 'not_permitted'],
      ['cat', 'web', undefined],
      ['cat', 'shop', 'not_permitted'],
    ])
    expect(refusal(carryOutPlan(planned))).toMatchObject({
      code: 'not_permitted',
      details: { actor: 'mia', project: 'shop', missing: ['project_roles.edit'] },
    })
  })

  it('takes access away where no role is wanted', () => {
    const planned = done(plan('zoe', [{ users: ['ann'], projects: ['web', 'shop'], roles: [] }]))
    expect(planned.take).toEqual(grantsOf('ann: member @web', 'ann: viewer @shop'))
    expect(planned.give).toEqual([])
  })
})

describe('who may change access', () => {
  const give = (user: string, role: string, project: string): readonly GrantEdit[] => [
    { users: [user], projects: [project], roles: [role] },
  ]

  it.each([
    ['zoe', 'member', 'web', undefined],
    ['mia', 'member', 'web', undefined],
    ['mia', 'manager', 'web', undefined],
    ['ann', 'viewer', 'web', 'not_permitted'],
    ['ben', 'viewer', 'web', 'not_permitted'],
    ['nobody', 'viewer', 'web', 'not_permitted'],
    ['mia', 'viewer', 'shop', 'not_permitted'],
    ['zoe', 'admin', '', undefined],
    ['mia', 'admin', '', 'not_permitted'],
    ['mia', 'approver', 'web', 'beyond_own_permissions'],
    ['zoe', 'approver', 'web', undefined],
  ])('%s gives %s in "%s" to somebody new: %s', (actor, role, project, code) => {
    expect(done(plan(actor, give('new', role, project))).refusal?.code).toBe(code)
  })

  it('is not widened by what the same change gives', () => {
    const first = [...give('mia', 'admin', ''), ...give('new', 'approver', 'web')]
    expect(done(plan('mia', first)).refusal?.code).toBe('not_permitted')
  })

  it('takes no role that can do more', () => {
    const held = [...grants, ...grantsOf('dan: approver @web')]
    const planned = done(plan('mia', [{ users: ['dan'], projects: ['web'], roles: ['viewer'] }], { grants: held }))
    expect(planned.refusal).toMatchObject({
      code: 'beyond_own_permissions',
      details: { role: 'approver', missing: ['requests.approve'] },
    })
  })

  it('can be given to a role that only adds users, or only changes roles', () => {
    const clerks = rolesOf(
      { id: 'adder', permissions: ['project_users.add', 'flags.read'], held: 'project' },
      { id: 'reader', permissions: ['flags.read'], held: 'project' },
    )
    const known = grantsOf('amy: adder @web', 'ben: reader @web')
    const facts = { roles: clerks, grants: known }
    expect(done(plan('amy', give('new', 'reader', 'web'), facts)).refusal).toBeUndefined()
    const taken = done(plan('amy', [{ users: ['ben'], projects: ['web'], roles: [] }], facts))
    expect(taken.refusal).toMatchObject({ details: { missing: ['project_roles.edit'] } })
  })

  it('can be given so in the whole tenant, too: to somebody new there is to somebody without any access', () => {
    const clerks = rolesOf(
      { id: 'adder', permissions: ['organization_users.add', 'flags.read'], held: 'tenant' },
      { id: 'reader', permissions: ['flags.read'], held: 'both' },
    )
    const known = grantsOf('amy: adder', 'ben: reader @web')
    const facts = { roles: clerks, grants: known }
    expect(done(plan('amy', give('new', 'reader', ''), facts)).refusal).toBeUndefined()
    expect(done(plan('amy', give('ben', 'reader', ''), facts)).refusal).toMatchObject({
      details: { missing: ['organization_roles.edit'] },
    })
  })
})

describe('the last admin', () => {
  const demote = (users: readonly string[]): readonly GrantEdit[] => [{ users, projects: [''], roles: [] }]

  it('stays', () => {
    expect(done(plan('zoe', demote(['zoe']))).refusal).toMatchObject({
      code: 'last_admin',
      details: { admins: ['zoe'], permission: 'organization_roles.edit' },
      message: 'Without "zoe" nobody would hold "organization_roles.edit" any more: give it to somebody else first.',
    })
  })

  it('may go once there is another, but two may not go together', () => {
    const two = [...grants, ...grantsOf('yan: admin')]
    expect(done(plan('zoe', demote(['zoe']), { grants: two })).refusal).toBeUndefined()
    expect(done(plan('zoe', demote(['yan']), { grants: two })).refusal).toBeUndefined()
    expect(done(plan('zoe', demote(['zoe', 'yan']), { grants: two })).refusal?.code).toBe('last_admin')
  })

  it('may hand over in one change', () => {
    const handOver = [...demote(['zoe']), { users: ['ann'], projects: [''], roles: ['admin'] }]
    expect(done(plan('zoe', handOver)).refusal).toBeUndefined()
  })

  it('is not somebody who is gone', () => {
    const two = [...grants, ...grantsOf('yan: admin')]
    const facts = { grants: two, gone: new Set(['yan']) }
    expect(done(plan('zoe', demote(['zoe']), facts)).refusal?.code).toBe('last_admin')
  })

  const giver: RoleDefinition = { id: 'giver', permissions: ['organization_roles.edit'], held: 'tenant' }
  const setter: RoleDefinition = { id: 'setter', permissions: ['approval_settings.edit'], held: 'tenant' }

  it('is whoever can give roles and say who approves, whatever the roles are called, and nobody whose grant does not count', () => {
    const roles = rolesOf(giver, setter)
    const held = grantsOf(
      'olga: giver',
      'olga: setter',
      'gil: giver',
      'eve: admin @web',
      'max: manager',
      'una: unknown',
    )
    expect(adminsOf({ roles, grants: held })).toEqual(['olga'])
  })

  it('[C7] is nobody who can only give roles: they could not give back who says who approves', () => {
    const roles = rolesOf(giver, setter)
    const held = grantsOf('zoe: admin', 'gil: giver', 'sue: setter')
    expect(done(plan('zoe', demote(['zoe']), { roles, grants: held })).refusal).toMatchObject({
      code: 'last_admin',
      details: { admins: ['zoe'], permission: 'approval_settings.edit' },
      message:
        'Without "zoe" nobody who can give roles would hold "approval_settings.edit" any more: give it to somebody else first.',
    })
    const both = [...held, ...grantsOf('gil: setter')]
    expect(done(plan('zoe', demote(['zoe']), { roles, grants: both })).refusal).toBeUndefined()
  })

  it('[C7] is, where there is no other, whoever can give roles', () => {
    const facts = { roles: rolesOf(giver), grants: grantsOf('gil: giver') }
    expect(done(plan('gil', demote(['gil']), facts)).refusal).toMatchObject({
      code: 'last_admin',
      details: { admins: ['gil'], permission: 'organization_roles.edit' },
    })
  })

  it('is there after any change that is not refused, whoever asks for whatever', () => {
    const users = ['ann', 'ben', '__proto__', 'constructor']
    const ids = ['viewer', 'manager', 'admin', 'approver', 'keeper']
    const keeper: RoleDefinition = {
      id: 'keeper',
      permissions: ['organization_roles.edit', 'organization_users.add'],
      held: 'both',
    }
    const all = rolesOf(approver, keeper)
    const user = fc.constantFrom(...users)
    const project = fc.constantFrom('', 'web', '__proto__')
    const grant = fc.record({ user, role: fc.constantFrom(...ids), project })
    const edit = fc.record({
      users: fc.uniqueArray(user, { minLength: 1 }),
      projects: fc.uniqueArray(project, { minLength: 1 }),
      roles: fc.uniqueArray(fc.constantFrom(...ids)),
    })
    let refused = 0
    let carried = 0
    fc.assert(
      fc.property(
        fc.uniqueArray(grant, { selector: (g) => JSON.stringify(g) }),
        fc.array(edit, { maxLength: 3 }),
        user,
        (held, edits, actor) => {
          const planned = planGrants(edits, { roles: all, grants: held, actor, beyondPolicies: () => [] })
          if (!planned.ok) return
          const changes = carryOutPlan(planned.value)
          if (!changes.ok) {
            refused++
            return
          }
          carried++
          const next = after(held, changes.value)
          if (adminsOf({ roles: all, grants: held }).length > 0) {
            expect(adminsOf({ roles: all, grants: next })).not.toEqual([])
          }
          const before = holdings(held, actor, '', all).permissions
          for (const given of changes.value.give) {
            const own = new Set([...before, ...holdings(held, actor, given.project, all).permissions])
            expect(all.get(given.role)?.permissions.every((permission) => own.has(permission))).toBe(true)
          }
        },
      ),
      { numRuns: runs(1_000) },
    )
    expect(refused).toBeGreaterThan(0)
    expect(carried).toBeGreaterThan(0)
  })
})

describe('an edit of access', () => {
  it.each<readonly [string, unknown, RegExp]>([
    ['no users', { users: [], projects: ['web'], roles: ['viewer'] }, /must name users and projects/],
    ['no projects', { users: ['ann'], projects: [], roles: ['viewer'] }, /must name users and projects/],
    [
      'a list that is none',
      { users: 'ann', projects: ['web'], roles: ['viewer'] },
      /must be \{ users, projects, roles \}/,
    ],
    ['nothing', undefined, /must be \{ users, projects, roles \}/],
    ['a user without a name', { users: [''], projects: ['web'], roles: ['viewer'] }, /"" must not be empty/],
    ['a user with a line break', { users: ['a\nb'], projects: ['web'], roles: ['viewer'] }, /control or invisible/],
    ['a user who is a number', { users: [1], projects: ['web'], roles: ['viewer'] }, /must be a string/],
    ['a project with a blank', { users: ['ann'], projects: ['web '], roles: ['viewer'] }, /blank/],
    [
      'a level of projects in the whole tenant',
      { users: ['ann'], projects: ['web', ''], roles: ['manager'] },
      /role "manager" cannot be held in the whole tenant/,
    ],
    [
      'the level of the tenant in a project',
      { users: ['ann'], projects: ['web'], roles: ['admin'] },
      /role "admin" cannot be held in project "web"/,
    ],
    [
      'one user twice',
      { users: ['ann', 'ann'], projects: ['web'], roles: ['viewer'] },
      /"ann" is given roles in project "web" twice/,
    ],
  ])('is refused with %s', (_, edit, problem) => {
    const attempt = refusal(plan('zoe', [edit as GrantEdit]))
    expect(attempt?.code).toBe('invalid_input')
    expect(attempt?.message).toMatch(problem)
  })

  it('is refused where another one says something else, or the role does not exist', () => {
    const one = { users: ['ann'], projects: ['web'], roles: ['viewer'] }
    expect(refusal(plan('zoe', [one, { ...one, roles: ['manager'] }]))?.message).toMatch(/^edits\.1: "ann" is given/)
    for (const role of ['owner', '__proto__', 'constructor', 'Viewer']) {
      expect(refusal(plan('zoe', [{ ...one, roles: [role] }]))).toMatchObject({
        code: 'unknown_role',
        details: { role, known: [...levelRoles.map(({ id }) => id), 'approver'] },
      })
    }
  })
})
