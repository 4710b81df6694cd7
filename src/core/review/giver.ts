import { defined } from '../defined.ts'
import type { KnownUsers, Review, UnderReview } from './under-review.ts'
import type { KnownUser, Vote } from './voter.ts'

/**
 * Who gives an answer: the user who acts, and the one whose answer it is: the same, or somebody who delegated it to
 * them.
 */
export interface Giver {
  readonly user: KnownUser
  readonly principal: KnownUser
}

/** Whose answer it is: one user has one answer at a time, whoever gave it. */
export function ownerOf({ by, onBehalfOf = by }: Pick<Review, 'by' | 'onBehalfOf'>): string {
  return onBehalfOf
}

/** Tells whether somebody gave an answer, or it was given for them. */
export function isOwn({ by, onBehalfOf }: Pick<Review, 'by' | 'onBehalfOf'>, user: string): boolean {
  return by === user || onBehalfOf === user
}

/**
 * Finds the giver of an answer, as they are judged: as the directory knows them now, or as it knew them when they
 * answered.
 */
export function giverOf(review: Review, users: KnownUsers, { eligibleAt }: UnderReview['rules']): Giver | undefined {
  const { by, onBehalfOf = by, person, ownerPerson = person, roles } = review
  const [user, principal] = [users.get(by), users.get(onBehalfOf)]
  if (eligibleAt === 'both') return user && principal && { user, principal }
  // What keeps somebody out in one project of several is judged as it is now: an answer records what holds in all.
  const now = principal?.rolesByProject
  const kept = now ? { rolesByProject: [...now, roles] } : {}
  const then = { id: onBehalfOf, person: principal?.person ?? ownerPerson, roles, ...kept }
  return { user: onBehalfOf === by ? then : (user ?? { id: by, person, roles: [] }), principal: then }
}

/** The vote of a giver: their principal's, with everybody who is behind it, as far as their answer goes. */
export function voteOf({ user, principal }: Giver, limits?: Review['limits']): Vote {
  const persons = user.person === principal.person ? [user.person] : [user.person, principal.person]
  const { id, roles, rolesByProject } = principal
  return { id, persons, roles, ...defined({ rolesByProject, limits }) }
}
