import { defined } from '../../defined.ts'
import type { Outcome } from './outcome.ts'
import type { Request } from './request.ts'

type StatePart =
  | 'status'
  | 'application'
  | 'failure'
  | 'mayLand'
  | 'revisions'
  | 'withheld'
  | 'scheduleDropped'
  | 'unsettled'
/** The part of a request that the outcome of an event says. */
export type OutcomeState = Pick<Request, StatePart>

/** What an outcome says of a request. */
export function stateOf(outcome: Outcome): OutcomeState {
  switch (outcome.status) {
    case 'approved':
      return {
        status: outcome.status,
        ...defined({ withheld: outcome.withheld }),
        ...(outcome.byHand ? { scheduleDropped: true } : {}),
      }
    case 'applying':
      return { status: outcome.status, application: outcome.application }
    case 'applied':
      return { status: outcome.status, revisions: outcome.revisions }
    case 'failed':
      return { status: outcome.status, failure: outcome.failure, ...(outcome.mayLand ? { mayLand: true } : {}) }
    case 'pending':
      return { status: outcome.status, ...(outcome.unsettled ? { unsettled: true } : {}) }
    case 'draft':
    case 'changes_requested':
    case 'rejected':
    case 'cancelled':
    case 'expired':
      return { status: outcome.status }
  }
}
