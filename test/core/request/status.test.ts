import { describe, expect, it } from 'vitest'
import { transition } from 'xstate'
import { allows, type RequestStatus, statuses, verbNames, verbs } from '../../../src/core/request/model/status-table.ts'
import { statusMachine } from './status-machine.ts'

const at = (value: RequestStatus) => statusMachine.resolveState({ value, context: {} })

/** Every state that a request can come into from another one, in whatever number of steps. */
function reachedFrom(status: RequestStatus): readonly RequestStatus[] {
  const reached = new Set<RequestStatus>()
  const waiting = [status]
  for (let from = waiting.pop(); from; from = waiting.pop()) {
    for (const verb of verbNames.filter((one) => allows(from as RequestStatus, one))) {
      for (const to of verbs[verb].to) {
        if (!reached.has(to)) waiting.push(to)
        reached.add(to)
      }
    }
  }
  return [...reached]
}

describe('the states of a request', () => {
  it('[E13] are those of the state machine of the same rows, for every verb in every state and whatever it leads to', () => {
    for (const status of statuses) {
      const snapshot = at(status)
      for (const verb of verbNames) {
        for (const to of statuses) {
          const expected = allows(status, verb) && verbs[verb].to.some((other) => other === to)
          const event = { type: verb, to }
          expect([status, verb, to, snapshot.can(event)]).toEqual([status, verb, to, expected])
          expect(transition(statusMachine, snapshot, event)[0].value).toBe(expected ? to : status)
        }
      }
    }
  })

  it('lead to an application, every one of them', () => {
    for (const status of statuses) expect(reachedFrom(status), status).toContain('applied')
  })

  it('know no verb that is not in the table', () => {
    for (const type of ['', '__proto__', 'constructor', 'xstate.init', '*', 'approved']) {
      for (const status of statuses) expect(at(status).can({ type, to: 'applied' })).toBe(false)
    }
  })
})
