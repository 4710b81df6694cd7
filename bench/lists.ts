import { createApprovals, type Directory, defineResource, staticDirectory } from 'countersign'
import { number, object } from 'zod'
import { type Comparison, timed } from './harness.ts'
import { type BenchDatabase, postgres, sqlite } from './storage-databases.ts'
import { office, type Pending } from './storage-office.ts'

const pageSize = 50
const open = 1_000
const prices = defineResource({ type: 'price', schema: object({ cents: number() }) })

/** Compares lists, counts and timelines with statements by hand on the bare driver, and with themselves where less is stored. */
export async function comparisons(): Promise<readonly Comparison[]> {
  return [...(await on(sqlite)), ...(await on(postgres))]
}

/** Where a list is read, and the condition and the index columns of the same by hand. */
const filters = {
  nothing: [{}, 'requests', ''],
  project: [{ project: 'web' }, 'requests', "and r.project = 'web'"],
  requester: [{ requester: 'ann' }, 'requests', "and r.requester = 'ann'"],
  type: [{ type: 'price' }, 'targets', "and r.type = 'price' and r.is_first = 1"],
  resource: [{ resource: { type: 'price', id: 'p' } }, 'targets', "and r.type = 'price' and r.id = 'p'"],
} as const

type Make = () => BenchDatabase | Promise<BenchDatabase | undefined>

async function on(make: Make): Promise<readonly Comparison[]> {
  const [few, many] = [await stored(make, 10_000), await stored(make, 100_000)]
  if (!few || !many) return []
  const { name, database } = many
  const cases = Object.entries(filters).flatMap(([filter, [criteria, table, condition]]) =>
    (['created', 'updated'] as const).flatMap((by) => {
      const asked = { ...criteria, by, limit: pageSize, status: 'applied' } as const
      const list = (from: Stored) => async () => (await from.ann.requests.list(asked)).requests.length
      const text = handList(table, condition, `${by}_at`)
      const same = (one: number, other: number) => one === pageSize && other === pageSize
      const hand = async () => {
        const rows = (await database.rows?.(text, ['acme', 'applied'])) ?? []
        return rows.map((row) => Object.values(row as object).map((value) => JSON.parse(value))).length
      }
      const subject = { name: 'requests.list', run: list(many) }
      const title = `50 by ${filter}, ${by}, of 100,000, ${name}`
      return [
        timed({ case: title, subject, peer: { name: 'by hand', run: hand }, same, goal: 0.5 }),
        timed({ case: title, subject, peer: { name: 'of 10,000', run: list(few) }, same, goal: 1 / 1.3 }),
      ]
    }),
  )
  const count = (status: 'pending' | 'applied') => {
    const text =
      'select count(*) as count from countersign_requests where tenant = $1 and status = $2 and created_at is not null'
    return timed({
      case: `count of ${status} ones of 100,000, ${name}`,
      subject: { name: 'requests.count', run: async () => (await many.ann.requests.count({ status })).count },
      peer: {
        name: 'count(*)',
        run: async () => {
          const [row] = (await database.rows?.(text, ['acme', status])) ?? []
          return Number((row as { readonly count: number }).count)
        },
      },
      same: (one, other) => one === other,
      goal: 0.5,
    })
  }
  const events = 'select value from countersign_events where tenant = $1 and stream = $2 order by seq limit 200'
  const timeline = timed({
    case: `timeline of 200 entries, ${name}`,
    subject: {
      name: 'requests.timeline',
      run: async () => (await many.ann.requests.timeline(many.told, { limit: 200 })).entries.length,
    },
    peer: {
      name: 'events by hand',
      run: async () => {
        const rows = (await database.rows?.(events, ['acme', `request/${many.told}`])) ?? []
        return rows.map((row) => JSON.parse((row as { readonly value: string }).value)).length
      },
    },
    same: (one, other) => one === 200 && other === 200,
    goal: 0.5,
  })
  const rights = await readingRights(many)
  const indexes = [...(await indexCost(make, 'submit')), ...(await indexCost(make, 'review'))]
  const measure = async () => {
    const measured = await timeline.measure()
    for (const one of [few, many]) await one.database.close()
    return measured
  }
  return [...cases, ...rights, ...indexes, count('pending'), count('applied'), { ...timeline, measure }]
}

/** A list that asks who may read, beside one of a tenant where everybody may: in all projects, and in one of them. */
async function readingRights({ name, database, ann }: Stored): Promise<readonly Comparison[]> {
  const readers = { everywhere: { acme: ['staff'] }, 'in one project': { web: ['staff'] } }
  return Object.entries(readers).map(([where, held]) => {
    const reader = createApprovals({
      ...{ admins: 'anyone', storage: database.open(), resources: [prices], readers: { roles: ['staff'] } },
      directory: directoryOf(held),
    }).as({ tenant: 'acme', user: 'ann' })
    const list = (by: typeof ann) => async () => {
      return (await by.requests.list({ status: 'applied', limit: pageSize })).requests.length
    }
    return timed({
      case: `50 by a reader ${where}, of 100,000, ${name}`,
      subject: { name: 'with readers', run: list(reader) },
      peer: { name: 'without', run: list(ann) },
      same: (one, other) => one === pageSize && other === pageSize,
      goal: 1 / 1.1,
    })
  })
}

/** A directory of one user who holds roles in a project, or, under the name of the tenant, everywhere. */
function directoryOf(held: Readonly<Record<string, readonly string[]>>): Directory {
  const inProjects = Object.entries(held).map(([project, roles]) => ({ project, roles }))
  return {
    users: async ({ project = 'acme' }, ids) =>
      ids.map(() => ({ roles: held[project] ?? held['acme'] ?? [], inProjects })),
    holders: async () => ['ann'],
    roles: async (_scope, names) => names.map(() => true),
  }
}

/** The indexes that lists are read by, and nothing else is. */
const listIndexes = [
  ...['requester', 'update', 'project_update', 'own_update'].map((by) => `countersign_requests_by_${by}`),
  ...['update', 'type', 'type_update'].map((by) => `countersign_targets_by_${by}`),
  ...['status', 'update'].map((by) => `countersign_across_projects_by_${by}`),
  ...['update', 'project', 'type', 'type_project', 'type_state', 'project_state'].map(
    (by) => `countersign_resources_by_${by}`,
  ),
]

/** A verb with the indexes of the lists, beside the same without them. */
async function indexCost(make: Make, verb: 'submit' | 'review'): Promise<readonly Comparison[]> {
  const [all, bare] = [await make(), await make()]
  if (!all || !bare) return []
  const side = async (name: string, database: BenchDatabase) => {
    const { submit, approve } = await office(database.open())
    return {
      ...{ name },
      ...(verb === 'submit'
        ? { run: async () => void (await submit()) }
        : { prepare: submit, run: async (one: Pending) => void (await approve(one)) }),
    }
  }
  const [subject, peer] = [await side('with the indexes of lists', all), await side('without', bare)]
  for (const index of listIndexes) await bare.run(`drop index ${index}`)
  const comparison = timed({
    case: `${verb}, ${all.name}`,
    subject,
    peer,
    same: () => true,
    goal: 1 / 1.1,
  })
  const measure = async () => {
    const measured = await comparison.measure()
    for (const one of [all, bare]) await one.close()
    return measured
  }
  return [{ ...comparison, measure }]
}

/** The same rows by hand: each request with its content. */
function handList(table: string, condition: string, time: string): string {
  const request = table === 'targets' ? 'request' : 'id'
  const record = table === 'targets' ? 'join countersign_requests q on q.tenant = r.tenant and q.id = r.request' : ''
  const value = table === 'targets' ? 'q.value' : 'r.value'
  return `select ${value} as request, c.value as content from (select * from countersign_${table} r
    where r.tenant = $1 and r.status = $2 and r.${time} is not null ${condition} order by r.${time} desc, r.${request} desc limit ${pageSize}) r ${record}
    join countersign_contents c on c.tenant = r.tenant and c.request = r.${request} and c.edition = 1`.replace(
    /\s+/g,
    ' ',
  )
}

type Stored = NonNullable<Awaited<ReturnType<typeof stored>>>

/** A tenant with so many requests, of which 1,000 wait, and one of them has 200 events. */
async function stored(make: Make, count: number) {
  const database = await make()
  if (!database) return undefined
  const approvals = createApprovals({
    ...{ admins: 'anyone', storage: database.open(), resources: [prices] },
    directory: staticDirectory({ ann: [], ben: ['lead'] }),
    limits: { commentsPerRequest: 1_000 },
  })
  const [ann, ben] = [approvals.as({ tenant: 'acme', user: 'ann' }), approvals.as({ tenant: 'acme', user: 'ben' })]
  const ref = prices.ref('p', { project: 'web' })
  await ann.submit(ref, { value: { cents: 1 } })
  await ben.policies.save({ id: 'all', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } })
  const submitted = async (cents: number) => {
    const outcome = await ann.submit(prices.ref('p'), { value: { cents } })
    if (outcome.status !== 'pending') throw new TypeError('The change was not gated.')
    return outcome.request
  }
  const applied = await submitted(2)
  await ben.requests.approve(applied.id, { digest: applied.digest })
  const pending = await submitted(3)
  await copies(database, applied.id, count - open)
  await copies(database, pending.id, open - 1)
  for (let comment = 1; comment < 200; comment++) await ben.requests.comment(pending.id, `Comment ${comment}.`)
  return { name: database.name, database, ann, told: pending.id }
}

const tables = {
  requests: ['tenant', 'id', 'status', 'created_at', 'project', 'due_at', 'requester', 'updated_at'],
  contents: ['tenant', 'request', 'edition'],
  targets: [
    'tenant',
    'type',
    'id',
    'request',
    'status',
    'created_at',
    'updated_at',
    'is_first',
    'project',
    'requester',
  ],
} as const

/** Stores copies of a request, each made a millisecond before the one before, by the columns and by the record. */
async function copies({ name, run, rows }: BenchDatabase, id: string, count: number): Promise<void> {
  const [found] = (await rows?.('select created_at, updated_at from countersign_requests where id = $1', [id])) ?? []
  const { created_at, updated_at } = found as { readonly created_at: number; readonly updated_at: number }
  const numbers =
    name === 'SQLite'
      ? `with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < ${count})`
      : `with numbers as (select n from generate_series(1, ${count}) as n)`
  const other = `substr('${id}', 1, 19) || substr('00000000000000000' || cast(n * 7919 as text), -17)`.replace(
    "substr('00000000000000000' || cast(n * 7919 as text), -17)",
    name === 'SQLite' ? "substr('00000000000000000' || (n * 7919), -17)" : "lpad((n * 7919)::text, 17, '0')",
  )
  const moved = (text: string, property: string, time: number) =>
    `replace(${text}, '"${property}":${time}', '"${property}":' || cast(${time} - n as text))`
  for (const [table, columns] of Object.entries(tables)) {
    const all = [...columns, 'version', 'value']
    const copied = all.map((column) => {
      if (column === 'created_at' || column === 'updated_at') return `${column} - n`
      if (column === 'value') {
        return moved(moved(`replace(value, '${id}', ${other})`, 'createdAt', created_at), 'updatedAt', updated_at)
      }
      return (table === 'requests' && column === 'id') || column === 'request' ? other : column
    })
    const key = table === 'requests' ? 'id' : 'request'
    await run(
      `${numbers} insert into countersign_${table} (${all.join(', ')}) select ${copied.join(', ')} from countersign_${table} as one, numbers where one.${key} = '${id}'`,
    )
  }
  await run('analyze')
}
