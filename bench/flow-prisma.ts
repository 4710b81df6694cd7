import { randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import { PrismaPg } from '@prisma/adapter-pg'
import { type GetPrismaClientConfig, getPrismaClient } from '@prisma/client/runtime/client'
import { getDMMF } from '@prisma/get-dmmf'
import { buildAndSerializeParamGraph } from '@prisma/param-graph-builder'
import type { Pool } from 'pg'
import {
  changeDigest,
  checkApproval,
  type FlagDocument,
  type FlowSide,
  flagDocument,
  isApproved,
  type PolicyRow,
  Refusal,
  type ReviewedRow,
} from './flow-application.ts'

const schema = `generator client {
  provider = "prisma-client"
  output   = "./generated"
}

datasource db {
  provider = "postgresql"
}

model Policy {
  id       String @id
  resource String
  quorum   Int
  roles    Json

  @@map("policies")
}

model Flag {
  id       String @id
  version  Int
  document Json

  @@map("flags")
}

model Revision {
  flag      String
  version   Int
  document  Json
  author    String
  request   String
  createdAt DateTime @map("created_at") @db.Timestamptz

  @@id([flag, version])
  @@map("revisions")
}

model Request {
  id        String   @id
  flag      String
  status    String
  version   Int
  base      Int
  requester String
  document  Json
  digest    String
  createdAt DateTime @map("created_at") @db.Timestamptz
  updatedAt DateTime @map("updated_at") @db.Timestamptz

  @@index([flag, status])
  @@index([status, createdAt])
  @@map("requests")
}

model Review {
  request   String
  reviewer  String
  decision  String
  digest    String
  createdAt DateTime @map("created_at") @db.Timestamptz

  @@id([request, reviewer])
  @@map("reviews")
}

model Event {
  id        BigInt   @id @default(autoincrement())
  request   String
  type      String
  actor     String
  data      Json
  createdAt DateTime @map("created_at") @db.Timestamptz

  @@index([request])
  @@map("events")
}
`

/** What the flow needs of a model. */
interface Model<Row> {
  findMany(query: object): Promise<readonly Row[]>
  findUnique(query: object): Promise<Row | null>
  createMany(query: object): Promise<unknown>
  updateMany(query: object): Promise<{ readonly count: number }>
}

interface PrismaRequest extends ReviewedRow {
  readonly flag: string
  readonly version: number
  readonly base: number
  readonly document: FlagDocument
}

interface PrismaTables {
  readonly policy: Model<PolicyRow>
  readonly flag: Model<{ readonly version: number; readonly document: FlagDocument }>
  readonly revision: Model<unknown>
  readonly request: Model<PrismaRequest>
  readonly review: Model<{ readonly reviewer: string }>
  readonly event: Model<unknown>
  $queryRaw<Row>(text: TemplateStringsArray, ...values: readonly unknown[]): Promise<readonly Row[]>
}

interface PrismaFlowClient extends PrismaTables {
  $transaction<T>(work: (transaction: PrismaTables) => Promise<T>): Promise<T>
  $disconnect(): Promise<void>
}

/** The application with Prisma on PostgreSQL. */
export function prismaSide(
  { pool, schema: place }: { readonly pool: Pool; readonly schema: string },
  close: () => Promise<void>,
): FlowSide {
  const db = openClient(pool, place)
  return {
    async submit(flag, proposed) {
      const document = flagDocument.parse(proposed)
      const id = randomUUID()
      return await db.$transaction(async (on) => {
        const policies = await on.policy.findMany({ where: { resource: 'flag' } })
        if (isApproved(policies, [])) throw new Refusal('Nothing asks for approvals.')
        const live = await on.flag.findUnique({ where: { id: flag }, select: { version: true } })
        if (!live) throw new Refusal('There is no such flag.')
        const digest = changeDigest(flag, live.version, document)
        const now = new Date()
        const request = { id, flag, digest, document, base: live.version, requester: 'ann' }
        await on.request.createMany({
          data: { ...request, status: 'pending', version: 1, createdAt: now, updatedAt: now },
        })
        const data = { digest, base: live.version }
        await on.event.createMany({ data: { request: id, type: 'submitted', actor: 'ann', data, createdAt: now } })
        return { id, digest }
      })
    },
    async approve(by, { id, digest }) {
      return await db.$transaction(async (on) => {
        const [request] = await on.$queryRaw<PrismaRequest>`select * from requests where id = ${id} for update`
        if (!request) throw new Refusal('There is no such request.')
        const policies = await on.policy.findMany({ where: { resource: 'flag' } })
        const reviews = await on.review.findMany({ where: { request: id }, select: { reviewer: true } })
        const reviewers = reviews.map(({ reviewer }) => reviewer)
        checkApproval(request, { by, digest }, { policies, reviewers })
        const now = new Date()
        await on.review.createMany({
          data: { request: id, reviewer: by, decision: 'approve', digest, createdAt: now },
        })
        const status = isApproved(policies, [...reviewers, by]) ? 'applied' : 'pending'
        const { count } = await on.request.updateMany({
          where: { id, version: request.version },
          data: { status, version: request.version + 1, updatedAt: now },
        })
        if (count !== 1) throw new Refusal('The request was changed meanwhile.')
        const event = { request: id, actor: by, createdAt: now }
        await on.event.createMany({ data: { ...event, type: 'approved', data: { digest } } })
        if (status === 'pending') return status
        const { flag, base, document, requester } = request
        const [live] = await on.$queryRaw<{
          readonly version: number
        }>`select version from flags where id = ${flag} for update`
        if (live?.version !== base) throw new Refusal('The flag was changed meanwhile.')
        if (changeDigest(flag, base, document) !== digest) throw new Refusal('The request is not what was reviewed.')
        const revision = { version: base + 1, document }
        await on.flag.updateMany({ where: { id: flag }, data: revision })
        await on.revision.createMany({ data: { ...revision, flag, author: requester, request: id, createdAt: now } })
        await on.event.createMany({ data: { ...event, type: 'applied', data: { digest, version: base + 1 } } })
        return status
      })
    },
    async stored(flag, id) {
      const live = await db.flag.findUnique({ where: { id: flag } })
      const request = await db.request.findUnique({ where: { id } })
      const reviews = await db.review.findMany({ where: { request: id }, orderBy: { createdAt: 'asc' } })
      const reviewers = reviews.map(({ reviewer }) => reviewer)
      return { document: live?.document, status: request?.status ?? 'missing', reviewers }
    },
    async close() {
      await db.$disconnect()
      await close()
    },
  }
}

/**
 * Opens the client that `prisma generate` makes of the schema. What is generated is this configuration of the runtime,
 * and types; the command itself would bring in 230 MB of packages and a download.
 */
function openClient(pool: Pool, place: string): PrismaFlowClient {
  const load = createRequire(import.meta.url)
  const parsed = getDMMF({ datamodel: schema })
  if (!('datamodel' in parsed)) throw parsed.error
  const compiler = '@prisma/client/runtime/query_compiler_fast_bg.postgresql'
  const { version } = load('@prisma/client/package.json')
  const { Module } = Reflect.get(globalThis, 'WebAssembly')
  const config = {
    previewFeatures: [],
    clientVersion: version,
    engineVersion: version,
    activeProvider: 'postgresql',
    inlineSchema: schema,
    runtimeDataModel: {
      models: Object.fromEntries(parsed.datamodel.models.map((model) => [model.name, model])),
      enums: {},
      types: {},
    },
    parameterizationSchema: buildAndSerializeParamGraph(parsed),
    compilerWasm: {
      getRuntime: async () => load(`${compiler}.js`),
      getQueryCompilerWasmModule: async () =>
        new Module(Buffer.from(load(`${compiler}.wasm-base64.js`).wasm, 'base64')),
      importName: './query_compiler_fast_bg.js',
    },
  }
  const Client = getPrismaClient(config as unknown as GetPrismaClientConfig)
  return new Client({ adapter: new PrismaPg(pool, { schema: place }) } as never) as unknown as PrismaFlowClient
}
