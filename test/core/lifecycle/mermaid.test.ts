import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { defineLifecycle, type Lifecycle } from '../../../src/core/lifecycle/define-lifecycle.ts'
import { experimentLifecycle } from '../../../src/core/lifecycle/experiment-lifecycle.ts'
import { flagLifecycle } from '../../../src/core/lifecycle/flag-lifecycle.ts'
import { mermaid } from '../../../src/core/lifecycle/mermaid.ts'
import { remoteConfigLifecycle } from '../../../src/core/lifecycle/remote-config-lifecycle.ts'
import { savedGroupLifecycle } from '../../../src/core/lifecycle/saved-group-lifecycle.ts'
import { root } from '../../built-package.ts'

const guide = join(root, 'docs/guides/lifecycles.md')

const drawn = [experimentLifecycle(), flagLifecycle(), remoteConfigLifecycle(), savedGroupLifecycle()]

/** The guide with the drawing and the table of each life cycle made anew from the code. */
function redrawn(page: string): string {
  return drawn.reduce(
    (text, lifecycle) =>
      text
        .replace(new RegExp(`(<!-- drawing of ${lifecycle.name} -->\n).*?(<!-- end -->)`, 's'), (_, begin, end) =>
          [begin, '```mermaid\n', mermaid(lifecycle), '```\n', end].join(''),
        )
        .replace(new RegExp(`(<!-- table of ${lifecycle.name} -->\n).*?(<!-- end -->)`, 's'), (_, begin, end) =>
          [begin, tableOf(lifecycle), end].join(''),
        ),
    page,
  )
}

function tableOf({ moves }: Lifecycle): string {
  const rows = moves.map(({ from, action, by, pending, to, meanwhile, safe }) => [
    `\`${from}\``,
    `\`${action}\`${by === 'clock' ? ', at its time' : ''}${safe ? ', safe' : ''}`,
    pending === undefined ? '' : `\`${pending}\``,
    `\`${to}\``,
    meanwhile.map((other) => `\`${other}\``).join(', '),
  ])
  const head = [
    ['from', 'action', 'shown while it waits', 'to', 'possible meanwhile'],
    ['---', '---', '---', '---', '---'],
  ]
  return [...head, ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('')
}

describe('the drawing of a life cycle', () => {
  it('in the guide is up to date (vitest run test/core/lifecycle --update draws it anew)', async () => {
    const page = readFileSync(guide, 'utf8')
    for (const { name } of drawn) expect(page).toContain(`<!-- table of ${name} -->`)
    expect(page).toContain('<!-- drawing of experiment -->')
    await expect(redrawn(page)).toMatchFileSnapshot(guide)
  })

  it('has a box for each live state, with what it knows, and an arrow for each way out', () => {
    const text = mermaid(
      defineLifecycle({
        name: 'thing',
        initial: 'draft',
        moves: [
          { from: 'draft', action: 'edit', edits: 'any' },
          { from: 'draft', action: 'set_up', pending: 'set_up_pending', to: 'waiting_room' },
          { from: 'waiting_room', action: 'go', by: 'clock', to: 'over' },
        ],
      }),
    )
    expect(text.split('classDef')[0]).toBe(`flowchart TB
  begin((" ")) --> state_draft
  subgraph state_draft ["<b>draft</b>"]
    state_draft__edit(["edit"])
    state_draft__set_up(["set up<br/><i>set up pending</i>"])
  end
  subgraph state_waiting_room ["<b>waiting room</b>"]
    state_waiting_room__go__due(["go<br/>at its time"])
  end
  state_over["<b>over</b>"]
  state_draft__set_up --> state_waiting_room
  state_waiting_room__go__due --> state_over
  `)
    expect(text).toContain('class state_draft,state_waiting_room,state_over live\n')
    expect(text).toContain('class state_draft__edit,state_waiting_room__go__due action\n')
    expect(text).toContain('class state_draft__set_up waiting\n')
  })
})
