// The watches by name, each with what it needs loaded only in the process of its own contender.

import type { MakeWatch, Watch } from './watch.ts';

const silent = { info: () => {}, warn: () => {}, error: () => {} };

const log = async (): Promise<MakeWatch> => {
  const { logPools } = await import('openline/telemetry');
  return () => ({
    begin(pool) {
      const logged = logPools([pool], silent);
      return () => logged[Symbol.dispose]();
    },
  });
};

/** The handler is there, and nobody looks. */
const page = async (): Promise<MakeWatch> => {
  const { dashboard } = await import('openline/dashboard');
  return () => ({
    begin(pool) {
      const board = dashboard([pool]);
      return () => board.close();
    },
  });
};

const openTelemetry = async () => (await import('./meters.ts')).openTelemetry;

export type WatchName =
  | 'bare'
  | 'opentelemetry'
  | 'prometheus'
  | 'log'
  | 'everything'
  | 'spans'
  | 'requests'
  | 'requests+spans';

const loaders: Readonly<Record<WatchName, () => Promise<MakeWatch>>> = {
  bare: async () => () => ({}),
  opentelemetry: openTelemetry,
  prometheus: async () => (await import('./meters.ts')).prometheus,
  log,
  everything: async () => {
    const makers = await Promise.all([openTelemetry(), log(), page()]);
    return (tally, everyMs) => together(makers.map((make) => make(tally, everyMs)));
  },
  spans: async () => (await import('./tracers.ts')).spans,
  requests: async () => (await import('./tracers.ts')).requests,
  'requests+spans': async () => (await import('./tracers.ts')).requestsWithSpans,
};

export const watchNames: readonly WatchName[] = Object.keys(loaders) as WatchName[];

export async function loadWatch(name: WatchName): Promise<MakeWatch> {
  return await loaders[name]();
}

function together(watches: readonly Watch[]): Watch {
  return {
    begin(pool) {
      const ends = watches.map((watch) => watch.begin?.(pool));
      return () => Promise.all(ends.map((end) => end?.()));
    },
  };
}
