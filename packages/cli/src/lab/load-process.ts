// The load generator, in a process of its own.
import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'undici';
import { answerCalls } from './answer-calls.ts';
import type { LoadCalls } from './calls.ts';
import { ask, askForOrder, Load } from './load.ts';

const trickleCallers = 4;
const oneReportIn = 30;

let load: Load | undefined;

const calls: LoadCalls = {
  run(plan) {
    load = new Load(plan);
    return load.run();
  },
  progress() {
    return load?.progress() ?? { answered: 0, failed: 0 };
  },
  trickle({ origin }) {
    const service = new Pool(origin, { connections: trickleCallers });
    for (let caller = 0; caller < trickleCallers; caller += 1) void trickle(service);
  },
};

/** Failures are nothing to this load: the page shows them. */
async function trickle(service: Pool): Promise<never> {
  for (;;) {
    if (Math.random() < 1 / oneReportIn) await ask(service, '/reports/sales');
    else await askForOrder(service);
    await pause(20 + Math.random() * 180);
  }
}

answerCalls(calls, () => undefined);
