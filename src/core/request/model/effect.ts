import { defined } from '../../defined.ts'
import { canonical } from '../../json/canonical.ts'
import { type Digest, digest } from '../../json/digest.ts'
import { asJson } from '../../json/json.ts'
import type { Content, ProposedChange } from './content.ts'

/**
 * Tells whether two changes do the same to the same resource: the same actions, and the same places from the same to
 * the same values. A change of the live state or of the project makes the whole document do something else, so that
 * this has to be the same as well.
 */
export function hasEqualEffect(a: ProposedChange, b: ProposedChange | undefined): boolean {
  return b !== undefined && effectOf(a) === effectOf(b)
}

/**
 * Computes the digest of what content does to which resources, whatever revisions it was made against, whoever asks
 * for it and when it is to be applied: equal for a request that is put to its reviewers again, and for its twins.
 */
export function effectDigest({ changes }: Pick<Content, 'changes'>): Digest {
  const effects = changes.map((change) => effectOf({ ...change, ...inOrder(change) })).toSorted()
  return digest('effect', effects)
}

/** In which order a change names its actions and places makes no difference. */
function inOrder({ actions, places }: ProposedChange): Pick<ProposedChange, 'actions' | 'places'> {
  return {
    actions: actions.toSorted(),
    places: places.toSorted((a, b) => compare(`${a.path} ${a.type}`, `${b.path} ${b.type}`)),
  }
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}

function effectOf({ resource, project, toProject, incarnation, actions, places, move, after }: ProposedChange): string {
  const { reverts: _, ...does } = move ?? {}
  const moved = move === undefined ? {} : { move: does }
  const whole = putsWhole({ toProject, move }) ? { after } : {}
  return canonical(
    asJson({ resource, project, incarnation, actions, places, ...defined({ toProject }), ...moved, ...whole }),
  )
}

/**
 * Tells whether a change puts the whole document somewhere, whatever its places are: into another live state, or
 * another project.
 */
export function putsWhole({
  toProject,
  move,
}: {
  readonly toProject: ProposedChange['toProject'] | undefined
  readonly move: ProposedChange['move'] | undefined
}): boolean {
  return toProject !== undefined || (move !== undefined && move.from !== move.to)
}
