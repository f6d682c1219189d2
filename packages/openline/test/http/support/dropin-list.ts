// Runs the same tests with openline's pool and with undici's own dispatchers, against each server: what holds for all of them is drop-in.

import { HttpPool, type HttpPoolOptions } from 'openline/http';
import { Agent, type Dispatcher, Pool } from 'undici';
import { describe, expect, onTestFinished, type TestAPI, test, vi } from 'vitest';
import type { Answer, DropinServers, ServerKind } from './dropin-servers.ts';
import { lacksNginx } from './nginx.ts';

/** Who is to send the requests. */
export type Contender = 'HttpPool' | 'undici.Agent' | 'undici.Pool';

/** One contender and one server. */
export interface Scene {
  readonly contender: Contender;
  readonly isOurs: boolean;
  readonly server: ServerKind;
  /** A URL of the server; only in a test. */
  url(path?: string): string;
  /** A new dispatcher. When the test is over nothing of its may be under way, and it ends. */
  dispatcher(options?: HttpPoolOptions): Dispatcher;
  /** Says what the server does, and gives a new dispatcher. */
  given(answer: Answer): Dispatcher;
}

/** Which pairs of contender and server there are tests for. */
export interface Choice {
  readonly servers?: (kind: ServerKind) => boolean;
  readonly contenders?: readonly Contender[];
  /** Default `true`. `false` where undici's own HTTP/2 would hold up the event loop, as with bodies that fail. */
  readonly undiciOverH2?: boolean;
}

const everyone: readonly Contender[] = ['HttpPool', 'undici.Agent', 'undici.Pool'];

/** Describes the tests once for each contender and server. */
export function withEach(
  servers: DropinServers,
  { servers: isWanted = () => true, contenders = everyone, undiciOverH2 = true }: Choice,
  tests: (scene: Scene) => void,
): void {
  for (const server of servers.kinds.filter(isWanted)) {
    for (const contender of contenders) {
      // Its Agent is made of Pools, and how undici stands to nginx is not the question here.
      if (contender === 'undici.Pool' && server.scheme === 'https') continue;
      if (contender !== 'HttpPool' && (server.by === 'nginx' || (server.isH2 && !undiciOverH2))) continue;
      const lacks = server.by === 'nginx' ? lacksNginx : undefined;
      const name = `${contender} to ${server.name}${lacks === undefined ? '' : ` (${lacks})`}`;
      describe.skipIf(lacks)(name, () => tests(sceneOf(servers, server, contender)));
    }
  }
}

/** A test only where a condition holds; elsewhere there is none, and so none that is skipped. */
export function when(holds: boolean): TestAPI {
  return holds ? test : (unmade as unknown as TestAPI);
}

const unmade: object = Object.assign(() => undefined, { each: () => () => undefined });

function sceneOf(servers: DropinServers, server: ServerKind, contender: Contender): Scene {
  return {
    contender,
    isOurs: contender === 'HttpPool',
    server,
    url: (path = '/') => servers.originOf(server) + path,
    dispatcher,
    given(answer) {
      servers.answer(answer);
      return dispatcher();
    },
  };

  function dispatcher(options: HttpPoolOptions = {}): Dispatcher {
    const { isH2 } = server;
    const tls = server.scheme === 'https' ? { ca: servers.ca } : {};
    if (contender === 'HttpPool') return watched(new HttpPool({ tls, allowH2: isH2, ...options }));
    const dispatcher =
      contender === 'undici.Pool'
        ? new Pool(servers.originOf(server), { connect: tls, allowH2: isH2 })
        : new Agent({ connect: tls, allowH2: isH2 });
    onTestFinished(() => dispatcher.destroy());
    return dispatcher;
  }
}

/** Ends the pool with the test, which must have left nothing under way. */
export function watched(pool: HttpPool): HttpPool {
  onTestFinished(async () => {
    try {
      if (!pool.closed) await quiet(pool);
    } finally {
      await pool.destroy();
    }
  });
  return pool;
}

/** Waits until no request is under way and no connection is lent. */
export function quiet(pool: HttpPool): Promise<void> {
  return vi.waitFor(
    () => {
      const { requests, origins } = pool.stats();
      const lent = origins.map(({ origin, leases, waiting }) => ({ origin, leases, waiting }));
      expect({ requests, lent }).toEqual({
        requests: 0,
        lent: lent.map(({ origin }) => ({ origin, leases: 0, waiting: 0 })),
      });
    },
    { interval: 5, timeout: 5_000 },
  );
}
