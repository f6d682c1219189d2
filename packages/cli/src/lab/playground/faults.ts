// What can be broken, and how: each fault is a real one, and knows how it is undone.
import type { Cause } from 'openline/insight';
import type { FaultProxy } from 'openline/testing';
import type { PoolClient } from 'pg';
import type { PostgresServer } from '../../servers/index.ts';
import { reserveStock } from './customers.ts';
import type { FaultName } from './lessons.ts';
import { type Shop, usual } from './shop.ts';

/** What there is to break. */
export interface Stage {
  readonly shop: Shop;
  readonly database: PostgresServer;
  /** Between the two. */
  readonly proxy: FaultProxy;
}

/** How a fault is undone: where that takes other code, by opening the shop anew, as a deployment would. */
export type Mend = () => Promise<void> | void;

/** One fault. */
export interface Fault {
  /** What the diagnosis has to say of it. */
  readonly cause: Cause;
  /** Is it told by what was usual before? Then what another fault has left in the pool's figures must be gone. */
  readonly needsUsual: boolean;
  plant(stage: Stage): Promise<Mend> | Mend;
}

/** How many connections the lab's database takes in all. */
export const databaseConnections = 24;

const leakEveryMs = 300;
const burstEveryMs = 4_000;
const burstOf = 160;

/** Each fault by its name. */
export const faults: Readonly<Record<FaultName, Fault>> = {
  leak: {
    cause: 'leak',
    needsUsual: true,
    plant({ shop }) {
      const { pool } = shop;
      const lost: PoolClient[] = [];
      // Two are left: a leak is seen before the pool is dry.
      const timer = setInterval(() => {
        if (lost.length >= usual.max - 2) clearInterval(timer);
        else reserveStock(pool, (client) => lost.push(client)).catch(() => undefined);
      }, leakEveryMs);
      return () => {
        clearInterval(timer);
        for (const client of lost) client.release();
        shop.reopen(usual);
      };
    },
  },
  slow: {
    cause: 'slow-use',
    needsUsual: true,
    plant({ shop }) {
      shop.answerMs = usual.answerMs * 15;
      return () => shop.reopen(usual);
    },
  },
  kill: {
    cause: 'server-unreachable',
    needsUsual: false,
    async plant({ database, proxy }) {
      // The proxy takes no calls either, or it would look as if the network had cut them.
      proxy.refuse();
      proxy.cut();
      try {
        await database.kill();
      } catch (error) {
        // What was not planted is not mended either.
        await proxy.restore();
        throw error;
      }
      return async () => {
        await database.start();
        await proxy.restore();
      };
    },
  },
  silent: {
    cause: 'server-unreachable',
    needsUsual: false,
    plant({ proxy }) {
      proxy.silent();
      return () => proxy.restore();
    },
  },
  'too-large': {
    cause: 'server-full',
    needsUsual: false,
    plant({ shop }) {
      // A busy hour, for which somebody has raised max: 44 connections would be at work, if there were so many.
      shop.reopen({ max: 60, perSecond: 110, answerMs: 400 });
      return () => shop.reopen(usual);
    },
  },
  spike: {
    cause: 'thundering-herd',
    needsUsual: true,
    plant({ shop }) {
      const burst = (): void => shop.traffic.burst(burstOf);
      burst();
      const timer = setInterval(burst, burstEveryMs);
      return () => clearInterval(timer);
    },
  },
};
