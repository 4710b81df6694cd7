import type { StreamHead } from '../../core/log/event-chain.ts'
import { requirementsJoin } from '../../core/policy/model/requirement.ts'
import { joinRules } from '../../core/policy/model/rules-of-conduct.ts'
import type { Facts } from '../../core/request/model/command.ts'
import type { Request } from '../../core/request/model/request.ts'
import { evaluateChanges } from '../changes/evaluate-changes.ts'
import type { Context } from '../context/context.ts'
import { type ContentRead, readContent, readContents } from './read-content.ts'

/** What policies ask, and the rules of conduct that hold. */
export type Asked = Pick<Facts, 'requirements' | 'rules'>

/**
 * Gives what the policies ask of a request: the stricter of what they asked when it was submitted and what they ask
 * now, unless all of its policies said that the former alone counts.
 *
 * While no policy has changed since, that is what was pinned, and nothing is read.
 */
export async function askedNow(context: Context, request: Request, setVersion: StreamHead): Promise<Asked> {
  if (isSettled(request, setVersion)) return pinnedIn(request)
  return await askedOf(context, request, { setVersion, content: await readContent(context, request) })
}

/** Gives what the policies ask of several requests, in their order, as `askedNow` does, in at most one round trip. */
export async function askedOfAll(
  context: Context,
  requests: readonly Request[],
  setVersion: StreamHead,
): Promise<readonly Asked[]> {
  const moved = requests.filter((request) => !isSettled(request, setVersion))
  const contents = await readContents(context, moved)
  return await Promise.all(
    requests.map((request) => {
      const at = moved.indexOf(request)
      return at < 0 ? pinnedIn(request) : askedOf(context, request, { setVersion, content: contents[at] })
    }),
  )
}

function isSettled({ policySet, requirements, rules }: Request, setVersion: StreamHead): boolean {
  return setVersion.hash === policySet.hash || rules.policyDrift === 'pinned' || requirements.length === 0
}

function pinnedIn({ requirements, rules }: Request): Asked {
  return { requirements, rules }
}

async function askedOf(
  context: Context,
  request: Request,
  { setVersion, content }: { readonly setVersion: StreamHead; readonly content: ContentRead | undefined },
): Promise<Asked> {
  const { requirements, rules, tenant } = request
  const { evaluation } = await evaluateChanges(context, tenant, { setVersion, proposals: content?.proposals ?? [] })
  if (evaluation.requirements.length === 0) return pinnedIn(request)
  return {
    requirements: requirementsJoin(requirements, evaluation.requirements),
    rules: joinRules(rules, evaluation.rules),
  }
}
