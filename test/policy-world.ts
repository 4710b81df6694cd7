import { expect } from 'vitest'
import type { Admins, PolicyInput, Storage } from '../src/index.ts'
import { flags, type World, world } from './world.ts'

export const users = {
  ann: ['developer'],
  ben: ['lead'],
  cat: ['lead'],
  zoe: ['admin'],
  sam: ['security'],
  sue: ['security', 'admin'],
}
export const admins: Admins = { roles: ['admin'] }
export const lead = { quorum: 1, from: { roles: ['lead'] } }
export const flagPolicy: PolicyInput = { id: 'flags', match: { resource: 'feature_flag' }, require: lead }
export const gate: PolicyInput = {
  id: 'gate',
  match: { resource: 'countersign.policy' },
  require: { quorum: 1, from: { roles: ['security'] } },
}
export const nobody: PolicyInput = { ...flagPolicy, when: { type: 'any_change', field: '/description' } }

/** A tenant whose flags are gated, and whose policies are, too: Zoe and Sue may ask for a change of them, Sam and Sue approve it. */
export async function gated(storage: Storage, changed: Partial<PolicyInput> = {}) {
  const w = world(storage, users, [flags], { admins })
  const ref = await w.flag('checkout')
  await w.as('zoe').policies.save(flagPolicy)
  await w.as('zoe').policies.save({ ...gate, ...changed })
  return { w, ref }
}

export const approved = (w: World, by: string, { id, digest }: { id: string; digest: string }) =>
  w.as(by).requests.approve(id, { digest })
export const inForce = async (w: World) =>
  Object.fromEntries((await w.as('zoe').policies.list()).map((policy) => [policy.id, policy]))
export const whole = async (w: World) =>
  expect(await w.as('zoe').audit.verify()).toMatchObject({ ok: true, problems: [] })
