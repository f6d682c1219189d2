// A Prisma client for one model, `account`, as `prisma generate` makes it: without the typed half, which is thousands of lines.
// The generated half is prisma-account.json: after a new version, what its `class.ts` says for the schema written there.
import { createRequire } from 'node:module';
import type { PrismaPg } from '@prisma/adapter-pg';
import { type GetPrismaClientConfig, getPrismaClient } from '@prisma/client/runtime/client';
import generated from './prisma-account.json' with { type: 'json' };

const require = createRequire(import.meta.url);
const compiler = '@prisma/client/runtime/query_compiler_fast_bg.postgresql';

const config = {
  ...generated,
  compilerWasm: {
    getRuntime: async () => require(`${compiler}.js`),
    getQueryCompilerWasmModule: async () => {
      const { wasm } = require(`${compiler}.wasm-base64.js`);
      const { Module } = Reflect.get(globalThis, 'WebAssembly');
      return new Module(Buffer.from(wasm, 'base64'));
    },
    importName: './query_compiler_fast_bg.js',
  },
};

interface Account {
  id: number;
  email: string;
}

/** What the tests use of the client. */
export interface Prisma {
  readonly account: {
    create(query: { data: { email: string } }): Promise<Account>;
    update(query: { where: { email: string }; data: { email: string } }): Promise<Account>;
    findMany(query?: { where?: { email?: { in: string[] } } }): Promise<Account[]>;
  };
  $executeRawUnsafe(text: string, ...values: unknown[]): Promise<number>;
  $queryRawUnsafe<T>(text: string, ...values: unknown[]): Promise<T>;
  $transaction(statements: Promise<unknown>[]): Promise<unknown[]>;
  $transaction<T>(
    work: (transaction: Omit<Prisma, '$transaction' | '$disconnect'>) => Promise<T>,
    options?: { maxWait?: number; timeout?: number },
  ): Promise<T>;
  $disconnect(): Promise<void>;
}

/** The generated client, over an adapter. */
export const PrismaClient = getPrismaClient(
  config as unknown as GetPrismaClientConfig,
) as unknown as new (options: {
  adapter: PrismaPg;
}) => Prisma;
