import { describe, expect, it } from 'vitest'
import { type RoleFacts, removeRole, saveRole } from '../../../src/core/access/change-roles.ts'
import type { Grant } from '../../../src/core/access/grant.ts'
import { holdersOf } from '../../../src/core/access/grant.ts'
import { defineRoles, type RoleDefinition } from '../../../src/core/access/role.ts'
import { done, refusal } from '../../result.ts'
import { grantsOf, holdings, permissions, rolesOf } from './access.ts'

const approver: RoleDefinition = { id: 'approver', permissions: ['requests.approve'], held: 'both' }

const facts = (by: string, grants: readonly Grant[], roles = rolesOf(approver)): RoleFacts => ({
  roles,
  grants,
  holdings: holdings(grants, by, '', roles),
  known: permissions,
  beyondPolicies: () => [],
})
const admins = grantsOf('zoe: admin')

describe('custom roles', () => {
  it('are saved by who may define roles, and change what their holders may do at once', () => {
    const grants = [...admins, ...grantsOf('ann: reviewer @web')]
    const reviewer: RoleDefinition = {
      id: 'reviewer',
      permissions: ['requests.approve', 'flags.read'],
      held: 'project',
    }
    const roles = done(saveRole(reviewer, facts('zoe', grants)))
    expect([...holdings(grants, 'ann', 'web', roles).permissions]).toEqual(['requests.approve', 'flags.read'])
    const less = done(saveRole({ ...reviewer, permissions: ['flags.read'] }, facts('zoe', grants, roles)))
    expect([...holdings(grants, 'ann', 'web', less).permissions]).toEqual(['flags.read'])
    expect(refusal(saveRole(reviewer, facts('ann', grants)))?.code).toBe('not_permitted')
  })

  it('leave the roles that they are made from as they were', () => {
    const before = rolesOf()
    done(saveRole(approver, facts('zoe', admins, before)))
    expect(before.has('approver')).toBe(false)
  })

  it('hold only what whoever saves them holds', () => {
    const editors: RoleDefinition = { id: 'role_editor', permissions: ['roles.edit', 'flags.read'], held: 'tenant' }
    const roles = rolesOf(approver, editors)
    const grants = [...admins, ...grantsOf('rob: role_editor')]
    const attempt = (role: RoleDefinition) => refusal(saveRole(role, facts('rob', grants, roles)))
    expect(attempt({ id: 'reader', permissions: ['flags.read'], held: 'both' })).toBeUndefined()
    expect(attempt({ ...editors, permissions: ['roles.edit', 'requests.bypass'] })).toMatchObject({
      code: 'beyond_own_permissions',
      details: { actor: 'rob', role: 'role_editor', missing: ['requests.bypass'] },
    })
    expect(attempt({ ...approver, permissions: [] })?.code).toBe('beyond_own_permissions')
    expect(refusal(removeRole('approver', facts('rob', grants, roles)))?.code).toBe('beyond_own_permissions')
  })

  it('are removed when nobody holds them any more', () => {
    const held = [...admins, ...grantsOf('ann: approver @web', 'ben: approver', 'ann: approver')]
    expect(refusal(removeRole('approver', facts('zoe', held)))).toMatchObject({
      code: 'role_in_use',
      details: { holders: ['ann', 'ben'] },
    })
    expect(done(removeRole('approver', facts('zoe', admins))).has('approver')).toBe(false)
    expect(refusal(removeRole('nothing', facts('zoe', admins)))?.code).toBe('unknown_role')
    expect(refusal(removeRole('approver', facts('ann', admins)))?.code).toBe('not_permitted')
  })

  it('are not moved away from under their holders', () => {
    const held = [...admins, ...grantsOf('ann: approver @web')]
    expect(refusal(saveRole({ ...approver, held: 'tenant' }, facts('zoe', held)))?.code).toBe('role_in_use')
    expect(saveRole({ ...approver, held: 'project' }, facts('zoe', held)).ok).toBe(true)
  })

  it('cannot take from the tenant the last one who can give roles', () => {
    const owner: RoleDefinition = { id: 'owner', permissions, held: 'tenant' }
    const grants = grantsOf('olga: owner')
    const roles = rolesOf(owner)
    const less = { ...owner, permissions: permissions.filter((permission) => permission !== 'organization_roles.edit') }
    expect(refusal(saveRole(less, facts('olga', grants, roles)))).toMatchObject({
      code: 'last_admin',
      details: { admins: ['olga'], permission: 'organization_roles.edit' },
    })
    const unset = { ...owner, permissions: permissions.filter((permission) => permission !== 'approval_settings.edit') }
    expect(refusal(saveRole(unset, facts('olga', grants, roles)))).toMatchObject({
      code: 'last_admin',
      details: { admins: ['olga'], permission: 'approval_settings.edit' },
    })
    const two = [...grants, ...admins]
    expect(saveRole(less, facts('olga', two, roles)).ok).toBe(true)
    expect(refusal(saveRole(less, { ...facts('olga', two, roles), gone: new Set(['zoe']) }))?.code).toBe('last_admin')
  })

  it.each<readonly [string, unknown, RegExp]>([
    ['no id', { permissions: [], held: 'both' }, /role.id: must be a string/],
    ['an id that could pass for another', { ...approver, id: 'approver ' }, /must not begin or end with a blank/],
    ['an invisible id', { ...approver, id: 'appro\u200bver' }, /invisible/],
    ['an id in another form', { ...approver, id: 'a\u0301' }, /normalisation form C/],
    ['an id without end', { ...approver, id: 'a'.repeat(256) }, /at most 255 bytes/],
    ['no place to be held', { ...approver, held: 'somewhere' }, /role.held: must be "tenant"/],
    ['no list of permissions', { ...approver, permissions: 'requests.approve' }, /must be a list/],
    [
      'a permission that there is not',
      { ...approver, permissions: ['requests.aprove'] },
      /no permission "requests.aprove"/,
    ],
    ['a permission of all objects', { ...approver, permissions: ['constructor'] }, /no permission "constructor"/],
    ['nothing at all', null, /role.id/],
  ])('are refused with %s', (_, role, problem) => {
    const attempt = refusal(saveRole(role as RoleDefinition, facts('zoe', admins)))
    expect(attempt?.code).toBe('invalid_input')
    expect(attempt?.message).toMatch(problem)
  })

  it('are refused where two have the same id', () => {
    expect(refusal(defineRoles([approver, approver], permissions))?.message).toBe('roles.approver: is there twice.')
  })

  it('can be called what objects already have', () => {
    for (const id of ['__proto__', 'constructor', 'hasOwnProperty', 'toString']) {
      const role: RoleDefinition = { id, permissions: ['requests.approve'], held: 'project' }
      const roles = done(saveRole(role, facts('zoe', admins)))
      const grants: readonly Grant[] = [{ user: '__proto__', role: id, project: 'valueOf' }]
      expect(holdersOf({ roles, grants }, { role: id, project: 'valueOf' })).toEqual(['__proto__'])
      expect(holdersOf({ roles, grants }, { role: id, project: '' })).toEqual([])
      expect([...holdings(grants, '__proto__', 'valueOf', roles).permissions]).toEqual(['requests.approve'])
      expect(holdings(grants, 'constructor', 'valueOf', roles).roles).toEqual([])
    }
  })
})
