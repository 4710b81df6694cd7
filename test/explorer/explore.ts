import { decide } from '../../src/core/request/decide/decide.ts'
import { draft, submit } from '../../src/core/request/decide/decide-submission.ts'
import type { Facts, RequestCommand } from '../../src/core/request/model/command.ts'
import { begin, evolve } from '../../src/core/request/model/evolve.ts'
import type { Request } from '../../src/core/request/model/request.ts'
import { refuse } from '../../src/errors/result.ts'
import { type Engine, engineOf } from './engine.ts'
import { type Command, requester, type Surroundings, type World } from './explored-world.ts'
import { disagreement, expected, type Ledger, opened, type Scene, witness } from './oracle.ts'

/** What an exploration found. */
export interface Exploration {
  readonly states: number
  /** Commands that were decided: accepted and refused. */
  readonly accepted: number
  readonly refused: number
  /** The longest of the shortest ways to a state. */
  readonly depth: number
  /** How many states there are in each status. */
  readonly statuses: Readonly<Record<string, number>>
  /** Whether everything within the bound was seen, or the limit was met first. */
  readonly complete: boolean
  /** The shortest way to something that must not be, if there is one. */
  readonly counterexample?: Counterexample
}

/** A way to something that must not be. */
export interface Counterexample {
  readonly steps: readonly string[]
  readonly problem: string
}

interface Node {
  readonly index: number
  readonly request: Request
  readonly ledger: Ledger
  readonly around: Surroundings
}

/** Something that changes around the request. */
type Shift =
  | 'time passes'
  | 'the directory changes'
  | 'the policies change'
  | 'the rival comes or goes'
  | 'another follow-up review is owed or done'
  | 'the workflow is held or goes on'
  | `live ${number} moves`

const contentCommands: ReadonlySet<string> = new Set([
  'edit',
  'submit',
  'resubmit',
  'reopen',
  'rebase',
  'resolve',
  'schedule',
  'unschedule',
  'take_over',
])

/** How much of a world is seen. */
export interface Reach {
  /** After so many states no other one is visited. */
  readonly limit?: number
  /** From so many states it goes on at each distance from the beginning; where there are more, chance chooses. */
  readonly width?: number
  /** What chance begins with. */
  readonly seed?: number
}

/** Visits the states of a world, the nearest first, and stops at the first thing that must not be. */
export function explore(
  world: World,
  { limit = Number.POSITIVE_INFINITY, width = Number.POSITIVE_INFINITY, seed = 0 }: Reach = {},
): Exploration {
  const chance = chanceFrom(seed)
  let leftOut = false
  const engine = engineOf(world)
  const seen = new Set<string>()
  const parents: number[] = []
  const moves: string[] = []
  const digests = new Map<string, string>()
  const ids = new Map<unknown, number>()
  const statuses: Record<string, number> = {}
  const shifts = shiftsOf(world)
  let accepted = 0
  let refused = 0
  let depth = 0

  const counterexample = (from: number, last: string, problem: string): Exploration => {
    const steps = [last]
    for (let at = from; at >= 0; at = parents[at] ?? -1) steps.unshift(moves[at] ?? '')
    return {
      states: seen.size,
      accepted,
      refused,
      depth,
      statuses,
      complete: false,
      counterexample: { steps, problem },
    }
  }

  const root = rootOf(world, engine)
  let frontier: Node[] = []
  let following: Node[] = []
  const visit = (parent: number, move: string, node: Omit<Node, 'index'>): void => {
    const key = keyOf(world, node, ids)
    if (seen.size >= limit || seen.has(key)) return
    seen.add(key)
    statuses[node.request.status] = (statuses[node.request.status] ?? 0) + 1
    parents.push(parent)
    moves.push(move)
    following.push({ ...node, index: parents.length - 1 })
  }
  visit(-1, `${world.beginning.verb} by ${requester}`, root)

  while (following.length > 0) {
    leftOut ||= following.length > width
    frontier = chosen(following, width, chance)
    following = []
    depth++
    for (const node of frontier) {
      for (const shift of shifts) {
        const around = shifted(world, node.around, shift)
        const held = node.request.status === 'applying' && shift.startsWith('live')
        if (around && !held) visit(node.index, shift, { ...node, around })
      }
      const facts = engine.facts(node.request, { before: node.ledger.draft, next: undefined }, node.around)
      let ways = 0
      for (const command of world.commands) {
        const scene = sceneOf(world, engine, node, command)
        if (!scene) continue
        const decision = decide(commandOf(scene, node, root), node.request, factsFor(engine, node, { scene, facts }))
        const status = expected(node.ledger, scene)
        const found = decision.ok ? decision.value.outcome.status : 'refused'
        const move = nameOf(command)
        if (found !== status) {
          const why = decision.ok ? `the event ${decision.value.type}` : (decision.refusal?.message ?? 'undecided')
          return counterexample(node.index, move, `It is ${found} (${why}), and must be ${status}.`)
        }
        if (!decision.ok) {
          refused++
          continue
        }
        accepted++
        ways++
        const event = decision.value
        const told = witness(node.ledger, event, scene)
        if (typeof told === 'string') return counterexample(node.index, move, told)
        const ledger = { ...told, movedAt: world.times[node.around.time] ?? 0 }
        const request = evolve(node.request, event)
        const problem = disagreement(ledger, request) ?? ambiguity(digests, ledger)
        if (problem) return counterexample(node.index, move, problem)
        const { fence = node.around.fence } = request.application ?? {}
        if (world.outside && fence > world.outside.claims) continue
        visit(node.index, move, { request, ledger, around: { ...node.around, fence } })
      }
      if (ways === 0 && world.hasWayOut && node.request.round < world.rounds && !isOver(node.request)) {
        return counterexample(node.index, 'nothing', 'nobody can go on with it, and nobody can end it')
      }
    }
  }
  return { states: seen.size, accepted, refused, depth: depth - 1, statuses, complete: seen.size < limit && !leftOut }
}

/** So many of them, by chance. */
function chosen(nodes: Node[], width: number, chance: () => number): Node[] {
  if (nodes.length <= width) return nodes
  for (let at = 0; at < width; at++) {
    const other = at + Math.floor(chance() * (nodes.length - at))
    const [here, there] = [nodes[at], nodes[other]]
    if (here && there) [nodes[at], nodes[other]] = [there, here]
  }
  return nodes.slice(0, width)
}

/** Numbers from 0 up to 1 that look like chance, and are the same for the same seed (mulberry32). */
function chanceFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function isOver({ status }: Request): boolean {
  return ['applied', 'rejected', 'cancelled'].includes(status)
}

function rootOf(world: World, engine: Engine): Omit<Node, 'index'> {
  const { verb } = world.beginning
  const around: Surroundings = {
    directory: 0,
    policies: 0,
    time: 0,
    rival: false,
    owed: false,
    held: false,
    still: [],
    fence: 0,
    live: world.resources.map(() => 0),
  }
  const next = engine.beginning()
  const command = { id: 'r1', by: actorOf(requester), at: world.times[0] ?? 0, reason }
  const facts = {
    users: engine.users(0),
    next: { ...engine.content(next, next, { policies: 0, time: 0 }), before: [] },
  }
  const begun = { submit, draft }[verb](command, facts)
  if (!begun.ok || begun.value.type !== 'request') throw new TypeError(`${world.name}: the request does not begin.`)
  const request = begin(begun.value.event)
  const scene: Scene = { world, around, next, command: { type: 'submit', by: requester } }
  return { request, around, ledger: opened(scene, request) }
}

function sceneOf(world: World, engine: Engine, { request, ledger, around }: Node, command: Command): Scene | undefined {
  if (command.type === 'comment' && ledger.comments.length >= (world.comments ?? 0)) return undefined
  if (command.type === 'describe' && ledger.additions >= Math.min(1, world.comments ?? 0)) return undefined
  if (asksAgain(request, command)) {
    const next = engine.next(ledger.draft, { type: 'unschedule', by: requester }, around.live)
    return next && { world, around, command, next }
  }
  if (!contentCommands.has(command.type)) return { world, around, command, next: ledger.draft }
  // What was recalled is submitted again, and rebased if that takes it: only so far as what is live has moved.
  const goesOn = command.type === 'submit' || command.type === 'rebase'
  if (request.round >= world.rounds || (request.status === 'draft' && request.round > 0 && !goesOn)) return undefined
  const next = engine.next(ledger.draft, command, around.live)
  return next && { world, around, command, next }
}

/** Whether the policies are asked anew about what nobody had to approve, since its time may have come. */
function asksAgain({ status, requirements }: Request, { type }: Command): boolean {
  return status === 'approved' && requirements.length === 0 && (type === 'come_due' || type === 'apply')
}

/** The facts that the node has anyway, or those that come with new content. */
function factsFor(
  engine: Engine,
  { request, ledger }: Node,
  { scene: { command, next, around }, facts: known }: { readonly scene: Scene; readonly facts: Facts },
): Facts {
  const left = leftFrom(command, request, known)
  const facts = { ...known, ...left }
  if (contentCommands.has(command.type)) {
    return { ...engine.facts(request, { before: ledger.draft, next }, around), ...left }
  }
  if (asksAgain(request, command)) return { ...facts, next: engine.content(ledger.draft, next, around) }
  const [said] = ledger.comments
  return said
    ? { ...facts, comment: said.resolved ? { by: said.by, resolved: { by: 'eve', at: 0 } } : { by: said.by } }
    : facts
}

/**
 * What the service finds where the requester is gone: why nothing is applied by itself, but for who applies it
 * themselves; and who may see to what they have left behind.
 */
function leftFrom(
  { type, by }: Command,
  { requester: asker }: Request,
  { users }: Facts,
): Pick<Facts, 'withheld' | 'custodian'> {
  if (users.has(asker)) return {}
  const { refusal } = refuse('unknown_actor', { actor: asker })
  const forbidden = refuse('not_permitted', { actor: by, project: '', missing: ['approval_settings.edit'] })
  return {
    custodian: users.get(by)?.roles.includes('keeper') ? true : forbidden.refusal,
    ...(by === asker || byHand.has(type) ? {} : { withheld: refusal }),
  }
}

const byHand: ReadonlySet<string> = new Set(['apply', 'retry', 'take_over', 'bypass', 'break_glass', 'follow_up'])

function commandOf({ world, command, around }: Scene, { request }: Node, root: Omit<Node, 'index'>): RequestCommand {
  const { type, by } = command
  const said = { by: actorOf(by), at: world.times[around.time] ?? 0, reason }
  const onBehalf = command.whose === undefined ? {} : { onBehalfOf: command.whose }
  if (type === 'approve' || type === 'reject' || type === 'request_changes' || type === 'bypass') {
    return { type, ...said, ...onBehalf, seen: command.seen === 'first' ? root.request.digest : request.digest }
  }
  if (type === 'edit' && command.seen) return { type, ...said, seen: root.request.digest }
  if (type === 'withdraw') return { type, ...said, ...onBehalf }
  if (type === 'set_time')
    return { type, ...said, ...(command.applyAt === undefined ? {} : { applyAt: command.applyAt }) }
  if (type === 'confirm') {
    const { fence = 0 } = request.application ?? {}
    const { found = 'unknown', over } = command
    const isOver = over ? { isOver: over } : {}
    return { type, ...said, fence: command.claim === 'lost' ? fence - 1 : fence, found, ...isOver }
  }
  if (type === 'comment' || type === 'describe' || type === 'warn') return { type, ...said }
  if (type === 'resolve_comment' || type === 'reopen_comment') return { type, ...said, comment: 1 }
  if (type === 'break_glass') return { type, ...said, seen: request.digest, incident: 'INC-1' }
  return type === 'follow_up' ? { type, ...said, seen: request.digest } : { type, ...said }
}

const reason = 'why'
const actors = new Map<string, { readonly tenant: string; readonly user: string; readonly via: string }>()

function actorOf(user: string) {
  const known = actors.get(user) ?? { tenant: 'acme', user, via: 'app' }
  actors.set(user, known)
  return known
}

function shiftsOf(world: World): readonly Shift[] {
  return [
    ...(world.times.length > 1 ? (['time passes'] as const) : []),
    ...(world.directories.length > 1 ? (['the directory changes'] as const) : []),
    ...(world.policySets.length > 1 ? (['the policies change'] as const) : []),
    ...(world.rival ? (['the rival comes or goes'] as const) : []),
    ...(world.owed ? (['another follow-up review is owed or done'] as const) : []),
    ...(world.holds ? (['the workflow is held or goes on'] as const) : []),
    ...world.resources.flatMap((live, at) => (live.length > 1 ? ([`live ${at} moves`] as const) : [])),
  ]
}

function shifted(world: World, around: Surroundings, shift: Shift): Surroundings | undefined {
  const { time, directory, policies, rival, owed, held, still, live } = around
  switch (shift) {
    case 'time passes':
      if (time + 1 >= world.times.length) return undefined
      return { ...around, time: time + 1, still: held ? [...still, time] : still }
    case 'the directory changes':
      return directory + 1 < world.directories.length ? { ...around, directory: directory + 1 } : undefined
    case 'the policies change':
      return policies + 1 < world.policySets.length ? { ...around, policies: policies + 1 } : undefined
    case 'the rival comes or goes':
      return { ...around, rival: !rival }
    case 'another follow-up review is owed or done':
      return { ...around, owed: !owed }
    case 'the workflow is held or goes on':
      return { ...around, held: !held }
    default: {
      const at = Number(shift.slice('live '.length, -' moves'.length))
      const place = (live[at] ?? 0) + 1
      return place < (world.resources[at]?.length ?? 0) ? { ...around, live: live.with(at, place) } : undefined
    }
  }
}

/** Writes down everything that can make a difference from now on. Two states with the same text are one. */
/**
 * Every property of a request, and how the key of a state tells two of its values apart. What it did not tell apart
 * would be merged, and nothing be explored from there: so a new property has to be given its line, and its number below.
 */
export const keyed: { readonly [F in keyof Required<Request>]: 'in the key' | string } = {
  ...{ status: 'in the key', digest: 'in the key', requirements: 'in the key', rules: 'in the key' },
  ...{ policySet: 'in the key', reviews: 'in the key', contributors: 'in the key', unsettled: 'in the key' },
  ...{ mayLand: 'in the key', scheduleDropped: 'in the key', bypassedBy: 'in the key', failure: 'in the key' },
  ...{ application: 'in the key', objections: 'in the key', recalledReviews: 'in the key' },
  ...{ followUp: 'in the key, by watchOf', escalated: 'in the key, by watchOf', remindedAt: 'in the key, by watchOf' },
  ...{ askedAt: 'in the key where the workflow is or was held; elsewhere nothing asks for it' },
  ...{
    tenant: 'always the same',
    id: 'always the same',
    project: 'follows from the resources',
    via: 'always the same',
  },
  ...{
    projects: 'follows from the resources',
    leftOut: 'nothing asks for it',
    requester: 'in the key',
    createdAt: 'always the same',
  },
  ...{ round: 'bound to the digest', resources: 'bound to the digest', expiresAt: 'bound to the digest' },
  ...{ reason: 'bound to the digest', salt: 'bound to the digest', erased: 'bound to the digest' },
  ...{ openTime: 'bound to the digest', applyBy: 'bound to the digest', lapsedAt: 'in the key' },
  ...{ revertAt: 'bound to the digest', revertOf: 'bound to the digest', unasked: 'bound to the digest' },
  ...{
    applyAt: 'bound to the digest, or in the key where it was left open',
    effect: 'bound to the digest',
    conflicts: 'bound to the digest',
  },
  ...{ edition: 'follows from the digest', persons: 'follows from the digest and the directory' },
  ...{
    updatedAt: 'in the key',
    additions: 'in the key',
    commentCount: 'in the key, as comments',
    openComments: 'in the key, as comments',
    revisions: 'nothing asks for it',
  },
  ...{ warnedOf: 'in the key where people are warned; elsewhere nothing asks for it' },
  ...{ shadow: 'nothing asks for it', withheld: 'in the key', formerRequesters: 'in the key' },
}

function keyOf(world: World, { request, ledger, around }: Omit<Node, 'index'>, ids: Map<unknown, number>): string {
  const id = (value: unknown) => {
    const known = ids.get(value)
    if (known !== undefined) return known
    ids.set(value, ids.size)
    return ids.size - 1
  }
  const { directory, policies, time, rival, owed, held, still, fence, live } = around
  const { status, digest, reviews, contributors, scheduleDropped, bypassedBy, policySet, requirements, rules } = request
  let answers = ''
  const ages = world.policySets.flat().some(({ rules: its }) => its?.approvalsExpireAfter !== undefined)
  for (const { by, onBehalfOf = '', verdict, at, limits } of reviews) {
    answers += `${by} ${onBehalfOf} ${verdict} ${ages ? at : ''} ${limits ? JSON.stringify(limits) : ''} `
  }
  const numbers = [
    ((directory * 16 + policies) * 16 + time) * 4 + (rival ? 2 : 0) + (owed ? 1 : 0),
    ...live,
    (held ? 1 : 0) + 2 * still.reduce((sum, place) => sum + 2 ** place, 0),
    id(status),
    id(digest),
    id(requirements.length === 0 ? '' : requirements),
    id(rules),
    policySet.seq,
    id(answers),
    id(contributors.length === 0 ? '' : contributors.join()),
    (request.withheld ? 16 : 0) +
      (request.unsettled ? 8 : 0) +
      (request.mayLand ? 4 : 0) +
      (scheduleDropped ? 2 : 0) +
      (bypassedBy ? 1 : 0),
    ledger.draft.id,
    id(request.failure?.code),
    id(watchOf(request)),
    id(held || still.length > 0 || warns(world) ? request.askedAt : ''),
    id(warns(world) ? request.warnedOf : ''),
    fence,
    request.recalledReviews ?? 0,
    ledger.additions,
    id(`${request.lapsedAt} ${world.openTime ? request.applyAt : ''}`),
    id(world.comments !== undefined && request.applyAt !== undefined ? request.updatedAt < request.applyAt : ''),
    id(`${request.requester} ${request.formerRequesters}`),
    id(ledger.comments.map(({ by, resolved }) => `${by} ${resolved}`).join()),
    id(request.application ? JSON.stringify(request.application) : ''),
    id(request.round < world.rounds ? grudgesOf(request) : ''),
  ]
  return String.fromCodePoint(...numbers.map(withoutSurrogates))
}

/** Tells whether people are warned of deadlines in a world. */
function warns({ commands }: World): boolean {
  return commands.some(({ type }) => type === 'warn')
}

/** What is remembered of objections, where that can still make a difference. */
function grudgesOf({ objections = [], reviews }: Request): string {
  const live = objections.filter(({ isOver }) => !isOver)
  if (live.length === 0) return ''
  const seen = reviews.map(({ by, digest, carriedFrom = digest }) => `${by} ${carriedFrom}`)
  return JSON.stringify(
    live.map(({ by, digest, carriedFrom = digest, about, stood }) => {
      return [by, about, stood ?? false, seen.includes(`${by} ${carriedFrom}`)]
    }),
  )
}

/** What time and follow-up reviews have made of a request, where that can still make a difference. */
function watchOf({ status, requirements, rules, askedAt, remindedAt, escalated, followUp }: Request): string {
  const watches =
    (status === 'pending' || status === 'approved') &&
    (rules.remindEvery !== 'never' || requirements.some(({ escalate }) => escalate))
  const said = escalated ? JSON.stringify(escalated) : ''
  return `${watches ? `${askedAt} ${remindedAt}` : ''}${said}${followUp ? JSON.stringify(followUp) : ''}`
}

/** Leaves out the code points of which two would become one. */
function withoutSurrogates(number: number): number {
  return number < 0xd800 ? number : number + 0x800
}

/** Says where one digest stands for two things that reviewers could agree to. */
function ambiguity(
  digests: Map<string, string>,
  { digest, draft, round, deadline, asked }: Ledger,
): string | undefined {
  const meant = `${draft.id} ${round} ${deadline} ${asked.map(({ id, version }) => `${id} ${version}`)}`
  const known = digests.get(digest)
  digests.set(digest, meant)
  return known === undefined || known === meant ? undefined : `one digest means ${known} and ${meant}`
}

function nameOf({ type, by, whose, edit, applyAt, seen, found, claim, over }: Command): string {
  const what = edit ? ` ${JSON.stringify(edit.set)} of ${edit.resource}` : ''
  const when = applyAt === undefined ? '' : ` for ${applyAt}`
  const host = found ? ` ${found}${claim ? ` with a claim that is ${claim}` : ''}${over ? ' for good' : ''}` : ''
  const instead = whose === undefined ? '' : ` for ${whose}`
  return `${type}${what}${when}${host} by ${by}${instead}${seen ? ' who saw the first content' : ''}`
}
