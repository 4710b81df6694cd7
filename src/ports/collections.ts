/** The declaration of one collection: from it come the SQL schema, the memory adapter and the conformance kit. */
export interface Collection {
  /**
   * The version of the schema that brought it.
   *
   * @defaultValue 4, the first version that was released
   */
  readonly since?: number
  /** Properties of a record that make its key, tenant first. */
  readonly key: readonly Column[]
  readonly indexes: Readonly<Record<string, Index>>
  /** Properties of a record that pages and counts can be kept to, besides those of its key and its indexes. */
  readonly columns?: readonly Column[]
}

/** The longest text that a column holds, in UTF-8 bytes: what every database indexes without cutting it off. */
export const maxColumnBytes = 512

/**
 * A property of a record that the storage can look up and order by.
 *
 * Text is well-formed Unicode without U+0000, at most `maxColumnBytes` long, and compared by its UTF-8 bytes, never
 * by a locale: not padded, not folded, not normalised. Integers are safe integers.
 */
export interface Column {
  readonly name: string
  readonly type: 'text' | 'integer'
  /**
   * The version of the schema that brought it to a collection that was there before.
   *
   * @defaultValue that of its collection
   */
  readonly since?: number
}

/**
 * An order over a collection, and its uniqueness. Records in which one of the columns is missing or null are not in
 * it.
 */
export interface Index {
  /**
   * The version of the schema that brought it, over columns that were there before. Defaults to that of its
   * collection.
   */
  readonly since?: number
  readonly columns: readonly Column[]
  readonly unique?: true
}

const text = (name: string): Column => ({ name, type: 'text' })
const integer = (name: string): Column => ({ name, type: 'integer' })

const tenant = text('tenant')
const requester: Column = { ...text('requester'), since: 5 }
const isFirst: Column = { ...integer('isFirst'), since: 5 }
const openSince: Column = { ...integer('openSince'), since: 5 }
const updatedAt: Column = { ...integer('updatedAt'), since: 5 }
const project: Column = { ...text('project'), since: 5 }
const state: Column = { ...text('state'), since: 5 }

/** The first version of the schema that can be brought to the present one. Those before it were never released. */
export const firstSchemaVersion = 4

/** Everything that the library keeps. */
export const collections = {
  /** Change requests: status, pinned requirement, reviews of the current round. */
  requests: {
    key: [tenant, text('id')],
    indexes: {
      byStatus: { columns: [tenant, text('status'), integer('createdAt')] },
      byProject: { columns: [tenant, text('project'), text('status'), integer('createdAt')] },
      byRequester: { since: 5, columns: [tenant, requester, text('status'), integer('createdAt')] },
      /** The same by last update. */
      byUpdate: { since: 5, columns: [tenant, text('status'), updatedAt] },
      byProjectUpdate: { since: 5, columns: [tenant, text('project'), text('status'), updatedAt] },
      byOwnUpdate: { since: 5, columns: [tenant, requester, text('status'), updatedAt] },
      /** Across tenants, for `tick`: when something is due to happen to the request. */
      byDue: { columns: [integer('dueAt')] },
      /** The same of a tenant: what has come due and is not recorded yet. */
      byTenantDue: { since: 5, columns: [tenant, integer('dueAt')] },
    },
  },
  /** What a request would change, per edition. Never rewritten: reviews are bound to its digest. */
  contents: { key: [tenant, text('request'), integer('edition')], indexes: {} },
  /** What people said about requests. Never rewritten, but when a comment is resolved or erased. */
  comments: { since: 5, key: [tenant, text('request'), integer('number')], indexes: {} },
  /** Which requests are about a resource. */
  targets: {
    key: [tenant, text('type'), text('id'), text('request')],
    indexes: {
      byStatus: { columns: [tenant, text('type'), text('id'), text('status'), integer('createdAt')] },
      byUpdate: { since: 5, columns: [tenant, text('type'), text('id'), text('status'), updatedAt] },
      /** Those that are open. */
      byOpen: { since: 5, columns: [tenant, text('type'), text('id'), openSince] },
      /** Each request once, however many resources of the type it is about: under the first of them. */
      byType: {
        since: 5,
        columns: [tenant, text('type'), text('status'), integer('createdAt'), text('request'), isFirst],
      },
      byTypeUpdate: { since: 5, columns: [tenant, text('type'), text('status'), updatedAt, text('request'), isFirst] },
    },
    columns: [project, requester],
  },
  /** Requests over several projects, under each of these. In the indexes of one project, there are only the others. */
  acrossProjects: {
    since: 5,
    key: [tenant, text('project'), text('request')],
    indexes: {
      byStatus: { columns: [tenant, text('project'), text('status'), integer('createdAt')] },
      byUpdate: { columns: [tenant, text('project'), text('status'), updatedAt] },
    },
    columns: [requester],
  },
  /** From whom an approval is awaited: a request under each user and role that it asks, while it can be approved. */
  inbox: {
    key: [tenant, text('approver'), text('request')],
    indexes: {
      byAge: { columns: [tenant, text('approver'), integer('createdAt')] },
      byProject: { columns: [tenant, text('approver'), text('project'), integer('createdAt')] },
    },
  },
  /** What somebody objects to: a request under the digest of each effect that it was about when it was rejected. */
  objections: { key: [tenant, text('effect'), text('request')], indexes: {} },
  /** Which request keeps everybody else off a resource. */
  locks: { key: [tenant, text('type'), text('id')], indexes: {} },
  /** Which request is on its way to a resource that is kept outside of the database, and how often one was. */
  claims: { key: [tenant, text('type'), text('id')], indexes: {} },
  /** Who holds which roles, by user. */
  grants: { key: [tenant, text('user')], indexes: {} },
  /** The same by role. */
  holders: { key: [tenant, text('role'), text('project'), text('user')], indexes: {} },
  /** Who has left, as the host has said, if a directory of the host's tells who people are. */
  departures: { since: 5, key: [tenant, text('user')], indexes: {} },
  /**
   * What a user wants for themselves alone. Nothing that is decided states it, so that nobody's command waits for it.
   */
  preferences: { key: [tenant, text('user')], indexes: {} },
  /** Who edits a resource, if that was said. */
  accesses: { key: [tenant, text('type'), text('id')], indexes: {} },
  /** Who may answer for whom. */
  delegations: {
    key: [tenant, text('from'), text('to')],
    indexes: {
      byEnd: { columns: [tenant, integer('ends')] },
      byDelegate: { columns: [tenant, text('to'), integer('ends')] },
    },
  },
  /** One record a tenant: the follow-up reviews that are still to be done. */
  followUps: { key: [tenant], indexes: {} },
  /** The answers to commands that carried an idempotency key. */
  idempotencyKeys: {
    key: [tenant, text('actor'), text('key')],
    indexes: {
      /** Across tenants, for `tick`: when an answer may be forgotten. */
      byDue: { columns: [integer('dueAt')] },
    },
  },
  /** The live documents. */
  resources: {
    key: [tenant, text('type'), text('id')],
    indexes: {
      /** Across tenants, for `tick`: when the clock ends the state of the resource. */
      byDue: { columns: [integer('stateDueAt')] },
      /** What is there, by its last update: all of it, and by each combination of type, project and live state. */
      byUpdate: { since: 5, columns: [tenant, updatedAt] },
      byProject: { since: 5, columns: [tenant, project, updatedAt] },
      byType: { since: 5, columns: [tenant, text('type'), updatedAt] },
      byTypeProject: { since: 5, columns: [tenant, text('type'), project, updatedAt] },
      byTypeState: { since: 5, columns: [tenant, text('type'), state, updatedAt] },
      byProjectState: { since: 5, columns: [tenant, text('type'), project, state, updatedAt] },
    },
  },
  /** Every applied state of every resource. Never rewritten, but for messages that are erased. */
  revisions: {
    key: [tenant, text('type'), text('id'), integer('number')],
    indexes: { byTime: { columns: [tenant, integer('at')] } },
  },
  /** The hash-chained log. Never rewritten, but for texts that are erased; no hash covers them. */
  events: {
    key: [tenant, text('stream'), integer('seq')],
    indexes: {
      /** No two events follow the same one, whoever wrote them: a fork of the chain cannot be stored. */
      byPrev: { columns: [tenant, text('stream'), text('prev')], unique: true },
    },
  },
  /** The head of each stream whose owner has no record of its own. */
  streams: {
    key: [tenant, text('stream')],
    indexes: {
      /** Across tenants, for `tick`: when counted refusals are to be stated. */
      byDue: { columns: [integer('dueAt')] },
    },
  },
  /** The events that no checkpoint has sealed yet. */
  unsealed: {
    key: [tenant, text('stream'), integer('seq')],
    indexes: {
      /** Across tenants, for `tick`. */
      byDue: { columns: [integer('dueAt')] },
    },
  },
  /** Where streams ended when they were sealed: the leaves of a Merkle tree. Never rewritten. */
  seals: { key: [tenant, integer('place')], indexes: {} },
  /** What was sealed until when. Never rewritten. */
  checkpoints: { key: [tenant, integer('number')], indexes: {} },
  /** The policies in force, and the tombstones of removed ones. */
  policies: {
    key: [tenant, text('id')],
    indexes: { bySet: { columns: [tenant, integer('setVersion')] } },
  },
  /** One record a tenant, whose version moves with every change of a policy, a role, a grant or a switch. */
  policySets: { key: [tenant], indexes: {} },
  /** Where the workflow was switched off, and what waited is not all back to being drafts yet. */
  returns: {
    key: [tenant, text('project')],
    indexes: {
      /** Across tenants, for `tick`. */
      byDue: { columns: [integer('dueAt')] },
    },
  },
  /** Notices that are not delivered yet. */
  outbox: {
    key: [tenant, text('id')],
    indexes: {
      /** Across tenants, for `tick`. */
      byDue: { columns: [integer('dueAt')] },
    },
  },
} as const satisfies Readonly<Record<string, Collection>>

/** Names of the collections. */
export type CollectionName = keyof typeof collections

/** The names of all collections. */
export const collectionNames = Object.keys(collections) as readonly CollectionName[]
