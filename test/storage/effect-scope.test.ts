import { executionAsyncResource } from 'node:async_hooks'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createEffectScope } from '../../src/storage/toolkit/effect-scope.ts'

describe('createEffectScope', () => {
  it('refuses what a running effect calls, also while another one ends, and lets others call', async () => {
    const scope = createEffectScope()
    const first = scope.run(async () => {
      await scope.run(async () => {})
      await setImmediate()
      scope.refuseInside('get')
    })
    const second = scope.run(async () => {})
    scope.refuseInside('get')
    await second
    await expect(first).rejects.toMatchObject({ code: 'storage_failed', details: { operation: 'get' } })
    scope.refuseInside('get')
  })

  it('lets an effect call later what would have waited for it, once nothing waits for it any more', async () => {
    const scope = createEffectScope()
    let later = Promise.resolve()
    await scope.run(async () => {
      later = setImmediate().then(() => scope.refuseInside('get'))
    })
    await later
  })

  it('refuses what comes back by way of the effect of another storage', async () => {
    const [scope, other] = [createEffectScope(), createEffectScope()]
    const there = scope.run(() => other.run(async () => scope.refuseInside('commit')))
    await expect(there).rejects.toMatchObject({ code: 'storage_failed', details: { operation: 'commit' } })
    await scope.run(async () => other.refuseInside('commit'))
  })

  it('has no more to look at after many effects, each of which set off the next one', async () => {
    const scope = createEffectScope()
    const took = await new Promise<number>((resolve) => {
      const setOff = (effects: number): void => {
        if (effects > 0) return void scope.run(async () => void globalThis.setImmediate(setOff, effects - 1))
        const from = performance.now()
        for (let calls = 0; calls < 1000; calls++) scope.refuseInside('get')
        resolve(performance.now() - from)
      }
      setOff(50_000)
    })
    expect(took).toBeLessThan(50)
  })

  it('throws on what an effect throws, at once or later', async () => {
    const scope = createEffectScope()
    const thrown = { not: 'even an error' }
    await expect(scope.run(() => Promise.reject(thrown))).rejects.toBe(thrown)
    const atOnce = () => {
      throw thrown
    }
    await expect(scope.run(atOnce)).rejects.toBe(thrown)
  })

  it('leaves nothing behind that every later promise of the process would carry', async () => {
    const carried = async () => {
      await setImmediate()
      return Object.getOwnPropertySymbols(executionAsyncResource()).length
    }
    await createEffectScope().run(async () => {})
    const before = await carried()
    for (let scopes = 0; scopes < 100; scopes++) await createEffectScope().run(async () => {})
    expect(await carried()).toBe(before)
  })
})
