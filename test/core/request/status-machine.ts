import { createMachine } from 'xstate'
import { type RequestStatus, statuses, verbNames, verbs } from '../../../src/core/request/model/status-table.ts'

/** What the machine is sent: a verb, and the state that its decision leads to. */
export interface StatusEvent {
  readonly type: string
  readonly to: RequestStatus
}

/** The states of a request as an XState machine, made from the rows of the table of verbs and from nothing else. */
export const statusMachine = createMachine({
  types: {} as { events: StatusEvent },
  id: 'request',
  initial: 'draft',
  states: Object.fromEntries(statuses.map((status) => [status, { on: transitionsFrom(status) }])),
})

function transitionsFrom(status: RequestStatus) {
  const here = verbNames.filter((verb) => verbs[verb].from.some((from) => from === status))
  return Object.fromEntries(
    here.map((verb) => [
      verb,
      verbs[verb].to.map((to) => ({ target: to, guard: ({ event }: { event: StatusEvent }) => event.to === to })),
    ]),
  )
}
