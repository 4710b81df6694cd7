/** A part of the suite, from the quickest to the slowest. */
export type Layer = 'rules' | 'conformance' | 'attacks' | 'explorer' | 'model' | 'races'

/** The files of each layer that speak of a folder of the source. */
export const layers: Readonly<Record<string, Partial<Readonly<Record<Layer, readonly string[]>>>>> = {
  'core/change': { rules: ['test/core/change'], attacks: ['test/attacks/content.test.ts'] },
  'core/policy': {
    rules: ['test/core/policy'],
    attacks: ['test/attacks/policy.test.ts', 'test/attacks/evasion.test.ts', 'test/attacks/comparison.test.ts'],
    explorer: ['test/explorer'],
  },
  'core/review': {
    rules: ['test/core/review', 'test/core/request'],
    attacks: ['test/attacks/identity.test.ts'],
    explorer: ['test/explorer'],
    model: ['test/model'],
  },
  'core/request': {
    rules: ['test/core/request'],
    attacks: ['test/attacks/rounds.test.ts', 'test/attacks/audit.test.ts', 'test/attacks/erasure.test.ts'],
    explorer: ['test/explorer'],
    model: ['test/model'],
    races: ['test/chaos/outside.test.ts'],
  },
  service: {
    attacks: [
      ...[
        'requests',
        'scope',
        'audit',
        'upkeep',
        'checkpoints',
        'concurrency',
        'signatures',
        'auditor',
        'exhaustion',
        'erasure',
        'policies',
      ].map((name) => `test/attacks/${name}.test.ts`),
      'test/service/policy-resource.test.ts',
    ],
    model: ['test/model'],
    races: ['test/chaos/schedules.test.ts', 'test/chaos/crashes.test.ts'],
  },
  storage: {
    conformance: ['memory', 'sqlite', 'sqlite-together', 'handed-in'].map((name) => `test/storage/${name}.test.ts`),
    races: ['host-transaction', 'orm-transaction'].map((name) => `test/storage/${name}.test.ts`),
  },
}

/** A mistake that somebody could make: a text of the source, and what stands in its place. */
export interface Bug {
  /** What is wrong with it. */
  readonly name: string
  /** The file, under `src`. */
  readonly file: string
  /** A text that is there exactly once. */
  readonly find: string
  readonly put: string
}

/** The mistakes that the suite has to catch. */
export const bugs: readonly Bug[] = [
  {
    name: 'another account of the requester may approve',
    file: 'core/review/eligibility.ts',
    find: 'user.id === other || user.person === (users.get(other)?.person ?? other)',
    put: 'user.id === other',
  },
  {
    name: 'who the requester was when they acted is forgotten',
    file: 'core/review/eligibility.ts',
    find: 'known.user === other && known.person === user.person',
    put: 'known.user === other && known.person === user.id && known.person === other',
  },
  {
    name: 'whoever edited the content may approve it',
    file: 'core/review/eligibility.ts',
    find: "case 'all':\n      return others",
    put: "case 'all':\n      return []",
  },
  {
    name: 'an approval of another digest counts',
    file: 'core/review/standing.ts',
    find: 'review.digest === digest && review.round === round',
    put: 'review.round === round',
  },
  {
    name: 'an approval of an earlier round counts',
    file: 'core/review/standing.ts',
    find: 'review.digest === digest && review.round === round',
    put: 'review.digest === digest',
  },
  {
    name: 'a rejection does not stand in the way',
    file: 'core/review/standing.ts',
    find: 'met: counted.met && blocking.length === 0',
    put: 'met: counted.met',
  },
  {
    name: 'who lost the role still counts when the change is applied',
    file: 'core/review/standing.ts',
    find: ".filter((giver) => mayApprove(giver) === 'eligible')",
    put: '',
  },
  {
    name: 'nothing asked is approved',
    file: 'core/review/tally.ts',
    find: 'met: policies.length > 0 && policies.every',
    put: 'met: policies.every',
  },
  {
    name: 'a later stage opens at once',
    file: 'core/review/tally.ts',
    find: 'opens = filledFrom(slots, voters)',
    put: 'opens = Math.min(opensAt, filledFrom(slots, voters))',
  },
  {
    name: 'a need takes one person more than it has places',
    file: 'core/review/matching.ts',
    find: 'seated.length < slot.need.quorum',
    put: 'seated.length <= slot.need.quorum',
  },
  {
    name: 'two accounts of one person count twice',
    file: 'core/review/voter.ts',
    find: 'voter = merged(met, voter)',
    put: 'voter = { ...voter, index: met.index + 1 }',
  },

  {
    name: 'an answer to what was not seen is taken',
    file: 'core/request/decide-review.ts',
    find: 'if (seen !== digest) return',
    put: 'if (seen === undefined) return',
  },
  {
    name: 'an answer for one person takes back an objection for another',
    file: 'core/request/evolve.ts',
    find: "(other.verdict !== 'approve' || ![by, whose].includes(other.by))",
    put: '![by, whose].includes(other.by)',
  },
  {
    name: 'conflicts can be approved',
    file: 'core/request/decide-review.ts',
    find: "verdict === 'approve' && request.conflicts > 0",
    put: "verdict === 'approve' && request.conflicts > 1",
  },
  {
    name: 'the deadline itself is still in time',
    file: 'core/request/decide.ts',
    find: 'return at >= expiresAt',
    put: 'return at > expiresAt',
  },
  {
    name: 'a request can be cancelled although somebody reviewed it',
    file: 'core/request/decide.ts',
    find: "rules.cancel === 'any_time' || reviews.length === 0",
    put: "rules.cancel === 'any_time' || reviews.length < 2",
  },
  {
    name: 'new content stays in the round of the old',
    file: 'core/request/decide-content.ts',
    find: 'const round = drafting ? request.round : request.round + 1',
    put: 'const round = drafting ? request.round : Math.max(1, request.round)',
  },
  {
    name: 'an edit puts the deadline off',
    file: 'core/request/decide-content.ts',
    find: 'asksReviewers(command) ? latest : Math.min(request.expiresAt, latest)',
    put: 'latest',
  },
  {
    name: 'an editor is not remembered as one',
    file: 'core/request/decide-content.ts',
    find: "return type === 'edit' || type === 'resolve'",
    put: "return type === 'edit'",
  },
  {
    name: 'somebody who edits keeps their own approval',
    file: 'core/request/carry-over.ts',
    find: '!giver || isOwn(review, actor)) return []',
    put: '!giver) return []',
  },
  {
    name: 'whoever can veto everything keeps their approval of a part',
    file: 'core/request/carry-over.ts',
    find: 'if (requirements.some(({ veto }) => veto && isAmong(user, veto))) return undefined',
    put: '',
  },
  {
    name: 'whoever is asked about everything keeps their approval of a part',
    file: 'core/request/carry-over.ts',
    find: 'else if (asked) return undefined',
    put: '',
  },
  {
    name: 'a schedule is not part of what is approved',
    file: 'core/request/content.ts',
    find: 'round, requester, reason, applyAt, expiresAt,',
    put: 'round, requester, reason, expiresAt,',
  },
  {
    name: 'stored content is believed without its digest',
    file: 'core/request/settle.ts',
    find: 'if (found !== request.digest)',
    put: "if (found !== request.digest && request.digest === 'sha256:')",
  },
  {
    name: 'a change of an older revision overwrites a newer one',
    file: 'core/request/settle.ts',
    find: 'if (live !== base) return',
    put: 'if (live < base) return',
  },
  {
    name: "another request's lock does not matter when a change is applied",
    file: 'core/request/settle.ts',
    find: 'if (first && other !== undefined)',
    put: "if (first && other === '')",
  },
  {
    name: 'a bypass needs no reason',
    file: 'core/request/decide-application.ts',
    find: "if (command.reason === undefined || isBlank(command.reason)) return refuse('reason_required', { verb: 'bypass' })",
    put: '',
  },
  {
    name: 'a schedule is due a moment too early',
    file: 'core/request/decide-application.ts',
    find: 'if (applyAt === undefined || at >= applyAt)',
    put: 'if (applyAt === undefined || at >= applyAt - 1)',
  },
  {
    name: 'whoever broke the glass settles it under another account',
    file: 'core/request/decide-glass.ts',
    find: '[...request.persons, { user: debt.by, person: debt.person }]',
    put: 'request.persons',
  },
  {
    name: 'somebody who owes a review breaks the glass under another account',
    file: 'core/request/decide-glass.ts',
    find: '[debt.person, facts.users.get(debt.by)?.person]',
    put: '[facts.users.get(debt.by)?.person]',
  },
  {
    name: 'an event that follows another one than it says is not noticed',
    file: 'core/request/audit-chain.ts',
    find: "if (body.prev !== head.hash) return 'unlinked'",
    put: '',
  },
  {
    name: 'a Merkle tree takes its sides the other way round',
    file: 'core/request/merkle.ts',
    find: 'peaks.reduceRight((right, left) => nodeDigest(left, right))',
    put: 'peaks.reduceRight((right, left) => nodeDigest(right, left))',
  },

  {
    name: 'a policy that nobody can judge silences another one',
    file: 'core/policy/settle-matches.ts',
    find: 'truth === yes ? (compiled.policy.overrides',
    put: 'truth ? (compiled.policy.overrides',
  },
  {
    name: 'a decrease is no change of an amount',
    file: 'core/policy/decimal.ts',
    find: 'return Math.abs(b - a) - c',
    put: 'return b - a - c',
  },
  {
    name: 'the threshold itself is above the threshold',
    file: 'core/policy/judge-value.ts',
    find: "case '>':\n      return truth(order > 0)",
    put: "case '>':\n      return truth(order >= 0)",
  },
  {
    name: 'what cannot be compared needs no approval',
    file: 'core/policy/judge-value.ts',
    find: '!isNumber(after) || !isNumber(condition.value)) return unknown',
    put: '!isNumber(after) || !isNumber(condition.value)) return no',
  },
  {
    name: 'a policy that is gone since no longer counts',
    file: 'core/policy/requirement.ts',
    find: 'of [...pinned, ...current]',
    put: 'of current',
  },
  {
    name: 'of two policies the looser rule holds',
    file: 'core/policy/rules-of-conduct.ts',
    find: 'strictestFirst.indexOf(a) <= strictestFirst.indexOf(b)',
    put: 'strictestFirst.indexOf(a) >= strictestFirst.indexOf(b)',
  },

  {
    name: 'a command does not state that the policies are as it read them',
    file: 'service/request-command.ts',
    find: "unchanged(keyOf('policySets', tenant), policySet),",
    put: '',
  },
  {
    name: 'every event is the first of its stream',
    file: 'service/streams.ts',
    find: 'link(tenant, stream, head ?? emptyStream,',
    put: 'link(tenant, stream, emptyStream,',
  },
  {
    name: 'attempts that were refused are not recorded',
    file: 'service/refusals.ts',
    find: 'if (!telling.has(refused.refusal.code)) return',
    put: 'if (!telling.has(refused.refusal.code) || attempts > 0) return',
  },
  {
    name: 'an idempotency key gives the answer to another question',
    file: 'service/idempotency.ts',
    find: 'found.value.asked !== asked',
    put: "found.value.asked !== asked && key === ''",
  },
  {
    name: 'a request that locks its resource keeps nobody off',
    file: 'service/writes.ts',
    find: 'return isOpen(request.status) ? locksOf(request) : []',
    put: 'return isOpen(request.status) ? [] : locksOf(request)',
  },
  {
    name: 'a notice that could not be delivered is forgotten',
    file: 'service/tick.ts',
    find: 'if (pending.length === 0) {',
    put: 'if (pending.length >= 0) {',
  },
  {
    name: 'what a checkpoint sealed is not looked for',
    file: 'service/sealed-log.ts',
    find: 'ends.set(seal.stream, { seq: seal.seq, hash: seal.hash })',
    put: '',
  },
  {
    name: 'a checkpoint that is signed with an unknown key is believed',
    file: 'service/sealed-log.ts',
    find: 'const check = Object.hasOwn(keys, keyId) ? keys[keyId] : undefined',
    put: 'const check = keys[keyId] ?? (() => true)',
  },
  {
    name: 'a content that was edited away can be rewritten unseen',
    file: 'service/replay.ts',
    find: "return digest === request.digest ? undefined : 'the content is not what was reviewed'",
    put: "return content || digest === request.digest ? undefined : 'the content is not what was reviewed'",
  },
  {
    name: 'refusals without end fill the log',
    file: 'service/refusals.ts',
    find: 'if (goesOn && window.recorded >= mostRecorded) {',
    put: 'if (goesOn && window.recorded < 0) {',
  },
  {
    name: 'refusals that were counted are never stated',
    file: 'service/refusals.ts',
    find: 'if (!window || Object.keys(window.counted).length === 0) return { head, writes: [] }',
    put: "if (!window || stream !== '') return { head, writes: [] }",
  },
  {
    name: 'a notice goes to however many people',
    file: 'service/notices.ts',
    find: 'notice.to.slice(0, mostTold)',
    put: 'notice.to',
  },
  {
    name: 'a text that nobody erased can be taken away',
    file: 'core/request/texts.ts',
    find: 'if (!salted && !erased.has(committed))',
    put: "if (!salted && committed === '')",
  },
  {
    name: 'a text that was erased stays in the request',
    file: 'service/erase.ts',
    find: "...(record && request ? [put('requests', withIndexes(request, record.value), record)] : []),",
    put: "...(record && request && !request.reason ? [put('requests', withIndexes(request, record.value), record)] : []),",
  },
  {
    name: 'a request is rebased onto a resource of another project',
    file: 'service/rebase.ts',
    find: 'if (live && live.project !== project) {',
    put: 'if (live && live.project !== project && exists) {',
  },
  {
    name: 'two delegations at the same time close a circle',
    file: 'service/delegations.ts',
    find: 'relied.push(unchanged(key, before))',
    put: '',
  },

  {
    name: 'memory: a record is replaced whatever its version is',
    file: 'storage/memory.ts',
    find: "(stored?.version ?? 'absent') !== write.expected",
    put: "(stored === undefined) !== (write.expected === 'absent')",
  },
  {
    name: 'memory: two records share a place in a unique index',
    file: 'storage/memory.ts',
    find: 'if (holder !== undefined) refuseDuplicate(keyed, index)',
    put: '',
  },
  {
    name: 'SQLite: a check is not checked',
    file: 'storage/sql/sqlite-commits.ts',
    find: "if ((found ? Number(found.version) : 'absent') !== write.expected) refuseConflict(keyed)",
    put: '',
  },
  {
    name: 'SQLite: a commit that fails leaves its first half',
    file: 'storage/sql/sqlite-commits.ts',
    find: '      done()\n    } catch (thrown) {\n      rollback()',
    put: "      done()\n    } catch (thrown) {\n      prepared.control('commit')",
  },
  {
    name: 'SQLite: a commit that is refused beside others leaves its first half',
    file: 'storage/sql/sqlite-commits.ts',
    find: 'prepared.control(undo)',
    put: 'void undo',
  },
  {
    name: 'SQLite: commits that are made together are reported before they are on the disk',
    file: 'storage/sql/sqlite-commits.ts',
    find: "      prepared.control('commit')\n      for (const commit of commits) {",
    put: "      for (const { done } of commits) done()\n      prepared.control('commit')\n      for (const commit of commits) {",
  },
  {
    name: 'SQLite: a record that is replaced keeps its version',
    file: 'storage/sql/sqlite-statements.ts',
    find: 'sql<number>`version + 1`',
    put: 'sql<number>`version`',
  },
  {
    name: 'a draft silently overwrites what somebody else changed',
    file: 'core/change/merge.ts',
    find: 'return collide(typeOfConflict(live, draft), { base, live, draft }, merging)',
    put: 'return draft',
  },
  {
    name: 'a draft is lost where nobody else changed anything',
    file: 'core/change/merge.ts',
    find: 'if (same(base, live, node)) return draft',
    put: 'if (same(base, live, node)) return live',
  },
  {
    name: 'the order of keys changes the digest',
    file: 'core/change/canonical.ts',
    find: 'Object.keys(members).sort()',
    put: 'Object.keys(members)',
  },
  {
    name: 'two items of a list have the same key',
    file: 'core/change/keyed-view.ts',
    find: 'if (!named.ok || twice < 0) return named',
    put: 'if (!named.ok || twice < 0 || twice > 0) return named',
  },
  {
    name: 'a patch replaces an inherited name',
    file: 'core/change/json-patch.ts',
    find: 'Object.hasOwn(parent, segment) ? (parent as JsonObject)[segment] : undefined',
    put: '(parent as JsonObject)[segment]',
  },
  {
    name: 'a patch leads over a prototype',
    file: 'core/change/pointer.ts',
    find: "['__proto__', 'constructor', 'prototype']",
    put: "['constructor', 'prototype']",
  },
  {
    name: 'whoever claimed a change on its way before can say what became of it',
    file: 'core/request/decide-outside.ts',
    find: '!application || fence !== application.fence || at >= application.until',
    put: '!application || at >= application.until',
  },
  {
    name: 'a change on its way is confirmed although its claim has run out',
    file: 'core/request/decide-outside.ts',
    find: 'fence !== application.fence || at >= application.until',
    put: 'fence !== application.fence',
  },
  {
    name: 'a change on its way has another key each time that it is sent',
    file: 'core/request/decide-outside.ts',
    find: '{ tenant, request: id, round, revision }',
    put: '{ tenant, request: id, round, revision, nonce: Math.random() }',
  },
  {
    name: 'a change on its way is sent anew by somebody else before its claim has run out',
    file: 'core/request/decide-outside.ts',
    find: 'if (!application || at < application.until) {',
    put: 'if (!application) {',
  },
  {
    name: 'a change on its way is given up under the hands of whoever carries it',
    file: 'core/request/decide-outside.ts',
    find: 'if (problem === undefined && command.at < until) return',
    put: 'if (false) return',
  },
  {
    name: 'what a change on its way became is not compared with what was claimed',
    file: 'core/request/decide-outside.ts',
    find: "value.status === 'applied' && isSame(value.revisions, application.revisions)",
    put: "value.status === 'applied'",
  },
  {
    name: 'a policy is saved past the policies that gate it',
    file: 'service/consider.ts',
    find: 'directly && gated && requirements.length > 0',
    put: 'directly && gated && requirements.length > 100',
  },
  {
    name: 'a rule and what it would allow are one request',
    file: 'service/consider.ts',
    find: 'if (!policy || !other) return undefined',
    put: 'return undefined',
  },
  {
    name: 'a policy that has become invalid is put in force',
    file: 'service/policy-changes.ts',
    find: 'return allowed.ok ? await policyRefusal(context, state, changes) : allowed.refusal',
    put: 'return allowed.ok ? undefined : allowed.refusal',
  },
  {
    name: 'a policy is put in force for somebody who may not change it any more',
    file: 'service/policy-changes.ts',
    find: 'return allowed.ok ? await policyRefusal(context, state, changes) : allowed.refusal',
    put: 'return await policyRefusal(context, state, changes)',
  },
  {
    name: 'switching the workflow off frees the policies themselves',
    file: 'service/workflow.ts',
    find: 'return isAboutPolicies(resources) || isOn(context, settings, project)',
    put: 'return isOn(context, settings, project)',
  },
  {
    name: 'the only one who may change policies has to approve that',
    file: 'core/policy/check-lock-out.ts',
    find: 'selfApproval ? people : without(people, requester)',
    put: 'people',
  },
  {
    name: 'a policy is put in force and nothing is said of it among the settings',
    file: 'service/policy-changes.ts',
    find: '...settingsWrites(actor, policySet, { at, event }),',
    put: '',
  },
  {
    name: 'a Kysely that is in no transaction is taken for one',
    file: 'storage/sql/kysely-session.ts',
    find: "if (!transaction.isTransaction) refuseTransaction('no transaction is open in it', transaction)",
    put: '',
  },
  {
    name: 'a transaction of TypeORM that has ended is gone on with',
    file: 'storage/sql/orm-transaction.ts',
    find: 'isOpen: () => active.isTransactionActive && !active.isReleased',
    put: 'isOpen: () => true',
  },
  {
    name: 'what is said in a transaction of Sequelize leaves over another connection of its pool',
    file: 'storage/sql/orm-transaction.ts',
    find: 'connection: () => transaction.connection,',
    put: "connection: () => Reflect.get(given.sequelize as object, 'connectionManager').getConnection({ type: 'SELECT' }),",
  },
  {
    name: 'a SQLite connection without a transaction is written to at once',
    file: 'storage/sql/sqlite-given.ts',
    find: '() => isInTransaction(given) ?? refusesToBegin(given)',
    put: '() => true',
  },
  {
    name: 'a refusal inside sql.begin takes the whole transaction of postgres.js along',
    file: 'storage/sql/postgres-js.ts',
    find: 'sql.savepoint\n          ? inSavepoint(',
    put: 'sql.savepoint === undefined\n          ? inSavepoint(',
  },
  {
    name: 'the schema that a Kysely names is left out without a word',
    file: 'storage/sql/kysely-session.ts',
    find: 'if (schema === undefined) return undefined',
    put: 'if (schema !== null) return undefined',
  },
  {
    name: 'a DataSource is taken for a PGlite',
    file: 'storage/sql/postgres-given.ts',
    find: "has(given, 'query', 'transaction') && isNoneBut(given, 'PGlite itself')",
    put: "has(given, 'query', 'transaction')",
  },
  {
    name: 'a MySQL connection is made a storage of in the middle of a transaction, which is committed',
    file: 'storage/sql/mysql-given.ts',
    find: 'if (((serverStatus ?? 0) & inTransactionFlag) === 0) return',
    put: 'if (serverStatus !== null) return',
  },
]
