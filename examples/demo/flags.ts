import { defineResource, keyedBy, type PolicyInput } from 'countersign'
import { array, boolean, type infer as Infer, int, strictObject, string } from 'zod'

const flag = strictObject({
  enabled: boolean(),
  /** Percent of everybody whom no rule names. */
  rollout: int().min(0).max(100),
  /** Whoever has an address of this domain has the feature, whatever the rollout. */
  rules: array(strictObject({ id: string(), domain: string() })),
})

/** A feature flag, as the people of this company think of it. */
export type Flag = Infer<typeof flag>

/** The feature flags under approval. */
export const flags = defineResource({
  type: 'feature_flag',
  schema: flag,
  shape: { '/rules': keyedBy('id') },
})

/** The flag that the demo is about. */
export const checkout = flags.ref('new-checkout', { project: 'web' })

/** Rollouts that move by more than 20 points wait for a lead. */
export const bigRollouts: PolicyInput = {
  id: 'big-rollouts',
  match: { resource: 'feature_flag', action: 'update', project: 'web' },
  when: { type: 'change_amount', field: '/rollout', operator: '>', value: 20 },
  require: { quorum: 1, from: { roles: ['lead'] } },
}

/** Whoever gets the feature by rule waits for a lead, too. */
export const anyRule: PolicyInput = {
  id: 'any-rule',
  match: { resource: 'feature_flag', action: 'update', project: 'web' },
  when: { type: 'any_change', field: '/rules/**' },
  require: { quorum: 1, from: { roles: ['lead'] } },
}
