// The benches by name, each loaded only when it is asked for.

import type { Bench } from '../harness/bench.ts';

const loaders: Readonly<Record<string, () => Promise<Bench>>> = {
  cycle: async () => (await import('./cycle.ts')).cycle,
  spike: async () => (await import('./spike.ts')).spike,
  postgres: async () => (await import('./postgres.ts')).postgres,
  connect: async () => (await import('./connect.ts')).connect,
  cold: async () => (await import('./cold.ts')).cold,
  quiet: async () => (await import('./quiet.ts')).quiet,
  telemetry: async () => (await import('./telemetry.ts')).telemetry,
  http: async () => (await import('./http.ts')).http,
};

export const benchNames: readonly string[] = Object.keys(loaders);

export async function loadBench(name: string): Promise<Bench> {
  const load = loaders[name];
  if (load === undefined) throw new Error(`no bench is called ${name}`);
  return await load();
}
