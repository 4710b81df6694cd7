import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  type ApprovalsOptions,
  createApprovals,
  databaseClock,
  defineResource,
  type ResourceOptions,
  staticDirectory,
} from '../../src/index.ts'
import { emitter } from '../../src/notifiers/emitter.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { sqliteStorage } from '../../src/storage/sqlite.ts'

const flags = defineResource({ type: 'flag', schema: z.object({ on: z.boolean() }) })
const directory = staticDirectory({ ann: ['lead'] })
const sound = { storage: memoryStorage(), resources: [flags], directory, admins: { roles: ['lead'] } }

/** What is handed in, and what the refusal has to say: the thing, what it is, and how to write it. */
type Mistake = readonly [given: string, options: object, says: string]

function refuses(make: () => unknown, says: string) {
  expect(make).toThrow(TypeError)
  expect(make).toThrow(says)
}

describe('createApprovals', () => {
  it.each<Mistake>([
    [
      'no storage',
      { storage: undefined },
      "storage must be what memoryStorage() or sqliteStorage('approvals.db') gives, not undefined",
    ],
    ['a storage that was not called', { storage: sqliteStorage }, 'not a function: call it, as in memoryStorage()'],
    ['a storage that was not awaited', { storage: Promise.resolve(memoryStorage()) }, 'not a promise: await it'],
    ['the path of a database', { storage: 'approvals.db' }, 'createApprovals: storage must be'],
    ['a storage without commit', { storage: { ...memoryStorage(), commit: undefined } }, 'it has no commit'],
    [
      'an ORM',
      { storage: { query: async () => [], transaction: async () => {} } },
      'get(keys), list(query), commit(writes, effect)',
    ],
    [
      'null for a directory',
      { directory: null },
      "directory must be what staticDirectory({ ann: ['lead'] }) gives, not null",
    ],
    ['a directory that was not called', { directory: staticDirectory }, 'not a function: call it'],
    ['a directory without holders', { directory: { ...directory, holders: undefined } }, 'it has no holders'],
    ['a directory with a list for a method', { directory: { ...directory, users: [] } }, 'users(scope, ids)'],
    [
      'one resource type in the place of a list',
      { resources: flags },
      'resources must be a list of what defineResource gives, as in [flags], not an object',
    ],
    ['no resources', { resources: undefined }, 'resources must be a list'],
    [
      'a schema in the place of a resource type',
      { resources: [flags, z.object({})] },
      'resources[1] must be what defineResource({ type, schema }) gives',
    ],
    [
      'options in the place of a resource type',
      { resources: [{ type: 'a', schema: z.number() }] },
      'resources[0] must be',
    ],
    ['nothing for a resource type', { resources: [undefined] }, 'resources[0] must be'],
    ['two types of one name', { resources: [flags, { ...flags }] }, 'two of the resource types are called "flag"'],
    ['one notifier in the place of a list', { notifiers: emitter() }, 'notifiers must be a list, as in [emitter()]'],
    ['a notifier that was not called', { notifiers: [emitter] }, 'notifiers[0] must be { name, deliver(notice) }'],
    ['a notifier without a name', { notifiers: [emitter(), { deliver() {} }] }, 'notifiers[1] must be'],
    [
      'a notifier that delivers with a text',
      { notifiers: [{ name: 'mail', deliver: 'smtp' }] },
      'its deliver is no function',
    ],
    ['null for a notifier', { notifiers: [null] }, 'notifiers[0] must be'],
    ['two notifiers of one name', { notifiers: [emitter(), emitter()] }, 'two of the notifiers are called "emitter"'],
    ['a signer that is a function', { signer: () => {} }, 'signer must have a keyId'],
    ['null for a signer', { signer: null }, 'signer must have a keyId'],
    [
      'a predicate that is a value',
      { predicates: { risky: true } },
      'predicates["risky"] must be a function, not true',
    ],
    ['a list of predicates', { predicates: [() => true] }, 'predicates must be an object of functions'],
    ['the time in the place of a clock', { now: Date.now() }, 'now must be a function, as in () => Date.now()'],
    [
      'an id in the place of a source of ids',
      { newId: 'id' },
      'newId must be a function, as in () => crypto.randomUUID()',
    ],
    ['a workflow that is a boolean', { workflow: true }, 'workflow must be "on" or "off"'],
    [
      'nobody for an admin',
      { admins: {} },
      'admins must be "anyone", or name users or roles, as in { roles: [\'admin\'] }, not {}',
    ],
    ['one role for the admins', { admins: 'lead' }, 'not "lead"'],
    ['admins of another shape', { admins: { role: ['lead'] } }, '{"role":["lead"]}'],
    ['admins whose roles are a text', { admins: { roles: 'lead' } }, '{"roles":"lead"}'],
    ['the user that nobody is among the admins', { admins: { users: ['countersign'] } }, 'admins must be'],
    ['no admins', { admins: undefined }, 'say who may save policies'],
    ['null for notices', { notices: null }, "notices must be an object, as in { applied: ['requester'] }"],
    ['a notice that does not exist', { notices: { aproved: ['requester'] } }, 'no notice "aproved"'],
    ['null for access', { admins: undefined, access: null }, 'createApprovals: access takes an object'],
    [
      'a permission in the place of a list',
      { admins: undefined, access: { permissions: 'billing' } },
      'access.permissions must be a list of names',
    ],
    [
      'a role in the place of a list',
      { admins: undefined, access: { roles: { id: 'x' } } },
      'access.roles must be a list of roles',
    ],
    ['a misspelt option', { notifier: [] }, 'createApprovals has no option "notifier"; known are storage,'],
  ])('[HO-07] refuses %s, says what it takes and how to write it', (_, options, says) => {
    refuses(() => createApprovals({ ...sound, ...options } as ApprovalsOptions), says)
  })

  it.each([undefined, null, 'sqlite', []])('[HO-07] refuses %j in the place of its options', (options) => {
    refuses(() => createApprovals(options as unknown as ApprovalsOptions), 'createApprovals takes an object of options')
  })

  it('[HO-07] takes a storage, a directory and a notifier whose methods are those of a class', async () => {
    class Users {
      readonly known = directory
      users: typeof directory.users = (scope, ids) => this.known.users(scope, ids)
      holders: typeof directory.holders = (scope, role) => this.known.holders(scope, role)
      roles: typeof directory.roles = (scope, names) => this.known.roles(scope, names)
    }
    class Mail {
      readonly name = 'mail'
      readonly sent: string[] = []
      async deliver({ id }: { readonly id: string }) {
        this.sent.push(id)
      }
    }
    const mail = new Mail()
    const notices = { applied: ['requester'] } as const
    const approvals = createApprovals({ ...sound, directory: new Users(), notifiers: [mail], notices })
    await approvals.as({ tenant: 't', user: 'ann' }).submit(flags.ref('x'), { value: { on: true } })
    await approvals.tick()
  })
})

describe('defineResource', () => {
  const schema = z.object({ on: z.boolean() })

  it.each<Mistake>([
    ['no schema', { schema: undefined }, 'schema of "flag" must be a Standard Schema'],
    ['a schema that is a description', { schema: { on: 'boolean' } }, 'must be a Standard Schema'],
    ['null for a shape', { shape: null }, "shape of \"flag\" must be an object, as in { '/rules': keyedBy('id') }"],
    [
      'a field in the place of a kind of list',
      { shape: { '/rules': 'id' } },
      'shape of "flag": The shape of /rules is none of keyedBy(field)',
    ],
    ['a kind of list that was not called', { shape: { '/rules': () => {} } }, 'none of keyedBy(field), set()'],
    ['a place that is no path', { shape: { rules: { kind: 'set' } } }, 'shape of "flag": "rules" is no pattern'],
    [
      'a path in the place of a group',
      { groups: { metadata: '/description' } },
      'group "metadata" of "flag" must be a list of paths',
    ],
    ['an action that is a value', { actions: { enable: true } }, 'action "enable" of "flag"'],
    [
      'an action that is misspelt',
      { actions: { enable: { detects: () => true } } },
      'has no option "detects"; known are detect, covers',
    ],
    ['an action without its detector', { actions: { enable: { covers: ['/on'] } } }, '{ detect, covers }'],
    [
      'an action that covers a text',
      { actions: { enable: { detect: () => true, covers: '/on' } } },
      '{ detect, covers }',
    ],
    ['a list of actions', { actions: [() => true] }, 'actions of "flag" must be an object'],
    ['a facet that is a value', { facets: { owner: 'web' } }, 'facet "owner" of "flag"'],
    [
      'a facet without values',
      { facets: { owner: { of: () => 'web' } } },
      'must be a function of the document, or { of, values }',
    ],
    ['a gate that is a text', { gated: 'false' }, 'gated of "flag" must be true or false, not "false"'],
    [
      'the table of a life cycle',
      { lifecycle: { moves: [] } },
      'must be what defineLifecycle({ name, initial, moves }) gives',
    ],
    ['references that are a list', { references: [] }, 'references of "flag" must be a function'],
    ['a read that is a document', { read: {}, write: () => {} }, 'read of "flag" must be a function'],
    [
      'an external without write',
      { external: { read: () => undefined } },
      'external of "flag" needs both read and write',
    ],
    [
      'an external with a misspelt option',
      { external: { read() {}, write() {}, timeout: 5 } },
      'has no option "timeout"; known are read, write, patience',
    ],
    [
      'a patience that no timer has',
      { external: { read() {}, write() {}, patience: 2 ** 31 } },
      'external.patience of "flag" must be a whole number',
    ],
    ['null for labels', { labels: null }, 'labels of "flag" must be an object'],
    ['a label that is a text', { labels: { '/on': 'On' } }, 'labels of "flag"'],
    ['a misspelt option', { gate: true }, 'defineResource has no option "gate"'],
  ])('[HO-07] refuses %s, says what it takes and how to write it', (_, options, says) => {
    refuses(() => defineResource({ type: 'flag', schema, ...options } as ResourceOptions<unknown>), says)
  })

  it.each([undefined, null, schema.shape.on, []])('[HO-07] refuses what is no options: %#', (options) => {
    refuses(() => defineResource(options as unknown as ResourceOptions<unknown>), 'defineResource')
  })
})

describe('what is made beforehand', () => {
  it('[HO-07] a static directory refuses roles that are one text, which would be every role in it', () => {
    refuses(
      () => staticDirectory({ ann: 'lead' as unknown as string[] }),
      'the roles of "ann" must be a list of names, as in [\'lead\']',
    )
    refuses(() => staticDirectory(null as never), "users must be an object, as in { ann: ['developer']")
    refuses(() => staticDirectory(['ann'] as never), 'users must be an object')
  })

  it('[HO-07] a static directory stays as it was made', async () => {
    const roles = ['dev']
    const made = staticDirectory({ ann: roles })
    roles.push('lead')
    expect(await made.users({ tenant: 't' }, ['ann'])).toEqual([{ roles: ['dev'] }])
  })

  it('[HO-07] an emitter refuses events that never come, names those that do, and hears with functions only', () => {
    refuses(
      () => emitter().on('aproved' as never, () => {}),
      'no notices of type "aproved"; there are submitted, changes_requested, approved,',
    )
    refuses(() => emitter().on('approved', undefined as never), 'on("approved", …) takes a function')
    refuses(() => emitter({ name: '' }), 'name must be a text')
  })

  it('[HO-07] a database clock refuses what cannot tell the time', async () => {
    await expect(databaseClock(Date.now() as never)).rejects.toThrow('readTime must be a function')
    await expect(databaseClock(undefined as never)).rejects.toThrow(TypeError)
    await expect(databaseClock(async () => 1, { every: Number.NaN })).rejects.toThrow('every must be a whole number')
  })
})
