import fc from 'fast-check'
import { vi } from 'vitest'
import type { Directory } from '../../src/index.ts'

/** The time at which every case begins. */
export const start = Date.UTC(2026, 0, 5, 9)
export const hour = 60 * 60 * 1000

/** The people of the host, as its own user table has them. `bob` is another account of ben. */
export const people: Readonly<Record<string, { readonly roles: readonly string[]; readonly person?: string }>> = {
  ann: { roles: ['dev'] },
  ben: { roles: ['lead'] },
  bob: { roles: ['lead'], person: 'ben' },
  cat: { roles: ['lead', 'security'] },
  dan: { roles: ['owner', 'lead'] },
  eve: { roles: [] },
  oz: { roles: ['ops'] },
}

export const personOf = (user: string) => people[user]?.person ?? user
export const rolesOf = (user: string) => people[user]?.roles ?? []

/** What a function of the host does when it is called: what it should, or something else. */
export type Behaviour =
  | 'honest'
  | 'throws'
  | 'throws nothing'
  | 'rejects'
  | 'hangs'
  | 'late'
  | 'undefined'
  | 'null'
  | 'NaN'
  | 'text'
  | 'promise'
  | 'object'
  | 'hostile'
  /** Of the right type, and not what is true: less power, another document, another time. */
  | 'wrong'
  /** Not of the right type, and more power than there is, for whoever does not look closely. */
  | 'tempting'

const lies: readonly Behaviour[] = [
  ...(['throws', 'throws nothing', 'rejects', 'hangs', 'late', 'undefined', 'null', 'NaN', 'text'] as const),
  ...(['promise', 'object', 'hostile', 'wrong', 'wrong', 'tempting', 'tempting'] as const),
]

const behaviour: fc.Arbitrary<Behaviour> = fc.oneof(
  { weight: 5, arbitrary: fc.constant('honest' as const) },
  { weight: 2, arbitrary: fc.constantFrom(...lies) },
)
const behaviours = fc.array(behaviour, { minLength: 1, maxLength: 5 })

/** The functions that a host gives. */
export const functions = [
  ...(['now', 'newId', 'users', 'holders', 'validate', 'risky', 'owner', 'raise', 'deliver', 'sign'] as const),
  ...(['read', 'write', 'readOutside', 'writeOutside'] as const),
]
export type HostFunction = (typeof functions)[number]

/** How a host behaves: what each of its functions does at one call after the other, over and over. */
export type Host = Readonly<Record<HostFunction, readonly Behaviour[]>>

/** The host that does what it should. */
export const honest = Object.fromEntries(functions.map((name) => [name, ['honest']])) as unknown as Host

/** Hosts of which a few functions do not always do what they should. */
export const hosts: fc.Arbitrary<Host> = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...functions), behaviours), {
    selector: ([name]) => name,
    minLength: 1,
    maxLength: 4,
  })
  .map((some) => ({ ...honest, ...Object.fromEntries(some) }))

/** What cannot be looked at without harm. */
function hostile(): unknown {
  return new Proxy(
    {},
    {
      get() {
        throw new Error('do not touch')
      },
      has() {
        throw new Error('do not touch')
      },
      ownKeys() {
        throw new Error('do not touch')
      },
      getPrototypeOf() {
        throw new Error('do not touch')
      },
    },
  )
}

/** The answers that a function gives besides the true one. */
export interface Answers {
  readonly honest: () => unknown
  readonly wrong: () => unknown
  readonly tempting: () => unknown
  readonly text: () => unknown
}

/** Answers as a behaviour says. What hangs never ends; what is late ends well, long after anybody waits for it. */
export function behave(behaviour: Behaviour, { honest, wrong, tempting, text }: Answers): unknown {
  switch (behaviour) {
    case 'honest':
      return honest()
    case 'wrong':
      return wrong()
    case 'tempting':
      return tempting()
    case 'throws':
      throw new Error('out of order')
    case 'throws nothing':
      throw undefined
    case 'rejects':
      return Promise.reject(Object.create(null))
    case 'hangs':
      return new Promise(() => {})
    case 'late':
      return new Promise((resolve) => setTimeout(() => resolve(honest()), 10 * hour))
    case 'undefined':
      return undefined
    case 'null':
      return null
    case 'NaN':
      return Number.NaN
    case 'text':
      return text()
    case 'promise':
      return Promise.resolve(honest())
    case 'object':
      return { valueOf: () => 1 }
    case 'hostile':
      return hostile()
  }
}

/** The directory of honest hosts. */
export const honestDirectory: Directory = {
  users: async (_scope, ids) => ids.map((id) => people[id]),
  holders: async (_scope, role) => Object.keys(people).filter((id) => rolesOf(id).includes(role)),
  roles: async (_scope, names) => names.map(() => true),
}

/** Everything that would be power, in forms that no directory gives it in. */
export function temptingUsers(ids: readonly string[], turn: number): unknown {
  const everything = ['lead', 'security', 'owner', 'ops']
  const forms: readonly (() => unknown)[] = [
    () => ids.map(() => ({ roles: 'lead security owner ops' })),
    () => ids.map(() => ({ roles: new Set(everything) })),
    () => ids.map(async () => ({ roles: everything })),
    () => ids.map(() => ({ roles: [everything] })),
    () => [...ids, 'one more'].map(() => ({ roles: everything })),
    () => ({ length: ids.length, map: () => ids.map(() => ({ roles: everything })) }),
    () => ids.map((id) => ({ roles: everything, person: [id] })),
    () =>
      ids.map((id) => {
        let looks = 0
        return {
          get roles() {
            return looks++ === 0 ? rolesOf(id) : everything
          },
          get person() {
            return personOf(id)
          },
        }
      }),
    () =>
      ids.map((id) => {
        const roles = [...rolesOf(id)]
        setTimeout(() => roles.push(...everything), 0)
        return people[id] && { roles, person: personOf(id) }
      }),
  ]
  return forms[turn % forms.length]?.()
}

/**
 * Waits for a call while time flies: whatever waits for a timer gets it at once. Undefined where the call is not over although nobody waits for
 * anything any more.
 */
export async function settled<T>(call: Promise<T>): Promise<PromiseSettledResult<T> | undefined> {
  let result: PromiseSettledResult<T> | undefined
  call.then(
    (value) => {
      result = { status: 'fulfilled', value }
    },
    (reason) => {
      result = { status: 'rejected', reason }
    },
  )
  for (let turn = 0; turn < 2_000; turn++) {
    await new Promise(setImmediate)
    if (result) return result
    if (vi.getTimerCount() > 0) vi.advanceTimersToNextTimer()
  }
  return result
}
