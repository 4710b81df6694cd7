import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { levelMatrix, levels } from '../../src/presets/levels.ts'
import { root } from '../built-package.ts'
import { permissions } from '../core/access/access.ts'

const guide = join(root, 'docs/guides/access.md')

/** The matrix in Markdown, made from the code. */
function matrix(): string {
  const rows = permissions.map((permission) => {
    const lowest = levels.indexOf(levelMatrix[permission])
    return [`\`${permission}\``, ...levels.map((_, rank) => (rank >= lowest ? '✓' : ''))]
  })
  return [['permission', ...levels], ['---', ...levels.map(() => ':-:')], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |\n`)
    .join('')
}

describe('the guide to access', () => {
  it('shows the matrix that decides (vitest run test/core/access --update writes it anew)', async () => {
    const page = readFileSync(guide, 'utf8')
    expect(page).toContain('<!-- matrix -->\n')
    const rewritten = page.replace(
      /(<!-- matrix -->\n).*?(<!-- end -->)/s,
      (_, begin, end) => `${begin}${matrix()}${end}`,
    )
    await expect(rewritten).toMatchFileSnapshot(guide)
  })
})
