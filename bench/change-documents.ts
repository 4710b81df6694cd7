import { keyedBy, type Shape, set } from 'countersign/core'

/** A flag with rules, as an application keeps it. */
export type Flag = {
  key: string
  description: string
  owner: string
  enabled: boolean
  rollout: number
  tags: string[]
  rules: Rule[]
}

/** About 330 bytes of JSON. */
export type Rule = {
  id: string
  description: string
  enabled: boolean
  rollout: number
  target: { attribute: string; operator: string; values: string[] }
  variants: { id: string; weight: number }[]
  schedule: { from: string; to: string | null; zone: string }
}

/** How the lists of a flag are identified. */
export const shape: Shape = { '/tags': set(), '/rules': keyedBy('id'), '/rules/*/variants': keyedBy('id') }

/** The sizes that are measured, by their numbers of rules. */
export const sizes = [
  { name: '1 KB', rules: 3 },
  { name: '20 KB, 60 rules', rules: 60 },
  { name: '1 MB', rules: 3_000 },
] as const

/** Makes a flag with so many rules. Equal at every call, and nothing in it is shared. */
export function flag(rules: number): Flag {
  return {
    key: 'checkout-redesign',
    description: 'The new checkout, one page instead of three',
    owner: 'team-payments',
    enabled: true,
    rollout: 40,
    tags: ['checkout', 'payments', 'q3'],
    rules: Array.from({ length: rules }, (_, i) => rule(i)),
  }
}

function rule(i: number): Rule {
  return {
    id: `rule-${i}`,
    description: `Customers of wave ${i} who came over campaign ${i % 17}`,
    enabled: i % 3 !== 0,
    rollout: (i * 7) % 101,
    target: { attribute: 'country', operator: 'in', values: ['de', 'fr', `x${i % 40}`] },
    variants: [
      { id: 'control', weight: 50 },
      { id: 'treatment', weight: 50 },
    ],
    schedule: { from: `2026-01-${String((i % 28) + 1).padStart(2, '0')}T00:00:00Z`, to: null, zone: 'Europe/Berlin' },
  }
}

/** How a flag is edited: `fields` changes two fields of every chosen rule; `lists` also inserts, removes and moves rules. */
export type Manner = 'fields' | 'lists'

/** Edits so many percent of the rules, at places that depend on the seed: two seeds meet in some rules. */
export function edited(
  before: Flag,
  { percent, seed, manner }: { percent: number; seed: number; manner: Manner },
): Flag {
  const after: Flag = structuredClone(before)
  if (percent === 0) return after
  const random = generator(seed)
  const chosen = Math.max(1, Math.round((before.rules.length * percent) / 100))
  for (let n = 0; n < chosen; n++) {
    const at = Math.floor(random() * after.rules.length)
    const found = after.rules[at]
    if (found === undefined) continue
    found.rollout = Math.floor(random() * 101)
    found.target.values = ['de', `seed-${seed}`, `x${n}`]
    if (manner === 'fields') continue
    if (n % 4 === 0) after.rules.splice(at, 0, { ...rule(n), id: `new-${seed}-${n}` })
    if (n % 8 === 1) after.rules.splice(at, 1)
    if (n === 2) after.rules.unshift(...after.rules.splice(at, 1))
  }
  return after
}

/** Makes numbers from 0 to 1 that look random and are the same every time (mulberry32). */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
