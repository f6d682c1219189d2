// pg.Pool with a client that is none: its pooling alone. No acquire deadline unless it is asked for.

import { EventEmitter } from 'node:events';
import pg from 'pg';
import type { BenchPool, PoolLoad } from './pool.ts';

/** The part of a pg client that its pool looks at. */
function clientClass(open: PoolLoad['open']): new () => pg.Client {
  class FakeClient extends EventEmitter {
    readonly _queryable = true;
    readonly _ending = false;

    connect(done: (error?: Error) => void): void {
      open().then(() => done(), done);
    }

    isConnected(): boolean {
      return true;
    }

    ref(): void {}

    unref(): void {}

    end(done: () => void): void {
      process.nextTick(done);
    }
  }
  return FakeClient as unknown as new () => pg.Client;
}

export function create(load: PoolLoad): BenchPool<pg.PoolClient> {
  const pool = new pg.Pool({
    Client: clientClass(load.open),
    max: load.max,
    ...(load.deadlineMs === undefined ? {} : { connectionTimeoutMillis: load.deadlineMs }),
  });
  return {
    acquire: () => pool.connect(),
    release: (client) => client.release(),
    waiting: () => pool.waitingCount,
    idle: () => pool.idleCount,
    close: () => pool.end(),
  };
}
