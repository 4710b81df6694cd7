import { canonical } from '../../core/json/canonical.ts'
import type { JsonObject, JsonValue } from '../../core/json/json.ts'
import type { Request } from '../../core/request/model/request.ts'
import { type Result, refuse, success } from '../../errors/result.ts'
import { restated, stateBefore } from '../changes/lifecycle-action.ts'
import { type Proposal, proposeValue } from '../changes/propose-change.ts'
import type { Context } from '../context/context.ts'
import { resourceTypeOf } from '../context/find-resource-type.ts'
import type { ContentRead } from '../facts/read-content.ts'

/**
 * Works out what becomes of a request when an approver names details that its action leaves to them. What is named
 * already stays: to name it otherwise is an edit.
 */
export async function nameDetails(
  context: Context,
  { request, stored }: { readonly request: Request; readonly stored: ContentRead },
  details: JsonObject,
): Promise<Result<readonly Proposal[]>> {
  const names = Object.keys(details)
  const left = stored.proposals.map((proposal) => leftIn(context, proposal))
  const [unknown] = names.filter((name) => !left.some((its) => its.includes(name)))
  if (unknown !== undefined) {
    const all = [...new Set(left.flat())]
    const fix = all.length === 0 ? 'its request leaves none' : `it leaves ${all.join(', ')}`
    return refuse('invalid_input', {
      argument: `options.details.${unknown}`,
      problem: `is not left to approvers; ${fix}`,
    })
  }
  const next = [...stored.proposals]
  for (const name of names) {
    const having = [...left.keys()].filter((at) => left[at]?.includes(name))
    const open = having.filter((at) => !Object.hasOwn(stored.proposals[at]?.change.move?.details ?? {}, name))
    if (open.length > 1) {
      const problem =
        'is left to approvers by several changes of the request: its requester can name it by editing them'
      return refuse('invalid_input', { argument: `options.details.${name}`, problem })
    }
    for (const at of open.length > 0 ? open : having) {
      const proposal = next[at]
      if (!proposal) continue
      const named = await nameOne(context, request, { proposal, name, value: details[name] ?? null })
      if (!named.ok) return named
      next[at] = named.value
    }
  }
  return success(next)
}

async function nameOne(
  context: Context,
  { tenant }: Request,
  { proposal, name, value }: { readonly proposal: Proposal; readonly name: string; readonly value: JsonValue },
): Promise<Result<Proposal>> {
  const { change, before } = proposal
  const given = change.move?.details ?? {}
  if (Object.hasOwn(given, name)) {
    if (canonical(given[name] ?? null) === canonical(value)) return success(proposal)
    const problem = `is ${JSON.stringify(given[name])} already: approve that, or ask the requester for another one`
    return refuse('invalid_input', { argument: `options.details.${name}`, problem })
  }
  const type = resourceTypeOf(context, change.resource.type)
  const { resource, project, base, incarnation, move } = change
  const start = { tenant, resource, project, base, incarnation, before, ...stateBefore(move) }
  const wanted = { ...restated(type, change), details: { ...given, [name]: value } }
  return await proposeValue(type, start, { after: before, wanted })
}

/** The details of a change that its action leaves to approvers. */
function leftIn(context: Context, { change: { resource, move } }: Proposal): readonly string[] {
  if (move === undefined || move.edits) return []
  const { lifecycle } = resourceTypeOf(context, resource.type)
  return lifecycle?.moves.find((row) => row.from === move.from && row.action === move.action)?.leaves ?? []
}
