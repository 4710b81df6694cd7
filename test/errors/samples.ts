import { verbNames } from '../../src/core/request/model/status-table.ts'
import type { ErrorCode, ErrorDetails } from '../../src/errors/error-details.ts'

const request = 'r1'
const flag = { type: 'flag', id: 'checkout' } as const
const noon = Date.UTC(2026, 0, 5, 12)
const verbs = [...verbNames, 'draft', 'save a policy', 'record what the host has']

/** For each code some details that a refusal can have: with every verb, if it says one, and with one and several of what it lists. */
export const samples: { readonly [C in ErrorCode]: readonly ErrorDetails[C][] } = {
  invalid_document: [
    { path: '/when', problem: 'is a Date' },
    { path: '', problem: 'is a function', resource: 'flag "checkout"' },
  ],
  invalid_shape: [{ path: '/rules/1', problem: 'has the key "a" twice' }],
  invalid_by_schema: [{ resource: 'flag "checkout"', issues: [{ path: '/rollout', message: 'must be a number' }] }],
  schema_failed: [{ ...flag, path: '/rollout', problem: 'it made another value of its own output' }],
  invalid_patch: [{ operation: 1, path: '/rules/7', problem: 'there is no such place' }],
  invalid_resolution: [{ conflict: 'sha256:1', problem: 'the request has no such conflict' }],
  invalid_pattern: [{ pattern: 'rules', problem: 'must begin with "/"' }],
  invalid_policy: [
    { policy: 'p', problems: [{ path: '/require', problem: 'is missing', fix: 'say who approves' }] },
    { policy: '', problems: [{ path: '', problem: 'is a list', fix: 'write an object' }] },
  ],
  invalid_input: [{ argument: 'options.digest', problem: 'must be the digest of the request' }],
  unknown_resource_type: [
    { type: 'flg', known: ['flag'] },
    { type: 'flg', known: [] },
  ],
  unknown_resource: [flag],
  unknown_revision: [{ ...flag, revision: 7 }],
  revision_not_kept: [{ ...flag, revision: 7, removedAt: 1_767_603_600_000 }],
  content_not_kept: [{ request, removedAt: 1_767_603_600_000 }],
  unknown_request: [{ request }],
  unknown_delegation: [{ from: 'ben', to: 'cat' }],
  not_delegable: [{ from: 'ben', to: 'cat', problem: 'it would end before it begins' }],
  policy_in_code: [{ policy: 'p', version: 3 }],
  policies_outdated: [
    { version: 0, recorded: 2 },
    { version: 1, recorded: 2 },
    { version: 2, recorded: 2 },
  ],
  unknown_policy: [{ policy: 'p' }],
  policy_gated: [
    { policy: 'p', by: ['guard'] },
    { policy: 'p', by: ['guard', 'watch'] },
    { policy: '', project: '', by: ['guard'] },
    { policy: '', project: 'web', by: ['guard', 'watch'] },
  ],
  unknown_actor: [{ actor: 'eve' }],
  wrong_project: [
    { ...flag, project: 'web', actual: 'app' },
    { ...flag, project: '', actual: 'app' },
    { ...flag, project: 'web', actual: '' },
    { ...flag, project: 'shop', actual: 'web', removed: true },
  ],
  nothing_changed: [flag],
  up_to_date: [{ request }],
  no_conflicts: [{ request }],
  no_policy: [{ ...flag, actions: ['update', 'enable'] }],
  reason_required: verbs.map((verb) => ({ verb })),
  limit_reached: (['comments', 'open_drafts', 'delegations', 'objections', 'additions'] as const).map((what) => ({
    what,
    limit: 10,
  })),
  not_open: (
    [
      'draft',
      'pending',
      'changes_requested',
      'approved',
      'applying',
      'applied',
      'rejected',
      'cancelled',
      'expired',
      'failed',
    ] as const
  ).flatMap((status) => verbNames.map((verb) => ({ request, status, verb }))),
  expired: [{ request, expiredAt: noon }],
  digest_mismatch: [{ request, seen: 'sha256:1' }],
  content_tampered: [
    { request, digest: 'sha256:1', found: 'sha256:2' },
    { request, digest: 'sha256:1', found: 'nothing' },
  ],
  self_approval: [{ request, actor: 'ann' }],
  not_an_approver: [
    { request, actor: 'eve', roles: [] },
    { request, actor: 'eve', roles: ['lead'] },
    {
      request,
      actor: 'eve',
      roles: [],
      projects: [
        { project: 'web', roles: ['lead'] },
        { project: 'ios', roles: [] },
      ],
    },
  ],
  approval_missing: [
    { request, policies: [] },
    { request, policies: ['p'] },
    { request, policies: ['p', 'q'] },
  ],
  comments_unresolved: [1, 2].map((comments) => ({ request, comments })),
  unknown_comment: [{ request, comment: `${request}/7` }],
  time_not_open: [{ request }],
  revert_planned: verbNames.map((verb) => ({
    request: `${request}-revert`,
    revertOf: request,
    at: 1_767_603_600_000,
    verb,
  })),
  comment_open: [{ request }, { request, comment: `${request}/7` }],
  comment_resolved: [{ request }, { request, comment: `${request}/7` }],
  not_a_participant: [{ request, comment: `${request}/7`, actor: 'eve' }],
  stale: [{ ...flag, base: 1, live: 2 }],
  cannot_land: [
    { ...flag, project: 'web', problem: 'gone' },
    { ...flag, project: '', problem: 'gone' },
    { ...flag, project: 'web', problem: 'replaced' },
    { ...flag, project: 'web', problem: 'created' },
  ],
  already_reviewed: ['approve', 'reject', 'request_changes'].map((verdict) => ({ request, actor: 'ben', verdict })),
  own_objection: [{ request: 'r1', actor: 'kim' }],
  requester_present: [{ request: 'r1', requester: 'ann' }],
  edit_restricted: (['nobody', 'requester', 'contributors'] as const).map((editors) => ({
    request,
    actor: 'eve',
    editors,
  })),
  not_the_requester: verbNames.map((verb) => ({ request, actor: 'ben', requester: 'ann', verb })),
  contributor: [{ request, actor: 'ben' }],
  not_delegated: [
    { request, actor: 'cat', onBehalfOf: 'ben' },
    { request, actor: 'cat', onBehalfOf: 'ben', left: true },
  ],
  no_review: [{ request, actor: 'ben' }],
  conflicts_open: [
    { request, conflicts: 1 },
    { request, conflicts: 2 },
  ],
  locked: [{ ...flag, request }, flag, { ...flag, request, until: noon }],
  claim_lost: [{ request, fence: 1, current: 2, until: noon }],
  delivery_in_progress: [{ request, until: noon }],
  abandoned: [{ ...flag, problem: 'nobody said what became of it' }],
  bypass_forbidden: [
    { request, actor: 'eve', roles: [] },
    { request, actor: 'eve', roles: [], freezes: ['sale'] },
    { actor: 'eve', roles: [], freezes: ['sale', 'night'] },
    { request, actor: 'eve', roles: ['admin'] },
  ],
  break_glass_forbidden: [
    { request, actor: 'eve', roles: [] },
    { request, actor: 'eve', roles: ['admin', 'lead'] },
  ],
  follow_up_pending: [{ request, by: 'root', policies: ['p', 'q'] }],
  no_follow_up: [{ request }],
  own_follow_up: [{ request, actor: 'root' }],
  not_due: verbNames.flatMap((verb) => [0, noon].map((dueAt) => ({ request, verb, dueAt }))),
  already_reviewed_by_others: [
    { request, reviews: 1, verb: 'cancel' },
    { request, reviews: 2, verb: 'discard' },
  ],
  invalid_transition: [
    { lifecycle: 'experiment', state: 'running', action: 'start', possible: [] },
    { lifecycle: 'experiment', state: 'running', action: 'start', possible: ['pause', 'finish'] },
  ],
  waiting_for_approval: [{ lifecycle: 'experiment', state: 'draft', action: 'edit', waiting: 'start' }],
  still_referenced: [
    { lifecycle: 'saved group', state: 'active', action: 'archive', references: ['flag "a"', 'flag "b"'] },
  ],
  follows_state: [
    { ...flag, property: '/enabled', says: 'true', state: 'on', possible: [] },
    { ...flag, property: '/enabled', says: 'true', state: 'on', possible: ['disable'] },
  ],
  transition_rejected: [{ lifecycle: 'experiment', state: 'draft', action: 'start', problem: 'it has no variants' }],
  frozen: (['block', 'queue'] as const).flatMap((mode) => {
    const details = { ...flag, freeze: 'year-end', mode, reason: 'nobody is there' }
    return [
      { ...details, until: noon },
      details,
      { ...details, problem: 'the platform knows no time zone "Mars/Base"' },
    ]
  }),
  unknown_freeze: [{ freeze: 'year-end' }],
  workflow_off: verbNames.flatMap((verb) => ['', 'web'].map((project) => ({ request, project, verb }))),
  switched_off: verbNames.map((verb) => ({ request, verb })),
  not_switched_off: [{ request }],
  not_permitted: [
    { actor: 'eve', project: '', missing: [] },
    { actor: 'eve', project: 'web', missing: ['flags.edit'] },
    {
      actor: 'eve',
      project: '',
      missing: ['approval_settings.edit'],
      admins: ['user "ben"', 'role "boss", which nobody holds'],
    },
    { actor: 'eve', project: 'web', missing: ['approval_settings.edit'], policies: ['p'] },
  ],
  not_an_editor: [
    { ...flag, actor: 'eve', editors: [] },
    { ...flag, actor: 'eve', editors: ['ann'] },
  ],
  beyond_own_permissions: [
    { actor: 'eve', role: 'admin', missing: ['roles.edit'], policies: [] },
    { actor: 'eve', role: 'lead', missing: [], policies: ['p'] },
    { actor: 'eve', user: 'ann', missing: [], policies: ['p', 'q'] },
  ],
  own_account: [{ actor: 'ann', account: 'ann-phone' }],
  preview_outdated: [{ seen: 'sha256:1' }],
  unknown_role: [
    { role: 'x', known: [] },
    { role: 'x', known: ['lead'] },
  ],
  role_in_use: [{ role: 'x', holders: ['ann', 'ben'] }],
  last_admin: [
    { admins: ['zoe'], permission: 'organization_roles.edit' },
    { admins: ['zoe', 'yan'], permission: 'roles.edit' },
  ],
  idempotency_mismatch: [{ key: 'k' }],
  host_failed: (['read', 'write', 'projectOf'] as const).flatMap((operation) => [
    { ...flag, operation, problem: 'timeout' },
    { ...flag, operation, problem: 'timeout', mayLand: true as const },
    { ...flag, operation, problem: 'is a Date', path: '/when' },
  ]),
  host_function_failed: [
    { function: 'now', problem: 'threw: down', fix: 'it must answer with milliseconds since 1970' },
  ],
  directory_failed: [{ question: 'who "ann" is', problem: 'timeout' }],
  contention: verbs.map((verb) => ({ verb, attempts: 12 })),
  duplicate_key: [{ collection: 'requests', index: 'key' }],
  version_conflict: [{ collection: 'requests', key: 'acme/r1' }],
  unreadable_record: [{ collection: 'requests', key: 'acme/r1', problem: 'its text is cut off' }],
  storage_failed: [{ operation: 'commit', problem: 'the connection was closed' }],
}
