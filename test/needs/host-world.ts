import { z } from 'zod'
import { defineResource, type ResourceType, type Storage } from '../../src/index.ts'
import { type World, world } from '../world.ts'

export interface Plan {
  readonly cents: number
}

/** How the host keeps its plans: in the transaction of the storage, or outside of it. */
export type Kind = 'rows' | 'outside'

export const kinds: readonly Kind[] = ['rows', 'outside']

/** The host's own plans, and the projects that it files them under. `calls` is told of each call of a function of the host. */
export function hostOfPlans(kind: Kind) {
  const rows = new Map<string, Plan>()
  const projects = new Map<string, string>()
  const written: { readonly id: string; readonly project: string | undefined; readonly filed: string | undefined }[] =
    []
  const host = { calls: () => {} }
  const kept = {
    read: async ({ id }: { readonly id: string }) => {
      host.calls()
      return rows.get(id)
    },
    write: async (
      { id, project }: { readonly id: string; readonly project?: string | undefined },
      plan: Plan | undefined,
    ) => {
      written.push({ id, project, filed: projects.get(id) })
      if (plan) rows.set(id, plan)
      else rows.delete(id)
    },
  }
  const plans = defineResource({
    type: 'plan',
    schema: z.object({ cents: z.number() }),
    permissions: { create: 'flags.create', update: 'flags.edit', delete: 'flags.delete' },
    async projectOf({ id }) {
      host.calls()
      return projects.get(id)
    },
    ...(kind === 'rows' ? kept : { external: kept }),
  })
  return { plans, rows, projects, written, host }
}

export const require = { quorum: 1, from: { roles: ['lead'] } }

/** A tenant over those plans: `pro` of project `web` and `trial` of project `sandbox` are there. Whatever is in `web` takes a lead. */
export async function planWorld(kind: Kind, storage: Storage, types: readonly ResourceType[] = []) {
  const kept = hostOfPlans(kind)
  kept.rows.set('pro', { cents: 4900 })
  kept.rows.set('trial', { cents: 0 })
  for (const [id, project] of [
    ['pro', 'web'],
    ['trial', 'sandbox'],
  ] as const) {
    kept.projects.set(id, project)
  }
  const w: World = world(storage, { ann: [], ben: ['lead'], eve: [] }, [kept.plans, ...types])
  await w.policy({ id: 'web', match: { resource: 'plan', project: 'web' }, require })
  return { ...w, ...kept }
}
