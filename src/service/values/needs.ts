/** Code of the host that a chore asks. */
export interface HostNeed {
  /** Tells it from all others, the tenant included. */
  readonly name: string
  /** What it is part of, if other tenants ask it as well. */
  readonly shared?: string
}

/** What is known, within one call of `tick`, of the code of the host. */
export interface Needs {
  /** Why it is not asked again in this call; `undefined` if it may be. */
  brokenBy(need: HostNeed): { readonly error: unknown } | undefined
  /** Tells whether it can be asked just now. */
  isOpen(need: HostNeed): boolean
  begin(needs: readonly HostNeed[]): void
  end(needs: readonly HostNeed[]): void
  /** Says that it answered. */
  worked(need: HostNeed): void
  /**
   * Says that it hangs, or lets nobody in. What it is part of is taken to do so too, unless it has answered somebody
   * else.
   */
  broke(need: HostNeed, error: unknown): void
}

/** How many ask at once what has answered already. What has not is asked by one. */
const mostAbreast = 4

/** Begins to remember what is known of the code of the host. */
export function createNeeds(): Needs {
  const underWay = new Map<string, number>()
  const worked = new Set<string>()
  const broken = new Map<string, { readonly error: unknown }>()
  const placeOf = ({ name, shared = name }: HostNeed) => shared
  const count = (needs: readonly HostNeed[], by: 1 | -1) => {
    for (const place of needs.map(placeOf)) underWay.set(place, (underWay.get(place) ?? 0) + by)
  }
  const brokenBy = (need: HostNeed) => broken.get(need.name) ?? broken.get(placeOf(need))
  return {
    brokenBy,
    isOpen: (need) => {
      const place = placeOf(need)
      return !brokenBy(need) && (underWay.get(place) ?? 0) < (worked.has(place) ? mostAbreast : 1)
    },
    begin: (needs) => count(needs, 1),
    end: (needs) => count(needs, -1),
    worked: (need) => {
      worked.add(placeOf(need))
    },
    broke: (need, error) => {
      broken.set(need.name, { error })
      if (!worked.has(placeOf(need))) broken.set(placeOf(need), { error })
    },
  }
}
