import { createRequire } from 'node:module'
import { type GetPrismaClientConfig, getPrismaClient } from '@prisma/client/runtime/client'

/** A client of Prisma for hosts with a table of orders. */
export interface PrismaHost {
  readonly hostOrder: {
    create(order: { readonly data: { readonly id: string } }): Promise<unknown>
    findMany(): Promise<readonly unknown[]>
  }
  $executeRawUnsafe(text: string): Promise<number>
  $transaction<T>(work: (transaction: PrismaHost) => Promise<T>): Promise<T>
  $disconnect(): Promise<void>
}

type Provider = 'postgresql' | 'sqlite' | 'mysql'

const load = createRequire(import.meta.url)

const schema = (provider: Provider) => `generator client {
  provider = "prisma-client"
  output   = "./generated"
}

datasource db {
  provider = "${provider}"
}

model HostOrder {
  id String @id

  @@map("host_orders")
}
`

/**
 * Opens the client of Prisma that `prisma generate` makes of the schema above, for any of its databases. What is generated is this configuration of
 * the runtime, and types. The generator would bring in 230 MB of packages, and a download.
 */
export function prismaHost(provider: Provider, adapter: object): PrismaHost {
  const compiler = `@prisma/client/runtime/query_compiler_fast_bg.${provider}`
  const { Module } = Reflect.get(globalThis, 'WebAssembly')
  const { version } = load('@prisma/client/package.json')
  const config = {
    previewFeatures: [],
    clientVersion: version,
    engineVersion: version,
    activeProvider: provider,
    inlineSchema: schema(provider),
    runtimeDataModel: {
      models: {
        HostOrder: { fields: [{ name: 'id', kind: 'scalar', type: 'String' }], dbName: 'host_orders', schema: null },
      },
      enums: {},
      types: {},
    },
    // Which values of a query are parameters of its compiled form: none, so that each query is compiled by itself.
    parameterizationSchema: { strings: [], graph: 'AAAA' },
    compilerWasm: {
      getRuntime: async () => load(`${compiler}.js`),
      getQueryCompilerWasmModule: async () =>
        new Module(Buffer.from(load(`${compiler}.wasm-base64.js`).wasm, 'base64')),
      importName: './query_compiler_fast_bg.js',
    },
  }
  const Client = getPrismaClient(config as unknown as GetPrismaClientConfig)
  return new Client({ adapter } as never) as unknown as PrismaHost
}
