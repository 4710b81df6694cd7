import { defineLifecycle, type Lifecycle } from '../../../src/core/lifecycle/define-lifecycle.ts'
import { experimentLifecycle } from '../../../src/core/lifecycle/experiment-lifecycle.ts'
import { flagLifecycle } from '../../../src/core/lifecycle/flag-lifecycle.ts'
import type { LifecycleState } from '../../../src/core/lifecycle/move.ts'
import { remoteConfigLifecycle } from '../../../src/core/lifecycle/remote-config-lifecycle.ts'
import { savedGroupLifecycle } from '../../../src/core/lifecycle/saved-group-lifecycle.ts'

/** A document with the variants of an experiment. */
export const experiment = {
  name: 'checkout',
  variants: [
    { key: 'control', weight: 50 },
    { key: 'short', weight: 50 },
  ],
}

/** A life cycle with everything that rows can say, among names that objects already have. */
export const peculiar = defineLifecycle<{ readonly open: boolean; readonly steps: number }>({
  name: 'peculiar',
  initial: 'constructor',
  critical: ['/open'],
  moves: [
    {
      from: 'constructor',
      action: 'toString',
      to: 'valueOf',
      guard: ({ document }) => (document.open ? undefined : 'it is shut'),
    },
    {
      from: ['constructor', 'valueOf'],
      action: 'constructor',
      pending: 'waiting_on_constructor',
      to: 'hasOwnProperty',
      meanwhile: ['toString'],
      takes: ['constructor'],
      guard: ({ document }) => (document.open ? undefined : 'it is shut'),
      effect: ({ document }) => ({ ...document, steps: document.steps + 1 }),
    },
    { from: 'hasOwnProperty', action: 'leave', by: 'clock', to: 'gone' },
    { from: 'hasOwnProperty', action: 'extend', pending: 'extension_asked', edits: 'critical' },
    { from: 'gone', action: 'extend', pending: 'extension_asked', to: 'constructor', unreferenced: true },
    {
      from: 'gone',
      action: 'break',
      pending: 'breaking',
      to: 'valueOf',
      effect: () => {
        throw new RangeError('it breaks')
      },
    },
  ],
})

/** Every life cycle that the tests walk through. */
export const lifecycles: readonly { readonly name: string; readonly lifecycle: Lifecycle<never> }[] = [
  { name: 'an experiment', lifecycle: experimentLifecycle() },
  { name: 'an experiment by the strict table', lifecycle: experimentLifecycle({ strict: true }) },
  { name: 'a flag', lifecycle: flagLifecycle({ enabled: 'enabled' }) },
  { name: 'a flag whose critical places alone are locked', lifecycle: flagLifecycle({ lock: 'critical' }) },
  { name: 'a remote-config variable', lifecycle: remoteConfigLifecycle() },
  { name: 'a saved group', lifecycle: savedGroupLifecycle() },
  { name: 'a peculiar life cycle', lifecycle: peculiar as unknown as Lifecycle<never> },
]

/** Every state that a resource can be in, settled or waiting. Read from the machine. */
export function statesOf<T>({ config }: Lifecycle<T>): readonly LifecycleState[] {
  return Object.entries(config.states).flatMap(([live, { states = {} }]) => [
    { live },
    ...Object.keys(states)
      .filter((inner) => inner !== 'settled')
      .map((waiting) => ({ live, waiting })),
  ])
}
