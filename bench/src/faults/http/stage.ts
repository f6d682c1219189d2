// HTTP servers for one run: one for each contender.

import { setTimeout as pause } from 'node:timers/promises';
import { Ends, type Fault, type Stage } from '../fault.ts';
import type { HttpAccess } from './access.ts';
import type { Served } from './servers.ts';

/** A fault that is in a server from the beginning. */
export interface HttpFault extends Omit<Fault, 'stage' | 'fromTheStart'> {
  serve(): Promise<Served>;
}

export function onHttp(fault: HttpFault): Fault {
  const { serve, max } = fault;
  return {
    ...fault,
    fromTheStart: true,
    async stage(taking): Promise<Stage> {
      const ends = new Ends();
      const servers: Served[] = [];
      while (servers.length < taking.length) {
        const server = await serve();
        ends.push(() => server.close());
        servers.push(server);
      }
      return {
        accesses: servers.map(({ origin, ca }): HttpAccess => ({ origin, ca, max })),
        connectsBetween: (contender, from, until) =>
          servers[contender]!.connects().filter((at) => at >= from && at < until).length,
        async play(seconds) {
          await pause(seconds * 1_000);
          return { strikes: [] };
        },
        close: () => ends.all(),
      };
    },
  };
}
