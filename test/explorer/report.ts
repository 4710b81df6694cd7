import { expect, it } from 'vitest'
import { deep } from '../runs.ts'
import { type Exploration, explore } from './explore.ts'
import type { World } from './explored-world.ts'

/**
 * From how many states at each distance from the beginning a usual run goes on: from all of a small world, and of a
 * large one from others each time. Bugs near the beginning are found in each run, those far away sooner or later.
 */
const width = 120

/**
 * Explores a world in a test, says what was seen, and shows the shortest way to anything that must not be. In a deep
 * run it sees all of the world; else a fortieth of these states is enough.
 */
export function explored(world: World, leastStates: number): void {
  const least = deep ? leastStates : leastStates / 40
  const seed = Math.floor(Math.random() * 2 ** 31)
  it(`${world.name}: at least ${grouped(least)} states, and nothing that must not be`, {
    timeout: 7_200_000,
  }, () => {
    const started = performance.now()
    const exploration = explore(world, deep ? {} : { width, seed })
    const seconds = (performance.now() - started) / 1000
    process.stdout.write(`${lines(world, exploration, seconds).join('\n')}\n`)
    const { counterexample } = exploration
    const told = counterexample && [...counterexample.steps, counterexample.problem].join('\n')
    expect(told, deep ? '' : `width ${width}, seed ${seed}`).toBeUndefined()
    if (deep) expect(exploration.complete).toBe(true)
    expect(exploration.states).toBeGreaterThanOrEqual(least)
  })
}

function lines({ name, bound }: World, found: Exploration, seconds: number): readonly string[] {
  const statuses = Object.entries(found.statuses).map(([status, count]) => `${status} ${grouped(count)}`)
  const all = found.complete ? 'every order' : 'some of the orders'
  return [
    `World ${name}. Bound: ${bound}; ${all} of what can happen.`,
    `  ${grouped(found.states)} states, at most ${found.depth} steps away, in ${seconds.toFixed(1)} s: ${statuses.join(', ')}.`,
    `  ${grouped(found.accepted)} commands were accepted, ${grouped(found.refused)} refused.`,
  ]
}

const grouped = (count: number) => count.toLocaleString('en')
