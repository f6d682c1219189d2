// Ways to real PostgreSQL servers, each near or behind a network with a long round trip.

import type { PostgresServer } from 'openline-cli/servers';
import type { PostgresAccess } from '../contenders/query.ts';
import { asked, roundTripMs } from './asked.ts';
import { startProxy } from './proxy-process.ts';

/** Connections that a pool may have: the default of every contender. */
const MAX = 10;

export type Line = {
  readonly access: PostgresAccess;
  /** Measured, a trivial statement's time on the server included; the TCP handshake has no part in it. */
  readonly roundTripMs: number;
};

/** A server, and the lines to it. */
export interface ServerPlan {
  readonly version?: 15 | 18;
  readonly tls?: boolean;
  readonly settings?: Readonly<Record<string, string>>;
  /** One-way delay in milliseconds by the line's name; 0 is the server itself. */
  readonly delays: Readonly<Record<string, number>>;
}

export interface Lines {
  readonly lines: Readonly<Record<string, Line>>;
  readonly facts: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export async function openLines(
  plans: readonly ServerPlan[],
  progress: (line: string) => void,
): Promise<Lines> {
  const ends: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (let end = ends.pop(); end !== undefined; end = ends.pop()) await end();
  };
  const lines: Record<string, Line> = {};
  const versions: string[] = [];
  const trips: string[] = [];
  try {
    for (const { delays, version = 18, tls = false, settings = {} } of plans) {
      // Loaded here alone: a worker has no use for servers.
      const { startPostgres } = await import('openline-cli/servers');
      const server = await startPostgres({
        version,
        tls,
        settings: { ...settings },
        onProgress: progress,
      });
      ends.push(() => server.stop());
      for (const [name, delayMs] of Object.entries(delays)) {
        const access = accessTo(server);
        const line = delayMs === 0 ? access : { ...access, port: await delayed(server.port, delayMs, ends) };
        lines[name] = { access: line, roundTripMs: await roundTripMs(line) };
        if (delayMs > 0) trips.push(`${name} ${lines[name].roundTripMs.toFixed(1)} ms`);
      }
      versions.push(String(await asked(accessTo(server), 'show server_version')));
    }
  } catch (error) {
    await close();
    throw error;
  }
  const far = trips.length === 0 ? {} : { 'round trip': trips.join(', ') };
  return { lines, facts: { PostgreSQL: versions.join(' and '), ...far }, close };
}

async function delayed(port: number, delayMs: number, ends: (() => Promise<void>)[]): Promise<number> {
  const proxy = await startProxy(port, delayMs);
  ends.push(() => proxy.close());
  return proxy.port;
}

function accessTo({ host, port, user, password, database, ca }: PostgresServer): PostgresAccess {
  return { host, port, user, password, database, ssl: ca === undefined ? false : { ca }, max: MAX };
}
