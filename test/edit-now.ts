import type { ActingApprovals, EditOptions, ResourceRef, WantedChange } from '../src/index.ts'

/** Edits a request as it is now: on the digest that it has at this moment. */
export async function editNow<T>(
  acting: ActingApprovals,
  id: string,
  ref: ResourceRef<T>,
  change: WantedChange<NoInfer<T>>,
  options: EditOptions = {},
) {
  const { digest } = await acting.requests.get(id)
  return await acting.requests.edit(id, ref, change, { digest, ...options })
}
