import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../src/storage/memory.ts'
import { accessWorld } from '../access-world.ts'
import { desk, office } from '../chaos/desk.ts'
import { type Scene, scenes } from '../chaos/scenes.ts'
import { day, flags, refusal, start } from '../world.ts'

const idempotencyKey = 'k'
type Call = (...args: readonly unknown[]) => Promise<unknown>

/** A call that was made, and the method that it was made of. */
interface Made {
  readonly call: Call
  readonly args: readonly unknown[]
}

/** Options that some methods take. A method that does not know one refuses it. */
const others = { reason: 'another', applyAt: start + day / 2, base: 1, draft: true, onBehalfOf: 'ann' }

/** Every list of arguments that differs from this one in one place, or by one option more. */
function varied(args: readonly unknown[]): readonly (readonly unknown[])[] {
  const options = args.findIndex((arg) => arg instanceof Object && Object.hasOwn(arg, 'idempotencyKey'))
  const given = args[options] as Readonly<Record<string, unknown>>
  const more = Object.entries(others).filter(([name]) => !Object.hasOwn(given, name))
  const other = (value: unknown): readonly unknown[] => {
    if (typeof value === 'string') return value === idempotencyKey ? [] : [`${value}x`]
    if (typeof value === 'number') return [value + 1]
    if (typeof value === 'boolean') return [!value]
    if (Array.isArray(value)) return value.flatMap((item, at) => other(item).map((next) => value.with(at, next)))
    return Object.entries(value ?? {}).flatMap(([name, item]) =>
      other(item).map((next) => ({ ...(value as object), [name]: next })),
    )
  }
  return [...other(args), ...more.map(([name, value]) => args.with(options, { ...given, [name]: value }))] as never
}

/** Says what a command answers under a key that another command had. */
async function answered({ call, args }: Made): Promise<string> {
  try {
    return await refusal(call(...args))
  } catch {
    return 'the answer to something else'
  }
}

/** Does a scene, and tells which call it made. */
async function done({ prepare, act }: Scene): Promise<Made> {
  const [storage, shared] = [memoryStorage(), office()]
  const own = desk(storage, shared)
  const asked = await prepare(own, shared)
  let made: Made | undefined
  const noting = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(all, name) {
        const found = Reflect.get(all, name) as unknown
        if (typeof found !== 'function') return noting(found as object)
        return (...args: readonly unknown[]) => {
          made = { call: (...others) => found(...others), args }
          return found(...args)
        }
      },
    })
  await act({ ...own, as: (...who) => noting(own.as(...who)) }, asked, { idempotencyKey })
  if (!made) throw new TypeError('The scene did nothing.')
  return made
}

describe('an idempotency key', () => {
  it.each(scenes.map((scene) => [scene.name, scene] as const))(
    '[BY-30] gives the answer to no other arguments of: %s',
    async (_, scene) => {
      const { call, args } = await done(scene)
      const answers: string[] = []
      for (const other of varied(args)) answers.push(await answered({ call, args: other }))
      expect(answers).toContain('idempotency_mismatch')
      expect(answers).not.toContain('the answer to something else')
    },
  )

  it('[BY-30] gives the answer to no other time of several changes', async () => {
    const one = desk(memoryStorage(), office())
    const changes = [{ ref: flags.ref('one'), change: { value: { enabled: true, rollout: 5 } } }]
    await one.as('ann').policies.save({ id: 'all', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } })
    const submit = (applyAt: number) => one.as('ann').submitAll(changes, { applyAt, idempotencyKey })
    const first = await submit(start + day)
    expect(await submit(start + day)).toEqual(first)
    expect(await refusal(submit(start + 2 * day))).toBe('idempotency_mismatch')
  })

  it('[BY-30] [AP-05] takes no role away where it gave one', async () => {
    const { access } = (await accessWorld(memoryStorage())).as('zoe')
    const role = { user: 'vic', role: 'member', project: 'web' }
    await access.grant(role, { idempotencyKey })
    expect(await refusal(access.revoke(role, { idempotencyKey }))).toBe('idempotency_mismatch')
    expect(await refusal(access.grant({ ...role, project: 'shop' }, { idempotencyKey }))).toBe('idempotency_mismatch')
  })

  it('[BY-30] switches nothing off where it switched something on', async () => {
    const { workflow } = (await accessWorld(memoryStorage())).as('zoe')
    await workflow.enable({ project: 'web', idempotencyKey })
    expect(await refusal(workflow.disable({ project: 'web', idempotencyKey }))).toBe('idempotency_mismatch')
    expect(await refusal(workflow.enable({ idempotencyKey }))).toBe('idempotency_mismatch')
  })
})
