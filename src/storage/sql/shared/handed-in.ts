/** The databases that statements are written for. */
export type Engine = 'postgres' | 'mysql' | 'sqlite'

/** Something that hosts hand in, and that is not what was asked for. */
interface Foreign {
  readonly name: string
  is(given: object): boolean
  /** What to write instead of it when a database was asked for, if there is a line that always works. */
  readonly database?: Partial<Readonly<Record<Engine, string>>>
  /** What to write instead of it when a transaction was asked for. */
  readonly transaction?: string
}

const poolOf = {
  postgres: 'postgresStorage(connectionString), or postgresStorage(new pg.Pool({ connectionString }))',
  mysql: 'mysqlStorage(uri), or mysqlStorage(mysql.createPool({ uri }))',
  sqlite: "sqliteStorage('path of the file'), or sqliteStorage(new Database('path of the file'))",
}
const begun = {
  postgres: "const client = await pool.connect(); await client.query('begin'); approvals.within(client)",
  mysql:
    "const connection = await pool.getConnection(); await connection.query('start transaction'); approvals.within(connection)",
}

/** Whatever has been seen in the place of a database or a transaction. The first that fits counts. */
const foreigners: readonly Foreign[] = [
  {
    name: 'a promise',
    is: (given) => has(given, 'then'),
    database: {
      postgres: 'postgresStorage(await …)',
      mysql: 'mysqlStorage(await …)',
      sqlite: 'sqliteStorage(await …)',
    },
    transaction: 'approvals.within(await …)',
  },
  {
    name: 'a DataSource of TypeORM',
    is: (given) => has(given, 'createQueryRunner') && 'driver' in given,
    database: { postgres: 'postgresStorage(dataSource.driver.master)', mysql: 'mysqlStorage(dataSource.driver.pool)' },
    transaction: 'dataSource.transaction(async (manager) => { … approvals.within(manager) … })',
  },
  {
    name: 'a QueryRunner of TypeORM',
    is: (given) => has(given, 'startTransaction', 'connect') && 'isTransactionActive' in given,
    transaction: 'await runner.startTransaction(); approvals.within(runner)',
  },
  {
    name: 'an EntityManager of TypeORM',
    is: (given) => has(given, 'getRepository', 'transaction'),
    transaction: 'dataSource.transaction(async (manager) => { … approvals.within(manager) … })',
  },
  {
    name: 'a Repository of TypeORM',
    is: (given) => has(given, 'find', 'save') && 'manager' in given,
    transaction: 'approvals.within(repository.manager), where repository is of the manager of a transaction',
  },
  {
    name: 'an EntityManager of MikroORM',
    is: (given) => has(given, 'transactional', 'getTransactionContext'),
    transaction: 'orm.em.transactional(async (em) => { … approvals.within(em) … })',
  },
  {
    name: 'an instance of MikroORM',
    is: (given) => has(Object(Reflect.get(given, 'em')), 'transactional'),
    transaction: 'orm.em.transactional(async (em) => { … approvals.within(em) … })',
  },
  {
    name: 'an instance of Sequelize',
    is: (given) => has(given, 'authenticate', 'define', 'transaction'),
    transaction: 'sequelize.transaction(async (transaction) => { … approvals.within(transaction) … })',
  },
  {
    name: 'a transaction of Sequelize',
    is: (given) => 'sequelize' in given && has(given, 'commit', 'rollback'),
  },
  {
    name: 'a transaction of Knex',
    is: (given) => has(given, 'raw', 'isCompleted'),
  },
  {
    name: 'an instance of Knex',
    is: (given) => has(given, 'raw', 'transaction') && 'client' in given,
    transaction: 'knex.transaction(async (trx) => { … approvals.within(trx) … })',
  },
  {
    name: 'an instance of postgres.js',
    is: (given) => has(given, 'unsafe', 'begin'),
    transaction: 'sql.begin(async (sql) => { … approvals.within(sql) … })',
  },
  {
    name: 'a transaction of postgres.js',
    is: (given) => has(given, 'unsafe') && (has(given, 'savepoint') || has(given, 'release')),
  },
  {
    name: 'a client of Prisma',
    is: (given) => has(given, '$queryRawUnsafe'),
    transaction: 'prisma.$transaction(async (tx) => { … approvals.within(tx) … })',
  },
  {
    name: 'a transaction of Kysely',
    is: (given) => has(given, 'executeQuery') && Reflect.get(given, 'isTransaction') === true,
  },
  {
    name: 'an instance of Kysely',
    is: (given) => has(given, 'executeQuery', 'connection'),
    transaction: 'db.transaction().execute(async (trx) => { … approvals.within(trx) … })',
  },
  {
    name: 'a query of Kysely that was not begun',
    is: (given) => has(given, 'execute', 'setIsolationLevel'),
    transaction: 'db.transaction().execute(async (trx) => { … approvals.within(trx) … })',
  },
  {
    name: 'an instance of Drizzle',
    is: (given) => has(given, 'select', 'insert', 'transaction') && (has(given, 'execute') || has(given, 'run')),
    database: {
      postgres: 'postgresStorage(db.$client)',
      mysql: 'mysqlStorage(db.$client)',
      sqlite: 'sqliteStorage(db.$client)',
    },
    transaction: 'db.transaction(async (tx) => { … approvals.within(tx) … })',
  },
  {
    name: 'a database of pg-promise',
    is: (given) => has(given, 'tx', 'task', 'query'),
    database: { postgres: 'postgresStorage(db.$pool)' },
    transaction: begun.postgres,
  },
  {
    name: 'a client of @libsql/client',
    is: (given) => has(given, 'executeMultiple', 'batch'),
    transaction: 'the connection of better-sqlite3, node:sqlite or libsql on which you said begin immediate',
  },
  {
    name: 'the mariadb package’s pool or connection',
    is: (given) => has(given, 'batch', 'query') && (has(given, 'importFile') || has(given, 'getConnection')),
    transaction: 'the same with the package mysql2, which speaks to MariaDB too',
  },
  { name: 'a cluster of pools of mysql2', is: (given) => has(given, 'of', 'getConnection'), transaction: begun.mysql },
  { name: 'a pool of mysql2', is: (given) => has(given, 'getConnection', 'execute'), transaction: begun.mysql },
  {
    name: 'a pool or connection of the package mysql',
    is: (given) => (has(given, 'getConnection') || has(given, 'beginTransaction')) && !has(given, 'execute'),
    transaction: 'the same with the package mysql2',
  },
  { name: 'a connection of mysql2', is: (given) => has(given, 'execute', 'beginTransaction') },
  { name: 'a pool of pg', is: (given) => 'totalCount' in given && has(given, 'connect'), transaction: begun.postgres },
  { name: 'a client of pg', is: (given) => has(given, 'query', 'escapeIdentifier') },
  {
    name: 'PGlite itself',
    is: (given) => has(given, 'query', 'transaction', 'exec'),
    transaction: 'lite.transaction(async (tx) => { … approvals.within(tx) … })',
  },
  {
    name: 'a connection of the package sqlite3',
    is: (given) => has(given, 'parallelize', 'each'),
    transaction: 'a connection of better-sqlite3, node:sqlite or libsql, which answer at once',
  },
  {
    name: 'a database of sql.js',
    is: (given) => has(given, 'getRowsModified'),
    transaction: 'a connection of better-sqlite3, node:sqlite or libsql',
  },
  { name: 'a connection of SQLite', is: (given) => has(given, 'prepare', 'exec') },
  { name: 'the package pg itself', is: (given) => has(given, 'Pool', 'Client'), transaction: begun.postgres },
  { name: 'the package mysql2 itself', is: (given) => has(given, 'createPool'), transaction: begun.mysql },
  { name: 'a URL object', is: (given) => 'href' in given && 'searchParams' in given, database: hrefs() },
]

function hrefs(): Readonly<Record<Engine, string>> {
  return { postgres: 'postgresStorage(url.href)', mysql: 'mysqlStorage(url.href)', sqlite: 'sqliteStorage(path)' }
}

/** Tells whether something has all of these methods. */
export function has(given: object, ...methods: readonly string[]): boolean {
  return methods.every((method) => typeof Reflect.get(given, method) === 'function')
}

/** Tells whether something can have methods: an object, or a function. */
export function canHaveMethods(given: unknown): given is object {
  return (typeof given === 'object' && given !== null) || typeof given === 'function'
}

/**
 * Tells whether something is of none of the known kinds but, perhaps, this one: a host may hand in what only looks
 * like it.
 */
export function isNoneBut(given: object, kind: string): boolean {
  return (foreigners.find(({ is }) => is(given))?.name ?? kind) === kind
}

/** Says what is wrong with what was handed in for a database, and what to write instead. */
export function notTaken(given: unknown, engine: Engine): string {
  const foreign = canHaveMethods(given) ? foreigners.find(({ is }) => is(given)) : undefined
  return `was given ${nameOf(given, foreign)}: write ${foreign?.database?.[engine] ?? poolOf[engine]}`
}

/** Says what is wrong with what was handed in for a transaction, and what to write instead. */
export function noTransaction(given: unknown): string {
  const foreign = canHaveMethods(given) ? foreigners.find(({ is }) => is(given)) : undefined
  const instead = foreign?.transaction ? `: write ${foreign.transaction}` : ''
  return `this is ${nameOf(given, foreign)}${instead}`
}

/**
 * Says what is wrong with a text that is the address of no database of this kind, without the rest of it, which may
 * be secret.
 */
export function refuseText(given: string, engine: Engine): string {
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(given)?.[0]
  if (scheme) return `was given a text that begins with ${scheme} write ${poolOf[engine]}`
  return given.trim() === ''
    ? `was given an empty text: is the variable of the environment set? Write ${poolOf[engine]}`
    : `was given a text that names no database of its own: write ${poolOf[engine]}`
}

/** Names a thing without what is in it, which may be secret. */
function nameOf(given: unknown, foreign: Foreign | undefined): string {
  if (foreign) return foreign.name
  if (typeof given === 'string') return given === '' ? 'an empty text' : 'a text'
  if (typeof given === 'function') return given.name ? `the class or function ${given.name}` : 'a function'
  if (!canHaveMethods(given)) return String(given)
  const maker = Object.getPrototypeOf(given)?.constructor?.name
  if (maker && maker !== 'Object') return `an instance of ${maker}`
  const keys = Object.keys(given)
  return keys.length === 0 ? 'an empty object' : `an object of ${keys.slice(0, 6).join(', ')}`
}
