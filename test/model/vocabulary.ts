import type { Grudge, ModelAnswer } from './grudges.ts'

/** The rules of one office: those of its one policy, which asks leads about every change of a rollout. */
export interface OfficeRules {
  readonly selfApproval: boolean
  readonly onReject: 'close' | 'block'
  readonly onEdit: 'reset' | 'keep' | 'stand'
  readonly edit: 'anyone' | 'contributors' | 'requester' | 'nobody'
  readonly onStale: 'fail' | 'fail_when_applied' | 'rebase'
  readonly apply: 'on_approval' | 'by_hand'
  readonly cancel: 'before_reviews' | 'any_time'
  readonly lock: 'resource' | 'none'
  readonly excludeContributors: 'all' | 'last_editor' | 'none'
}

/** A flag, as far as the model looks at it. */
export interface Flag {
  readonly rollout: number
  readonly description: string
}

/** The live flag. */
export type LiveFlag = Flag & { readonly revision: number }

/** What the model believes of a request. */
export interface ModelRequest {
  /** Counts the requests. */
  readonly id: number
  status: string
  readonly requester: string
  base: LiveFlag
  after: Flag
  /** The draft of before a rebase that collided. */
  collided: { readonly from: Flag; readonly draft: Flag } | undefined
  /** How many leads were asked for when the content was put to them; 0 where nobody was. */
  quorum: number
  answers: ModelAnswer[]
  /** The rejections that nobody took back, of what it was about before. */
  grudges: readonly Grudge[]
  /** What it is about. */
  topic: string
  /** Whether something that was sent for it elsewhere may still land there. */
  mayLand: boolean
  /** How many answers the requester left behind by recalling it, until they submit it again. */
  leftBehind: number
  contributors: string[]
  /** Who was behind the content, user by user, when they acted. */
  behind: { readonly user: string; readonly person: string }[]
  deadline: number
  /** Whether an answer was taken back while the workflow was held, so that it is still open what follows. */
  unsettled: boolean
  /** Whether it is approved, and waits for somebody to apply it since its requester is gone. */
  withheld: boolean
  /** Counts its contents: a reviewer who saw an older one is refused. */
  edition: number
}

/** What somebody does. `request` counts from the newest. */
export interface Act {
  readonly verb: string
  readonly by: string
  readonly request: number
  readonly value: number
  readonly seesOld: boolean
}

export const minute = 60_000
export const hour = 60 * minute
export const deadlineAfter = 24 * hour

/** The methods that take nothing but the request. */
type PlainMethod = 'submit' | 'cancel' | 'apply' | 'withdraw' | 'recall' | 'rebase'

const renamed: Readonly<Record<string, PlainMethod>> = {
  ...{ submitDraft: 'submit', resubmit: 'submit', reopen: 'submit' },
  ...{ discard: 'cancel', retry: 'apply' },
}

/** The method by which people use a verb that takes nothing but the request: several verbs have one, and the state says which is meant. */
export function methodOf(verb: string): PlainMethod {
  return renamed[verb] ?? (verb as PlainMethod)
}
