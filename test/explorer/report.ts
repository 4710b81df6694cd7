import { expect, it } from 'vitest'
import { runs } from '../runs.ts'
import { type Exploration, explore } from './explore.ts'
import type { World } from './explored-world.ts'

/** Whether this is a deep run. */
export const deep = runs(1) > 1

/** Explores a world in a test, says what was seen, and shows the shortest way to anything that must not be. */
export function explored(world: World, leastStates: number): void {
  it(`${world.name}: at least ${grouped(leastStates)} states, and nothing that must not be`, {
    timeout: 7_200_000,
  }, () => {
    const started = performance.now()
    const exploration = explore(world)
    const seconds = (performance.now() - started) / 1000
    process.stdout.write(`${lines(world, exploration, seconds).join('\n')}\n`)
    const { counterexample } = exploration
    expect(counterexample && [...counterexample.steps, counterexample.problem].join('\n')).toBeUndefined()
    expect(exploration.complete).toBe(true)
    expect(exploration.states).toBeGreaterThanOrEqual(leastStates)
  })
}

function lines({ name, bound }: World, found: Exploration, seconds: number): readonly string[] {
  const statuses = Object.entries(found.statuses).map(([status, count]) => `${status} ${grouped(count)}`)
  return [
    `World ${name}. Bound: ${bound}; every order of what can happen.`,
    `  ${grouped(found.states)} states, at most ${found.depth} steps away, in ${seconds.toFixed(1)} s: ${statuses.join(', ')}.`,
    `  ${grouped(found.accepted)} commands were accepted, ${grouped(found.refused)} refused.`,
  ]
}

const grouped = (count: number) => count.toLocaleString('en')
