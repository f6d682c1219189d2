// The orders service, in a process of its own, so that its processor time can be told from that of all others.
import type { Server } from 'node:http';
import { answerCalls } from './answer-calls.ts';
import type { OrdersCalls, OrdersCounters } from './calls.ts';
import { listen, stopListening } from './listening.ts';
import type { Neighbours } from './neighbours.ts';
import { createOrdersServer, type Signpost } from './orders-server.ts';
import { PerRequest } from './per-request.ts';
import type { PoolView, PoolViews } from './pool-view.ts';
import { Pooled } from './pooled.ts';
import { PhaseTimes } from './stopwatch.ts';

const times = new PhaseTimes();
let neighbours: Neighbours | undefined;
let server: Server | undefined;
const signpost: Signpost = { playground: undefined };

/** What callers waited for a connection is taken out of the work, as part of which it was measured. */
function phasesMs(pools: PoolViews | undefined): Record<string, number> {
  const sums = times.toJSON();
  const takeOut = (wait: string, work: string, view: PoolView | undefined): void => {
    if (view === undefined) return;
    sums[wait] = view.wait.sumMs;
    sums[work] = Math.max(0, (sums[work] ?? 0) - view.wait.sumMs);
  };
  takeOut('database.wait', 'database.query', pools?.database);
  takeOut('prices.wait', 'prices.call', pools?.prices);
  return sums;
}

const calls: OrdersCalls = {
  start({ mode, database, prices, max, port }) {
    neighbours = mode === 'pooled' ? new Pooled(database, prices, max) : new PerRequest(database, prices);
    server = createOrdersServer(neighbours, times, signpost);
    return listen(server, port);
  },
  showPlayground(origin) {
    signpost.playground = origin;
  },
  counters(): OrdersCounters {
    const { user, system } = process.cpuUsage();
    const pools = neighbours?.pools();
    return {
      cpuMs: (user + system) / 1000,
      opened: neighbours?.opened() ?? { database: 0, prices: 0 },
      phasesMs: phasesMs(pools),
      connectMs: {
        database: pools?.database.connectPhases ?? {},
        prices: pools?.prices?.connectPhases ?? {},
      },
    };
  },
};

answerCalls(calls, async () => {
  if (server) await stopListening(server);
  await neighbours?.close();
});
