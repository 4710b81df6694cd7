import { subject as asSubject, createMongoAbility, type MongoAbility } from '@casl/ability'
import { createApprovals, defineResource, type JsonObject, type Storage, staticDirectory } from 'countersign'
import {
  compilePolicies,
  type Evaluation,
  evaluate,
  explain,
  type Policy,
  type PolicySubject,
  withPolicy,
} from 'countersign/core'
import { memoryStorage } from 'countersign/storage/memory'
import { Engine } from 'json-rules-engine'
import { budgeted, type Comparison, timed } from './harness.ts'

/** Two changes of one flag: 5 points further, which nothing asks about, and 45 points, which one policy does. */
const small = change(40, 45)
const large = change(40, 85)
const both = [small, large] as const

/** Compares deciding with so many policies of which one matches one of two changes. */
export async function comparisons(): Promise<readonly Comparison[]> {
  const ten = compilePolicies(policies(10))
  const thousand = compilePolicies(policies(1_000))
  const all = policies(10_000)
  const tenThousand = compilePolicies(all)
  const sameField = compilePolicies(policiesOnOneField(10_000))
  const changed: Policy = { ...policy('p5', 5, 0), version: 2 }
  const ours = { name: 'evaluate', run: () => both.map((subject) => asked(evaluate(tenThousand, subject))) }
  const oursOfThousand = { ...ours, run: () => both.map((subject) => asked(evaluate(thousand, subject))) }
  const [submitAmongAll, submitAmongTen] = [await submitting(10_000), await submitting(10)]
  return [
    timed({
      case: 'submit beside 10,000 policies that do not match, in memory',
      subject: { name: 'submit', run: submitAmongAll },
      peer: { name: 'beside 10', run: submitAmongTen },
      same: (ours, theirs) => ours === 'applied' && theirs === 'applied',
      goal: 1 / 1.5,
    }),
    budgeted({
      case: '1 MB of text, every operator',
      subject: { name: 'evaluate', run: () => byOperator.map((set) => asked(evaluate(set, megabyte))) },
      milliseconds: 10,
      valid: (answers) => answers.join() === 'p,p,p,p,,p',
    }),
    timed({
      case: 'decide among 10,000 policies',
      subject: ours,
      peer: { name: 'among 10', run: () => both.map((subject) => asked(evaluate(ten, subject))) },
      same: sameAnswers,
      goal: 1 / 1.5,
    }),
    timed({
      case: 'decide among 10,000 policies',
      subject: ours,
      peer: { name: 'index written by hand', run: handWritten(all) },
      same: sameAnswers,
      goal: 1 / 4,
    }),
    timed({
      case: 'decide among 1,000 policies',
      subject: oursOfThousand,
      peer: { name: 'json-rules-engine', run: rulesEngine(policies(1_000)) },
      same: sameAnswers,
      goal: 1_000,
    }),
    timed({
      case: 'decide among 1,000 policies',
      subject: oursOfThousand,
      peer: { name: '@casl/ability', run: casl(policies(1_000)) },
      same: sameAnswers,
      goal: 2,
    }),
    timed({
      case: 'explain, among 10,000 policies',
      subject: { name: 'explain', run: () => both.map((subject) => asked(explain(tenThousand, subject).evaluation)) },
      peer: { name: 'evaluate', run: ours.run },
      same: sameAnswers,
      goal: 1 / 2,
    }),
    timed({
      case: '10,000 policies on the touched field',
      subject: { name: 'evaluate', run: () => [asked(evaluate(sameField, small))] },
      peer: { name: '@casl/ability', run: casl(policiesOnOneField(10_000), [small]) },
      same: (ours, theirs) => ours.join() === '' && theirs.join() === '',
      goal: null,
    }),
    budgeted({
      case: 'load 10,000 policies',
      subject: { name: 'compilePolicies', run: () => compilePolicies(all) },
      milliseconds: 100,
      valid: (set) => asked(evaluate(set, large)) === 'wanted',
    }),
    timed({
      case: 'change one of 10,000 policies',
      subject: { name: 'withPolicy', run: () => withPolicy(tenThousand, changed) },
      peer: { name: 'compilePolicies', run: () => compilePolicies(all) },
      same: (one, whole) => asked(evaluate(one, large)) === asked(evaluate(whole, large)),
      goal: null,
    }),
  ]
}

/** One policy for each operator, and a change that makes a text of a number. */
const byOperator = (['>', '<', '>=', '<=', '==', '!='] as const).map((operator) => {
  const value = operator === '==' || operator === '!=' ? 'b'.repeat(1_000_000) : 1
  return compilePolicies([
    { ...policy('p', 0, -1), when: { type: 'before_after', field: '/rollout', operator, value } },
  ])
})
const megabyte: PolicySubject = {
  ...small,
  places: [{ type: 'changed', path: '/rollout', before: 'a', after: 'a'.repeat(1_000_000) }],
}

/** Submits a change that passes, again and again, to an application with so many policies about other things. */
async function submitting(count: number) {
  const storage = memoryStorage()
  const flags = defineResource({
    type: 'feature_flag',
    schema: anything,
    facets: { environment: () => 'production' },
  })
  const approvals = createApprovals({
    storage,
    resources: [flags],
    directory: staticDirectory({ ann: ['lead'], ben: ['lead'] }),
    admins: 'anyone',
  })
  const ann = approvals.as({ tenant: 'acme', user: 'ann' })
  const ref = flags.ref('checkout', { project: 'web' })
  await ann.submit(ref, { value: { rollout: 0 } })
  await savePolicies(storage, policies(count).slice(1))
  if ((await ann.policies.list()).length !== count - 1) throw new Error('The policies are not in force.')
  let rollout = 0
  return async () => {
    rollout = (rollout + 1) % 20
    const { status } = await ann.submit(ref, { merge: { rollout } })
    return status
  }
}

/** Stores policies as saving them one by one would have left them. */
async function savePolicies(storage: Storage, all: readonly Policy[]): Promise<void> {
  const tenant = 'acme'
  await storage.commit([
    { type: 'insert', collection: 'policySets', value: { tenant, head: { seq: 0, hash: '' } } },
    ...all.map((policy, index) => ({
      type: 'insert' as const,
      collection: 'policies' as const,
      value: { tenant, id: policy.id, version: 1, setVersion: index + 1, policy } as unknown as JsonObject,
    })),
  ])
}

/** Accepts every document. */
const anything = {
  '~standard': { version: 1, vendor: 'bench', validate: (value: unknown) => ({ value: value as { rollout: number } }) },
} as const

/** Policies that all have to be judged: their thresholds are out of reach. */
function policiesOnOneField(count: number): readonly Policy[] {
  return Array.from({ length: count }, (_, index) => ({
    ...policy(`p${index}`, index, -1),
    when: { type: 'change_amount', field: '/rollout', operator: '>', value: 100 + index } as const,
  }))
}

type Answers = readonly string[]

function sameAnswers(ours: Answers, theirs: Answers): boolean {
  return ours.join() === ',wanted' && theirs.join() === ours.join()
}

function asked({ requirements }: Evaluation): string {
  return requirements.map(({ policy }) => policy).join()
}

function change(before: number, after: number): PolicySubject {
  return {
    resource: { type: 'feature_flag', id: 'checkout' },
    project: 'web',
    actions: ['update'],
    places: [{ type: 'changed', path: '/rollout', before, after }],
    before: { enabled: true, rollout: before },
    after: { enabled: true, rollout: after },
    facets: { environment: 'production' },
  }
}

/** One policy that matches, among many of which each differs from it in one of five ways. */
function policies(count: number): readonly Policy[] {
  return [
    policy('wanted', 0, -1),
    ...Array.from({ length: count - 1 }, (_, index) => policy(`p${index}`, index, index % 5)),
  ]
}

function policy(id: string, index: number, difference: number): Policy {
  return {
    id,
    version: 1,
    match: {
      resource: difference === 0 ? `type_${index}` : 'feature_flag',
      action: difference === 1 ? `action_${index}` : 'update',
      project: difference === 2 ? `project_${index}` : 'web',
      facets: { environment: difference === 3 ? `environment_${index}` : 'production' },
    },
    when: {
      type: 'change_amount',
      field: difference === 4 ? `/settings/field_${index}` : '/rollout',
      operator: '>',
      value: 20,
    },
    require: { quorum: 1, from: { roles: ['lead'] } },
  }
}

interface Rule {
  readonly id: string
  readonly field: string
  readonly moreThan: number
}

/** What somebody would write for exactly these policies: nested maps by what they name, then by field. */
function handWritten(all: readonly Policy[]): () => Answers {
  const index = new Map<string, Map<string, Map<string, Map<string, Map<string, Rule[]>>>>>()
  for (const { id, match, when } of all) {
    if (!when || !('type' in when) || when.type !== 'change_amount') continue
    const byAction = inner(index, String(match.resource), () => new Map())
    const byProject = inner(byAction, String(match.action), () => new Map())
    const byEnvironment = inner(byProject, String(match.project), () => new Map())
    const byField = inner(byEnvironment, String(match.facets?.['environment']), () => new Map())
    inner(byField, when.field, () => [] as Rule[]).push({ id, field: when.field, moreThan: when.value })
  }
  const matching = ({ resource, actions, project, facets, places }: PolicySubject): string => {
    const found: string[] = []
    for (const action of actions) {
      const byField = index
        .get(resource.type)
        ?.get(action)
        ?.get(project ?? '')
        ?.get(String(facets?.['environment']))
      for (const place of places) {
        if (place.type !== 'changed') continue
        for (const { id, moreThan } of byField?.get(place.path) ?? []) {
          if (Math.abs(Number(place.after) - Number(place.before)) > moreThan) found.push(id)
        }
      }
    }
    return found.sort().join()
  }
  return () => both.map(matching)
}

function inner<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

/** The facts of a change as these engines want them: flat. */
function facts({ resource, actions, project, facets, places }: PolicySubject) {
  const [place] = places
  const [before, after] = place?.type === 'changed' ? [Number(place.before), Number(place.after)] : [0, 0]
  return {
    type: resource.type,
    action: actions[0] ?? '',
    project,
    environment: facets?.['environment'],
    field: place?.path,
    amount: Math.abs(after - before),
  }
}

function conditions({ match, when }: Policy) {
  const amount = when && 'type' in when && when.type === 'change_amount' ? when : undefined
  return {
    type: match.resource,
    action: match.action,
    project: match.project,
    environment: match.facets?.['environment'],
    field: amount?.field,
    moreThan: amount?.value ?? 0,
  }
}

function rulesEngine(all: readonly Policy[]): () => Promise<Answers> {
  const engine = new Engine(
    all.map((policy) => {
      const { moreThan, ...equal } = conditions(policy)
      const tests = Object.entries(equal).map(([fact, value]) => ({ fact, operator: 'equal', value }))
      return {
        conditions: { all: [...tests, { fact: 'amount', operator: 'greaterThan', value: moreThan }] },
        event: { type: policy.id },
      }
    }),
  )
  const matching = async (subject: PolicySubject) => {
    const { events } = await engine.run(facts(subject))
    return events.map(({ type }) => type).join()
  }
  return () => Promise.all(both.map(matching))
}

/** Asks for the first rule that matches only: less than what is asked of us. */
function casl(all: readonly Policy[], changes: readonly PolicySubject[] = both): () => Answers {
  const ability = createMongoAbility<MongoAbility>(
    all.map((policy) => {
      const { type, action, moreThan, ...equal } = conditions(policy)
      return {
        action: String(action),
        subject: String(type),
        conditions: { ...equal, amount: { $gt: moreThan } },
        reason: policy.id,
      }
    }),
  )
  const matching = (subject: PolicySubject) => {
    const { type, action, ...rest } = facts(subject)
    return ability.relevantRuleFor(action, asSubject(type, rest))?.reason ?? ''
  }
  return () => changes.map(matching)
}
