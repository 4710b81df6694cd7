import { describe, expect, it } from 'vitest'
import { hasAccess, holdingsOf, requirePermissions } from '../../src/core/access/holdings.ts'
import { rolesWith } from '../../src/core/access/role.ts'
import { levelRoles, levels } from '../../src/presets/levels.ts'
import { grantsOf, holdings, permissions, rolesOf } from '../core/access/access.ts'
import { refusal } from '../result.ts'

/** The matrix as people were promised it: x where the level may do it. */
const matrix = `
  permission                  viewer member manager admin
  flags.read                  x      x      x       x
  experiments.read            x      x      x       x
  environments.read           x      x      x       x
  exclusion_groups.read       x      x      x       x
  targeted_environments.read  x      x      x       x
  activation.read             x      x      x       x
  variants.read               x      x      x       x
  allocation.read             x      x      x       x
  analysis.read               x      x      x       x
  metrics.read                x      x      x       x
  targeted_environments.write -      x      x       x
  activation.write            -      x      x       x
  variants.write              -      x      x       x
  allocation.write            -      x      x       x
  analysis.write              -      x      x       x
  metrics.write               -      x      x       x
  flags.create                -      x      x       x
  flags.edit                  -      x      x       x
  flags.delete                -      x      x       x
  experiments.create          -      x      x       x
  experiments.edit            -      x      x       x
  experiments.delete          -      x      x       x
  environments.create         -      x      x       x
  environments.edit           -      x      x       x
  environments.delete         -      x      x       x
  exclusion_groups.create     -      x      x       x
  exclusion_groups.edit       -      x      x       x
  exclusion_groups.delete     -      x      x       x
  project_users.add           -      -      x       x
  project_roles.edit          -      -      x       x
  organization_users.add      -      -      -       x
  organization_roles.edit     -      -      -       x
  api_key.view                x      x      x       x
  resources.read              x      x      x       x
  log.read                    -      -      x       x
  approval_settings.edit      -      -      x       x
  requests.approve            -      -      -       x
  requests.bypass             -      -      -       x
  roles.edit                  -      -      -       x
  default_access.edit         -      -      -       x
  texts.erase                 -      -      -       x
  restricted_resources.edit   -      -      -       x
`
const [head = [], ...rows] = matrix
  .trim()
  .split('\n')
  .map((line) => line.trim().split(/\s+/))
const cells = rows.flatMap(([permission = '', ...marks]) =>
  marks.map((mark, index) => ({ permission, level: head[index + 1] ?? '', may: mark === 'x' })),
)

describe('the permission matrix', () => {
  it.each(cells)('$level · $permission: $may', ({ permission, level, may }) => {
    const held = holdingsOf(rolesOf(), { user: 'ann', project: 'web', held: [level] })
    expect(requirePermissions(held, [permission]).ok).toBe(may)
  })

  it('has no other cells', () => {
    expect(head.slice(1)).toEqual([...levels])
    expect(rows.map(([permission]) => permission).toSorted()).toEqual([...permissions].toSorted())
    expect(levelRoles.map(({ id }) => id)).toEqual([...levels])
  })

  it('lists the roles that hold a permission, custom ones among them', () => {
    const roles = rolesOf({ id: 'approver', permissions: ['requests.approve'], held: 'both' })
    expect(rolesWith(roles, 'requests.approve')).toEqual(['admin', 'approver'])
    expect(rolesWith(roles, 'flags.edit')).toEqual(['member', 'manager', 'admin'])
    expect(rolesWith(roles, 'nothing')).toEqual([])
  })
})

describe('a level', () => {
  const grants = grantsOf('ann: member @web', 'ann: viewer @shop', 'zoe: admin', 'eve: admin @web', 'max: member')

  it('is held in a project, and is nobody in another', () => {
    expect(holdings(grants, 'ann', 'web').roles).toEqual(['member'])
    expect(holdings(grants, 'ann', 'shop').roles).toEqual(['viewer'])
    expect(hasAccess(holdings(grants, 'ann', 'mail'))).toBe(false)
    expect(hasAccess(holdings(grants, 'ann'))).toBe(false)
    expect(requirePermissions(holdings(grants, 'ann', 'web'), ['flags.edit']).ok).toBe(true)
    expect(refusal(requirePermissions(holdings(grants, 'ann', 'shop'), ['flags.read', 'flags.edit']))).toMatchObject({
      code: 'not_permitted',
      details: { actor: 'ann', project: 'shop', missing: ['flags.edit'] },
      message: '"ann" needs "flags.edit" in project "shop" for this.',
    })
  })

  it('of the whole tenant reaches into every project', () => {
    for (const project of ['web', 'shop', '']) expect(holdings(grants, 'zoe', project).roles).toEqual(['admin'])
  })

  it('counts only where it can be held', () => {
    expect(hasAccess(holdings(grants, 'eve', 'web'))).toBe(false)
    expect(hasAccess(holdings(grants, 'max', 'web'))).toBe(false)
  })
})

describe('nobody', () => {
  it('is permitted nothing, and nobody is asked for nothing', () => {
    const nobody = holdings([], 'ann', 'web')
    expect(requirePermissions(nobody, ['flags.read']).ok).toBe(false)
    expect(requirePermissions(holdings(grantsOf('zoe: admin'), 'zoe'), []).ok).toBe(false)
  })

  it('gains anything by a role that is unknown, or looks like a known one', () => {
    for (const role of ['owner', 'Admin', 'admin ', 'ádmin', '__proto__', 'constructor', 'toString']) {
      const held = holdingsOf(rolesOf(), { user: 'ann', project: '', held: [role] })
      expect(held.roles).toEqual([])
      expect(held.permissions.size).toBe(0)
    }
  })

  it('is somebody else by a name that looks the same, or that objects already have', () => {
    const names = [
      'a',
      'A',
      'á',
      'a '.trim(),
      'a\u0301',
      'ann',
      'Ann',
      'K',
      '\u212a',
      '__proto__',
      'constructor',
      'hasOwnProperty',
    ]
    for (const name of new Set(names)) {
      const grants = grantsOf(`${name}: member @web`)
      for (const other of new Set(names)) {
        expect(hasAccess(holdings(grants, other, 'web')), `${name} ${other}`).toBe(name === other)
      }
      expect(hasAccess(holdings(grants, name, '__proto__'))).toBe(false)
    }
  })
})
