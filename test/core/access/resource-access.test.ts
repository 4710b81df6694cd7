import { describe, expect, it } from 'vitest'
import {
  type AccessChange,
  accessOfNew,
  changeAccess,
  type EditQuestion,
  editorsToTell,
  managementApi,
  mayEdit,
  maySetDefaultAccess,
  type ResourceAccess,
} from '../../../src/core/access/resource-access.ts'
import { done, refusal } from '../../result.ts'
import { grantsOf, holdings } from './access.ts'

const grants = grantsOf(
  'zoe: admin',
  'mia: manager @web',
  'ann: member @web',
  'ben: member @web',
  'vic: viewer @web',
  'bot: member @web',
)
const resource = { type: 'flag', id: 'checkout' }
const everyone: ResourceAccess = { type: 'everyone' }
const editors = (...users: readonly string[]): ResourceAccess => ({ type: 'editors', editors: users })

const question = (user: string, access: ResourceAccess, rest: Partial<EditQuestion> = {}): EditQuestion => ({
  resource,
  access,
  holdings: holdings(grants, user, 'web'),
  needs: ['flags.edit'],
  via: 'app',
  ...rest,
})

describe('a restricted resource', () => {
  const access = editors('ann', 'vic')

  it.each([
    ['ann', 'app', 'editor'],
    ['ben', 'app', 'not_an_editor'],
    ['mia', 'app', 'not_an_editor'],
    ['vic', 'app', 'not_permitted'],
    ['zoe', 'app', 'permission'],
    ['bot', managementApi, 'management_api'],
    ['vic', managementApi, 'not_permitted'],
    ['nobody', managementApi, 'not_permitted'],
    ['nobody', 'app', 'not_permitted'],
    ['bot', 'Management_API', 'not_an_editor'],
  ])('answers %s through the door %s: %s', (user, via, answer) => {
    const result = mayEdit(question(user, access, { via }))
    expect(result.ok ? result.value : result.refusal.code).toBe(answer)
  })

  it('says who could', () => {
    expect(refusal(mayEdit(question('ben', access)))).toMatchObject({
      details: { ...resource, actor: 'ben', editors: ['ann', 'vic'] },
      message: 'flag "checkout" is restricted to "ann", "vic": "ben" cannot edit it.',
    })
  })

  it('lets a viewer on its list save once the role is raised', () => {
    const raised = holdings(grantsOf('vic: member @web'), 'vic', 'web')
    expect(done(mayEdit(question('vic', access, { holdings: raised })))).toBe('editor')
  })

  it('needs every permission of the edit', () => {
    expect(refusal(mayEdit(question('ann', access, { needs: ['flags.edit', 'project_roles.edit'] })))).toMatchObject({
      code: 'not_permitted',
      details: { missing: ['project_roles.edit'] },
    })
    expect(mayEdit(question('ann', access, { needs: [] })).ok).toBe(false)
  })

  it('is not entered by a name of objects', () => {
    for (const user of ['__proto__', 'constructor', 'length', '0']) {
      const held = holdings([{ user, role: 'member', project: 'web' }], user, 'web')
      expect(refusal(mayEdit(question(user, access, { holdings: held })))?.code).toBe('not_an_editor')
      expect(mayEdit(question(user, editors(user), { holdings: held })).ok).toBe(true)
    }
  })
})

describe('an open resource', () => {
  it('is edited by whoever has the role', () => {
    expect(done(mayEdit(question('ben', everyone)))).toBe('everyone')
    expect(refusal(mayEdit(question('vic', everyone)))?.code).toBe('not_permitted')
  })
})

describe('the default of new resources', () => {
  it('is set by admins alone', () => {
    const inTenant = (user: string) => maySetDefaultAccess(holdings(grants, user)).ok
    expect(['zoe', 'mia', 'ann', 'vic', 'nobody'].map(inTenant)).toEqual([true, false, false, false, false])
  })

  it('holds for what is made by people, and not for what the management API makes', () => {
    expect(accessOfNew('editors', { user: 'ann', via: 'app' })).toEqual(editors('ann'))
    expect(accessOfNew('everyone', { user: 'ann', via: 'app' })).toEqual(everyone)
    expect(accessOfNew('editors', { user: 'bot', via: managementApi })).toEqual(everyone)
  })
})

describe('the access to a resource', () => {
  const change = (user: string, access: ResourceAccess, wanted: AccessChange) =>
    changeAccess(question(user, access), wanted)

  it('is tightened and opened later, whatever it was', () => {
    expect(done(change('ben', everyone, { type: 'restrict', editors: ['ann', 'ben', 'ann'] }))).toEqual({
      access: editors('ann', 'ben'),
      added: ['ann', 'ben'],
      removed: [],
      ground: 'everyone',
    })
    expect(done(change('ann', editors('ann', 'ben'), { type: 'open' }))).toEqual({
      access: everyone,
      added: [],
      removed: ['ann', 'ben'],
      ground: 'editor',
    })
  })

  it('takes new editors, and lets old ones go', () => {
    const added = done(change('ann', editors('ann'), { type: 'add_editors', editors: ['vic', 'ann'] }))
    expect(added).toMatchObject({ access: editors('ann', 'vic'), added: ['vic'], removed: [] })
    const removed = done(change('ann', added.access, { type: 'remove_editors', editors: ['ann'] }))
    expect(removed).toMatchObject({ access: editors('vic'), added: [], removed: ['ann'] })
  })

  it('is changed only by those who may edit', () => {
    const letIn: AccessChange = { type: 'add_editors', editors: ['ben'] }
    expect(refusal(change('ben', editors('ann'), letIn))?.code).toBe('not_an_editor')
    expect(refusal(change('ben', editors('ann'), { type: 'open' }))?.code).toBe('not_an_editor')
    expect(refusal(change('vic', everyone, { type: 'restrict', editors: ['vic'] }))?.code).toBe('not_permitted')
    expect(done(change('zoe', editors('ann'), letIn)).ground).toBe('permission')
  })

  it.each<readonly [string, ResourceAccess, unknown, RegExp]>([
    ['nobody', everyone, { type: 'restrict', editors: [] }, /must name somebody/],
    ['nobody left', editors('ann'), { type: 'remove_editors', editors: ['ann'] }, /must name somebody/],
    ['a stranger removed', editors('ann'), { type: 'remove_editors', editors: ['ben'] }, /"ben" is not an editor/],
    ['an editor of what is open', everyone, { type: 'add_editors', editors: ['ben'] }, /restrict it first/],
    [
      'an editor who is nobody',
      editors('ann'),
      { type: 'add_editors', editors: [''] },
      /editors\.0: must not be empty/,
    ],
    ['an editor who is no text', editors('ann'), { type: 'add_editors', editors: [7] }, /must be a string/],
    ['no list', editors('ann'), { type: 'add_editors', editors: 'ben' }, /^change: must be/],
    ['an unknown change', editors('ann', 'ben'), { type: 'revoke', editors: ['ben'] }, /^change: must be/],
  ])('is not changed to have %s', (_, access, wanted, problem) => {
    const attempt = refusal(change('ann', access, wanted as AccessChange))
    expect(attempt?.code).toBe('invalid_input')
    expect(attempt?.message).toMatch(problem)
  })

  it('tells new editors, unless they did it themselves or want no such notice', () => {
    const { added } = done(change('ann', everyone, { type: 'restrict', editors: ['ann', 'ben', 'vic', '__proto__'] }))
    const unwanted = new Set(['ben'])
    expect(editorsToTell({ added }, { by: 'ann', unwanted })).toEqual(['vic', '__proto__'])
  })
})
