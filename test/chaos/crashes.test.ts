import { describe, expect, it } from 'vitest'
import { verbNames } from '../../src/core/request/model/status-table.ts'
import { hasCode } from '../../src/index.ts'
import type { memoryStorage } from '../../src/storage/memory.ts'
import { some } from '../runs.ts'
import { desk, everything, lasting, type Office } from './desk.ts'
import { type Failure, failingStorage, failures, lateStorage, watchedStorage } from './failing-storage.ts'
import { sameSalts } from './same-salts.ts'
import { type Asked, dueScenes, type Scene, scenes } from './scenes.ts'
import { type Beginning, situation } from './situation.ts'

const key = { idempotencyKey: 'once' }

sameSalts()

const situations = new Map<Scene, ReturnType<typeof situation<Asked>>>()

/** A storage in which the scene is prepared. */
async function prepared(scene: Scene): Promise<Beginning<Asked>> {
  const known = situations.get(scene) ?? situation(scene.prepare)
  situations.set(scene, known)
  return await (await known)()
}

/** What was delivered in the end: all notices, once each, by id. Waits in the office until nothing is due any more. */
async function delivered(storage: ReturnType<typeof memoryStorage>, shared: Office): Promise<readonly string[]> {
  const { approvals } = desk(storage, shared)
  for (let hour = 0; hour < 3; hour++) {
    await approvals.tick()
    shared.now += 60 * 60 * 1000
  }
  expect(await everything(storage, ['outbox', 'unsealed'])).toEqual([])
  return [...new Set(shared.delivered.map(({ id, type }) => `${id} ${type}`))].toSorted()
}

const goings = new Map<Scene, ReturnType<typeof played>>()

/** How the scene goes when nothing fails: its answer, and the states that it leads through. */
function undisturbed(scene: Scene): ReturnType<typeof played> {
  const known = goings.get(scene) ?? played(scene)
  goings.set(scene, known)
  return known
}

async function played(scene: Scene) {
  const { storage, shared, asked } = await prepared(scene)
  const states = [await everything(storage, lasting)]
  const watched = watchedStorage(storage, async () => void states.push(await everything(storage, lasting)))
  const answer = await scene.act(desk(watched, shared, 'next'), asked, key)
  return { answer, states, delivered: await delivered(storage, shared) }
}

/** What was left of a scene by failures of any kind, and recovered from. */
const recoveries = new Map<Scene, Set<string>>()

/** Lets every call of the scene fail in turn, and looks at what is left, and at what another try makes of it. */
async function failEverywhere(scene: Scene, failure: Failure): Promise<number> {
  const expected = await undisturbed(scene)
  const last = expected.states.at(-1)
  const seen = recoveries.get(scene) ?? new Set<string>()
  recoveries.set(scene, seen)
  for (let at = 1; ; at++) {
    const { storage, shared, asked } = await prepared(scene)
    const failing = failingStorage(storage, failure, at)
    const outcome = await scene.act(desk(failing, shared, 'next'), asked, key).then(
      () => 'done',
      (error: unknown) => {
        if (hasCode(error, 'storage_failed')) return 'failed'
        throw error
      },
    )
    if (failing.calls < at) return at - 1
    const told = `${scene.name}: call ${at} ${failure}, ${outcome}`
    const left = await everything(storage, lasting)
    expect(expected.states, told).toContainEqual(left)
    if (outcome === 'done' && !dueScenes.includes(scene)) expect(left, told).toEqual(last)
    // What another process finds is all that its recovery depends on: what was recovered from once is not tried again.
    const found = JSON.stringify([shared.now, shared.delivered, await everything(storage)])
    if (seen.has(found)) continue
    seen.add(found)
    const recovered = desk(storage, shared, 'next')
    expect((await recovered.as('ann').audit.verify()).problems, told).toEqual([])

    const answer = await scene.act(recovered, asked, key)
    expect(await everything(storage, lasting), told).toEqual(last)
    if (!dueScenes.includes(scene)) expect(answer, told).toEqual(expected.answer)
    expect((await recovered.as('ann').audit.verify()).problems, told).toEqual([])
    expect(await delivered(storage, shared), told).toEqual(expected.delivered)
  }
}

describe.each(Object.keys(failures) as Failure[])('a storage that %s', (failure) => {
  it.each(some([...scenes, ...dueScenes], 30).map((scene) => [scene.name, scene] as const))(
    '[P1, G8, O6] leaves all or nothing of a command, and another try does it once: %s',
    async (_, scene) => {
      expect(await failEverywhere(scene, failure)).toBeGreaterThan(2)
    },
  )
})

describe('a storage that makes a commit after it has said that it failed', () => {
  it.each(some(scenes, 25).map((scene) => [scene.name, scene] as const))(
    '[P1, G8] does a command once, whenever another try of it is overtaken: %s',
    async (_, scene) => {
      const expected = await undisturbed(scene)
      let overtaken = 0
      for (let calls = 0; ; calls++) {
        const { storage, shared, asked } = await prepared(scene)
        const late = lateStorage(storage, calls)
        const act = () => scene.act(desk(late, shared, 'next'), asked, key)
        await expect(act()).rejects.toMatchObject({ code: 'storage_failed' })
        expect(await act(), `after ${calls} calls`).toEqual(expected.answer)
        if (!late.late) break
        overtaken++
        expect(await everything(storage, lasting), `after ${calls} calls`).toEqual(expected.states.at(-1))
        expect(await delivered(storage, shared)).toEqual(expected.delivered)
      }
      expect(overtaken).toBeGreaterThan(1)
    },
  )
})

it('[P1] has a scene for every verb', () => {
  const names = [...scenes, ...dueScenes].map(({ name }) => name.split(/[, ]/)[0])
  // What is on its way to another system crashes in a file of its own.
  const elsewhere = ['confirm', 'reclaim', 'abandon']
  for (const verb of verbNames) expect([...names, ...elsewhere]).toContain(verb)
})
