import { describe, expect, it } from 'vitest'
import { type ActingApprovals, isApprovalError } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { accessWorld } from '../access-world.ts'
import { flags, pending, rollout } from '../world.ts'

type Arguments = readonly unknown[]

/** A call of every method, as it is meant. */
function calls(id: string, digest: string): Readonly<Record<string, Arguments>> {
  const ref = { type: 'feature_flag', id: 'checkout', project: 'web' }
  const key = { idempotencyKey: 'k1', reason: 'because' }
  const policy = {
    id: 'p',
    match: { resource: 'feature_flag', facets: { area: ['money'] } },
    when: { any: [{ type: 'change_amount', field: '/rollout', operator: '>', value: 10, unit: 'absolute' }] },
    require: { stages: [{ quorum: 1, from: { roles: ['approver'], users: ['zoe'] } }] },
    rules: { expiresAfter: '2d', bypass: ['admin'] },
  }
  const edits = [{ users: ['ann'], projects: ['web'], roles: ['member'] }]
  const plain = [id, key]
  const seen = [id, { digest, ...key }]
  return {
    submit: [ref, { merge: { rollout: 50 } }, { applyAt: 1_800_000_000_000, notify: ['zoe'], ...key }],
    submitAll: [[{ ref, change: { patch: [{ op: 'replace', path: '/rollout', value: 51 }] } }], key],
    bypass: [ref, { merge: { rollout: 52 } }, { base: 1, ...key }],
    preview: [ref, { revertTo: 1 }, { reason: 'so' }],
    draft: [ref, { action: 'start', details: { to: 1 }, change: { merge: { rollout: 53 } } }, key],
    'requests.submit': [id, { notify: ['zoe'], ...key }],
    'requests.edit': [id, ref, { merge: { rollout: 54 } }, { digest, ...key }],
    'requests.add': [id, ref, { merge: { rollout: 55 } }, { base: 1, ...key }],
    'requests.takeOut': [id, ref, key],
    ...{ 'requests.rebase': plain, 'requests.recall': plain, 'requests.cancel': plain, 'requests.apply': plain },
    'requests.resolve': [
      id,
      [
        { conflict: digest, take: 'draft' },
        { conflict: digest, take: 'value', value: 3 },
      ],
      key,
    ],
    'requests.schedule': [id, 1_800_000_000_000, key],
    'requests.setTime': [id, 1_800_000_000_000, key],
    ...{ 'requests.abandon': plain, 'requests.withdraw': plain, 'requests.approve': seen, 'requests.reject': seen },
    ...{ 'requests.requestChanges': seen, 'requests.bypass': seen, 'requests.followUp': seen },
    'requests.comment': [id, 'hm', { idempotencyKey: 'k2', anchor: { path: '/rollout', resource: ref, digest } }],
    'requests.describe': [id, 'for the sale', { idempotencyKey: 'k21' }],
    ...{ 'requests.resolveComment': [id, `${id}/1`, key], 'requests.reopenComment': [id, `${id}/1`, key] },
    'requests.breakGlass': [id, { digest, incident: 'INC-1', ...key }],
    'requests.get': [id],
    'requests.count': [{ status: ['pending'], project: 'web', by: 'updated', from: 0 }],
    'requests.takeOver': [id, key],
    'requests.timeline': [id, { after: 0, limit: 10 }],
    'requests.list': [{ status: ['pending'], resource: ref, requester: 'ann', limit: 10 }],
    'requests.inbox': [{ limit: 10 }],
    'requests.followUps': [],
    'resources.get': [ref],
    'resources.history': [ref, { limit: 10, before: 5 }],
    'resources.compare': [ref, { request: id }, 'live'],
    'resources.drafts': [ref],
    'resources.list': [{ type: 'feature_flag', project: 'web', from: 0, limit: 10 }],
    'resources.count': [{ type: 'feature_flag', project: 'web', to: 1_800_000_000_000 }],
    'policies.save': [policy, { idempotencyKey: 'k3' }],
    'policies.check': [policy],
    'policies.simulate': [[policy], { last: 10 }],
    'policies.previewAll': [[policy]],
    'policies.replaceAll': [[policy], { digest: 'sha256:0', idempotencyKey: 'k25' }],
    'policies.list': [],
    'policies.get': ['lead'],
    'policies.remove': ['p', { idempotencyKey: 'k4' }],
    'access.check': ['flags.read', { project: 'web' }],
    'access.may': ['flags.read', { project: 'web' }],
    'access.grant': [{ user: 'tom', role: 'member', project: 'web' }, { idempotencyKey: 'k5' }],
    'access.revoke': [{ user: 'tom', role: 'member', project: 'web' }, { idempotencyKey: 'k6' }],
    'access.preview': [edits],
    'access.change': [edits, { digest, idempotencyKey: 'k7' }],
    'access.grants': ['ann'],
    'access.holders': ['member'],
    'access.accounts.get': ['ann'],
    'access.accounts.save': [{ user: 'tom', person: 'ann', owner: 'zoe' }, { idempotencyKey: 'k8' }],
    'access.editors.get': [ref],
    'access.editors.save': [ref, { type: 'restrict', editors: ['ann'] }, { idempotencyKey: 'k9' }],
    'access.defaultAccess': [],
    'access.setDefaultAccess': ['everyone', { idempotencyKey: 'k10' }],
    'notices.preferences': [{ unwanted: ['made_editor'] }, { idempotencyKey: 'k11' }],
    'access.roles.list': [],
    'access.roles.save': [{ id: 'own', permissions: ['flags.read'], held: 'both' }, { idempotencyKey: 'k12' }],
    'access.roles.remove': ['own', { idempotencyKey: 'k13' }],
    'workflow.isEnabled': [{ project: 'web' }],
    'workflow.enable': [{ project: 'web', ...key }],
    'workflow.disable': [{ project: 'web', waiting: 'hold', ...key }],
    'freezes.list': [],
    'freezes.save': [
      {
        id: 'release',
        match: { resource: 'feature_flag', project: 'web', id: 'checkout' },
        windows: [{ rule: '0 0 1 1 *', duration: '1h', zone: 'UTC' }],
        mode: 'queue',
        reason: 'the release',
      },
      { idempotencyKey: 'k24' },
    ],
    'freezes.remove': ['release', { idempotencyKey: 'k25' }],
    'freezes.between': [1_800_000_000_000, 1_800_000_100_000],
    'freezes.at': [flags.ref('checkout'), 1_800_000_000_000],
    'delegations.save': [{ to: 'ben', starts: 1_800_000_000_000, ends: 1_800_000_100_000 }, { idempotencyKey: 'k14' }],
    'delegations.remove': ['ben', { idempotencyKey: 'k15' }],
    'delegations.list': [],
    'audit.verify': [{ checkpoint: { tenant: 'acme' }, keys: {} }],
    'audit.checkpoint': [],
    'audit.events': [{ request: id }],
    'audit.erase': [{ request: id, texts: ['reason'] }, { reason: 'asked' }],
    'audit.export': [],
  }
}

const circle: Record<string, unknown> = {}
circle['self'] = circle
const deep: unknown = JSON.parse('['.repeat(5_000) + ']'.repeat(5_000))
const thrower = (what: string) => () => {
  throw new RangeError(what)
}

/** What runs code of the caller where it is read: what that throws is the caller's, and comes back to them as it is. */
const throwing = ['getter', 'ownKeys', 'get', 'toString', 'valueOf', 'toJSON', 'revoked']

/** What can stand in any place of any argument. */
const hostile: Readonly<Record<string, unknown>> = {
  ...{ undefined, null: null, true: true, NaN: Number.NaN, infinity: Number.POSITIVE_INFINITY, minus: -1, half: 0.5 },
  ...{
    huge: 2 ** 60,
    bigint: 10n,
    symbol: Symbol('s'),
    function: () => 1,
    empty: '',
    space: ' ',
    nul: '\0',
    half_pair: '\ud800',
  },
  ...{
    long: 'x'.repeat(200_000),
    proto: '__proto__',
    list: [],
    lists: [[[]]],
    deep,
    circle,
    date: new Date(0),
    map: new Map(),
  },
  ...{ holes: new Array(5), none: Object.create(null), object: {}, polluting: JSON.parse('{"__proto__": {"a": 1}}') },
  getter: Object.defineProperty({}, 'id', { get: thrower('getter'), enumerable: true }),
  proxy: new Proxy({}, { ownKeys: thrower('ownKeys'), get: thrower('get') }),
  revoked: revoked(),
  text_like: { toString: thrower('toString'), valueOf: thrower('valueOf') },
  json_like: { toJSON: thrower('toJSON') },
  keyed_by_symbol: { [Symbol('s')]: 1 },
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

/** Every way to put one hostile value in the place of a part of a value. */
function* withOne(value: unknown, path: string): Generator<readonly [string, unknown]> {
  for (const [name, put] of Object.entries(hostile)) yield [`${path || 'it'}: ${name}`, put]
  if (typeof value !== 'object' || value === null) return
  for (const [key, member] of Object.entries(value)) {
    for (const [told, put] of withOne(member, `${path}/${key}`)) {
      yield [told, Array.isArray(value) ? value.with(Number(key), put) : { ...value, [key]: put }]
    }
  }
  if (!Array.isArray(value)) yield [`${path}: another key`, { ...value, unheard: 1 }]
}

function methodsIn(object: object, path = ''): readonly (readonly [string, (...given: unknown[]) => unknown])[] {
  return Object.entries(object).flatMap(([name, value]) => {
    if (typeof value === 'function') return [[`${path}${name}`, value as (...given: unknown[]) => unknown] as const]
    return methodsIn(value, `${path}${name}.`)
  })
}

async function ofCall(call: () => unknown): Promise<unknown> {
  try {
    const answer = await call()
    // A log is read piece by piece.
    if (typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer) {
      for await (const _ of answer as AsyncIterable<unknown>) break
    }
    return undefined
  } catch (error) {
    return error
  }
}

const world = async () => {
  const w = await accessWorld(memoryStorage())
  const acting: ActingApprovals = w.as('zoe')
  await acting.policies.save({ id: 'lead', match: {}, require: { quorum: 1, from: { users: ['zoe'] } } })
  const ref = flags.ref('checkout', { project: 'web' })
  const { id, digest } = pending(await w.as('ann').submit(ref, { value: { enabled: true, rollout: 1 } }))
  await acting.requests.approve(id, { digest })
  const open = pending(await w.as('ann').submit(ref, rollout(40)))
  return { acting, id: open.id, digest: open.digest }
}

const { acting, id, digest } = await world()
const meant = calls(id, digest)

describe('an argument of any method', () => {
  it('[HO-07] is tried for each of them', () => {
    expect(
      methodsIn(acting)
        .map(([name]) => name)
        .toSorted(),
    ).toEqual(Object.keys(meant).toSorted())
  })

  it.each(methodsIn(acting))(
    '[HO-07] of %s is taken or refused, whatever it is',
    { timeout: 60_000 },
    async (name, method) => {
      const given = meant[name] ?? []
      const raw: string[] = []
      for (const at of given.keys()) {
        for (const [told, value] of withOne(given[at], '')) {
          const error = await ofCall(() => method(...given.with(at, value)))
          const isTheirs = error instanceof Error && throwing.some((word) => error.message.includes(word))
          if (error !== undefined && !isApprovalError(error) && !isTheirs)
            raw.push(`argument ${at}, ${told}: ${String(error)}`)
        }
      }
      expect(raw).toEqual([])
    },
  )
})
