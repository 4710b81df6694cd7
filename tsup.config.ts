import { defineConfig } from 'tsup'

export default defineConfig({
  entry: [
    'src/index.ts',
    'src/core.ts',
    'src/lifecycles.ts',
    'src/presets/index.ts',
    'src/audit.ts',
    'src/storage/adapter.ts',
    'src/storage/memory.ts',
    'src/storage/sqlite.ts',
    'src/storage/postgres.ts',
    'src/storage/mysql.ts',
    'src/notifiers/emitter.ts',
    'src/testing/index.ts',
  ],
  format: 'esm',
  target: 'es2023',
  dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
  clean: true,
  splitting: true,
  treeshake: true,
  removeNodeProtocol: false,
})
