/** Whether this is a deep run (`npm run test:deep`), in which everything is tried that can be. */
export const deep = process.env['COUNTERSIGN_DEEP'] === '1'

/**
 * How often a property is tried: a quarter of what is said, but not less than twenty times, where so many are said;
 * a hundred times what is said in a deep run.
 */
export function runs(said: number): number {
  return deep ? said * 100 : Math.max(Math.min(said, 20), Math.ceil(said / 4))
}

/** So many of all, which chance chooses anew in each run; all of them, in their order, in a deep run. */
export function some<T>(all: readonly T[], usual: number): readonly T[] {
  return deep ? all : shuffled(all).slice(0, usual)
}

/** All of them, in an order that chance chooses anew in each run; in their own order in a deep run. */
export function inAnyOrder<T>(all: readonly T[]): readonly T[] {
  return deep ? all : shuffled(all)
}

function shuffled<T>(all: readonly T[]): readonly T[] {
  const left = [...all]
  return all.map(() => left.splice(Math.floor(Math.random() * left.length), 1)[0] as T)
}
