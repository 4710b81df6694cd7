import type { Flag, ModelRequest } from './vocabulary.ts'

/** What a rebase makes of a request: its draft on what is live, and whether that collided. */
export function moved({ base, after, collided }: ModelRequest, live: Flag) {
  const from = collided?.from ?? base
  const draft = collided?.draft ?? after
  const wanted = draft.rollout !== from.rollout
  const collides = wanted && live.rollout !== from.rollout && live.rollout !== draft.rollout
  const rollout = wanted && !collides ? draft.rollout : live.rollout
  return {
    after: { rollout, description: live.description },
    collided: collides ? { from, draft } : undefined,
    draft,
  }
}
