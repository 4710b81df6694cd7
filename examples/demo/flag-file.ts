import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { FlagdCore } from '@openfeature/flagd-core'
import type { Flag } from './flags.ts'

/** A file of feature flags in the format of flagd, and flagd's own evaluator reading it. */
export interface FlagFile {
  /** Writes a flag as flagd wants it, so that a reader sees the old file or the new one and nothing between. */
  write(name: string, flag: Flag): void
  /** Asks flagd whether this person has the feature. */
  serves(name: string, person: Person): boolean
  /** Asks flagd how many of 1,000 people without a rule have the feature. */
  share(name: string): number
}

/** Somebody who opens the shop. */
export interface Person {
  readonly targetingKey: string
  readonly email?: string
}

/** Opens a flag file. */
export function flagFile(path: string): FlagFile {
  const evaluator = () => {
    const core = new FlagdCore()
    core.setConfigurations(readFileSync(path, 'utf8'))
    return (name: string, person: Person) => core.resolveBooleanEvaluation(name, false, { ...person })
  }
  return {
    write(name, flag) {
      const text = JSON.stringify({ $schema, flags: { [name]: toFlagd(flag) } }, undefined, 2)
      writeFileSync(`${path}.next`, text)
      renameSync(`${path}.next`, path)
    },
    serves: (name, person) => evaluator()(name, person).value,
    share(name) {
      const evaluate = evaluator()
      const people = Array.from({ length: 1_000 }, (_, index) => ({ targetingKey: `person-${index}` }))
      return people.filter((person) => evaluate(name, person).value).length
    },
  }
}

const $schema = 'https://flagd.dev/schema/v0/flags.json'

function toFlagd({ enabled, rollout, rules }: Flag) {
  const fractional = [
    { cat: [{ var: '$flagd.flagKey' }, { var: 'targetingKey' }] },
    ['on', rollout],
    ['off', 100 - rollout],
  ]
  return {
    state: enabled ? 'ENABLED' : 'DISABLED',
    variants: { on: true, off: false },
    defaultVariant: 'off',
    targeting: {
      if: [...rules.flatMap(({ domain }) => [{ ends_with: [{ var: 'email' }, `@${domain}`] }, 'on']), { fractional }],
    },
  }
}
